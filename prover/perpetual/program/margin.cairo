// What a position is worth and what it may become (perpetual-state 5.1 to 5.5).
//
// Everything here is total: for each position and each market there is success or an error code, never both and never
// neither. Sums over 64 assets stay below 64 * 2^63 * 2^64 * 2^32 = 2^165.

from bounds import (
    ABOVE_32,
    ABOVE_96,
    BOUND_128,
    BOUND_32,
    BOUND_64,
    assert_not_negative_wide,
    is_below,
    is_not_negative,
    is_not_negative_wide,
)
from config import AssetConfig, Segment
from market import MISSING_INDEX, MISSING_PRICE, Market
from positions import BALANCE_BIAS, Asset, Position
from starkware.cairo.common.alloc import alloc

// Published error codes (perpetual-state 5.7).
const SUCCESS = 0;
const ENLARGING_SYNTHETIC_HOLDINGS = 1;
const NO_RISK_REDUCED_VALUE = 2;
const REDUCING_TOTAL_VALUE_RISK_RATIO = 3;
const INVALID_PUBLIC_KEY = 10;
const MISSING_GLOBAL_FUNDING_INDEX = 12;
const MISSING_ORACLE_PRICE = 13;
const OUT_OF_RANGE_BALANCE = 16;
const OUT_OF_RANGE_TOTAL_RISK = 19;
const OUT_OF_RANGE_TOTAL_VALUE = 20;
const TOO_MANY_SYNTHETIC_ASSETS_IN_POSITION = 22;

const TOTAL_VALUE_BOUND = 2 ** 95;

// The position with funding applied, and valued in this market. Where the collateral would leave its 64 bits, the
// position stays as it is and the code is OUT_OF_RANGE_BALANCE.
func refresh{range_check_ptr}(market: Market*, position: Position*) -> (position: Position*, code: felt) {
    tempvar staleness = cast(market, felt) - cast(position.market, felt);
    jmp stale if staleness != 0;
    return (position=position, code=SUCCESS);

    stale:
    if (position.n_assets == 0) {
        tempvar refreshed = new Position(
            public_key=position.public_key,
            collateral=position.collateral,
            n_assets=0,
            assets=position.assets,
            market=market,
            value=0,
            risk=0,
        );
        return (position=refreshed, code=SUCCESS);
    }
    return refresh_assets(market, position);
}

func refresh_assets{range_check_ptr}(market: Market*, position: Position*) -> (position: Position*, code: felt) {
    alloc_locals;
    let (local assets: Asset*) = alloc();
    let (charge, local value, local risk) = value_assets(
        market, position.assets, position.n_assets, assets, 0, 0, 0
    );
    // floor(collateral - charge / 2^32), the charge below 64 * 2^64 * 2^63: within (-2^102, 2^102).
    local collateral;
    let remainder = [range_check_ptr];
    %{
        exact = (ids.position.collateral * 2**32 - ids.charge) % PRIME
        exact = exact if exact < PRIME // 2 else exact - PRIME
        ids.collateral, ids.remainder = exact >> 32, exact % 2**32
    %}
    assert [range_check_ptr + 1] = remainder + ABOVE_32;
    assert [range_check_ptr + 2] = collateral + 2 ** 127;
    assert position.collateral * BOUND_32 - charge = collateral * BOUND_32 + remainder;
    let range_check_ptr = range_check_ptr + 3;
    let (in_range) = is_below(collateral + BALANCE_BIAS, BOUND_64);
    if (in_range == 0) {
        return (position=position, code=OUT_OF_RANGE_BALANCE);
    }
    tempvar refreshed = new Position(
        public_key=position.public_key,
        collateral=collateral,
        n_assets=position.n_assets,
        assets=assets,
        market=market,
        value=value,
        risk=risk,
    );
    return (position=refreshed, code=SUCCESS);
}

// Copies the assets with the market's indices, and sums: what funding costs in 32.32 form, the value and the risk.
func value_assets{range_check_ptr}(
    market: Market*, asset: Asset*, n_left: felt, refreshed: Asset*, charge: felt, value: felt, risk: felt
) -> (charge: felt, value: felt, risk: felt) {
    if (n_left == 0) {
        return (charge=charge, value=value, risk=risk);
    }
    alloc_locals;
    tempvar balance = asset.balance;
    tempvar index = [market.indices + asset.row];
    assert [refreshed] = Asset(row=asset.row, balance=balance, cached_index=index);
    local charge = charge + (index - asset.cached_index) * balance;
    tempvar price = [market.prices + asset.row];
    local value = value + price * balance;
    // Whatever a position holds has had an index and a price since then.
    jmp priced if price != 0;
    assert price = 1;

    priced:
    let (own_risk) = risk_of(market, asset.row, balance);
    return value_assets(
        market, asset + Asset.SIZE, n_left - 1, refreshed + Asset.SIZE, charge, value, risk + own_risk
    );
}

// price * |balance| * risk factor, for a balance in [-2^63 + 1, 2^63 - 1].
func risk_of{range_check_ptr}(market: Market*, row: felt, balance: felt) -> (risk: felt) {
    tempvar asset_config = [market.asset_configs + row];
    tempvar price = [market.prices + row];
    %{ memory[ap] = int(ids.balance > PRIME // 2) %}
    jmp short if [ap] != 0, ap++;
    tempvar size = balance;
    jmp sized;

    short:
    tempvar size = -balance;

    sized:
    assert [range_check_ptr] = size;
    let range_check_ptr = range_check_ptr + 1;
    tempvar exposure = price * size;
    tempvar n_other_segments = asset_config.n_segments - 1;
    jmp segmented if n_other_segments != 0;
    return (risk=exposure * asset_config.segments.risk);

    segmented:
    return segmented_risk(market.config.is_risk_by_balance_only, asset_config, size, exposure);
}

// exposure * the risk of the first segment whose bound is not below the amount, which is |balance| or its value.
func segmented_risk{range_check_ptr}(is_by_balance: felt, asset_config: AssetConfig*, size: felt, exposure: felt) -> (
    risk: felt
) {
    alloc_locals;
    local amount;
    if (is_by_balance != 0) {
        assert amount = size;
    } else {
        assert amount = exposure;
    }
    local place;
    %{
        ids.place = next(
            place for place in range(ids.asset_config.n_segments)
            if ids.amount <= memory[ids.asset_config.segments.address_ + place * ids.Segment.SIZE])
    %}
    let segment = asset_config.segments + place * Segment.SIZE;
    let before = segment - Segment.SIZE;
    assert [range_check_ptr] = place;
    assert [range_check_ptr + 1] = asset_config.n_segments - 1 - place;
    assert [range_check_ptr + 2] = segment.upper_bound - amount;
    assert [range_check_ptr + 3] = amount - before.upper_bound - 1;
    let range_check_ptr = range_check_ptr + 4;
    return (risk=exposure * segment.risk);
}

// SUCCESS if the total value is in [-2^95, 2^95) and the total risk, which is not negative, below 2^128.
func check_status{range_check_ptr}(total_value: felt, total_risk: felt) -> (code: felt) {
    %{
        value_is_in_range = (ids.total_value + 2**95) % PRIME < 2**96
        memory[ap] = int(not value_is_in_range or ids.total_risk >= 2**128)
    %}
    jmp out_of_range if [ap] != 0, ap++;
    assert [range_check_ptr] = total_risk;
    assert [range_check_ptr + 1] = total_value + TOTAL_VALUE_BOUND;
    assert [range_check_ptr + 2] = total_value + TOTAL_VALUE_BOUND + ABOVE_96;
    let range_check_ptr = range_check_ptr + 3;
    return (code=SUCCESS);

    out_of_range:
    %{ memory[ap] = int(value_is_in_range) %}
    jmp risk_is_out_of_range if [ap] != 0, ap++;
    let (in_range) = is_below(total_value + TOTAL_VALUE_BOUND, 2 * TOTAL_VALUE_BOUND);
    assert in_range = 0;
    return (code=OUT_OF_RANGE_TOTAL_VALUE);

    risk_is_out_of_range:
    assert_not_negative_wide(total_risk - BOUND_128);
    return (code=OUT_OF_RANGE_TOTAL_RISK);
}

// Whether a funded position may become one with this collateral, value and risk, in which one holding went from `held`
// to `balance` (0 and 0 if none did). Well leveraged it always may; otherwise it must not get worse.
func check_transition{range_check_ptr}(
    funded: Position*, collateral: felt, value: felt, risk: felt, held: felt, balance: felt
) -> (code: felt) {
    alloc_locals;
    local total_value = collateral * BOUND_32 + value;
    let (code) = check_status(total_value, risk);
    if (code != SUCCESS) {
        return (code=code);
    }
    let (is_well_leveraged) = is_not_negative(total_value * BOUND_32 - risk);
    if (is_well_leveraged != 0) {
        return (code=SUCCESS);
    }
    local funded_value = funded.collateral * BOUND_32 + funded.value;
    let (code) = check_status(funded_value, funded.risk);
    if (code != SUCCESS) {
        return (code=code);
    }
    let (is_smaller) = is_smaller_holding(held, balance);
    if (is_smaller == 0) {
        return (code=ENLARGING_SYNTHETIC_HOLDINGS);
    }
    // Products are below 2^95 * 2^128.
    let (ratio_is_kept) = is_not_negative_wide(total_value * funded.risk - funded_value * risk);
    if (ratio_is_kept == 0) {
        return (code=REDUCING_TOTAL_VALUE_RISK_RATIO);
    }
    if (funded.risk != 0) {
        return (code=SUCCESS);
    }
    let (value_is_kept) = is_not_negative(total_value - funded_value);
    if (value_is_kept == 0) {
        return (code=NO_RISK_REDUCED_VALUE);
    }
    return (code=SUCCESS);
}

// 1 if the new balance lies between 0 and the old one.
func is_smaller_holding{range_check_ptr}(held: felt, balance: felt) -> (answer: felt) {
    alloc_locals;
    if (balance == 0) {
        return (answer=1);
    }
    let (is_long) = is_not_negative(balance);
    if (is_long != 0) {
        return is_not_negative(held - balance);
    }
    return is_not_negative(balance - held);
}

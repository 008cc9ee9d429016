// What a position is worth and what it may become (docs/spec/perpetual-state.md 5.1 to 5.5).
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
from config import Segment
from market import Market, Quote
from positions import BALANCE_BIAS, Asset, Position
from starkware.cairo.common.registers import get_fp_and_pc

// Error codes (docs/spec/perpetual-state.md 5.7).
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

// The position with funding applied, and valued in this market, in which it was not yet. Where the collateral would leave
// its 64 bits, the position stays as it is and the code is OUT_OF_RANGE_BALANCE.
func refresh{range_check_ptr}(market: Market*, position: Position*) -> (position: Position*, code: felt) {
    if (position.n_assets != 0) {
        return refresh_assets(market, position);
    }
    tempvar refreshed = new Position(
        public_key=position.public_key,
        collateral=position.collateral,
        n_assets=0,
        assets=cast(market.no_assets, Asset*),
        market=market,
        value=0,
        risk=0,
    );
    return (position=refreshed, code=SUCCESS);
}

func refresh_assets{range_check_ptr}(market: Market*, position: Position*) -> (position: Position*, code: felt) {
    alloc_locals;
    let (local assets: Asset*, charge, local value, local risk) = value_assets(market, position);
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

// One turn of the loop below: an asset with the market's index, then what it adds to the sums.
struct Valued {
    row: felt,
    balance: felt,
    offset: felt,
    quote: Quote*,
    index: felt,
    next: felt,
    old_index: felt,
    change: felt,
    own_charge: felt,
    charge: felt,
    price: felt,
    own_value: felt,
    value: felt,
    source: Asset*,
    n_left: felt,
    is_short: felt,
    size: felt,
    exposure: felt,
    n_other_segments: felt,
}

// The end of a turn.
struct Risked {
    range_check: felt,
    factor: felt,
    own_risk: felt,
    risk: felt,
}

// What a call of `segment_risk` leaves on the stack before its two results.
const CALL_CELLS = 22;
const TURN = Valued.SIZE + CALL_CELLS + Risked.SIZE;

// Copies the assets, of which there are some, with the market's indices, and sums: what funding costs in 32.32 form, the
// value and the risk. The stack holds one turn after another; the list is linked from turn to turn.
func value_assets{range_check_ptr}(market: Market*, position: Position*) -> (
    assets: Asset*, charge: felt, value: felt, risk: felt
) {
    alloc_locals;
    local zero = 0;
    local quotes: Quote* = market.quotes;
    let (stack, _) = get_fp_and_pc();
    local assets: Asset* = cast(stack + SIZEOF_LOCALS + 2 + TURN, Asset*);
    ap += TURN;
    let start = cast(ap - TURN, Valued*);
    let start_risk = cast(ap - Risked.SIZE, Risked*);
    assets = cast(start.next, Asset*);
    start.charge = 0;
    start.value = 0;
    start.source = position.assets;
    start.n_left = position.n_assets;
    start_risk.range_check = range_check_ptr;
    start_risk.risk = 0;

    next_asset:
    let last = cast(ap - TURN, Valued*);
    let last_risk = cast(ap - Risked.SIZE, Risked*);
    let this = cast(ap, Valued*);
    this.row = last.source.row, ap++;
    this.balance = last.source.balance, ap++;
    this.offset = this.row * Quote.SIZE, ap++;
    this.quote = quotes + this.offset, ap++;
    this.index = this.quote.index, ap++;
    this.next = last.next + TURN, ap++;
    this.old_index = last.source.cached_index, ap++;
    this.index = [ap] + this.old_index, ap++;
    this.own_charge = this.change * this.balance, ap++;
    this.charge = last.charge + this.own_charge, ap++;
    this.price = this.quote.price, ap++;
    this.own_value = this.price * this.balance, ap++;
    this.value = last.value + this.own_value, ap++;
    this.source = last.source.next, ap++;
    this.n_left = last.n_left - 1, ap++;
    // Whatever a position holds has had an index and a price since then.
    zero = this.quote.code;
    %{ memory[ap] = int(ids.this.balance > PRIME // 2) %}
    jmp short if [ap] != 0, ap++;
    this.size = this.balance, ap++;
    jmp sized;

    short:
    this.size = this.balance * (-1), ap++;

    sized:
    this.size = [last_risk.range_check];
    this.exposure = this.price * this.size, ap++;
    this.n_other_segments = this.quote.n_other_segments, ap++;
    jmp segmented if this.n_other_segments != 0;
    ap += CALL_CELLS;
    [ap] = last_risk.range_check + 1, ap++;
    [ap] = this.quote.risk, ap++;
    jmp risked;

    segmented:
    let segment_check = last_risk.range_check + 1;
    let (_) = segment_risk{range_check_ptr=segment_check}(this.quote, this.size, this.exposure);

    risked:
    let this_risk = cast(ap - 2, Risked*);
    let this = cast(ap - 2 - CALL_CELLS - Valued.SIZE, Valued*);
    let last_risk = cast(ap - 2 - CALL_CELLS - Valued.SIZE - Risked.SIZE, Risked*);
    this_risk.own_risk = this.exposure * this_risk.factor, ap++;
    this_risk.risk = last_risk.risk + this_risk.own_risk, ap++;
    jmp next_asset if this.n_left != 0;

    let last = cast(ap - TURN, Valued*);
    let last_risk = cast(ap - Risked.SIZE, Risked*);
    // The end of the list: a row after all others, followed by itself.
    [ap] = market.n_rows, ap++;
    ap += Asset.SIZE - 2;
    [ap] = last.next, ap++;
    let range_check_ptr = last_risk.range_check;
    return (assets=assets, charge=last.charge, value=last.value, risk=last_risk.risk);
}

// How the risk changes when a holding goes from `held` to one of this size: price * |balance| * risk factor, less the same
// before. Both lie in [-2^63 + 1, 2^63 - 1].
func risk_change{range_check_ptr}(quote: Quote*, held: felt, size: felt) -> (change: felt) {
    %{ memory[ap] = int(ids.held > PRIME // 2) %}
    jmp was_short if [ap] != 0, ap++;
    tempvar size_before = held;
    jmp sized;

    was_short:
    tempvar size_before = -held;

    sized:
    assert [range_check_ptr] = size_before;
    let range_check_ptr = range_check_ptr + 1;
    tempvar n_other_segments = quote.n_other_segments;
    jmp segmented if n_other_segments != 0;
    return (change=quote.price * (size - size_before) * quote.risk);

    segmented:
    return segmented_risk_change(quote, size_before, size);
}

func segmented_risk_change{range_check_ptr}(quote: Quote*, size_before: felt, size: felt) -> (change: felt) {
    alloc_locals;
    local exposure_before = quote.price * size_before;
    local exposure = quote.price * size;
    let (local factor_before) = segment_risk(quote, size_before, exposure_before);
    let (factor) = segment_risk(quote, size, exposure);
    return (change=exposure * factor - exposure_before * factor_before);
}

// The risk factor of the first segment whose bound is not below the amount, which is the size or its value. Without a
// branch, so that a loop can call it.
func segment_risk{range_check_ptr}(quote: Quote*, size: felt, exposure: felt) -> (risk: felt) {
    let place = [range_check_ptr];
    tempvar amount = exposure + quote.is_by_balance * (size - exposure);
    %{
        ids.place = next(
            place for place in range(ids.quote.n_other_segments + 1)
            if ids.amount <= memory[ids.quote.segments.address_ + place * ids.Segment.SIZE])
    %}
    tempvar segment = quote.segments + place * Segment.SIZE;
    let before = segment - Segment.SIZE;
    assert [range_check_ptr + 1] = quote.n_other_segments - place;
    assert [range_check_ptr + 2] = segment.upper_bound - amount;
    assert [range_check_ptr + 3] = amount - before.upper_bound - 1;
    let range_check_ptr = range_check_ptr + 4;
    return (risk=segment.risk);
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

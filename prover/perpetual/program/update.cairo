// The one procedure that changes a position (perpetual-state 5.6).
//
// Total, like margin.cairo: this is what makes a forced request provable as valid or as invalid, and never as both.

from bounds import BOUND_64, is_below
from margin import (
    INVALID_PUBLIC_KEY,
    MISSING_GLOBAL_FUNDING_INDEX,
    MISSING_ORACLE_PRICE,
    OUT_OF_RANGE_BALANCE,
    SUCCESS,
    TOO_MANY_SYNTHETIC_ASSETS_IN_POSITION,
    check_transition,
    refresh,
    risk_of,
)
from market import MISSING_INDEX, MISSING_PRICE, NO_ASSET, UNKNOWN_ASSET, Market
from positions import BALANCE_BIAS, MAX_ASSETS, Asset, Position, is_empty
from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.memcpy import memcpy
from starkware.cairo.common.registers import get_fp_and_pc

// What an update leads to. On an error `updated` is the funded position, or the position as it was where funding
// itself fails. `held` is the funded balance of the asset, and 0 if the update leaves it alone.
struct Update {
    updated: Position*,
    funded: Position*,
    held: felt,
    code: felt,
}

// Adds both deltas, in (-2^120, 2^120), for the owner of this key: the position is his or empty. 0 is nobody's key. `row`
// is the asset's, NO_ASSET or UNKNOWN_ASSET.
func update_position{range_check_ptr}(
    market: Market*, position: Position*, request_key: felt, collateral_delta: felt, row: felt, synthetic_delta: felt
) -> (update: Update) {
    alloc_locals;
    let (local funded: Position*, code) = refresh(market, position);
    if (code != SUCCESS) {
        return (update=Update(updated=funded, funded=funded, held=0, code=code));
    }
    let (code) = check_asset(market, row, synthetic_delta);
    if (code != SUCCESS) {
        return (update=Update(updated=funded, funded=funded, held=0, code=code));
    }
    if (request_key == 0) {
        return (update=Update(updated=funded, funded=funded, held=0, code=INVALID_PUBLIC_KEY));
    }
    if (request_key == funded.public_key) {
        return change_balances(market, funded, request_key, collateral_delta, row, synthetic_delta);
    }
    let (is_free) = is_empty(funded);
    if (is_free == 0) {
        return (update=Update(updated=funded, funded=funded, held=0, code=INVALID_PUBLIC_KEY));
    }
    return change_balances(market, funded, request_key, collateral_delta, row, synthetic_delta);
}

// The same without an owner's request. An empty position has no key under which anything could be added.
func update_own_position{range_check_ptr}(
    market: Market*, position: Position*, collateral_delta: felt, row: felt, synthetic_delta: felt
) -> (update: Update) {
    alloc_locals;
    let (local funded: Position*, code) = refresh(market, position);
    if (code != SUCCESS) {
        return (update=Update(updated=funded, funded=funded, held=0, code=code));
    }
    let (code) = check_asset(market, row, synthetic_delta);
    if (code != SUCCESS) {
        return (update=Update(updated=funded, funded=funded, held=0, code=code));
    }
    let (is_free) = is_empty(funded);
    if (is_free == 0) {
        return change_balances(market, funded, funded.public_key, collateral_delta, row, synthetic_delta);
    }
    if (collateral_delta != 0) {
        return (update=Update(updated=funded, funded=funded, held=0, code=INVALID_PUBLIC_KEY));
    }
    if (synthetic_delta != 0) {
        return (update=Update(updated=funded, funded=funded, held=0, code=INVALID_PUBLIC_KEY));
    }
    return (update=Update(updated=funded, funded=funded, held=0, code=SUCCESS));
}

// The asset must have a price and a funding index even if its balance does not change.
func check_asset(market: Market*, row: felt, synthetic_delta: felt) -> (code: felt) {
    if (row == NO_ASSET) {
        assert synthetic_delta = 0;
        return (code=SUCCESS);
    }
    if (row == UNKNOWN_ASSET) {
        return (code=MISSING_ORACLE_PRICE);
    }
    if ([market.prices + row] == MISSING_PRICE) {
        return (code=MISSING_ORACLE_PRICE);
    }
    if ([market.indices + row] == MISSING_INDEX) {
        return (code=MISSING_GLOBAL_FUNDING_INDEX);
    }
    return (code=SUCCESS);
}

func change_balances{range_check_ptr}(
    market: Market*, funded: Position*, public_key: felt, collateral_delta: felt, row: felt, synthetic_delta: felt
) -> (update: Update) {
    alloc_locals;
    local collateral = funded.collateral + collateral_delta;
    let (in_range) = is_below(collateral + BALANCE_BIAS, BOUND_64);
    if (in_range == 0) {
        return (update=Update(updated=funded, funded=funded, held=0, code=OUT_OF_RANGE_BALANCE));
    }
    if (synthetic_delta == 0) {
        let (code) = check_transition(funded, collateral, funded.value, funded.risk, 0, 0);
        if (code != SUCCESS) {
            return (update=Update(updated=funded, funded=funded, held=0, code=code));
        }
        let (updated) = new_position(
            public_key, collateral, funded.n_assets, funded.assets, market, funded.value, funded.risk
        );
        return (update=Update(updated=updated, funded=funded, held=0, code=SUCCESS));
    }

    let (local place, local is_held, local held) = find_asset(funded.assets, funded.n_assets, row);
    // -2^63 is out of range: its size has no 64-bit form.
    local balance = held + synthetic_delta;
    let (in_range) = is_below(balance + BALANCE_BIAS - 1, BOUND_64 - 1);
    if (in_range == 0) {
        return (update=Update(updated=funded, funded=funded, held=held, code=OUT_OF_RANGE_BALANCE));
    }
    let (local assets: Asset*, local n_assets) = replace_asset(
        funded.assets,
        funded.n_assets,
        place,
        is_held,
        Asset(row=row, balance=balance, cached_index=[market.indices + row]),
    );
    if (n_assets == MAX_ASSETS + 1) {
        return (update=Update(updated=funded, funded=funded, held=held, code=TOO_MANY_SYNTHETIC_ASSETS_IN_POSITION));
    }
    local value = funded.value + [market.prices + row] * synthetic_delta;
    let (risk_before) = risk_of(market, row, held);
    let (risk_after) = risk_of(market, row, balance);
    local risk = funded.risk - risk_before + risk_after;
    let (code) = check_transition(funded, collateral, value, risk, held, balance);
    if (code != SUCCESS) {
        return (update=Update(updated=funded, funded=funded, held=held, code=code));
    }
    let (updated) = new_position(public_key, collateral, n_assets, assets, market, value, risk);
    return (update=Update(updated=updated, funded=funded, held=held, code=SUCCESS));
}

// With nothing in it, a position is the canonical empty one, which forgets its key.
func new_position(
    public_key: felt, collateral: felt, n_assets: felt, assets: Asset*, market: Market*, value: felt, risk: felt
) -> (position: Position*) {
    if (n_assets == 0) {
        if (collateral == 0) {
            tempvar empty = new Position(
                public_key=0, collateral=0, n_assets=0, assets=assets, market=cast(0, Market*), value=0, risk=0
            );
            return (position=empty);
        }
    }
    let (fp_value, _) = get_fp_and_pc();
    // The arguments are a position's members in their order.
    return (position=cast(fp_value - 2 - Position.SIZE, Position*));
}

// Where the asset stands in the list, or would stand; whether it is there; its balance.
func find_asset{range_check_ptr}(assets: Asset*, n_assets: felt, row: felt) -> (
    place: felt, is_held: felt, balance: felt
) {
    alloc_locals;
    local place;
    %{
        from bisect import bisect_left
        rows = [memory[ids.assets.address_ + i * ids.Asset.SIZE] for i in range(ids.n_assets)]
        ids.place = bisect_left(rows, ids.row)
        memory[ap] = int(ids.row not in rows)
    %}
    jmp absent if [ap] != 0, ap++;
    assert [range_check_ptr] = place;
    assert [range_check_ptr + 1] = n_assets - 1 - place;
    let range_check_ptr = range_check_ptr + 2;
    let asset = assets + place * Asset.SIZE;
    assert asset.row = row;
    return (place=place, is_held=1, balance=asset.balance);

    absent:
    assert [range_check_ptr] = place;
    assert [range_check_ptr + 1] = n_assets - place;
    let range_check_ptr = range_check_ptr + 2;
    // Rows ascend: the one before is smaller, the one after is larger.
    if (place != 0) {
        let before = assets + (place - 1) * Asset.SIZE;
        assert [range_check_ptr] = row - before.row - 1;
        tempvar range_check_ptr = range_check_ptr + 1;
    } else {
        tempvar range_check_ptr = range_check_ptr;
    }
    if (place != n_assets) {
        let after = assets + place * Asset.SIZE;
        assert [range_check_ptr] = after.row - row - 1;
        let range_check_ptr = range_check_ptr + 1;
        return (place=place, is_held=0, balance=0);
    }
    return (place=place, is_held=0, balance=0);
}

// The list with one entry replaced, added or, if its balance is 0, removed.
func replace_asset(assets: Asset*, n_assets: felt, place: felt, is_held: felt, asset: Asset) -> (
    assets: Asset*, n_assets: felt
) {
    alloc_locals;
    let (local replaced: Asset*) = alloc();
    memcpy(replaced, assets, place * Asset.SIZE);
    let rest = assets + (place + is_held) * Asset.SIZE;
    let n_rest = n_assets - place - is_held;
    if (asset.balance == 0) {
        memcpy(replaced + place * Asset.SIZE, rest, n_rest * Asset.SIZE);
        return (assets=replaced, n_assets=n_assets - is_held);
    }
    assert replaced[place] = asset;
    memcpy(replaced + (place + 1) * Asset.SIZE, rest, n_rest * Asset.SIZE);
    return (assets=replaced, n_assets=n_assets - is_held + 1);
}

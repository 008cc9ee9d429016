// The one procedure that changes a position (docs/spec/perpetual-state.md 5.6).
//
// Total, like margin.cairo: this is what makes a forced request provable as valid or as invalid, and never as both.

from bounds import ABOVE_63, ABOVE_64, ABOVE_95, BOUND_32, BOUND_64, is_below
from margin import INVALID_PUBLIC_KEY, OUT_OF_RANGE_BALANCE, SUCCESS, TOO_MANY_SYNTHETIC_ASSETS_IN_POSITION
from margin import check_transition, refresh, risk_change
from market import Market, Quote
from positions import BALANCE_BIAS, MAX_ASSETS, Asset, Position, is_empty
from starkware.cairo.common.registers import get_fp_and_pc

// What an update leads to. On an error `updated` is the funded position, or the position as it was where funding
// itself fails. `held` is the funded balance of the asset, and 0 if the update leaves it alone.
struct Update {
    updated: Position*,
    funded: Position*,
    held: felt,
    code: felt,
}

// Adds both deltas, in (-2^120, 2^120), for the owner of this key, who has the position or it is empty. 0 is nobody's
// key. The quote is the asset's in this market; that of NO_ASSET comes with a delta of 0.
func update_position{range_check_ptr}(
    market: Market*, position: Position*, request_key: felt, collateral_delta: felt, quote: Quote*, synthetic_delta: felt
) -> (update: Update) {
    tempvar staleness = cast(market, felt) - cast(position.market, felt);
    jmp stale if staleness != 0;
    if (quote.code != SUCCESS) {
        return (update=Update(updated=position, funded=position, held=0, code=quote.code));
    }
    if (request_key == 0) {
        return (update=Update(updated=position, funded=position, held=0, code=INVALID_PUBLIC_KEY));
    }
    if (request_key == position.public_key) {
        return change_balances(market, position, request_key, collateral_delta, quote, synthetic_delta);
    }
    let (is_free) = is_empty(position);
    if (is_free == 0) {
        return (update=Update(updated=position, funded=position, held=0, code=INVALID_PUBLIC_KEY));
    }
    return change_balances(market, position, request_key, collateral_delta, quote, synthetic_delta);

    stale:
    let (funded: Position*, code) = refresh(market, position);
    if (code != SUCCESS) {
        return (update=Update(updated=funded, funded=funded, held=0, code=code));
    }
    return update_position(market, funded, request_key, collateral_delta, quote, synthetic_delta);
}

// The same without an owner's request. An empty position has no key under which anything could be added.
func update_own_position{range_check_ptr}(
    market: Market*, position: Position*, collateral_delta: felt, quote: Quote*, synthetic_delta: felt
) -> (update: Update) {
    let (is_free) = is_empty(position);
    if (is_free == 0) {
        return update_position(
            market, position, position.public_key, collateral_delta, quote, synthetic_delta
        );
    }
    let (funded, _) = refresh(market, position);
    if (quote.code != SUCCESS) {
        return (update=Update(updated=funded, funded=funded, held=0, code=quote.code));
    }
    if (collateral_delta != 0) {
        return (update=Update(updated=funded, funded=funded, held=0, code=INVALID_PUBLIC_KEY));
    }
    if (synthetic_delta != 0) {
        return (update=Update(updated=funded, funded=funded, held=0, code=INVALID_PUBLIC_KEY));
    }
    return (update=Update(updated=funded, funded=funded, held=0, code=SUCCESS));
}

func change_balances{range_check_ptr}(
    market: Market*, funded: Position*, public_key: felt, collateral_delta: felt, quote: Quote*, synthetic_delta: felt
) -> (update: Update) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local updated: Position;
    assert updated.public_key = public_key;
    assert updated.collateral = funded.collateral + collateral_delta;
    assert updated.market = market;
    tempvar biased = updated.collateral + BALANCE_BIAS;
    %{ memory[ap] = int(ids.biased >= 2**64) %}
    jmp collateral_out_of_range if [ap] != 0, ap++;
    assert [range_check_ptr] = biased;
    assert [range_check_ptr + 1] = biased + ABOVE_64;
    let range_check_ptr = range_check_ptr + 2;
    jmp synthetic if synthetic_delta != 0;
    assert updated.n_assets = funded.n_assets;
    assert updated.assets = funded.assets;
    assert updated.value = funded.value;
    assert updated.risk = funded.risk;
    return judge(&updated, funded, 0, 0);

    collateral_out_of_range:
    let (in_range) = is_below(updated.collateral + BALANCE_BIAS, BOUND_64);
    assert in_range = 0;
    return (update=Update(updated=funded, funded=funded, held=0, code=OUT_OF_RANGE_BALANCE));

    synthetic:
    local held;
    local rest: Asset*;
    %{
        row, asset = ids.quote.row, ids.funded.assets.address_
        while memory[asset] < row:
            asset = memory[asset + ids.Asset.next]
        is_held = memory[asset] == row
        ids.held = memory[asset + ids.Asset.balance] if is_held else 0
        ids.rest = memory[asset + ids.Asset.next] if is_held else asset
    %}
    local balance = held + synthetic_delta;
    local size;
    %{ memory[ap] = int(ids.balance >= 2**63) %}
    jmp not_long if [ap] != 0, ap++;
    assert size = balance;
    jmp sized;

    not_long:
    %{ memory[ap] = int(-ids.balance % PRIME >= 2**63) %}
    jmp out_of_range if [ap] != 0, ap++;
    assert size = -balance;

    sized:
    // -2^63 is out of range: its size has no 64-bit form.
    assert [range_check_ptr] = size;
    assert [range_check_ptr + 1] = size + ABOVE_63;
    let range_check_ptr = range_check_ptr + 2;
    let (change) = risk_change(quote, held, size);
    assert updated.risk = funded.risk + change;
    assert updated.value = funded.value + quote.price * synthetic_delta;
    jmp kept if balance != 0;
    let (assets) = splice(funded.assets, quote.row, held, rest, rest);
    assert updated.assets = assets;
    assert updated.n_assets = funded.n_assets - 1;
    return judge(&updated, funded, held, 0);

    kept:
    local changed: Asset;
    assert changed.row = quote.row;
    assert changed.balance = balance;
    assert changed.cached_index = quote.index;
    assert changed.next = rest;
    let (assets) = splice(funded.assets, changed.row, held, rest, &changed);
    assert updated.assets = assets;
    jmp changed_one if held != 0;
    tempvar n_assets = funded.n_assets + 1;
    assert updated.n_assets = n_assets;
    if (n_assets == MAX_ASSETS + 1) {
        return (
            update=Update(updated=funded, funded=funded, held=0, code=TOO_MANY_SYNTHETIC_ASSETS_IN_POSITION),
        );
    }
    return judge(&updated, funded, held, balance);

    changed_one:
    assert updated.n_assets = funded.n_assets;
    return judge(&updated, funded, held, balance);

    out_of_range:
    let (_) = splice(funded.assets, quote.row, held, rest, rest);
    let (in_range) = is_below(balance + BALANCE_BIAS - 1, BOUND_64 - 1);
    assert in_range = 0;
    return (update=Update(updated=funded, funded=funded, held=held, code=OUT_OF_RANGE_BALANCE));
}

// Whether the funded position may become the updated one, in which one holding went from `held` to `balance` (0 and 0 if
// none did). With nothing in it, a position is the canonical empty one, which forgets its key.
func judge{range_check_ptr}(updated: Position*, funded: Position*, held: felt, balance: felt) -> (update: Update) {
    // At once, for a well leveraged position: 0 <= risk / 2^32 <= total value < 2^95.
    tempvar total_value = updated.collateral * BOUND_32 + updated.value;
    tempvar risk = updated.risk;
    tempvar excess = total_value * BOUND_32 - risk;
    %{
        is_well_leveraged = ids.risk < 2**128 and ids.excess < 2**128 and ids.total_value < 2**95
        memory[ap] = int(not is_well_leveraged)
    %}
    jmp poorly_leveraged if [ap] != 0, ap++;
    assert [range_check_ptr] = risk;
    assert [range_check_ptr + 1] = excess;
    assert [range_check_ptr + 2] = total_value + ABOVE_95;
    let range_check_ptr = range_check_ptr + 3;
    if (updated.n_assets == 0) {
        return emptied(updated, funded, held);
    }
    return (update=Update(updated=updated, funded=funded, held=held, code=SUCCESS));

    poorly_leveraged:
    let (code) = check_transition(funded, updated.collateral, updated.value, updated.risk, held, balance);
    if (code != SUCCESS) {
        return (update=Update(updated=funded, funded=funded, held=held, code=code));
    }
    if (updated.n_assets == 0) {
        return emptied(updated, funded, held);
    }
    return (update=Update(updated=updated, funded=funded, held=held, code=SUCCESS));
}

func emptied{range_check_ptr}(updated: Position*, funded: Position*, held: felt) -> (update: Update) {
    if (updated.collateral != 0) {
        return (update=Update(updated=updated, funded=funded, held=held, code=SUCCESS));
    }
    tempvar empty = new Position(
        public_key=0, collateral=0, n_assets=0, assets=cast(0, Asset*), market=cast(0, Market*), value=0, risk=0
    );
    return (update=Update(updated=empty, funded=funded, held=held, code=SUCCESS));
}

// The list with `replacement` where the asset of this row is, followed by `rest`; or, where none is held, between the
// assets before and `rest`. What stands before is copied. Rows ascend and the end of a list is followed by itself, so
// there is one place, and nothing beyond.
func splice{range_check_ptr}(assets: Asset*, row: felt, held: felt, rest: Asset*, replacement: Asset*) -> (
    assets: Asset*
) {
    // An asset, `source` and `goes_on` in its spare cells.
    struct Copied {
        row: felt,
        balance: felt,
        source: Asset*,
        goes_on: felt,
        cached_index: felt,
        next: felt,
    }
    let (stack, _) = get_fp_and_pc();
    %{ memory[ap] = int(ids.assets.row < ids.row) %}
    jmp copy if [ap] != 0, ap++;
    jmp held_first if held != 0;
    assert assets = rest;
    assert [range_check_ptr] = assets.row - row - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (assets=replacement);

    held_first:
    assert row = assets.row;
    assert held = assets.balance;
    assert rest = assets.next;
    return (assets=replacement);

    copy:
    // As if an asset had been copied; its source is where the list begins. Then 7 cells are on the stack, and
    // the first of them holds its own address.
    tempvar source = assets;
    ap += 2;
    tempvar next = cast(stack, felt) + 7;

    next_asset:
    let copied = cast([fp] + 7, Asset*);
    let last = cast(ap - Copied.SIZE, Copied*);
    let this = cast(ap, Copied*);
    this.row = last.source.row, ap++;
    this.balance = last.source.balance, ap++;
    this.source = last.source.next, ap++;
    %{ memory[ap] = int(ids.this.source.row < ids.row) %}
    jmp goes_on if [ap] != 0, ap++;
    this.cached_index = last.source.cached_index, ap++;
    this.next = cast(replacement, felt), ap++;
    jmp held_here if held != 0;
    assert this.source = rest;
    assert [range_check_ptr] = row - this.row - 1;
    assert [range_check_ptr + 1] = this.source.row - row - 1;
    let range_check_ptr = range_check_ptr + 2;
    return (assets=copied);

    held_here:
    assert row = this.source.row;
    assert held = this.source.balance;
    assert rest = this.source.next;
    return (assets=copied);

    goes_on:
    this.cached_index = last.source.cached_index, ap++;
    this.next = last.next + Copied.SIZE, ap++;
    jmp next_asset;
}

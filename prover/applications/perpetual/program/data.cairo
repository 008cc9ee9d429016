// A rollup's data, beside the output: the funding ticks of the batch, and how each touched position changed
// (docs/spec/perpetual-state.md 10.3). From this and the state before, everybody can rebuild the positions.

from bounds import BOUND_64
from market import Market
from positions import BALANCE_BIAS, Asset, Position
from starkware.cairo.common.dict_access import DictAccess
from state import write_funding

func write_ticks{output_ptr: felt*}(tick: Market**, n_left: felt) {
    if (n_left == 0) {
        return ();
    }
    write_funding([tick]);
    return write_ticks(tick + 1, n_left - 1);
}

func write_changes{output_ptr: felt*, range_check_ptr}(touched: DictAccess*, n_left: felt, asset_ids: felt*) {
    if (n_left == 0) {
        return ();
    }
    write_change(
        touched.key, cast(touched.prev_value, Position*), cast(touched.new_value, Position*), asset_ids
    );
    return write_changes(touched + DictAccess.SIZE, n_left - 1, asset_ids);
}

// Number of words after this one, id, key, collateral, time of its funding, and each changed balance.
func write_change{output_ptr: felt*, range_check_ptr}(
    position_id: felt, before: Position*, after: Position*, asset_ids: felt*
) {
    alloc_locals;
    local start: felt* = output_ptr;
    assert start[1] = position_id;
    assert start[2] = after.public_key;
    assert start[3] = after.collateral + BALANCE_BIAS;
    let (timestamp) = funding_timestamp(after);
    assert start[4] = timestamp;
    let output_ptr = start + 5;
    write_balances(before.assets, before.n_assets, after.assets, after.n_assets, asset_ids);
    assert start[0] = output_ptr - start - 1;
    return ();
}

// 0 for the canonical empty position, and for one whose funding could not be applied: its indices are the old ones.
func funding_timestamp(position: Position*) -> (timestamp: felt) {
    if (cast(position.market, felt) == 0) {
        return (timestamp=0);
    }
    return (timestamp=position.market.funding_timestamp);
}

// Both lists ascend by row. Each step takes the smallest row that is left, from one list or from both.
func write_balances{output_ptr: felt*, range_check_ptr}(
    old: Asset*, n_old: felt, new_: Asset*, n_new: felt, asset_ids: felt*
) {
    if (n_old == 0) {
        if (n_new == 0) {
            return ();
        }
        write_balance(asset_ids, new_.row, new_.balance);
        return write_balances(old, 0, new_.next, n_new - 1, asset_ids);
    }
    if (n_new == 0) {
        write_balance(asset_ids, old.row, 0);
        return write_balances(old.next, n_old - 1, new_, 0, asset_ids);
    }
    if (old.row == new_.row) {
        if (old.balance != new_.balance) {
            write_balance(asset_ids, new_.row, new_.balance);
            return write_balances(old.next, n_old - 1, new_.next, n_new - 1, asset_ids);
        }
        return write_balances(old.next, n_old - 1, new_.next, n_new - 1, asset_ids);
    }
    %{ memory[ap] = int(ids.old.row < ids.new_.row) %}
    jmp removed if [ap] != 0, ap++;
    assert [range_check_ptr] = old.row - new_.row;
    let range_check_ptr = range_check_ptr + 1;
    write_balance(asset_ids, new_.row, new_.balance);
    return write_balances(old, n_old, new_.next, n_new - 1, asset_ids);

    removed:
    assert [range_check_ptr] = new_.row - old.row;
    let range_check_ptr = range_check_ptr + 1;
    write_balance(asset_ids, old.row, 0);
    return write_balances(old.next, n_old - 1, new_, n_new, asset_ids);
}

func write_balance{output_ptr: felt*}(asset_ids: felt*, row: felt, balance: felt) {
    assert output_ptr[0] = [asset_ids + row] * BOUND_64 + balance + BALANCE_BIAS;
    let output_ptr = output_ptr + 1;
    return ();
}

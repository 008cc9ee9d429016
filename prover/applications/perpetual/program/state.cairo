// The state between batches as the chain commits to it (docs/spec/perpetual-state.md 3.5, 10.2), and the touched leaves
// of both trees.

from bounds import assert_different
from config import AssetConfig
from market import MISSING_INDEX, MISSING_PRICE, IndexEntry, Market, PriceEntry
from positions import Position, hash_claimed_position, hash_position
from starkware.cairo.common.cairo_builtins import HashBuiltin
from starkware.cairo.common.dict_access import DictAccess

// What stands before the funding indices.
struct StateHead {
    positions_root: felt,
    positions_tree_height: felt,
    orders_root: felt,
    orders_tree_height: felt,
}

// Size, then the words. Only assets of the configuration may have an index, so none that has one is ever dropped.
func write_state{output_ptr: felt*}(market: Market*, head: StateHead) {
    alloc_locals;
    local words: felt* = output_ptr + 1;
    assert [cast(words, StateHead*)] = head;
    let output_ptr = words + StateHead.SIZE;
    write_funding(market);
    local prices: felt* = output_ptr + 1;
    let output_ptr = prices;
    write_prices(market.asset_ids, market.prices, market.n_rows);
    assert [prices - 1] = (output_ptr - prices) / PriceEntry.SIZE;
    assert output_ptr[0] = market.system_time;
    let output_ptr = output_ptr + 1;
    assert [words - 1] = output_ptr - words;
    return ();
}

// Number of indices, the indices, their time.
func write_funding{output_ptr: felt*}(market: Market*) {
    alloc_locals;
    local indices: felt* = output_ptr + 1;
    let output_ptr = indices;
    write_indices(market.asset_ids, market.asset_configs, market.indices, market.n_rows);
    assert [indices - 1] = (output_ptr - indices) / IndexEntry.SIZE;
    assert output_ptr[0] = market.funding_timestamp;
    let output_ptr = output_ptr + 1;
    return ();
}

func write_indices{output_ptr: felt*}(
    asset_id: felt*, asset_config: AssetConfig**, index: felt*, n_left: felt
) {
    if (n_left == 0) {
        return ();
    }
    if ([index] == MISSING_INDEX) {
        return write_indices(asset_id + 1, asset_config + 1, index + 1, n_left - 1);
    }
    let config = [asset_config];
    tempvar n_segments = config.n_segments;
    jmp configured if n_segments != 0;
    assert n_segments = 1;

    configured:
    assert [cast(output_ptr, IndexEntry*)] = IndexEntry(asset_id=[asset_id], index=[index]);
    let output_ptr = output_ptr + IndexEntry.SIZE;
    return write_indices(asset_id + 1, asset_config + 1, index + 1, n_left - 1);
}

func write_prices{output_ptr: felt*}(asset_id: felt*, price: felt*, n_left: felt) {
    if (n_left == 0) {
        return ();
    }
    if ([price] == MISSING_PRICE) {
        return write_prices(asset_id + 1, price + 1, n_left - 1);
    }
    assert [cast(output_ptr, PriceEntry*)] = PriceEntry(asset_id=[asset_id], price=[price]);
    let output_ptr = output_ptr + PriceEntry.SIZE;
    return write_prices(asset_id + 1, price + 1, n_left - 1);
}

// Pointers to positions become leaves.
func hash_positions{pedersen_ptr: HashBuiltin*, range_check_ptr}(
    touched: DictAccess*, n_left: felt, leaves: DictAccess*, market: Market*
) {
    if (n_left == 0) {
        return ();
    }
    alloc_locals;
    assert leaves.key = touched.key;
    let (before) = hash_claimed_position(
        cast(touched.prev_value, Position*), market.asset_ids, market.n_rows
    );
    assert leaves.prev_value = before;
    let (after) = hash_position(cast(touched.new_value, Position*), market.asset_ids);
    assert leaves.new_value = after;
    return hash_positions(touched + DictAccess.SIZE, n_left - 1, leaves + DictAccess.SIZE, market);
}

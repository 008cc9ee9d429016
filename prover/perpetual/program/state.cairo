// The shared state that the chain commits to between batches (perpetual-state 3.5), and the positions tree's update.

from starkware.cairo.common.cairo_builtins import HashBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.merkle_multi_update import merkle_multi_update
from starkware.cairo.common.alloc import alloc
from positions import Position, hash_position

// Words in the published order. Without synthetic assets both lists are empty, and only their counts stand here.
struct SharedState {
    positions_root: felt,
    positions_tree_height: felt,
    orders_root: felt,
    orders_tree_height: felt,
    n_funding_indices: felt,
    funding_timestamp: felt,
    n_prices: felt,
    system_time: felt,
}

// The state before the batch, as claimed; the contract compares its hash with the stored one.
func load_previous_state() -> (state: SharedState*) {
    alloc_locals;
    local state: SharedState*;
    %{ ids.state = segments.gen_arg([int(word, 16) for word in program_input["previous_state"]]) %}
    assert state.n_funding_indices = 0;
    assert state.n_prices = 0;
    return (state=state);
}

// Proves that exactly the touched positions change: the root before and the root after share every other node.
func update_positions_root{pedersen_ptr: HashBuiltin*}(
    squashed: DictAccess*, n_touched: felt, height: felt, previous_root: felt
) -> (root: felt) {
    alloc_locals;
    local root;
    let (local leaves: DictAccess*) = alloc();
    hash_touched(squashed, n_touched, leaves);
    %{
        ids.root = int(program_input["positions_root"], 16)
        preimage = {int(node, 16): (int(left, 16), int(right, 16))
                    for node, (left, right) in program_input["preimage"].items()}
        vm_enter_scope(dict(preimage=preimage))
    %}
    merkle_multi_update{hash_ptr=pedersen_ptr}(leaves, n_touched, height, previous_root, root);
    %{ vm_exit_scope() %}
    return (root=root);
}

// Pointers to positions become leaves.
func hash_touched{pedersen_ptr: HashBuiltin*}(squashed: DictAccess*, n_touched: felt, leaves: DictAccess*) {
    if (n_touched == 0) {
        return ();
    }
    assert leaves.key = squashed.key;
    let (before) = hash_position(cast(squashed.prev_value, Position*));
    assert leaves.prev_value = before;
    let (after) = hash_position(cast(squashed.new_value, Position*));
    assert leaves.new_value = after;
    return hash_touched(squashed + DictAccess.SIZE, n_touched - 1, leaves + DictAccess.SIZE);
}

// The exchange's rules: one batch from the state before to the state after, written out as the contract reads it.
//
// Output words (perpetual-state 10.1): configuration hash, availability mode, asset configurations (none in this
// version), state before, state after, expiration, modifications, forced actions, conditions (none).
%builtins output pedersen range_check

from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.cairo_builtins import HashBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.memcpy import memcpy
from starkware.cairo.common.squash_dict import squash_dict
from config import GeneralConfig, load_config
from state import SharedState, load_previous_state, update_positions_root
from transactions import Carried, Modification, execute_all

func main{output_ptr: felt*, pedersen_ptr: HashBuiltin*, range_check_ptr}() {
    alloc_locals;
    let (config, config_hash) = load_config();
    let (before) = load_previous_state();
    local before: SharedState* = before;

    let (local modifications: Modification*) = alloc();
    let (local forced_words: felt*) = alloc();
    let (local positions: DictAccess*) = alloc();
    local n_transactions;
    %{
        ids.n_transactions = len(program_input["transactions"])
        initial_positions = {int(key): [int(word) % PRIME for word in position]
                             for key, position in program_input["positions"].items()}
        vm_enter_scope(dict(
            program_input=program_input, initial_positions=initial_positions, known_positions={}))
    %}
    let (carried) = execute_all(
        config,
        Carried(
            system_time=before.system_time,
            funding_timestamp=before.funding_timestamp,
            modifications=modifications,
            forced_words=forced_words,
            n_forced=0,
            positions=positions,
        ),
        n_transactions,
    );
    local carried: Carried = carried;
    %{ vm_exit_scope() %}

    let (local squashed: DictAccess*) = alloc();
    let (squashed_end) = squash_dict(positions, carried.positions, squashed);
    let n_touched = (squashed_end - squashed) / DictAccess.SIZE;
    let (root) = update_positions_root(
        squashed, n_touched, config.positions_tree_height, before.positions_root
    );

    assert output_ptr[0] = config_hash;
    assert output_ptr[1] = config.data_availability_mode;
    assert output_ptr[2] = 0;
    let output_ptr = output_ptr + 3;
    write_state(before);
    let after = SharedState(
        positions_root=root,
        positions_tree_height=config.positions_tree_height,
        orders_root=before.orders_root,
        orders_tree_height=config.orders_tree_height,
        n_funding_indices=0,
        funding_timestamp=carried.funding_timestamp,
        n_prices=0,
        system_time=carried.system_time,
    );
    assert output_ptr[0] = SharedState.SIZE;
    assert [cast(output_ptr + 1, SharedState*)] = after;
    let output_ptr = output_ptr + 1 + SharedState.SIZE;
    local expiration;
    %{ ids.expiration = program_input["minimum_expiration_timestamp"] %}
    assert output_ptr[0] = expiration;
    let output_ptr = output_ptr + 1;
    write_list(modifications, carried.modifications - modifications, Modification.SIZE);
    assert output_ptr[0] = carried.forced_words - forced_words;
    assert output_ptr[1] = carried.n_forced;
    let output_ptr = output_ptr + 2;
    write_words(forced_words, carried.forced_words - forced_words);
    assert output_ptr[0] = 0;
    let output_ptr = output_ptr + 1;
    return ();
}

// Size, then the words.
func write_state{output_ptr: felt*}(state: SharedState*) {
    assert output_ptr[0] = SharedState.SIZE;
    let output_ptr = output_ptr + 1;
    write_words(state, SharedState.SIZE);
    return ();
}

// Number of items, then their words.
func write_list{output_ptr: felt*}(words: felt*, n_words: felt, item_size: felt) {
    assert output_ptr[0] = n_words / item_size;
    let output_ptr = output_ptr + 1;
    write_words(words, n_words);
    return ();
}

func write_words{output_ptr: felt*}(words: felt*, n_words: felt) {
    if (n_words == 0) {
        return ();
    }
    memcpy(output_ptr, words, n_words);
    let output_ptr = output_ptr + n_words;
    return ();
}

// The exchange's rules: one batch from the state before to the state after, written out as the contract reads it.
//
// Output words (docs/spec/perpetual-state.md 10.1): configuration hash, availability mode, asset configurations, state
// before, state after, earliest expiration, modifications, forced requests, conditions; then a rollup's data.
%builtins output pedersen range_check ecdsa

from batch import Terms, execute_all
from bounds import BOUND_120
from config import ROLLUP, AssetConfig, load_general_config
from data import write_changes, write_ticks
from empty_roots import empty_orders_roots, empty_positions_roots
from market import IndexEntry, Market, PriceEntry, Quote, load_rows
from prices import SignedBounds, check_signed_prices, check_spreads
from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.cairo_builtins import HashBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.memcpy import memcpy
from starkware.cairo.common.squash_dict import squash_dict
from state import StateHead, hash_positions, write_state
from transfers import Modification
from trees import update_tree

func main{output_ptr: felt*, pedersen_ptr: HashBuiltin*, range_check_ptr, ecdsa_ptr: SignatureBuiltin*}() {
    alloc_locals;
    %{
        from prover.applications.perpetual.program.advice import Advice
        advice = Advice(program_input, PRIME)
    %}
    let (market, head_before) = load_state();
    local market_before: Market* = market;
    local head_before: StateHead* = head_before;
    let (local terms: Terms*, local new_system_time) = load_terms(market_before);
    let config = market_before.config;

    // The transactions.
    let (local modifications_start: Modification*) = alloc();
    let (local forced_start: felt*) = alloc();
    let (local conditions_start: felt*) = alloc();
    let (local ticks_start: Market**) = alloc();
    let (local positions_start: DictAccess*) = alloc();
    let (local orders_start: DictAccess*) = alloc();
    let modifications = modifications_start;
    let forced_words = forced_start;
    let conditions = conditions_start;
    let ticks = ticks_start;
    let positions = positions_start;
    let orders = orders_start;
    let n_forced = 0;
    local n_transactions;
    %{ ids.n_transactions = len(advice.transactions) %}
    with modifications, forced_words, conditions, ticks, positions, orders, n_forced, market {
        execute_all(terms, n_transactions);
    }
    local market: Market* = market;
    local modifications: Modification* = modifications;
    local forced_words: felt* = forced_words;
    local conditions: felt* = conditions;
    local ticks: Market** = ticks;
    local orders: DictAccess* = orders;
    local n_forced = n_forced;
    local ecdsa_ptr: SignatureBuiltin* = ecdsa_ptr;
    assert market.system_time = new_system_time;

    // Both trees.
    let (local touched: DictAccess*) = alloc();
    let (touched_end) = squash_dict(positions_start, positions, touched);
    local n_touched = (touched_end - touched) / DictAccess.SIZE;
    let (local leaves: DictAccess*) = alloc();
    hash_positions(touched, n_touched, leaves, market);
    let (empty_roots) = empty_positions_roots();
    let (local positions_root) = update_tree(
        leaves, n_touched, config.positions_tree_height, head_before.positions_root, empty_roots
    );
    let (local used_orders: DictAccess*) = alloc();
    let (used_orders_end) = squash_dict(orders_start, orders, used_orders);
    let (empty_roots) = empty_orders_roots();
    let (local orders_root) = update_tree(
        used_orders,
        (used_orders_end - used_orders) / DictAccess.SIZE,
        config.orders_tree_height,
        head_before.orders_root,
        empty_roots,
    );

    // The output.
    write_state(
        market,
        StateHead(
            positions_root=positions_root,
            positions_tree_height=config.positions_tree_height,
            orders_root=orders_root,
            orders_tree_height=config.orders_tree_height,
        ),
    );
    assert output_ptr[0] = terms.minimum_expiration;
    let n_modification_words = modifications - modifications_start;
    assert output_ptr[1] = n_modification_words / Modification.SIZE;
    let output_ptr = output_ptr + 2;
    write_words(modifications_start, n_modification_words);
    assert output_ptr[0] = forced_words - forced_start;
    assert output_ptr[1] = n_forced;
    let output_ptr = output_ptr + 2;
    write_words(forced_start, forced_words - forced_start);
    assert output_ptr[0] = conditions - conditions_start;
    let output_ptr = output_ptr + 1;
    write_words(conditions_start, conditions - conditions_start);
    if (config.data_availability_mode == ROLLUP) {
        let n_ticks = cast(ticks, felt) - cast(ticks_start, felt);
        assert output_ptr[0] = n_ticks;
        let output_ptr = output_ptr + 1;
        write_ticks(ticks_start, n_ticks);
        write_changes(touched, n_touched, market.asset_ids);
        return ();
    }
    return ();
}

// Configuration and state before, as the operator claims them: the contract compares hashes of both. Writes the output
// up to the state after.
func load_state{output_ptr: felt*, pedersen_ptr: HashBuiltin*, range_check_ptr}() -> (
    market: Market*, head: StateHead*
) {
    alloc_locals;
    let (local config, config_hash) = load_general_config();
    local n_assets;
    local n_rows;
    local state: felt*;
    let assets_output = output_ptr + 3;
    %{
        ids.n_assets, ids.n_rows = len(advice.configured), len(advice.row_ids)
        words = advice.state_before()
        ids.state = ids.assets_output + 2 * ids.n_assets + 1
        segments.load_data(ids.state, words)
    %}
    assert output_ptr[0] = config_hash;
    assert output_ptr[1] = config.data_availability_mode;
    assert output_ptr[2] = n_assets;
    // Fewer than 2^16.
    assert [range_check_ptr] = 2 ** 16 - 1 - n_assets;
    let range_check_ptr = range_check_ptr + 1;
    assert state = assets_output + 2 * n_assets + 1;
    let output_ptr = assets_output;

    let head = cast(state, StateHead*);
    // Number of indices, indices, their time; number of prices, prices, the time.
    let indices_in_state = cast(state + StateHead.SIZE + 1, IndexEntry*);
    local after_indices: felt* = cast(indices_in_state, felt*) + state[StateHead.SIZE] * IndexEntry.SIZE;
    let n_prices = after_indices[1];
    local prices_in_state: PriceEntry* = cast(after_indices + 2, PriceEntry*);
    local after_prices: felt* = after_indices + 2 + n_prices * PriceEntry.SIZE;

    let (asset_ids_start: felt*) = alloc();
    assert asset_ids_start[0] = -1;
    local asset_ids: felt* = asset_ids_start + 1;
    assert asset_ids[n_rows] = BOUND_120;
    let (local asset_configs: AssetConfig**) = alloc();
    let (local indices: felt*) = alloc();
    let (local prices: felt*) = alloc();
    let (indices_end, prices_end) = load_rows(
        asset_ids, asset_configs, indices, prices, indices_in_state, prices_in_state, n_rows
    );
    assert indices_end = cast(after_indices, IndexEntry*);
    assert prices_end = cast(after_prices, PriceEntry*);
    assert output_ptr = state - 1;
    assert [output_ptr] = after_prices - state + 1;
    let output_ptr = after_prices + 1;

    return (
        market=new Market(
            config=config,
            n_rows=n_rows,
            asset_ids=asset_ids,
            asset_configs=asset_configs,
            system_time=[after_prices],
            funding_timestamp=[after_indices],
            indices=indices,
            prices=prices,
            quotes=cast(0, Quote*),
            no_assets=0,
        ),
        head=head,
    );
}

// What the operator sets for the whole batch: the earliest expiration and the signed prices.
func load_terms{pedersen_ptr: HashBuiltin*, range_check_ptr, ecdsa_ptr: SignatureBuiltin*}(market: Market*) -> (
    terms: Terms*, new_system_time: felt
) {
    alloc_locals;
    local minimum_expiration;
    local new_system_time;
    local signed_bounds: SignedBounds*;
    %{
        ids.minimum_expiration = advice.minimum_expiration
        ids.new_system_time = advice.new_system_time
        ids.signed_bounds = segments.gen_arg(advice.signed_bounds())
    %}
    assert [range_check_ptr] = minimum_expiration;
    let range_check_ptr = range_check_ptr + 1;
    check_signed_prices(market, signed_bounds, 0, new_system_time);
    let config = market.config;
    check_spreads(config.limits, signed_bounds, market.asset_configs, config.has_limits * market.n_rows);
    return (
        terms=new Terms(minimum_expiration=minimum_expiration, signed_bounds=signed_bounds, forced_are_over=0),
        new_system_time=new_system_time,
    );
}

func write_words{output_ptr: felt*}(words: felt*, n_words: felt) {
    memcpy(output_ptr, words, n_words);
    let output_ptr = output_ptr + n_words;
    return ();
}

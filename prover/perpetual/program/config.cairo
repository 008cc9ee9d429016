// The general configuration and its hash (perpetual-state 4). Synthetic assets are none in this version.

from starkware.cairo.common.cairo_builtins import HashBuiltin
from starkware.cairo.common.hash import hash2

// ASCII of "PerpetualConfig1".
const CONFIG_VERSION = 0x50657270657475616c436f6e66696731;
const VALIDIUM = 0;

struct GeneralConfig {
    version: felt,
    max_funding_rate: felt,
    collateral_asset_id: felt,
    collateral_resolution: felt,
    fee_position_id: felt,
    fee_public_key: felt,
    positions_tree_height: felt,
    orders_tree_height: felt,
    price_validity_period: felt,
    funding_validity_period: felt,
    data_availability_mode: felt,
    is_risk_by_balance_only: felt,
}

// h(...h(h(0, w1), w2)..., n): the published chain hash of a list, its length last.
func chain_hash{pedersen_ptr: HashBuiltin*}(words: felt*, length: felt) -> (hash: felt) {
    let (accumulated) = chain_hash_inner(words, length, 0);
    let (hash) = hash2{hash_ptr=pedersen_ptr}(accumulated, length);
    return (hash=hash);
}

func chain_hash_inner{pedersen_ptr: HashBuiltin*}(words: felt*, length: felt, accumulated: felt) -> (
    hash: felt
) {
    if (length == 0) {
        return (hash=accumulated);
    }
    let (next) = hash2{hash_ptr=pedersen_ptr}(accumulated, words[0]);
    return chain_hash_inner(words + 1, length - 1, next);
}

// The configuration that the operator claims, and its hash, which the contract compares with the governed one.
func load_config{pedersen_ptr: HashBuiltin*}() -> (config: GeneralConfig*, hash: felt) {
    alloc_locals;
    local config: GeneralConfig*;
    %{ ids.config = segments.gen_arg([int(word, 16) for word in program_input["config"]]) %}
    assert config.version = CONFIG_VERSION;
    assert config.data_availability_mode = VALIDIUM;
    let (hash) = chain_hash(config, GeneralConfig.SIZE);
    return (config=config, hash=hash);
}

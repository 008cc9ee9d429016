// The governed configuration: its two hashes and the checks made on it once a batch (docs/spec/perpetual-state.md 4).
//
// Everything here is claimed by the operator; the contract compares both hashes with the governed ones.

from bounds import ABOVE_32, ABOVE_64, BOUND_128, BOUND_32, assert_64_bit, assert_between
from starkware.cairo.common.cairo_builtins import HashBuiltin

// ASCII of "PerpetualConfig1"; that of version 2 is one more.
const FIRST_VERSION = 0x50657270657475616c436f6e66696731;
const VALIDIUM = 0;
const ROLLUP = 1;
const MAX_TREE_HEIGHT = 64;

// In version 2. In seconds, and in 2^-32 of the price a second.
const HOUR = 3600;
const MAX_FUNDING_RATE = 2 ** 20;

// Words of version 1, and those that version 2 adds.
const N_WORDS = 12;
const N_LIMITS = 5;

// The words in the order in which they are hashed. `has_limits` is 1 in version 2 and 0 in version 1, which has no limits:
// nothing may read them there.
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
    has_limits: felt,
    limits: Limits*,
}

// What version 2 adds, each a share of 2^32, in the cells where they are hashed: between two of them are a hash and the
// first input of the next.
struct Limits {
    max_price_spread: felt,
    hash: felt,
    hashed: felt,
    max_price_move_per_tick: felt,
    hash_: felt,
    hashed_: felt,
    max_price_move_per_hour: felt,
    hash__: felt,
    hashed__: felt,
    liquidation_penalty: felt,
    hash___: felt,
    hashed___: felt,
    liquidation_buffer: felt,
}

// One step of the risk function: `risk` holds above the segment before and up to `upper_bound`.
struct Segment {
    upper_bound: felt,
    risk: felt,
}

// A synthetic asset. Lists of hashed words stand in the hash's own cells, HashBuiltin.SIZE apart. Without a
// configuration (`n_segments` 0) an asset can have a price, and nothing else.
struct AssetConfig {
    n_segments: felt,
    segments: Segment*,
    resolution: felt,
    n_signed_ids: felt,
    signed_ids: felt*,
    quorum: felt,
    n_signers: felt,
    signers: felt*,
}

func load_general_config{pedersen_ptr: HashBuiltin*, range_check_ptr}() -> (config: GeneralConfig*, hash: felt) {
    alloc_locals;
    let word = pedersen_ptr;
    %{ advice.write_chain(memory, ids.word.address_, advice.config.words()) %}
    // The version is the first word that is hashed, and it alone says how many there are.
    local has_limits = word.y - FIRST_VERSION;
    assert has_limits * (has_limits - 1) = 0;
    local config: GeneralConfig* = new GeneralConfig(
        version=word.y,
        max_funding_rate=[word + 1 * HashBuiltin.SIZE].y,
        collateral_asset_id=[word + 2 * HashBuiltin.SIZE].y,
        collateral_resolution=[word + 3 * HashBuiltin.SIZE].y,
        fee_position_id=[word + 4 * HashBuiltin.SIZE].y,
        fee_public_key=[word + 5 * HashBuiltin.SIZE].y,
        positions_tree_height=[word + 6 * HashBuiltin.SIZE].y,
        orders_tree_height=[word + 7 * HashBuiltin.SIZE].y,
        price_validity_period=[word + 8 * HashBuiltin.SIZE].y,
        funding_validity_period=[word + 9 * HashBuiltin.SIZE].y,
        data_availability_mode=[word + 10 * HashBuiltin.SIZE].y,
        is_risk_by_balance_only=[word + 11 * HashBuiltin.SIZE].y,
        has_limits=has_limits,
        limits=cast(&word.y + N_WORDS * HashBuiltin.SIZE, Limits*),
    );
    let (local hash) = chain_hash(N_WORDS + has_limits * N_LIMITS);

    assert_64_bit(config.max_funding_rate);
    assert_64_bit(config.collateral_resolution - 1);
    assert [range_check_ptr] = MAX_TREE_HEIGHT - config.positions_tree_height;
    assert [range_check_ptr + 1] = config.positions_tree_height;
    assert [range_check_ptr + 2] = MAX_TREE_HEIGHT - config.orders_tree_height;
    assert [range_check_ptr + 3] = config.orders_tree_height;
    // The collateral's id is below 2^250.
    let low = [range_check_ptr + 4];
    let high = [range_check_ptr + 5];
    %{ ids.high, ids.low = divmod(ids.config.collateral_asset_id, 2**128) %}
    assert [range_check_ptr + 6] = high + BOUND_128 - 2 ** 122;
    assert config.collateral_asset_id = high * BOUND_128 + low;
    let range_check_ptr = range_check_ptr + 7;
    assert config.data_availability_mode * (config.data_availability_mode - ROLLUP) = 0;
    if (has_limits == 0) {
        return (config=config, hash=hash);
    }
    check_limits(config);
    return (config=config, hash=hash);
}

// What version 2 asks of the configuration, beside odd quorums.
func check_limits{range_check_ptr}(config: GeneralConfig*) {
    let limits = config.limits;
    assert_between(config.max_funding_rate, 0, MAX_FUNDING_RATE);
    assert_between(config.price_validity_period, 1, HOUR);
    assert_between(config.funding_validity_period, HOUR, 8 * HOUR);
    assert_between(limits.max_price_spread, 0, BOUND_32);
    assert_between(limits.max_price_move_per_tick, 1, BOUND_32);
    assert_between(limits.max_price_move_per_hour, 1, 16 * BOUND_32);
    assert_between(limits.liquidation_penalty, 0, BOUND_32 - 1);
    assert_between(limits.liquidation_buffer, 0, BOUND_32);
    return ();
}

// h(...h(h(0, w1), w2)..., n): the chain hash of n > 0 words and their number. A hint has put the words
// where they are hashed, as second inputs.
func chain_hash{pedersen_ptr: HashBuiltin*}(n_words: felt) -> (hash: felt) {
    assert pedersen_ptr.x = 0;
    tempvar place = pedersen_ptr;
    tempvar n_left = n_words;

    next_word:
    let n_left = [ap - 1];
    let place = cast([ap - 2], HashBuiltin*);
    tempvar accumulated = place.result;
    let following = place + HashBuiltin.SIZE;
    assert following.x = accumulated;
    tempvar place = following;
    tempvar n_left = n_left - 1;
    jmp next_word if n_left != 0;

    let place = cast([ap - 2], HashBuiltin*);
    assert place.y = [fp - 3];
    let pedersen_ptr = place + HashBuiltin.SIZE;
    return (hash=place.result);
}

// Loads the next asset of the configuration, checks it, and writes its id and hash to the output.
func load_asset_config{output_ptr: felt*, pedersen_ptr: HashBuiltin*, range_check_ptr}() -> (
    asset_id: felt, config: AssetConfig*
) {
    alloc_locals;
    local n_segments;
    local segments: Segment*;
    local n_signed_ids;
    local n_signers;
    let words = pedersen_ptr;
    %{
        ids.n_segments = len(asset.risk_segments)
        ids.segments = segments.gen_arg(advice.segment_cells(asset)) + ids.Segment.SIZE
        ids.n_signed_ids = len(asset.oracle_price_signed_asset_ids)
        ids.n_signers = len(asset.oracle_price_signers)
        advice.write_chain(memory, ids.words.address_, asset.words())
    %}
    // Asset id, resolution and number of segments, the segments, number of ids, the ids, quorum, number of signers, the
    // signers. Where a list begins follows from the counts, so no count can lie.
    let n_segments_word = words + 2 * HashBuiltin.SIZE;
    assert n_segments_word.y = n_segments;
    let n_ids_word = n_segments_word + (n_segments + 1) * HashBuiltin.SIZE;
    assert n_ids_word.y = n_signed_ids;
    local quorum_word: HashBuiltin* = n_ids_word + (n_signed_ids + 1) * HashBuiltin.SIZE;
    let n_signers_word = quorum_word + HashBuiltin.SIZE;
    assert n_signers_word.y = n_signers;
    local first_signer: HashBuiltin* = n_signers_word + HashBuiltin.SIZE;
    local resolution_word: HashBuiltin* = words + HashBuiltin.SIZE;
    local config: AssetConfig* = new AssetConfig(
        n_segments=n_segments,
        segments=segments,
        resolution=resolution_word.y,
        n_signed_ids=n_signed_ids,
        signed_ids=&quorum_word.y - n_signed_ids * HashBuiltin.SIZE,
        quorum=quorum_word.y,
        n_signers=n_signers,
        signers=&first_signer.y,
    );
    assert_64_bit(config.resolution - 1);
    assert [range_check_ptr] = config.quorum - 1;
    assert [range_check_ptr + 1] = config.quorum + ABOVE_32;
    let range_check_ptr = range_check_ptr + 2;
    let before_segments = segments - Segment.SIZE;
    assert before_segments.upper_bound = -1;
    check_segments(segments, n_segments, words + 3 * HashBuiltin.SIZE);

    let asset_id = words.y;
    assert output_ptr[0] = asset_id;
    let (hash) = chain_hash(6 + n_segments + n_signed_ids + n_signers);
    assert output_ptr[1] = hash;
    let output_ptr = output_ptr + 2;
    return (asset_id=asset_id, config=config);
}

// At least one segment; bounds ascend to 2^128 - 1; risks in [1, 2^32). Each is hashed as bound * 2^32 + risk.
func check_segments{range_check_ptr}(segment: Segment*, n_left: felt, hashed: HashBuiltin*) {
    let before = segment - Segment.SIZE;
    assert [range_check_ptr] = segment.upper_bound - before.upper_bound - 1;
    assert [range_check_ptr + 1] = segment.risk - 1;
    assert [range_check_ptr + 2] = segment.risk + ABOVE_32;
    let range_check_ptr = range_check_ptr + 3;
    assert hashed.y = segment.upper_bound * BOUND_32 + segment.risk;
    if (n_left == 1) {
        assert segment.upper_bound = BOUND_128 - 1;
        return ();
    }
    return check_segments(segment + Segment.SIZE, n_left - 1, hashed + HashBuiltin.SIZE);
}

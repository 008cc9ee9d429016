// What all positions are valued by: the configured assets with their prices and funding indices, and the clock
// (docs/spec/perpetual-state.md 3.5, 3.6). A tick makes a new market; positions remember which one they were valued in.
//
// Assets are named by their row: the union of the configured assets and of those that only have a price, ascending.

from bounds import ABOVE_64, BOUND_120, BOUND_128, assert_different
from config import AssetConfig, GeneralConfig, Segment, load_asset_config
from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.cairo_builtins import HashBuiltin

// Instead of a funding index (they are kept plus 2^63, so they are not negative) and of a price (they are not 0).
const MISSING_INDEX = -1;
const MISSING_PRICE = 0;

// Instead of a row: no asset takes part; the asset has no row.
const NO_ASSET = -1;
const UNKNOWN_ASSET = -2;

// High part of p: p = P_HIGH * 2^128 + 1.
const P_HIGH = (-1) / 2 ** 128;

// What updates of positions ask about an asset. `code` is what an update that names it gives if it cannot be judged. `risk`
// is the factor if there is one segment; `is_by_balance` is 1 if segments go by balance, 0 if by value. The other cells
// are of the loop that writes quotes.
struct Quote {
    row: felt,
    config_place: AssetConfig**,
    config: AssetConfig*,
    n_segments: felt,
    n_other_segments: felt,
    price_place: felt*,
    price: felt,
    index_place: felt*,
    index: felt,
    index_and_one: felt,
    is_by_balance: felt,
    segments: Segment*,
    risk: felt,
    n_left: felt,
    code: felt,
}

// Arrays by row. `asset_ids` has -1 before the first row and 2^120 after the last; `quotes` (0 until something asks) has
// two entries before the first row, for NO_ASSET and UNKNOWN_ASSET. `no_assets`, as old as the quotes, is the end of every
// list of assets: a row after all others, followed by itself.
struct Market {
    config: GeneralConfig*,
    n_rows: felt,
    asset_ids: felt*,
    asset_configs: AssetConfig**,
    system_time: felt,
    funding_timestamp: felt,
    indices: felt*,
    prices: felt*,
    quotes: Quote*,
    no_assets: felt,
}

// As the shared state writes them.
struct IndexEntry {
    asset_id: felt,
    index: felt,
}

struct PriceEntry {
    asset_id: felt,
    price: felt,
}

// The assets' configurations go to the output. Each entry of the state's two lists is used by the row of its asset,
// and both lists are used to the end: what a row lacks, the state lacks.
func load_rows{output_ptr: felt*, pedersen_ptr: HashBuiltin*, range_check_ptr}(
    asset_id: felt*,
    asset_config: AssetConfig**,
    index: felt*,
    price: felt*,
    index_entry: IndexEntry*,
    price_entry: PriceEntry*,
    n_left: felt,
) -> (index_entry: IndexEntry*, price_entry: PriceEntry*) {
    alloc_locals;
    if (n_left == 0) {
        // Ids ascend, from -1 to 2^120.
        assert [asset_id] = BOUND_120;
        assert [range_check_ptr] = [asset_id] - [asset_id - 1] - 1;
        let range_check_ptr = range_check_ptr + 1;
        return (index_entry=index_entry, price_entry=price_entry);
    }
    %{
        asset = advice.configured.get(advice.row_ids[-ids.n_left])
        memory[ap] = int(asset is not None)
    %}
    jmp configured if [ap] != 0, ap++;
    assert [asset_id] = price_entry.asset_id;
    assert [range_check_ptr] = [asset_id] - [asset_id - 1] - 1;
    let range_check_ptr = range_check_ptr + 1;
    assert [asset_config] = new AssetConfig(
        n_segments=0,
        segments=cast(0, Segment*),
        resolution=0,
        n_signed_ids=0,
        signed_ids=cast(0, felt*),
        quorum=1,
        n_signers=0,
        signers=cast(0, felt*),
    );
    assert [price] = price_entry.price;
    assert [index] = MISSING_INDEX;
    return load_rows(
        asset_id + 1,
        asset_config + 1,
        index + 1,
        price + 1,
        index_entry,
        price_entry + PriceEntry.SIZE,
        n_left - 1,
    );

    configured:
    let (id, config) = load_asset_config();
    assert [asset_id] = id;
    assert [range_check_ptr] = [asset_id] - [asset_id - 1] - 1;
    let range_check_ptr = range_check_ptr + 1;
    assert [asset_config] = config;
    let (local next_index: IndexEntry*) = load_index(id, index, index_entry);
    let (next_price) = load_price(id, price, price_entry);
    return load_rows(
        asset_id + 1, asset_config + 1, index + 1, price + 1, next_index, next_price, n_left - 1
    );
}

// The state's index of this asset, in range, or none.
func load_index{range_check_ptr}(asset_id: felt, index: felt*, entry: IndexEntry*) -> (next: IndexEntry*) {
    %{ memory[ap] = int(ids.asset_id in advice.indices) %}
    jmp listed if [ap] != 0, ap++;
    assert [index] = MISSING_INDEX;
    return (next=entry);

    listed:
    assert asset_id = entry.asset_id;
    assert [index] = entry.index;
    assert [range_check_ptr] = entry.index;
    assert [range_check_ptr + 1] = entry.index + ABOVE_64;
    let range_check_ptr = range_check_ptr + 2;
    return (next=entry + IndexEntry.SIZE);
}

// The state's price of this asset, in [1, 2^64), or none.
func load_price{range_check_ptr}(asset_id: felt, price: felt*, entry: PriceEntry*) -> (next: PriceEntry*) {
    %{ memory[ap] = int(ids.asset_id in advice.prices) %}
    jmp listed if [ap] != 0, ap++;
    assert [price] = MISSING_PRICE;
    return (next=entry);

    listed:
    assert asset_id = entry.asset_id;
    assert [price] = entry.price;
    assert [range_check_ptr] = entry.price - 1;
    assert [range_check_ptr + 1] = entry.price + ABOVE_64;
    let range_check_ptr = range_check_ptr + 2;
    return (next=entry + PriceEntry.SIZE);
}

// The quote of an asset, which is that of UNKNOWN_ASSET where no row has its id, whatever word it is.
func find_quote{range_check_ptr}(market: Market*, asset_id: felt) -> (quote: Quote*) {
    alloc_locals;
    // The row, or where it would stand.
    local row;
    %{
        from bisect import bisect_left
        ids.row = bisect_left(advice.row_ids, ids.asset_id)
        memory[ap] = int(ids.asset_id not in advice.row_ids)
    %}
    jmp unknown if [ap] != 0, ap++;
    assert [market.asset_ids + row] = asset_id;
    assert [range_check_ptr] = row;
    assert [range_check_ptr + 1] = market.n_rows - 1 - row;
    let range_check_ptr = range_check_ptr + 2;
    return (quote=market.quotes + row * Quote.SIZE);

    unknown:
    %{ memory[ap] = int(ids.asset_id >= 2**120) %}
    jmp too_large if [ap] != 0, ap++;
    let place = market.asset_ids + row;
    assert [range_check_ptr] = row;
    assert [range_check_ptr + 1] = market.n_rows - row;
    assert [range_check_ptr + 2] = asset_id - [place - 1] - 1;
    assert [range_check_ptr + 3] = [place] - 1 - asset_id;
    let range_check_ptr = range_check_ptr + 4;
    return (quote=market.quotes + UNKNOWN_ASSET * Quote.SIZE);

    too_large:
    assert_120_bit_exceeded(asset_id);
    return (quote=market.quotes + UNKNOWN_ASSET * Quote.SIZE);
}

// 2^120 <= value < p, in two overlapping parts: up to p - 2^128 + 2^120 - 2, and from p - 2^128.
func assert_120_bit_exceeded{range_check_ptr}(value: felt) {
    %{ memory[ap] = int(ids.value >= PRIME - 2**128) %}
    jmp highest if [ap] != 0, ap++;
    // high * 2^128 + low <= p - 2 - 2^128 wraps around nowhere.
    let low = [range_check_ptr];
    let high = [range_check_ptr + 1];
    %{ ids.high, ids.low = divmod(ids.value - 2**120, 2**128) %}
    assert [range_check_ptr + 2] = P_HIGH - 2 - high;
    assert value - BOUND_120 = high * BOUND_128 + low;
    let range_check_ptr = range_check_ptr + 3;
    return ();

    highest:
    assert [range_check_ptr] = -1 - value;
    let range_check_ptr = range_check_ptr + 1;
    return ();
}

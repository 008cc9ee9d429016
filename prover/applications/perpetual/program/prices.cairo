// Prices that oracles signed, checked once a batch (docs/spec/perpetual-state.md 8): for each asset at most one minimum
// and one maximum, each a median of enough signatures within the validity window.

from bounds import ABOVE_120, ABOVE_124, ABOVE_64, BOUND_32
from config import AssetConfig, Limits
from market import MISSING_PRICE, Market
from starkware.cairo.common.cairo_builtins import HashBuiltin, SignatureBuiltin
from starkware.cairo.common.math import assert_lt_felt

// External prices count in 10^-18.
const EXTERNAL_UNIT = 10 ** 18;

// By row; MISSING_PRICE where nothing was signed.
struct SignedBounds {
    minimum: felt,
    maximum: felt,
}

// What one median's signatures are checked against. Times are inclusive. External prices are converted by
// floor((external * factor + divisor / 2) / divisor).
struct Median {
    price: felt,
    asset_config: AssetConfig*,
    earliest: felt,
    latest: felt,
    factor: felt,
    divisor: felt,
}

func check_signed_prices{pedersen_ptr: HashBuiltin*, range_check_ptr, ecdsa_ptr: SignatureBuiltin*}(
    market: Market*, bounds: SignedBounds*, row: felt, latest: felt
) {
    if (row == market.n_rows) {
        return ();
    }
    check_median(market, row, bounds.minimum, latest, 0);
    check_median(market, row, bounds.maximum, latest, 1);
    return check_signed_prices(market, bounds + SignedBounds.SIZE, row + 1, latest);
}

// What version 2 asks of the rows' bounds and configurations. A maximum is at most so much above its minimum, which is
// signed too: between two quotes far apart an operator could set any price. Products are below 2^64 * 2^33. Of an even
// number of quotes any price between the middle two is a median: (quorum - 1) / 2 is below 2^31, or half of p.
func check_spreads{range_check_ptr}(
    limits: Limits*, bounds: SignedBounds*, asset_config: AssetConfig**, n_left: felt
) {
    if (n_left == 0) {
        return ();
    }
    let config = [asset_config];
    assert [range_check_ptr] = (config.quorum - 1) / 2;
    assert [range_check_ptr + 1] = bounds.minimum * (BOUND_32 + limits.max_price_spread) - bounds.maximum * BOUND_32;
    let range_check_ptr = range_check_ptr + 2;
    return check_spreads(limits, bounds + SignedBounds.SIZE, asset_config + 1, n_left - 1);
}

// The price is in [1, 2^64) and at least half of the signatures are for it or less, at least half for it or more.
func check_median{pedersen_ptr: HashBuiltin*, range_check_ptr, ecdsa_ptr: SignatureBuiltin*}(
    market: Market*, row: felt, price: felt, latest: felt, is_maximum: felt
) {
    alloc_locals;
    local n_signatures;
    %{
        entry = advice.signed_price(ids.row, ids.is_maximum)
        ids.n_signatures = len(entry.signatures) if entry else 0
        memory[ap] = int(entry is None)
    %}
    jmp unsigned if [ap] != 0, ap++;
    tempvar asset_config = [market.asset_configs + row];
    assert [range_check_ptr] = price - 1;
    assert [range_check_ptr + 1] = price + ABOVE_64;
    assert [range_check_ptr + 2] = n_signatures - asset_config.quorum;
    let range_check_ptr = range_check_ptr + 3;
    let config = market.config;
    // Version 1 counts the validity back from the time before the batch, version 2 from the time after.
    tempvar median = new Median(
        price=price,
        asset_config=asset_config,
        earliest=market.system_time + config.has_limits * (latest - market.system_time) - config.price_validity_period,
        latest=latest,
        factor=config.collateral_resolution * BOUND_32,
        divisor=asset_config.resolution * EXTERNAL_UNIT,
    );
    let (n_low, n_high) = check_signatures(median, n_signatures, 0, 0, 0);
    assert [range_check_ptr] = 2 * n_low - n_signatures;
    assert [range_check_ptr + 1] = 2 * n_high - n_signatures;
    let range_check_ptr = range_check_ptr + 2;
    return ();

    unsigned:
    assert price = MISSING_PRICE;
    return ();
}

// Counts signatures for the median or less, and for the median or more. Signers ascend, so they are different.
func check_signatures{pedersen_ptr: HashBuiltin*, range_check_ptr, ecdsa_ptr: SignatureBuiltin*}(
    median: Median*, n_left: felt, last_signer: felt, n_low: felt, n_high: felt
) -> (n_low: felt, n_high: felt) {
    if (n_left == 0) {
        return (n_low=n_low, n_high=n_high);
    }
    alloc_locals;
    let asset_config = median.asset_config;
    local signer;
    local signer_place;
    local id_place;
    local external;
    local timestamp;
    local price;
    %{
        signature = entry.signatures[-ids.n_left]
        asset = advice.configured[entry.asset_id]
        ids.signer = signature.signer_key
        ids.signer_place = asset.oracle_price_signers.index(signature.signer_key)
        ids.id_place = asset.oracle_price_signed_asset_ids.index(signature.signed_asset_id)
        ids.external = signature.external_price
        ids.timestamp = signature.timestamp
        ecdsa_builtin.add_signature(ids.ecdsa_ptr.address_, (signature.r, signature.s))
    %}
    assert [asset_config.signers + signer_place * HashBuiltin.SIZE] = signer;
    assert [range_check_ptr] = signer_place;
    assert [range_check_ptr + 1] = asset_config.n_signers - 1 - signer_place;
    assert [range_check_ptr + 2] = id_place;
    assert [range_check_ptr + 3] = asset_config.n_signed_ids - 1 - id_place;
    assert [range_check_ptr + 4] = external;
    assert [range_check_ptr + 5] = external + ABOVE_120;
    assert [range_check_ptr + 6] = timestamp;
    assert [range_check_ptr + 7] = BOUND_32 - 1 - timestamp;
    assert [range_check_ptr + 8] = timestamp - median.earliest;
    assert [range_check_ptr + 9] = median.latest - timestamp;

    assert pedersen_ptr.x = [asset_config.signed_ids + id_place * HashBuiltin.SIZE];
    assert pedersen_ptr.y = external * BOUND_32 + timestamp;
    assert ecdsa_ptr.message = pedersen_ptr.result;
    assert ecdsa_ptr.pub_key = signer;
    let pedersen_ptr = pedersen_ptr + HashBuiltin.SIZE;
    let ecdsa_ptr = ecdsa_ptr + SignatureBuiltin.SIZE;

    // Rounded half up. Below 2^124 * 2^124, nothing wraps around.
    let remainder = [range_check_ptr + 12];
    let divisor = median.divisor;
    %{
        ids.price, ids.remainder = divmod(ids.external * ids.median.factor + ids.divisor // 2, ids.divisor)
    %}
    assert [range_check_ptr + 10] = price;
    assert [range_check_ptr + 11] = price + ABOVE_124;
    assert [range_check_ptr + 13] = divisor - 1 - remainder;
    assert external * median.factor + divisor / 2 = price * divisor + remainder;
    let range_check_ptr = range_check_ptr + 14;
    assert_lt_felt(last_signer, signer);

    if (price == median.price) {
        return check_signatures(median, n_left - 1, signer, n_low + 1, n_high + 1);
    }
    %{ memory[ap] = int(ids.price > ids.median.price) %}
    jmp high if [ap] != 0, ap++;
    assert [range_check_ptr] = median.price - price;
    let range_check_ptr = range_check_ptr + 1;
    return check_signatures(median, n_left - 1, signer, n_low + 1, n_high);

    high:
    assert [range_check_ptr] = price - median.price;
    let range_check_ptr = range_check_ptr + 1;
    return check_signatures(median, n_left - 1, signer, n_low, n_high + 1);
}

// Positions and their leaves (docs/spec/perpetual-state.md 3.1, 3.2).

from bounds import ABOVE_64, BOUND_64
from market import Market
from starkware.cairo.common.cairo_builtins import HashBuiltin

const BALANCE_BIAS = 2 ** 63;
const MAX_ASSETS = 64;

// A holding: not 0, in [-2^63 + 1, 2^63 - 1]. `cached_index` is kept plus 2^63, as it is hashed. A position's assets are
// linked, rows ascending; in a position that was valued, the last one is followed by a row after all others. The spare
// cells are used by the loops that write lists.
struct Asset {
    row: felt,
    balance: felt,
    spare: felt,
    another_spare: felt,
    cached_index: felt,
    next: Asset*,
}

// `market` is where the position was valued last: its funding is applied, `value` is the sum of price * balance and
// `risk` the sum of price * |balance| * risk factor over the assets. In a position as the tree holds it, and in the
// canonical empty one, `market` is 0 and says nothing about the rest.
struct Position {
    public_key: felt,
    collateral: felt,
    n_assets: felt,
    assets: Asset*,
    market: Market*,
    value: felt,
    risk: felt,
}

// Key 0, no collateral, no assets.
func is_empty(position: Position*) -> (answer: felt) {
    if (position.public_key != 0) {
        return (answer=0);
    }
    if (position.collateral != 0) {
        return (answer=0);
    }
    if (position.n_assets != 0) {
        return (answer=0);
    }
    return (answer=1);
}

// The leaf, its assets hashed.
func hash_owner{pedersen_ptr: HashBuiltin*}(position: Position*, assets_hash: felt) -> (leaf: felt) {
    let keyed = pedersen_ptr;
    let leaf = pedersen_ptr + HashBuiltin.SIZE;
    assert keyed.x = assets_hash;
    assert keyed.y = position.public_key;
    assert leaf.x = keyed.result;
    assert leaf.y = (position.collateral + BALANCE_BIAS) * 2 ** 16 + position.n_assets;
    let pedersen_ptr = pedersen_ptr + 2 * HashBuiltin.SIZE;
    return (leaf=leaf.result);
}

// The leaf of a position that the operator claims the tree to hold. Words of assets pack three numbers: unless each is
// proven to be in its range, one leaf would stand for many positions. The last word needs no such proof: the number of
// assets is the number of hashes, so the collateral is what is left.
func hash_claimed_position{pedersen_ptr: HashBuiltin*, range_check_ptr}(
    position: Position*, asset_ids: felt*, n_rows: felt
) -> (leaf: felt) {
    assert position.market = cast(0, Market*);
    let (assets_hash) = hash_claimed_assets(position.assets, position.n_assets, asset_ids, n_rows - 1, 0);
    let (leaf) = hash_owner(position, assets_hash);
    return (leaf=leaf);
}

func hash_position{pedersen_ptr: HashBuiltin*}(position: Position*, asset_ids: felt*) -> (leaf: felt) {
    let (assets_hash) = hash_assets(position.assets, position.n_assets, asset_ids, 0);
    return hash_owner(position, assets_hash);
}

func hash_claimed_assets{pedersen_ptr: HashBuiltin*, range_check_ptr}(
    asset: Asset*, n_left: felt, asset_ids: felt*, last_row: felt, accumulated: felt
) -> (hash: felt) {
    if (n_left == 0) {
        return (hash=accumulated);
    }
    tempvar biased_balance = asset.balance + BALANCE_BIAS;
    assert [range_check_ptr] = biased_balance;
    assert [range_check_ptr + 1] = biased_balance + ABOVE_64;
    assert [range_check_ptr + 2] = asset.cached_index;
    assert [range_check_ptr + 3] = asset.cached_index + ABOVE_64;
    assert [range_check_ptr + 4] = asset.row;
    assert [range_check_ptr + 5] = last_row - asset.row;
    assert pedersen_ptr.x = accumulated;
    assert pedersen_ptr.y = ([asset_ids + asset.row] * BOUND_64 + asset.cached_index) * BOUND_64 + biased_balance;
    let range_check_ptr = range_check_ptr + 6;
    let hash = pedersen_ptr.result;
    let pedersen_ptr = pedersen_ptr + HashBuiltin.SIZE;
    return hash_claimed_assets(asset.next, n_left - 1, asset_ids, last_row, hash);
}

func hash_assets{pedersen_ptr: HashBuiltin*}(
    asset: Asset*, n_left: felt, asset_ids: felt*, accumulated: felt
) -> (hash: felt) {
    if (n_left == 0) {
        return (hash=accumulated);
    }
    assert pedersen_ptr.x = accumulated;
    assert pedersen_ptr.y = ([asset_ids + asset.row] * BOUND_64 + asset.cached_index) * BOUND_64 + asset.balance +
        BALANCE_BIAS;
    let hash = pedersen_ptr.result;
    let pedersen_ptr = pedersen_ptr + HashBuiltin.SIZE;
    return hash_assets(asset.next, n_left - 1, asset_ids, hash);
}

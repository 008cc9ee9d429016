// Hashes of what users sign (docs/spec/perpetual-state.md 6.2). Most significant field first; the callers prove the
// ranges that make each packing unique.

from starkware.cairo.common.cairo_builtins import HashBuiltin
from starkware.cairo.common.hash import hash2

const LIMIT_ORDER = 3;
const TRANSFER = 4;
const CONDITIONAL_TRANSFER = 5;
const WITHDRAWAL = 6;
const WITHDRAWAL_TO_ANOTHER = 7;
const TYPE_SHIFT = 2 ** 241;

// Flags of a limit order, below its expiration. The last one makes it the message that cancels the order.
const REDUCE_ONLY = 1;
const FILL_OR_KILL = 2;
const CANCEL = 4;

// What every signed order has. The signature stays with the hint: the builtin's cells prove that there is one.
struct Signed {
    public_key: felt,
    nonce: felt,
    expiration: felt,
}

struct LimitOrder {
    signed: Signed,
    amount_synthetic: felt,
    amount_collateral: felt,
    amount_fee: felt,
    position_id: felt,
    flags: felt,
}

// The three positions (for the fee, sold, bought) are one, and the fee is in the collateral.
func limit_order_hash{pedersen_ptr: HashBuiltin*}(
    collateral_id: felt, synthetic_id: felt, is_buying: felt, order: LimitOrder
) -> (hash: felt) {
    let assets = pedersen_ptr;
    let with_fee = assets + HashBuiltin.SIZE;
    let amounts = with_fee + HashBuiltin.SIZE;
    let last = amounts + HashBuiltin.SIZE;
    jmp buying if is_buying != 0;
    assert assets.x = synthetic_id;
    assert assets.y = collateral_id;
    tempvar sold_and_bought = order.amount_synthetic * 2 ** 64 + order.amount_collateral;
    jmp sides_known;

    buying:
    assert assets.x = collateral_id;
    assert assets.y = synthetic_id;
    tempvar sold_and_bought = order.amount_collateral * 2 ** 64 + order.amount_synthetic;

    sides_known:
    assert with_fee.x = assets.result;
    assert with_fee.y = collateral_id;
    assert amounts.x = with_fee.result;
    assert amounts.y = (sold_and_bought * 2 ** 64 + order.amount_fee) * 2 ** 32 + order.signed.nonce;
    assert last.x = amounts.result;
    assert last.y = LIMIT_ORDER * TYPE_SHIFT + order.position_id * (2 ** 177 + 2 ** 113 + 2 ** 49) +
        order.signed.expiration * 2 ** 17 + order.flags;
    let pedersen_ptr = pedersen_ptr + 4 * HashBuiltin.SIZE;
    return (hash=last.result);
}

// No fee: its asset, its limit are 0, its source is the sender.
func transfer_hash{pedersen_ptr: HashBuiltin*}(
    asset_id: felt,
    receiver_public_key: felt,
    sender_position_id: felt,
    receiver_position_id: felt,
    amount: felt,
    nonce: felt,
    expiration: felt,
    condition: felt,
) -> (hash: felt) {
    let (hash) = hash2{hash_ptr=pedersen_ptr}(asset_id, 0);
    let (hash) = hash2{hash_ptr=pedersen_ptr}(hash, receiver_public_key);
    let positions = (
        (sender_position_id * 2 ** 64 + receiver_position_id) * 2 ** 64 + sender_position_id
    ) * 2 ** 32 + nonce;
    let order = amount * 2 ** 177 + expiration * 2 ** 81;
    if (condition == 0) {
        let (hash) = hash2{hash_ptr=pedersen_ptr}(hash, positions);
        let (hash) = hash2{hash_ptr=pedersen_ptr}(hash, TRANSFER * TYPE_SHIFT + order);
        return (hash=hash);
    }
    let (hash) = hash2{hash_ptr=pedersen_ptr}(hash, condition);
    let (hash) = hash2{hash_ptr=pedersen_ptr}(hash, positions);
    let (hash) = hash2{hash_ptr=pedersen_ptr}(hash, CONDITIONAL_TRANSFER * TYPE_SHIFT + order);
    return (hash=hash);
}

// To the signer's own key the owner is not hashed.
func withdrawal_hash{pedersen_ptr: HashBuiltin*}(
    asset_id: felt,
    owner_key: felt,
    public_key: felt,
    position_id: felt,
    amount: felt,
    nonce: felt,
    expiration: felt,
) -> (hash: felt) {
    let order = position_id * 2 ** 177 + nonce * 2 ** 145 + amount * 2 ** 81 + expiration * 2 ** 49;
    if (owner_key == public_key) {
        let (hash) = hash2{hash_ptr=pedersen_ptr}(asset_id, WITHDRAWAL * TYPE_SHIFT + order);
        return (hash=hash);
    }
    let (hash) = hash2{hash_ptr=pedersen_ptr}(asset_id, owner_key);
    let (hash) = hash2{hash_ptr=pedersen_ptr}(hash, WITHDRAWAL_TO_ANOTHER * TYPE_SHIFT + order);
    return (hash=hash);
}

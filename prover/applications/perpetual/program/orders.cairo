// Signed orders: signature, expiry, and how much of an order is used up (docs/spec/perpetual-state.md 6.1, 6.3).

from bounds import ABOVE_32, ABOVE_64, BOUND_128, assert_different
from config import GeneralConfig
from messages import LimitOrder, Signed, limit_order_hash
from starkware.cairo.common.cairo_builtins import HashBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess

// The order at hand, by a signed message, is not expired and has `amount` (not negative) left of `full_amount`, which is
// used up here. Its leaf is named by the top 64 bits of its hash; that the name is below 2^64 is proven by the tree.
func use_order{range_check_ptr, ecdsa_ptr: SignatureBuiltin*, orders: DictAccess*}(
    signed: Signed, message: felt, hash: felt, minimum_expiration: felt, amount: felt, full_amount: felt
) {
    // 2^187 * order_id + 2^128 * high + low < 2^251.
    let low = [range_check_ptr];
    let high = [range_check_ptr + 1];
    let order_id = orders.key;
    let used = orders.prev_value;
    %{
        order_id, rest = divmod(ids.hash, 2**187)
        ids.high, ids.low = divmod(rest, 2**128)
        ids.order_id = order_id
        ids.used = advice.order_used(order_id)
        advice.use_order(order_id, ids.amount)
        ecdsa_builtin.add_signature(ids.ecdsa_ptr.address_, (order.signature_r, order.signature_s))
    %}
    assert ecdsa_ptr.pub_key = signed.public_key;
    assert ecdsa_ptr.message = message;
    assert hash = order_id * 2 ** 187 + high * BOUND_128 + low;
    assert [range_check_ptr + 2] = high + BOUND_128 - 2 ** 59;
    assert [range_check_ptr + 3] = signed.expiration - minimum_expiration;
    assert [range_check_ptr + 4] = signed.expiration + ABOVE_32;
    assert [range_check_ptr + 5] = signed.nonce;
    assert [range_check_ptr + 6] = signed.nonce + ABOVE_32;
    assert [range_check_ptr + 7] = full_amount + ABOVE_64;
    tempvar next_used = used + amount;
    assert [range_check_ptr + 8] = full_amount - next_used;
    assert orders.new_value = next_used;
    let ecdsa_ptr = ecdsa_ptr + SignatureBuiltin.SIZE;
    let range_check_ptr = range_check_ptr + 9;
    let orders = orders + DictAccess.SIZE;
    return ();
}

// The next order that the operator names, filled with these amounts of its asset: what its owner signed or better, its
// price rounded against the owner by less than one unit. Collateral, not the synthetic amount, is known to be below
// 2^64. The order is used up by it. Products are below 2^128. What the flags ask for, and that they are flags, is for the
// caller.
func fill_limit_order{
    pedersen_ptr: HashBuiltin*, range_check_ptr, ecdsa_ptr: SignatureBuiltin*, orders: DictAccess*
}(
    config: GeneralConfig*,
    minimum_expiration: felt,
    asset_id: felt,
    is_buying: felt,
    synthetic: felt,
    collateral: felt,
    fee: felt,
) -> (position_id: felt, public_key: felt, flags: felt, full_amount: felt) {
    alloc_locals;
    local order: LimitOrder;
    %{ advice.load_order(ids.order, order, ids.is_buying) %}
    assert_different(order.position_id, config.fee_position_id);
    assert [range_check_ptr] = order.amount_collateral - 1;
    assert [range_check_ptr + 1] = order.amount_collateral + ABOVE_64;
    assert [range_check_ptr + 2] = order.amount_fee;
    assert [range_check_ptr + 3] = order.amount_fee + ABOVE_64;
    assert [range_check_ptr + 4] = synthetic - 1;
    assert [range_check_ptr + 5] = fee;
    assert [range_check_ptr + 6] = fee + ABOVE_64;
    assert [range_check_ptr + 7] = order.amount_fee * collateral - fee * order.amount_collateral;
    tempvar at_limit = order.amount_collateral * synthetic;
    jmp buying if is_buying != 0;
    // K * s < S * (collateral + 1).
    assert [range_check_ptr + 8] = (collateral + 1) * order.amount_synthetic - at_limit - 1;
    jmp priced;

    buying:
    // (collateral - 1) * S < K * s, or nothing paid, which satisfies it too.
    assert [range_check_ptr + 8] = at_limit - (collateral - 1) * order.amount_synthetic - 1;

    priced:
    let range_check_ptr = range_check_ptr + 9;
    let (hash) = limit_order_hash(config.collateral_asset_id, asset_id, is_buying, order);
    use_order(order.signed, hash, hash, minimum_expiration, synthetic, order.amount_synthetic);
    return (
        position_id=order.position_id,
        public_key=order.signed.public_key,
        flags=order.flags,
        full_amount=order.amount_synthetic,
    );
}

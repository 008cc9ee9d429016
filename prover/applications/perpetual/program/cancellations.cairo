// The end of a limit order before it is filled, in version 2 (docs/spec/perpetual-state.md 7.13).

from access import apply_update
from bounds import ABOVE_120, ABOVE_64, assert_different
from market import NO_ASSET, Market, Quote
from messages import CANCEL, FILL_OR_KILL, REDUCE_ONLY, LimitOrder, limit_order_hash
from orders import use_order
from positions import Position
from starkware.cairo.common.cairo_builtins import HashBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess

// What is left of the order is used up. Its owner signed the order's message with one more flag, and owns the position:
// anybody can sign an order in the name of another's position, and its leaf is named by the order's hash. The leaf never
// falls: an order under a name found twice would make the other one good again.
func execute_cancellation{
    pedersen_ptr: HashBuiltin*,
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    positions: DictAccess*,
    orders: DictAccess*,
}(market: Market*) {
    alloc_locals;
    let config = market.config;
    local order: LimitOrder;
    local asset_id;
    local is_buying;
    %{
        order = transaction
        ids.asset_id = order.synthetic_asset_id
        ids.is_buying = advice.side(order)
        advice.load_order(ids.order, order, ids.is_buying)
    %}
    assert config.has_limits = 1;
    assert_different(order.position_id, config.fee_position_id);
    // What makes the packing of the message unique, but for the position: the tree proves its id.
    assert [range_check_ptr] = order.amount_collateral;
    assert [range_check_ptr + 1] = order.amount_collateral + ABOVE_64;
    assert [range_check_ptr + 2] = order.amount_fee;
    assert [range_check_ptr + 3] = order.amount_fee + ABOVE_64;
    assert [range_check_ptr + 4] = order.flags;
    assert [range_check_ptr + 5] = REDUCE_ONLY + FILL_OR_KILL - order.flags;
    assert [range_check_ptr + 6] = asset_id;
    assert [range_check_ptr + 7] = asset_id + ABOVE_120;
    let left = [range_check_ptr + 8];
    let range_check_ptr = range_check_ptr + 9;
    let (local hash) = limit_order_hash(config.collateral_asset_id, asset_id, is_buying, order);
    let last = pedersen_ptr - HashBuiltin.SIZE;
    let cancelling = pedersen_ptr;
    assert cancelling.x = last.x;
    assert cancelling.y = last.y + CANCEL;
    let pedersen_ptr = pedersen_ptr + HashBuiltin.SIZE;
    %{ ids.left = ids.order.amount_synthetic - advice.order_used(ids.hash >> 187) %}
    // Whether it expired does not matter.
    use_order(order.signed, cancelling.result, hash, 0, left, order.amount_synthetic);
    let used = orders - DictAccess.SIZE;
    assert used.new_value = order.amount_synthetic;

    apply_update(
        market, order.position_id, order.signed.public_key, 0, market.quotes + NO_ASSET * Quote.SIZE, 0
    );
    let log = positions - DictAccess.SIZE;
    let before = cast(log.prev_value, Position*);
    assert before.public_key = order.signed.public_key;
    return ();
}

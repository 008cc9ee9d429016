"""Flags of limit orders and their cancellation, of version 2 (docs/spec/perpetual-state.md 6.2, 6.3, 7.13)."""

import pytest
from pydantic import ValidationError

from prover.applications.perpetual import messages
from prover.applications.perpetual.config import Limits
from prover.applications.perpetual.errors import Code
from prover.applications.perpetual.signing import cancellation, sign
from prover.applications.perpetual.transactions import CancelOrder
from tests.support.world import (
    ALICE,
    BOB,
    BTC,
    CAROL,
    ETH,
    FEE_KEEPER,
    FEES,
    HOUR,
    NOW,
    ONE,
    USD,
    apply,
    configured,
    funding,
    holds,
    key,
    liquidate,
    order,
    refused,
    trade,
    withdrawal,
    world,
)

MALLORY = 0xBAD
LIMITED = configured(limits=Limits())
STATE = world(
    {7: holds(ALICE, 10**6, {ETH: 500}), 8: holds(BOB, 10**6, {ETH: -300}), 9: holds(MALLORY, 10**6)}, LIMITED
)


def run(*transactions, state=STATE):
    return apply(state, *transactions, config=LIMITED).after


def sold(size: int, by=None, to=None):
    """Alice (7) sells to Bob (8)."""
    by = by or order(ALICE, 7, False, 10**4, 10**4)
    to = to or order(BOB, 8, True, 10**4, 10**4)
    return trade(to, by, size, size)


# --- reduce-only


def test_reduce_only_closes_and_never_opens():
    """Up to all of the holding, and no quantum more; on the seller's side and on the buyer's."""
    closing = order(ALICE, 7, False, 10**4, 10**4, reduce_only=1)
    assert run(sold(500, by=closing)).position(7) == holds(ALICE, 10**6 + 500)
    with refused("REDUCE_ONLY"):
        run(sold(501, by=closing))
    assert run(sold(501)).position(7).balance(ETH) == -1, "without the flag it opens a short"
    covering = order(BOB, 8, True, 10**4, 10**4, reduce_only=1)
    assert run(sold(300, to=covering)).position(8).assets == ()
    with refused("REDUCE_ONLY"):
        run(sold(301, to=covering))


def test_reduce_only_needs_a_holding_of_the_other_sign():
    more = order(ALICE, 7, True, 10, 10, reduce_only=1)
    with refused("REDUCE_ONLY"):
        run(trade(more, order(BOB, 8, False, 10, 10), 1, 1))
    other = {"synthetic_asset_id": BTC}
    for place, owner in ((7, ALICE), (9, MALLORY)):
        none = order(owner, place, False, 10, 20, reduce_only=1, **other)
        with refused("REDUCE_ONLY"):
            run(trade(order(BOB, 8, True, 10, 20, **other), none, 1, 2))


def test_a_stop_is_no_second_position():
    """Alice signs a stop and a limit for her 500. Both are filled: without the flag she ends short 500 and pays for a
    rise that she never bet on."""
    plain = [order(ALICE, 7, False, 500, 500, nonce=nonce) for nonce in (1, 2)]
    buyers = [order(BOB, 8, True, 500, 500, nonce=nonce) for nonce in (1, 2)]
    both = [sold(500, by=by, to=to) for by, to in zip(plain, buyers, strict=True)]
    assert run(*both).position(7).balance(ETH) == -500
    stops = [order(ALICE, 7, False, 500, 500, nonce=nonce, reduce_only=1) for nonce in (1, 2)]
    with refused("REDUCE_ONLY"):
        run(*(sold(500, by=by, to=to) for by, to in zip(stops, buyers, strict=True)))


def test_the_liquidators_flags_hold_too():
    weak = world({7: holds(ALICE, -1000, {ETH: 1000}), 8: holds(BOB, 10**6, {ETH: -700})}, LIMITED)

    def takes(size: int, **flags):
        return liquidate(order(BOB, 8, True, 900, 900, **flags), 7, size, size)

    assert run(takes(700, reduce_only=1), state=weak).position(8).assets == ()
    with refused("REDUCE_ONLY"):
        run(takes(701, reduce_only=1), state=weak)
    assert run(takes(900, fill_or_kill=1), state=weak)
    with refused("FILL_OR_KILL"):
        run(takes(899, fill_or_kill=1), state=weak)


# --- fill or kill


def test_fill_or_kill_is_filled_whole_or_not_at_all():
    whole = order(ALICE, 7, False, 400, 400, fill_or_kill=1)
    assert run(sold(400, by=whole)).position(7).balance(ETH) == 100
    for part in (399, 1):
        with refused("FILL_OR_KILL"):
            run(sold(part, by=whole))
    with refused(Code.INVALID_FULFILLMENT_INFO):
        run(sold(400, by=whole), sold(400, by=whole))


def test_both_flags_at_once():
    both = {"reduce_only": 1, "fill_or_kill": 1}
    assert run(sold(500, by=order(ALICE, 7, False, 500, 500, **both)))
    with refused("REDUCE_ONLY"):
        run(sold(501, by=order(ALICE, 7, False, 501, 501, **both)))


# --- flags are signed, and of version 2


@pytest.mark.parametrize("flag", ["reduce_only", "fill_or_kill"])
def test_an_operator_can_neither_drop_nor_add_a_flag(flag):
    signed = order(ALICE, 7, False, 400, 400, **{flag: 1})
    for changed in ({flag: 0}, {"reduce_only": 1, "fill_or_kill": 1}):
        with refused(Code.INVALID_SIGNATURE):
            run(sold(400, by=signed.model_copy(update=changed)))
    with pytest.raises(ValidationError, match=flag):
        order(ALICE, 7, False, 400, 400, **{flag: 2})


@pytest.mark.parametrize("flag", ["reduce_only", "fill_or_kill"])
def test_version_1_has_no_flags(flag):
    state = world(STATE.positions)
    assert apply(state, sold(400, by=order(ALICE, 7, False, 400, 400)))
    with refused("NOT_IN_VERSION_1"):
        apply(state, sold(400, by=order(ALICE, 7, False, 400, 400, **{flag: 1})))


# --- cancellations


ORDER = order(ALICE, 7, False, 400, 400)
CANCEL = cancellation(ORDER, ALICE, USD)


def test_a_cancelled_order_cannot_be_filled():
    after = run(CANCEL)
    assert after.used(ORDER.order_id(USD)) == 400 and after.positions == STATE.positions
    with refused(Code.INVALID_FULFILLMENT_INFO):
        run(sold(1, by=ORDER), state=after)
    assert run(sold(400, by=order(ALICE, 7, False, 400, 400, nonce=2)), state=after), "another order is another leaf"


def test_what_was_filled_stays_filled():
    filled = run(sold(150, by=ORDER))
    after = run(CANCEL, state=filled)
    assert after.positions == filled.positions and after.used(ORDER.order_id(USD)) == 400


def test_without_a_cancellation_an_order_can_be_filled_until_it_expires():
    """Telling the operator is not enough: days after Alice took it back off chain, it is filled at a price of then."""
    assert run(sold(400, by=ORDER))
    with refused("ORDER_EXPIRED"):
        run(sold(400, by=order(ALICE, 7, False, 400, 400, expiration_timestamp=HOUR - 1)))


def test_a_cancellation_is_touched_funded_and_otherwise_silent():
    batch = apply(STATE, funding(NOW), CANCEL, config=LIMITED)
    assert batch.touched_positions == [7] and batch.touched_orders == (ORDER.order_id(USD),)
    assert (batch.modifications, batch.conditions, batch.forced) == ((), (), ())
    moved = configured(limits=Limits(), max_funding_rate=2**20)
    later = apply(world(STATE.positions, moved), funding(NOW, indices={ETH: ONE // 100}), CANCEL, config=moved).after
    assert later.position(7).collateral_balance == 10**6 - 5


def test_it_may_be_repeated_and_come_late():
    """A replay does nothing; an expired order can be cancelled, and so can one that is filled whole."""
    assert run(CANCEL, CANCEL).used(ORDER.order_id(USD)) == 400
    assert run(sold(400, by=ORDER), CANCEL).used(ORDER.order_id(USD)) == 400
    old = order(ALICE, 7, False, 400, 400, expiration_timestamp=0)
    assert run(cancellation(old, ALICE, USD)).used(old.order_id(USD)) == 400


def test_only_the_positions_own_key_cancels():
    """Mallory signs Alice's terms under his own key, or names his own order at her position."""
    own = cancellation(order(MALLORY, 7, False, 400, 400), MALLORY, USD)
    with refused(Code.INVALID_PUBLIC_KEY):
        run(own)
    hers = CANCEL.model_copy(update={"public_key": key(MALLORY)})
    with refused(Code.INVALID_PUBLIC_KEY):
        run(sign(hers, MALLORY, USD))
    with refused(Code.INVALID_SIGNATURE):
        run(sign(CANCEL, MALLORY, USD))


def test_nobody_owns_an_empty_position():
    with refused(Code.INVALID_PUBLIC_KEY):
        run(cancellation(order(CAROL, 12, False, 1, 1), CAROL, USD))


def test_an_order_is_no_cancellation_and_a_cancellation_no_order():
    """The bit that cancels is not allowed in an order, and it is signed."""
    fields = ORDER.model_dump()
    with refused(Code.INVALID_SIGNATURE):
        run(CancelOrder(**fields))
    as_order = ORDER.model_copy(update={"signature_r": CANCEL.signature_r, "signature_s": CANCEL.signature_s})
    with refused(Code.INVALID_SIGNATURE):
        run(sold(400, by=as_order))


def test_each_flagged_order_has_a_cancellation_of_its_own():
    flagged = order(ALICE, 7, False, 400, 400, reduce_only=1)
    after = run(CANCEL)
    assert run(sold(400, by=flagged), state=after)
    with refused(Code.INVALID_FULFILLMENT_INFO):
        run(cancellation(flagged, ALICE, USD), sold(400, by=flagged))


def test_no_leaf_falls():
    """Two orders share a leaf where their hashes share 64 bits. One with a smaller amount, cancelled, would make what
    the other used fillable again: whoever finds such a pair would replay somebody's order."""
    leaf = CANCEL.order_id(USD)
    for used, accepted in ((400, True), (401, False)):
        state = world(STATE.positions, LIMITED, orders={leaf: used})
        if accepted:
            assert run(CANCEL, state=state).used(leaf) == 400
        else:
            with refused(Code.INVALID_FULFILLMENT_INFO):
                run(CANCEL, state=state)


def test_what_cannot_be_traded_cannot_be_cancelled():
    fees = world({**STATE.positions, FEES: holds(FEE_KEEPER, 5)}, LIMITED)
    with refused(Code.SAME_POSITION_ID):
        run(cancellation(order(FEE_KEEPER, FEES, False, 1, 1), FEE_KEEPER, USD), state=fees)
    with refused(Code.INVALID_COLLATERAL_ASSET_ID):
        run(cancellation(order(ALICE, 7, False, 1, 1, collateral_asset_id=5), ALICE, USD))
    low = configured(limits=Limits(), orders_tree_height=8)
    with refused("ORDER_ID"):
        apply(world(STATE.positions, low), CANCEL, config=low)


def test_numbers_of_a_cancellation_end_at_their_bits():
    """Amounts from 0 to 2^64 - 1: an amount of 0 cancels nothing and harms nobody."""
    for amount in (0, 2**64 - 1):
        cancel = cancellation(order(ALICE, 7, False, amount, amount, nonce=2**32 - 1), ALICE, USD)
        assert run(cancel).used(cancel.order_id(USD)) == amount
    for field, wrong in (("amount_synthetic", 2**64), ("nonce", 2**32), ("expiration_timestamp", 2**32)):
        with pytest.raises(ValidationError, match=field):
            CancelOrder(**{**ORDER.model_dump(), field: wrong})


def test_version_1_has_no_cancellations():
    with refused("NOT_IN_VERSION_1"):
        apply(world(STATE.positions), CANCEL)


def test_funding_must_be_fresh_for_it_as_for_all():
    late = world(STATE.positions, LIMITED, system_time=NOW + LIMITED.funding_validity_period)
    with refused(Code.INVALID_FUNDING_TICK_TIMESTAMP):
        run(CANCEL, state=late)


def test_an_order_of_amount_0_and_other_signed_messages_keep_their_leaves():
    """A withdrawal's leaf is not an order's: its message has another type, and no amount of cancelling changes it."""
    gone = withdrawal(ALICE, 7, 100)
    after = run(gone, CANCEL)
    assert after.used(messages.order_id(gone.message_hash(USD))) == 100

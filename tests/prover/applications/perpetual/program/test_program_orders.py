"""Flags of limit orders and cancellations, of version 2."""

from __future__ import annotations

import copy

import pytest

from prover.algebra.field import PRIME
from prover.applications.perpetual import samples as sample
from prover.applications.perpetual.messages import CANCEL
from prover.applications.perpetual.positions import EMPTY
from prover.applications.perpetual.samples import (
    ALICE,
    BOB,
    CAROL,
    FEE_KEEPER,
    FEES,
    LIQUID,
    A,
    B,
    asset_id,
    five_asset_state,
    key,
    position,
)
from prover.applications.perpetual.signing import sign
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import LimitOrder, Liquidate, Trade
from tests.support.limited_exchange import LimitedExchange, accepted, refused

EXCHANGE, UNLIMITED = LimitedExchange(), LimitedExchange(limits=None)
COINS = 10**12
REDUCE_ONLY, FILL_OR_KILL, BOTH = 1, 2, 3


def state_of(exchange: LimitedExchange, alice: int, bob: int, orders=None) -> State:
    """Holdings of the first asset."""
    people = {
        A: position(ALICE, COINS, {0: alice} if alice else {}),
        B: position(BOB, COINS, {0: bob} if bob else {}),
    }
    return exchange.state(people).updated({}, orders or {})


def filled(exchange, buy: LimitOrder, sell: LimitOrder, synthetic: int, alice=0, bob=0, orders=None) -> dict:
    trade = Trade(
        buy_order=buy,
        sell_order=sell,
        actual_synthetic=synthetic,
        actual_collateral=2 * synthetic,
        actual_buyer_fee=0,
        actual_seller_fee=0,
    )
    return exchange.input(state_of(exchange, alice, bob, orders), [trade])


def trade_with_flags(
    exchange, is_buying: bool, flags: int, synthetic: int, held: int, amount: int | None = None
) -> dict:
    """Alice's order has the flags, and her holding is `held`."""
    amount = amount or synthetic
    hers = exchange.flagged(ALICE, A, 0, is_buying, amount, 2 * amount, flags)
    his = exchange.order(BOB, B, 0, not is_buying, 10**6, 2 * 10**6)
    buy, sell = (hers, his) if is_buying else (his, hers)
    return filled(exchange, buy, sell, synthetic, held, 0)


@pytest.mark.parametrize("is_buying", [True, False])
@pytest.mark.parametrize("flags", [REDUCE_ONLY, BOTH])
@pytest.mark.parametrize("size", [1, 100])
def test_a_reduce_only_order_closes(is_buying, flags, size):
    """A holding of the other sign, and at most all of it."""
    sign_of_held = -1 if is_buying else 1
    accepted(trade_with_flags(EXCHANGE, is_buying, flags, size, sign_of_held * size))
    accepted(trade_with_flags(EXCHANGE, is_buying, flags, size, sign_of_held * (size + 1)))
    for held in (sign_of_held * (size - 1), 0, -sign_of_held, -sign_of_held * size):
        refused(trade_with_flags(EXCHANGE, is_buying, flags, size, held))
        accepted(trade_with_flags(EXCHANGE, is_buying, 0, size, held))
        accepted(trade_with_flags(EXCHANGE, is_buying, FILL_OR_KILL, size, held))


@pytest.mark.parametrize("is_buying", [True, False])
@pytest.mark.parametrize("flags", [FILL_OR_KILL, BOTH])
def test_a_fill_or_kill_order_is_filled_whole_or_not(is_buying, flags):
    held = (-1 if is_buying else 1) * 10**4
    accepted(trade_with_flags(EXCHANGE, is_buying, flags, 100, held, amount=100))
    refused(trade_with_flags(EXCHANGE, is_buying, flags, 99, held, amount=100))
    accepted(trade_with_flags(EXCHANGE, is_buying, REDUCE_ONLY, 99, held, amount=100))


@pytest.mark.parametrize("used", [1, 50, 99])
def test_what_is_left_of_a_fill_or_kill_order_is_not_all_of_it(used):
    """However its leaf came to be: no fill leaves one, another order under its id may."""
    hers = EXCHANGE.flagged(ALICE, A, 0, True, 100, 200, FILL_OR_KILL)
    his = EXCHANGE.order(BOB, B, 0, False, 10**6, 2 * 10**6)
    name = hers.order_id(EXCHANGE.collateral)
    accepted(filled(EXCHANGE, hers, his, 100))
    for amount in (100 - used, 100):
        refused(filled(EXCHANGE, hers, his, amount, orders={name: used}))


@pytest.mark.parametrize("flags", [REDUCE_ONLY, FILL_OR_KILL, BOTH])
def test_flags_are_signed(flags):
    given = trade_with_flags(EXCHANGE, True, flags, 100, -100)
    document = given["batch"]["transactions"][0]["buy_order"]
    for name in ("reduce_only", "fill_or_kill"):
        document.pop(name, None)
    refused(given, names="")
    honest = trade_with_flags(EXCHANGE, True, 0, 100, -100)
    honest["batch"]["transactions"][0]["buy_order"]["reduce_only"] = 1
    refused(honest, names="")


@pytest.mark.parametrize("flags", [REDUCE_ONLY, FILL_OR_KILL, BOTH])
def test_version_1_has_no_flags(flags):
    accepted(trade_with_flags(EXCHANGE, True, flags, 100, -100))
    refused(trade_with_flags(UNLIMITED, True, flags, 100, -100))


@pytest.fixture
def any_flags(monkeypatch):
    """A hint and a wallet that take any word as flags: `fill_or_kill` is what is above bit 0."""
    from prover.applications.perpetual import messages
    from prover.applications.perpetual.program import advice

    def flags_of(order):
        return order.reduce_only + 2 * order.fill_or_kill

    def load(self, cells, order, is_buying):
        self.load_signed(cells.signed, order)
        cells.amount_synthetic, cells.amount_collateral = order.amount_synthetic, order.amount_collateral
        cells.amount_fee, cells.position_id, cells.flags = order.amount_fee, order.position_id, flags_of(order)

    honest = messages.limit_order_hash

    def hashed(**terms):
        flags = terms.pop("flags")
        words = honest(**terms, flags=0)
        if not flags:
            return words
        from prover.algebra.pedersen import pedersen

        bought, sold = (
            (terms["synthetic_asset_id"], terms["amount_synthetic"]),
            (terms["collateral_asset_id"], terms["amount_collateral"]),
        )
        if not terms["is_buying_synthetic"]:
            bought, sold = sold, bought
        amounts = ((sold[1] << 64 | bought[1]) << 64 | terms["amount_fee"]) << 32 | terms["nonce"]
        places = terms["position_id"] * (2**177 + 2**113 + 2**49)
        last = (3 << 241) + places + (terms["expiration_timestamp"] << 17) + flags
        found = pedersen(sold[0], bought[0])
        for word in (terms["collateral_asset_id"], amounts, last % PRIME):
            found = pedersen(found, word)
        return found

    monkeypatch.setattr(messages, "limit_order_hash", hashed)
    monkeypatch.setattr(LimitOrder, "flags", flags_of)
    monkeypatch.setattr(advice.Advice, "load_order", load)


@pytest.mark.parametrize("flags", [4, 5, 6, 7, 8, 1 << 16, 1 << 17, 1 << 40])
def test_no_order_has_other_flags(any_flags, flags):
    """Nor is the message that cancels an order one: its signature would be good for a fill."""
    for known in (REDUCE_ONLY, FILL_OR_KILL, BOTH):
        accepted(trade_with_flags(EXCHANGE, True, known, 100, -100))
    refused(trade_with_flags(EXCHANGE, True, flags, 100, -100))


def test_both_sides_answer_to_their_flags():
    buy = EXCHANGE.flagged(ALICE, A, 0, True, 100, 200, REDUCE_ONLY)
    sell = EXCHANGE.flagged(BOB, B, 0, False, 100, 200, BOTH)
    accepted(filled(EXCHANGE, buy, sell, 100, -100, 100))
    refused(filled(EXCHANGE, buy, sell, 100, -99, 100))
    refused(filled(EXCHANGE, buy, sell, 100, -100, 99))
    refused(filled(EXCHANGE, buy, sell, 99, -100, 100))


@pytest.mark.parametrize("flags", [REDUCE_ONLY, FILL_OR_KILL])
def test_a_liquidator_answers_to_them_too(flags):
    def given(held: int, synthetic: int) -> dict:
        state = five_asset_state(EXCHANGE).updated({A: position(ALICE, COINS, {0: held})}, {})
        order = EXCHANGE.flagged(ALICE, A, 0, True, 1000, 2000, flags)
        liquidation = Liquidate(
            liquidator_order=order,
            liquidated_position_id=LIQUID,
            actual_collateral=2 * synthetic,
            actual_synthetic=synthetic,
            actual_liquidator_fee=0,
        )
        return EXCHANGE.input(state, [liquidation])

    accepted(given(-1000, 1000))
    if flags == REDUCE_ONLY:
        accepted(given(-999, 999))
        refused(given(-999, 1000))
    else:
        accepted(given(1000, 1000))
        refused(given(-1000, 999))


# Cancellations.


def orders_after(found, n_assets: int = 5) -> int:
    """The root of the orders."""
    words = list(found.output)
    place = 3 + 2 * words[2]
    place += 1 + words[place]
    return words[place + 3]


def root_with(orders: dict) -> int:
    return state_of(EXCHANGE, 0, 0, orders).orders_root


@pytest.mark.parametrize("is_buying", [True, False])
@pytest.mark.parametrize("flags", [0, REDUCE_ONLY, FILL_OR_KILL, BOTH])
@pytest.mark.parametrize("used", [0, 1, 99, 100])
def test_a_cancelled_order_is_used_up(is_buying, flags, used):
    order = EXCHANGE.flagged(ALICE, A, 0, is_buying, 100, 200, flags)
    name = order.order_id(EXCHANGE.collateral)
    state = state_of(EXCHANGE, 7, 0, {name: used} if used else {})
    found = accepted(EXCHANGE.input(state, [EXCHANGE.cancellation(ALICE, order)]))
    assert orders_after(found) == root_with({name: 100})
    again = [EXCHANGE.cancellation(ALICE, order)] * 2
    assert orders_after(accepted(EXCHANGE.input(state, again))) == root_with({name: 100})


def test_a_cancelled_order_is_not_filled_and_others_are():
    buy, sell = EXCHANGE.order(ALICE, A, 0, True, 100, 200), EXCHANGE.order(BOB, B, 0, False, 100, 200)
    other = EXCHANGE.order(ALICE, A, 0, True, 100, 200)
    given = filled(EXCHANGE, buy, sell, 100)
    cancelled = EXCHANGE.cancellation(ALICE, buy)

    def after(*transactions) -> dict:
        return EXCHANGE.input(state_of(EXCHANGE, 0, 0), list(transactions))

    def trade(order: LimitOrder, synthetic: int) -> Trade:
        return Trade(
            buy_order=order,
            sell_order=sell,
            actual_synthetic=synthetic,
            actual_collateral=2 * synthetic,
            actual_buyer_fee=0,
            actual_seller_fee=0,
        )

    accepted(given)
    accepted(after(trade(buy, 60), cancelled))
    accepted(after(cancelled, trade(other, 60)))
    for synthetic in (1, 100):
        refused(after(cancelled, trade(buy, synthetic)))
    refused(after(trade(buy, 60), cancelled, trade(buy, 1)))


def cancel_with(order: LimitOrder, signer: int, positions=None, orders=None, exchange=EXCHANGE, **terms) -> dict:
    """`terms` are changed after the signing, `positions` are those of the state."""
    state = state_of(exchange, 7, 7, orders).updated(positions or {}, {})
    cancelled = exchange.cancellation(signer, order)
    return exchange.input(state, [cancelled.model_copy(update=terms)])


def test_only_the_position_s_key_cancels():
    """Anybody can sign an order in another's name, under an id of his own making."""
    hers, forged = EXCHANGE.order(ALICE, A, 0, True, 100, 200), EXCHANGE.order(BOB, A, 0, True, 100, 200)
    accepted(cancel_with(hers, ALICE))
    refused(cancel_with(forged, BOB), names="INVALID_PUBLIC_KEY")
    refused(cancel_with(hers, BOB), names="INVALID_PUBLIC_KEY")
    refused(cancel_with(hers, BOB, public_key=key(ALICE)), names="")


def test_nobody_cancels_for_an_empty_position():
    order = EXCHANGE.order(ALICE, A, 0, True, 100, 200)
    refused(cancel_with(order, ALICE, positions={A: EMPTY}))
    accepted(cancel_with(order, ALICE, positions={A: position(ALICE, 1)}))


def test_nobody_cancels_for_the_fee_position():
    order = EXCHANGE.order(FEE_KEEPER, FEES, 0, True, 100, 200)
    refused(cancel_with(order, FEE_KEEPER))


def test_the_order_s_own_signature_does_not_cancel_it():
    order = EXCHANGE.order(ALICE, A, 0, True, 100, 200)
    refused(cancel_with(order, ALICE, signature_r=order.signature_r, signature_s=order.signature_s), names="")


def test_a_cancellation_is_no_order():
    """Its message has one more flag, which no order may have (`test_no_order_has_other_flags`)."""
    order, sell = EXCHANGE.order(ALICE, A, 0, True, 100, 200), EXCHANGE.order(BOB, B, 0, False, 100, 200)
    cancelled = EXCHANGE.cancellation(ALICE, order)
    signature = {"signature_r": cancelled.signature_r, "signature_s": cancelled.signature_s}
    accepted(filled(EXCHANGE, order, sell, 100))
    refused(filled(EXCHANGE, order.model_copy(update=signature), sell, 100), names="")
    assert CANCEL == 4


def test_a_leaf_never_falls():
    """Else an order of nothing, under an id that was looked for, would make a used order good again."""
    order = EXCHANGE.order(ALICE, A, 0, True, 100, 200)
    name = order.order_id(EXCHANGE.collateral)
    accepted(cancel_with(order, ALICE, orders={name: 100}))
    refused(cancel_with(order, ALICE, orders={name: 101}))
    nothing = sign(order.model_copy(update={"amount_synthetic": 0}), ALICE, EXCHANGE.collateral)
    name = nothing.order_id(EXCHANGE.collateral)
    accepted(cancel_with(nothing, ALICE))
    refused(cancel_with(nothing, ALICE, orders={name: 1}))


@pytest.mark.parametrize(
    "terms",
    [
        {"amount_synthetic": 101},
        {"amount_collateral": 201},
        {"amount_fee": 1},
        {"nonce": 10**6},
        {"position_id": B},
        {"synthetic_asset_id": asset_id(1)},
        {"is_buying_synthetic": 0},
        {"expiration_timestamp": 1},
        {"reduce_only": 1},
        {"fill_or_kill": 1},
    ],
    ids=lambda terms: next(iter(terms)),
)
def test_a_cancellation_is_of_the_terms_that_are_signed(terms):
    refused(cancel_with(EXCHANGE.order(ALICE, A, 0, True, 100, 200), ALICE, **terms), names="")


def signed_terms(**terms) -> LimitOrder:
    order = EXCHANGE.order(ALICE, A, 0, True, 100, 200)
    return order.model_copy(update=terms)


BOUNDS = {
    "amount_synthetic": (0, 2**64 - 1),
    "amount_collateral": (0, 2**64 - 1),
    "amount_fee": (0, 2**64 - 1),
    "nonce": (0, 2**32 - 1),
    "expiration_timestamp": (0, 2**32 - 1),
    "synthetic_asset_id": (0, 2**120 - 1),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_each_term_of_a_cancellation_ends_at_its_bounds(name):
    """An order that expired can be cancelled, and one of an asset that nobody knows."""
    for value in BOUNDS[name]:
        accepted(cancel_with(signed_terms(**{name: value}), ALICE))


# Words that pack two terms, of which one has a unit too much and the other one less of its weight.
OVERFLOWS = {
    "nonce": ("nonce", 2**32, "amount_fee", -1),
    "amount_fee": ("amount_fee", 2**64, "amount_synthetic", -1),
    "amount_synthetic": ("amount_synthetic", 2**64, "amount_collateral", -1),
    "less nonce": ("nonce", -(2**32), "amount_fee", 1),
    "less fee": ("amount_fee", -(2**64), "amount_synthetic", 1),
    "less amount": ("amount_synthetic", -(2**64), "amount_collateral", 1),
    "flags": ("reduce_only", 2**17, "expiration_timestamp", -1),
    "less flags": ("reduce_only", -(2**17), "expiration_timestamp", 1),
    "collateral of a seller": ("amount_collateral", 2**64, "amount_synthetic", -1),
    "less collateral of a seller": ("amount_collateral", -(2**64), "amount_synthetic", 1),
}


@pytest.mark.parametrize("name", OVERFLOWS)
def test_no_other_terms_have_the_same_words(any_flags, name):
    """Else one signature would cancel what its owner never named, under the same id."""
    large, unit, small, carry = OVERFLOWS[name]
    is_buying = int("seller" not in name)
    order = signed_terms(amount_fee=5, amount_synthetic=100, amount_collateral=200, is_buying_synthetic=is_buying)
    given = cancel_with(order, ALICE)
    accepted(given)
    claimed = copy.deepcopy(given)
    terms = claimed["batch"]["transactions"][0]
    for field, change in ((large, unit), (small, carry)):
        terms[field] = (int(terms.get(field, 0)) + change) % PRIME
    refused(claimed)


def test_version_1_has_no_cancellations():
    order = UNLIMITED.order(ALICE, A, 0, True, 100, 200)
    accepted(cancel_with(order, ALICE))
    refused(cancel_with(order, ALICE, exchange=UNLIMITED))


def test_a_position_that_is_below_its_margin_cancels_too():
    order = EXCHANGE.order(CAROL, LIQUID, 0, True, 100, 200)
    state = five_asset_state(EXCHANGE)
    found = accepted(EXCHANGE.input(state, [EXCHANGE.cancellation(CAROL, order)]))
    assert orders_after(found) == root_with({order.order_id(EXCHANGE.collateral): 100})


def test_a_cancellation_writes_nothing_but_a_touched_position():
    exchange = LimitedExchange(is_rollup=True)
    order = exchange.order(ALICE, A, 0, True, 100, 200)
    state = five_asset_state(exchange)
    words = list(accepted(exchange.input(state, [exchange.cancellation(ALICE, order)])).output)
    place = 3 + 2 * words[2]
    for _ in range(2):
        place += 1 + words[place]
    assert words[place + 1 : place + 5] == [0, 0, 0, 0], "no modification, no request, no condition"
    assert words[place + 5 : place + 9] == [0, 4, A, key(ALICE)]
    assert sample.RICH + 2**63 - words[place + 9] in (1, 2), "its funding is applied"

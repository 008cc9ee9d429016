"""The matcher's book beside a list that is scanned, event by event; and broken books, each of which differs."""

import random
from collections import OrderedDict
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from freehold.services.matcher import acceptance, book, engine, matching
from freehold.services.matcher.book import Book, Side
from freehold.services.matcher.engine import Engine
from freehold.services.matcher.matching import Walk
from freehold.services.matcher.outputs import Reason
from tests.support.beside_a_plain_book import Beside, at_random
from tests.support.trading_floor import PEOPLE

PERSON, STEPS = st.sampled_from(list(PEOPLE)), st.integers(1, 9)


class BookMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.beside = Beside()

    @rule(
        person=PERSON,
        is_buying=st.booleans(),
        steps=STEPS,
        ticks=st.integers(16, 24),
        how=st.sampled_from(("GTT", "GTT", "IOC", "FOK")),
        post_only=st.booleans(),
        reduce_only=st.booleans(),
        lives=st.sampled_from((1, 60, 3600)),
    )
    def place(self, **terms) -> None:
        self.beside.place(**terms)

    @rule(person=PERSON, is_buying=st.booleans(), steps=STEPS, ticks=st.integers(16, 24))
    def place_plainly(self, **terms) -> None:
        self.beside.place(**terms)

    @rule(person=PERSON, number=st.integers(0, 50))
    def cancel(self, person, number) -> None:
        self.beside.cancel(person, number)

    @rule(person=PERSON)
    def cancel_all(self, person) -> None:
        self.beside.cancel_all(person)

    @rule(seconds=st.sampled_from((0, 1, 59, 3600)))
    def wait(self, seconds) -> None:
        self.beside.wait(seconds)

    def teardown(self) -> None:
        self.beside.check_sums()


TestBookMachine = BookMachine.TestCase
TestBookMachine.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


def test_the_book_is_the_plain_one_over_long_runs():
    """And all that can happen to an order happens in them."""
    beside = Beside()
    at_random(beside, random.Random(1), 2000)
    beside.check_sums()
    happens = {"refused", "rested", "filled"} | {
        f"closed {reason}" for reason in Reason if reason not in (Reason.RULES, Reason.LIQUIDATED)
    }
    assert set(beside.seen) == happens


# --- broken twins


def last_in_first_out(self, order):
    key = self._sign * order.ticks
    level = self._levels.setdefault(key, OrderedDict())
    level[order.order_id] = order
    level.move_to_end(order.order_id, last=False)


def worst_first(self):
    for level in reversed(self._levels.values()):
        yield from level.values()


def by_price_alone_of_two(self, taker):
    """The newest of all that cross."""
    return iter(sorted(MAKERS(self, taker), key=lambda maker: -maker.place))


def never_leaving(self):
    return iter(())


def kept_after_a_kill(self, taker, time_in_force):
    """What a killed order was filled stays."""
    mark = self.view.mark
    self.view.mark = lambda: None
    roll_back, self.view.roll_back = self.view.roll_back, lambda mark: None if mark is None else roll_back(mark)
    try:
        yield from MATCH(self, taker, time_in_force)
    finally:
        self.view.mark, self.view.roll_back = mark, roll_back


def without_self_trade(self, maker):
    """Who meets themselves goes on to the next, and the resting order stays."""
    if maker.order.public_key != self.taker.order.public_key:
        MEET(self, maker)


def at_the_takers_price(self, maker, size):
    original, maker.ticks = maker.ticks, self.taker.ticks
    try:
        return TERMS(self, maker, size)
    finally:
        maker.ticks = original


def resting_what_is_left(self, event):
    return PLACE(self, replace(event, time_in_force="GTT") if event.time_in_force == "IOC" else event)


def for_anybody(self, event):
    order = self.open.get(event.order_id)
    return CANCEL(self, event if order is None else replace(event, position_id=order.order.position_id))


MAKERS, MATCH, MEET, TERMS, PLACE, CANCEL = (
    Book.makers,
    Engine._match,
    Walk._meet,
    Walk._terms,
    Engine._place,
    Engine._cancel,
)

TWINS = {
    "the last come are served first": (Side, "add", last_in_first_out),
    "the worst price is served first": (Side, "by_priority", worst_first),
    "the newest is served first": (Book, "makers", by_price_alone_of_two),
    "equal prices do not meet": (
        book,
        "crosses",
        lambda taker, ticks: ticks < taker.ticks if taker.is_buying else ticks > taker.ticks,
    ),
    "a tick too far": (
        book,
        "crosses",
        lambda taker, ticks: ticks <= taker.ticks + 1 if taker.is_buying else ticks >= taker.ticks - 1,
    ),
    "nobody's time is over": (Engine, "_leave", never_leaving),
    "killed orders keep what they got": (Engine, "_match", kept_after_a_kill),
    "who meets themselves walks on": (Walk, "_meet", without_self_trade),
    "fills at the taker's price": (Walk, "_terms", at_the_takers_price),
    "at once rests": (Engine, "_place", resting_what_is_left),
    "anybody cancels": (Engine, "_cancel", for_anybody),
    "post-only takes": (acceptance.Door, "_taking", lambda self, event, market: None),
    "reduce-only enlarges": (matching, "reducible", lambda position, order: order.amount_synthetic),
    "reduce-only is not looked at when it comes": (acceptance.Door, "_reducing", lambda self, event, market: None),
    "fees are rounded up": (
        matching,
        "fill_fee",
        lambda order, collateral, rate, paid: min(-(-collateral * rate // 10**6), order.amount_fee - paid),
    ),
    "fees know no end": (matching, "fill_fee", lambda order, collateral, rate, paid: collateral * rate // 10**6),
    "limits are rounded away from the signer": (
        engine,
        "limit_ticks",
        lambda order, market: -(-order.amount_collateral // (order.amount_synthetic // market.step * market.tick)),
    ),
}


@pytest.mark.parametrize("name", TWINS)
def test_each_broken_book_is_caught(name, monkeypatch):
    place, attribute, broken = TWINS[name]
    monkeypatch.setattr(place, attribute, broken)
    with pytest.raises((AssertionError, KeyError)):
        for seed in range(20):
            beside = Beside()
            at_random(beside, random.Random(seed), 120)
            beside.check_sums()

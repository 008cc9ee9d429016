"""The engine beside a plain book: the same orders to both, the same words from both, and what holds of every book."""

from __future__ import annotations

from collections import Counter

from freehold.services.matcher.events import Cancel, CancelAll, Pass, TimeInForce
from freehold.services.matcher.outputs import Closed, Filled, Output, Refused, Rested
from prover.applications.perpetual.samples import asset_id
from tests.support.plain_book import PlainBook, PlainOrder
from tests.support.trading_floor import PEOPLE, STEP, TICK, Floor


def told(outputs: list[Output]) -> list[tuple]:
    """In the plain book's words."""
    words: list[tuple] = []
    for one in outputs:
        if isinstance(one, Refused):
            words.append(("refused", one.order_id))
        elif isinstance(one, Rested):
            words.append(("rested", one.order_id, one.left // STEP))
        elif isinstance(one, Closed):
            words.append(("closed", one.order_id, str(one.reason), one.left // STEP))
        elif isinstance(one, Filled):
            fees = (one.maker_fee, one.taker_fee)
            words.append(("filled", one.maker_id, one.taker_id, one.ticks, one.synthetic, one.collateral, *fees))
    return words


class Beside:
    """`seen` counts what happened, so that a test can say that it happens."""

    def __init__(self) -> None:
        self.floor = Floor()
        self.plain = PlainBook(self.floor.settings.maker_fee, self.floor.settings.taker_fee)
        self.orders: dict[int, object] = {}
        self.filled: Counter = Counter()
        self.seen: Counter = Counter()

    def place(
        self,
        person: int,
        is_buying: bool,
        steps: int,
        ticks: int,
        how: str = "GTT",
        post_only: bool = False,
        reduce_only: bool = False,
        lives: int = 3600,
        odd: int = 0,
    ) -> None:
        """`odd` collateral is signed beside the ticks, less than one a step: more by a buyer, less by a seller."""
        signed = steps * ticks * TICK + (odd if is_buying else -odd)
        order = self.floor.order(person, is_buying, steps, ticks, collateral=signed)
        event = self.floor.placing(order, TimeInForce(how), lives, post_only, reduce_only)
        self.orders[event.order_id] = order
        expected = self.plain.expire(self.floor.time)
        plain = PlainOrder(
            event.order_id, person, is_buying, steps, ticks, order.amount_fee, event.leaves_at, reduce_only
        )
        self._compare(event, expected + self.plain.place(plain, how, post_only))

    def cancel(self, person: int, number: int) -> None:
        """The order of this number, as it may be long gone, or another's."""
        order_id = list(self.orders)[number % len(self.orders)] if self.orders else 1
        expected = self.plain.expire(self.floor.time)
        self._compare(Cancel(self.floor.time, person, order_id), expected + self.plain.cancel(person, order_id))

    def cancel_all(self, person: int) -> None:
        expected = self.plain.expire(self.floor.time)
        self._compare(CancelAll(self.floor.time, person), expected + self.plain.cancel_all(person))

    def wait(self, seconds: int) -> None:
        self.floor.time += seconds
        self._compare(Pass(self.floor.time), self.plain.expire(self.floor.time))

    def _compare(self, event, expected: list[tuple]) -> None:
        outputs = self.floor.apply(event)
        assert told(outputs) == expected
        self.seen.update(f"{word[0]} {word[2]}" if word[0] == "closed" else word[0] for word in expected)
        self._check_fills(outputs)
        self._check_rest()

    def _check_fills(self, outputs: list[Output]) -> None:
        """No order is overfilled, in none of its signed amounts."""
        for one in outputs:
            if isinstance(one, Filled):
                for order_id, fee in ((one.maker_id, one.maker_fee), (one.taker_id, one.taker_fee)):
                    self.filled[order_id, "synthetic"] += one.synthetic
                    self.filled[order_id, "collateral"] += one.collateral
                    self.filled[order_id, "fee"] += fee
                    self._check_order(order_id)

    def _check_order(self, order_id: int) -> None:
        order = self.orders[order_id]
        synthetic, collateral, fee = (self.filled[order_id, amount] for amount in ("synthetic", "collateral", "fee"))
        assert synthetic <= order.amount_synthetic
        assert 0 <= fee <= order.amount_fee
        if order.is_buying_synthetic:
            assert collateral * order.amount_synthetic <= order.amount_collateral * synthetic
        else:
            assert collateral * order.amount_synthetic >= order.amount_collateral * synthetic

    def _check_rest(self) -> None:
        """The book is not crossed, and has what the plain one has, in its order."""
        book = self.floor.engine.books[asset_id(0)]
        bid, ask = book.bids.best(), book.asks.best()
        assert bid is None or ask is None or bid < ask
        for side, is_buying in ((book.bids, True), (book.asks, False)):
            plain = [one for one in self.plain.resting if one.is_buying == is_buying]
            plain.sort(key=lambda one: -one.ticks if is_buying else one.ticks)
            assert [one.order_id for one in side.by_priority()] == [one.order_id for one in plain]

    def check_sums(self) -> None:
        """People hold what the fills gave them, no collateral came or went, and the rules take all that was sent."""
        view = self.floor.engine.view
        for person in PEOPLE:
            assert view.position(person).balance(asset_id(0)) == self.plain.held.get(person, 0) * STEP
        before = sum(position.collateral_balance for position in self.floor.state.positions.values())
        assert sum(position.collateral_balance for _, position in view.all_positions()) == before
        judged = self.floor.judged()
        assert all(judged.position(key) == position for key, position in view.all_positions())


def at_random(beside: Beside, choose, n_events: int) -> None:
    """`choose` is a random.Random."""
    for _ in range(n_events):
        what, person = choose.randrange(20), choose.choice(list(PEOPLE))
        if what < 15:
            steps = choose.choice((1, 2, 3, 7))
            beside.place(
                person,
                choose.random() < 0.5,
                steps,
                choose.randrange(17, 24),
                choose.choice(("GTT", "GTT", "GTT", "IOC", "FOK")),
                choose.random() < 0.1,
                choose.random() < 0.25,
                choose.choice((1, 60, 3600)),
                choose.choice((0, 0, steps)),
            )
        elif what < 17:
            beside.cancel(person, choose.randrange(1000))
        elif what < 18:
            beside.cancel_all(person)
        else:
            beside.wait(choose.choice((0, 1, 30)))

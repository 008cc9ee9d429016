"""One market's book as plainly as it can be written: a list, scanned for everything. Money is no question here."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.support.trading_floor import PPM, STEP, TICK


@dataclass
class PlainOrder:
    order_id: int
    person: int
    is_buying: bool
    steps: int
    ticks: int
    most_fee: int
    leaves_at: int
    reduce_only: bool
    paid: int = 0


@dataclass
class PlainBook:
    """Says what happened as tuples: (word, order, ...). `held` is in steps, by person."""

    maker_fee: int
    taker_fee: int
    resting: list[PlainOrder] = field(default_factory=list)
    held: dict[int, int] = field(default_factory=dict)

    def expire(self, time: int) -> list[tuple]:
        gone = sorted((one for one in self.resting if one.leaves_at <= time), key=lambda one: one.leaves_at)
        return [self.close(one, "EXPIRED") for one in gone]

    def close(self, order: PlainOrder, why: str) -> tuple:
        if order in self.resting:
            self.resting.remove(order)
        return ("closed", order.order_id, why, order.steps)

    def best(self, taker: PlainOrder) -> PlainOrder | None:
        """The list is in order of arrival; the first of the best price wins."""
        found = None
        for one in self.resting:
            if one.is_buying == taker.is_buying:
                continue
            if (one.ticks > taker.ticks) if taker.is_buying else (one.ticks < taker.ticks):
                continue
            if found is None or ((one.ticks < found.ticks) if taker.is_buying else (one.ticks > found.ticks)):
                found = one
        return found

    def most(self, order: PlainOrder) -> int:
        if not order.reduce_only:
            return order.steps
        held = self.held.get(order.person, 0)
        return min(order.steps, max(0, -held if order.is_buying else held))

    def place(self, taker: PlainOrder, how: str, post_only: bool) -> list[tuple]:
        if post_only and (how != "GTT" or self.best(taker) is not None):
            return [("refused", taker.order_id)]
        if taker.reduce_only and self.most(taker) == 0:
            return [("refused", taker.order_id)]
        before = [(one, one.steps, one.paid) for one in [*self.resting, taker]], dict(self.held)
        happened = self._take(taker)
        if how == "FOK" and taker.steps:
            for one, steps, paid in before[0]:
                one.steps, one.paid = steps, paid
            self.resting, self.held = [one for one, _, _ in before[0] if one is not taker], before[1]
            return [("closed", taker.order_id, "KILLED", taker.steps)]
        if taker.steps == 0:
            return [*happened, self.close(taker, "FILLED")]
        if self.most(taker) == 0:
            return [*happened, self.close(taker, "REDUCED")]
        if how == "IOC":
            return [*happened, self.close(taker, "AT_ONCE")]
        self.resting.append(taker)
        return [*happened, ("rested", taker.order_id, taker.steps)]

    def _take(self, taker: PlainOrder) -> list:
        happened: list = []
        while taker.steps and (maker := self.best(taker)) is not None:
            if maker.person == taker.person:
                happened.append(self.close(maker, "SELF_TRADE"))
            elif self.most(taker) == 0:
                break
            elif self.most(maker) == 0:
                happened.append(self.close(maker, "REDUCED"))
            else:
                happened.append(self._fill(maker, taker))
                if maker.steps == 0 or self.most(maker) == 0:
                    happened.append(self.close(maker, "REDUCED" if maker.steps else "FILLED"))
        return happened

    def _fill(self, maker: PlainOrder, taker: PlainOrder) -> tuple:
        steps = min(self.most(maker), self.most(taker))
        value = steps * maker.ticks * TICK
        fees = []
        for one, rate in ((maker, self.maker_fee), (taker, self.taker_fee)):
            fee = min(value * rate // PPM, one.most_fee - one.paid)
            one.paid += fee
            one.steps -= steps
            fees.append(fee)
            self.held[one.person] = self.held.get(one.person, 0) + (steps if one.is_buying else -steps)
        return ("filled", maker.order_id, taker.order_id, maker.ticks, steps * STEP, value, *fees)

    def cancel(self, person: int, order_id: int) -> list[tuple]:
        for one in self.resting:
            if one.order_id == order_id and one.person == person:
                return [self.close(one, "CANCELLED")]
        return [("refused", order_id)]

    def cancel_all(self, person: int) -> list[tuple]:
        return [self.close(one, "CANCELLED") for one in list(self.resting) if one.person == person]

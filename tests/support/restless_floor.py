"""A floor where everything happens: poor people, prices that jump, funding, orders of all kinds, money in and out."""

from __future__ import annotations

import random

from freehold.services.matcher.events import CancelAll, CloseFunding, Execute, SamplePremiums, TimeInForce
from freehold.services.matcher.outputs import Output
from prover.applications.perpetual.positions import Position
from prover.applications.perpetual.samples import COLLATERAL, INDEX, key, position
from prover.applications.perpetual.signing import cancellation
from prover.applications.perpetual.transactions import Deposit, Withdrawal
from tests.support.trading_floor import INDEX_TICKS, LATEST, PEOPLE, Floor, settings_of

OWNERS = (3_000, 6_000, 12_000, 40_000)


def poor_people(choose: random.Random) -> dict[int, Position]:
    return {place: position(owner, choose.choice(OWNERS)) for place, owner in PEOPLE.items()}


class Restless:
    """`choose` decides all; two floors of the same seed go the same way."""

    def __init__(self, seed: int, version: int = 1, is_signing: bool = False) -> None:
        self.choose = random.Random(seed)
        people, fund = poor_people(self.choose), self.choose.choice((500, 3_000, 30_000))
        settings = settings_of(maker_fee=200, taker_fee=500)
        self.floor = Floor(version, people, fund, is_signing, settings)
        self.ticks = [INDEX_TICKS, INDEX_TICKS]
        self.indices = [INDEX, INDEX]

    def run(self, n_events: int) -> list[Output]:
        return [output for _ in range(n_events) for output in self.step()]

    def step(self) -> list[Output]:
        what, floor = self.choose.randrange(24), self.floor
        floor.time += self.choose.choice((0, 0, 1, 20))
        person = self.choose.choice(list(PEOPLE))
        if what < 16:
            return self._place(person)
        if what < 19:
            return self._tick()
        if what == 19:
            step = self.choose.choice((-200_000_000, 300_000_000))
            self.indices = [index + step for index in self.indices]
            return floor.fund_tick(*self.indices)
        if what == 20:
            return floor.apply(CancelAll(floor.time, person))
        if what == 21:
            return floor.apply(self.choose.choice((SamplePremiums, CloseFunding))(floor.time))
        if what == 22 and floor.version == 2 and (resting := floor.engine.orders_of(person)):
            taken_back = cancellation(self.choose.choice(resting).order, PEOPLE[person], COLLATERAL)
            return floor.apply(Execute(floor.time, taken_back))
        return floor.apply(Execute(floor.time, self._money(person)))

    def _place(self, person: int) -> list[Output]:
        choose = self.choose
        asset = choose.choice((0, 0, 1))
        ticks = max(1, self.ticks[asset] + choose.choice((-2, -1, 0, 0, 1, 2)))
        order = self.floor.order(
            person, choose.random() < 0.5, choose.choice((1, 10, 30, 100, 300)), ticks, asset, **self._flags()
        )
        how = TimeInForce.FOK if order.fill_or_kill else choose.choice((*[TimeInForce.GTT] * 4, *TimeInForce))
        return self.floor.place(order, how, choose.choice((30, 3600)), False, choose.random() < 0.08)

    def _flags(self) -> dict[str, int]:
        if self.floor.version == 1 or self.choose.random() < 0.85:
            return {}
        return self.choose.choice(({"reduce_only": 1}, {"fill_or_kill": 1}))

    def _tick(self) -> list[Output]:
        """By less than a fifth of 20, as version 2 allows; a tick beyond that is refused."""
        for place, ticks in enumerate(self.ticks):
            self.ticks[place] = max(10, ticks + self.choose.choice((-3, -2, 0, 2, 3)))
        self.floor.time += 600
        return self.floor.tick(*self.ticks)

    def _money(self, person: int) -> Deposit | Withdrawal:
        amount = self.choose.choice((500, 3_000))
        if self.choose.random() < 0.5:
            return Deposit(public_key=key(PEOPLE[person]), position_id=person, amount=amount)
        self.floor.nonce += 1
        terms = {"nonce": self.floor.nonce, "expiration_timestamp": LATEST}
        owner = key(PEOPLE[person])
        made = Withdrawal(public_key=owner, owner_key=owner, position_id=person, amount=amount, **terms)
        return self.floor.signed(made, person)

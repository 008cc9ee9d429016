"""What `freehold bench matcher` measures: orders around a price that wanders, by people who cancel some of them."""

from __future__ import annotations

import gc
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from freehold.bench.kernel import machine
from freehold.services.matcher.engine import Engine
from freehold.services.matcher.events import Cancel, Event, Place, TimeInForce
from freehold.services.matcher.outputs import Closed, Filled, Output, Refused, Rested
from freehold.services.matcher.settings import FundSettings, MarketSettings, MatcherSettings
from freehold.services.matcher.signatures import checked
from prover.applications.ledger.units import Seconds
from prover.applications.perpetual.clients import signed_expiration
from prover.applications.perpetual.samples import COLLATERAL, RICH, TIME, SampleExchange, asset_id, key, position
from prover.applications.perpetual.signing import sign
from prover.applications.perpetual.transactions import LimitOrder
from prover.applications.perpetual.units import CollateralQuanta, OrderId, PositionId, SyntheticQuanta

N_ASSETS = 4
STEP, TICK = SyntheticQuanta(100_000), CollateralQuanta(100)
INDEX_TICKS = 2_000
FUND, FUND_KEEPER = PositionId(2), 77
FIRST = 100
"""Of the positions that trade; the private key of each is its id."""
LIVES = Seconds(3600)
TARGETS = {"orders_per_second": 10_000, "orders_per_second_with_signatures": 1_000}
Json = dict[str, Any]


@dataclass
class Traffic:
    """Orders and cancellations, the same for the same seed. A rate in millionths covers every fee."""

    positions: int
    is_signing: bool
    taking: float
    choose: random.Random = field(default_factory=lambda: random.Random(1))
    middle: int = INDEX_TICKS
    nonce: int = 0

    def order(self, is_taking: bool) -> LimitOrder:
        choose = self.choose
        if choose.random() < 0.05:
            self.middle = min(INDEX_TICKS + 20, max(INDEX_TICKS - 20, self.middle + choose.choice((-1, 1))))
        is_buying = choose.random() < 0.5
        away = choose.randrange(-12, 1) if is_taking else choose.randrange(1, 12)
        ticks = self.middle - away if is_buying else self.middle + away
        n_steps = choose.choice((1, 2, 5, 10))
        owner = PositionId(FIRST + choose.randrange(self.positions))
        collateral = n_steps * ticks * TICK
        self.nonce += 1
        order = LimitOrder(
            public_key=key(owner),
            nonce=self.nonce,
            expiration_timestamp=signed_expiration(TIME + LIVES),
            position_id=owner,
            synthetic_asset_id=asset_id(choose.randrange(N_ASSETS)),
            collateral_asset_id=COLLATERAL,
            is_buying_synthetic=int(is_buying),
            amount_synthetic=n_steps * STEP,
            amount_collateral=collateral,
            amount_fee=-(-collateral // 1000),
        )
        return sign(order, owner, COLLATERAL) if self.is_signing else order

    def orders(self, count: int) -> Iterator[tuple[LimitOrder, TimeInForce]]:
        for _ in range(count):
            is_taking = self.choose.random() < self.taking
            yield self.order(is_taking), TimeInForce.IOC if is_taking else TimeInForce.GTT


def figures(n_orders: int, n_signed: int, positions: int, at_once: int, taking: int) -> Json:
    """`taking`: so many of a hundred orders."""
    unsigned = _unsigned(n_orders, Traffic(positions, False, taking / 100))
    signed = _signed(n_signed, Traffic(positions, True, taking / 100), at_once)
    return {
        "machine": machine(),
        "wanted": TARGETS,
        "positions": positions,
        "assets": N_ASSETS,
        "taking_of_a_hundred": taking,
        "without_signatures": unsigned,
        "with_signatures": {**signed, "signatures_at_once": at_once},
    }


def _engine(positions: int) -> Engine:
    sample = SampleExchange(n_assets=N_ASSETS)
    people = {PositionId(FIRST + place): position(FIRST + place, RICH) for place in range(positions)}
    state = sample.state({FUND: position(FUND_KEEPER, RICH), **people})
    market = MarketSettings(step=STEP, tick=TICK)
    settings = MatcherSettings(
        markets={asset_id(place): market for place in range(N_ASSETS)},
        fund=FundSettings(position_id=FUND, public_key=key(FUND_KEEPER)),
        maker_fee=200,
        taker_fee=500,
    )
    return Engine.of(sample.config(), settings, state)


def _placed(order: LimitOrder, how: TimeInForce, order_id: OrderId) -> Place:
    return Place(TIME, order, order_id, Seconds(TIME + LIVES), how)


def _unsigned(count: int, traffic: Traffic) -> Json:
    """Events are made before the clock runs."""
    engine = _engine(traffic.positions)
    places = [_placed(order, how, order.order_id(COLLATERAL)) for order, how in traffic.orders(count)]
    gc.freeze()  # what was made before is no load
    clock = _Clock()
    for event in places:
        clock.run(lambda event=event: engine.apply(event))  # type: ignore[misc]
        for cancel in _cancellations(engine, traffic.choose, traffic.positions):
            clock.run(lambda cancel=cancel: engine.apply(cancel), is_order=False)  # type: ignore[misc]
    return clock.figures()


def _signed(count: int, traffic: Traffic, at_once: int) -> Json:
    """Each order waits for those that its signature is checked with."""
    engine = _engine(traffic.positions)
    orders = list(traffic.orders(count))
    clock = _Clock()
    for start in range(0, count, at_once):
        together = orders[start : start + at_once]
        clock.begin()
        leaves = checked([order for order, _ in together], COLLATERAL)
        for (order, how), order_id in zip(together, leaves, strict=True):
            assert order_id is not None, "all of them are signed"
            clock.arrived(engine.apply(_placed(order, how, order_id)))
        clock.end()
    return clock.figures()


def _cancellations(engine: Engine, choose: random.Random, positions: int) -> list[Event]:
    if choose.random() >= 0.6:
        return []
    mine = engine.orders_of(PositionId(FIRST + choose.randrange(positions)))
    return [Cancel(TIME, order.order.position_id, order.order_id) for order in mine[:1]]


class _Clock:
    """Seconds of orders and of what comes between them; `latencies` of orders alone, in nanoseconds."""

    def __init__(self) -> None:
        self.latencies: list[int] = []
        self.happened: Counter[str] = Counter()
        self._wall, self._cpu = 0, 0
        self._since = (0, 0)

    def run(self, act: Callable[[], list[Output]], is_order: bool = True) -> None:
        self.begin()
        outputs = act()
        if is_order:
            self.arrived(outputs)
        self.end()

    def begin(self) -> None:
        self._since = (time.perf_counter_ns(), time.process_time_ns())

    def arrived(self, outputs: list[Output]) -> None:
        self.latencies.append(time.perf_counter_ns() - self._since[0])
        self.happened.update(
            type(output).__name__ for output in outputs if isinstance(output, Filled | Rested | Refused | Closed)
        )

    def end(self) -> None:
        self._wall += time.perf_counter_ns() - self._since[0]
        self._cpu += time.process_time_ns() - self._since[1]

    def figures(self) -> Json:
        ordered = sorted(self.latencies)
        count = len(ordered)
        return {
            "orders": count,
            "orders_per_second": round(count * 1e9 / self._wall),
            "orders_per_cpu_second": round(count * 1e9 / self._cpu),
            "p50_us": round(ordered[count // 2] / 1000, 1),
            "p99_us": round(ordered[count * 99 // 100] / 1000, 1),
            **{name.lower(): number for name, number in sorted(self.happened.items())},
        }

"""A small exchange with a matcher for tests: people with positions, their orders, and the engine that meets them.

One step is 100 quanta, one tick 10 quanta of collateral; the index price of two collateral quanta for a synthetic one
is 20 ticks. Orders are not signed unless `is_signing`: the engine does not look, and a test of the rules says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from freehold.services.matcher.engine import Engine
from freehold.services.matcher.events import Execute, Place, TimeInForce
from freehold.services.matcher.outputs import Output, Sent
from freehold.services.matcher.settings import FundSettings, MarketSettings, MatcherSettings
from prover.applications.perpetual.config import GeneralConfig, Limits
from prover.applications.perpetual.execute import Carried
from prover.applications.perpetual.positions import Position
from prover.applications.perpetual.samples import COLLATERAL, PRICE, RICH, TIME, SampleExchange, asset_id, key, position
from prover.applications.perpetual.signing import sign
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import FundingTick, LimitOrder, Liquidate, OracleTick, Transaction

STEP, TICK, INDEX_TICKS = 100, 10, 20
FUND, FUND_KEEPER = 5, 77
PEOPLE = {11: 311, 12: 312, 13: 313, 14: 314}
"""Private key of each position's owner."""
PPM = 1_000_000
LATEST = TIME // 3600 + 400


def config_of(version: int, n_assets: int = 2) -> GeneralConfig:
    fields = SampleExchange(n_assets=n_assets).config().model_dump()
    if version == 2:
        fields |= {"limits": Limits().model_dump(), "price_validity_period": 3600, "funding_validity_period": 28_800}
    return GeneralConfig.model_validate(fields)


def settings_of(n_assets: int = 2, maker_fee: int = 23_300, taker_fee: int = 51_700) -> MatcherSettings:
    market = MarketSettings(step=STEP, tick=TICK, impact=10_000)
    return MatcherSettings(
        markets={asset_id(place): market for place in range(n_assets)},
        fund=FundSettings(position_id=FUND, public_key=key(FUND_KEEPER)),
        maker_fee=maker_fee,
        taker_fee=taker_fee,
    )


def rich_people() -> dict[int, Position]:
    return {place: position(owner, RICH) for place, owner in PEOPLE.items()}


@dataclass
class Floor:
    """`sent` and `log` grow with every event."""

    version: int = 1
    people: Mapping[int, Position] = field(default_factory=rich_people)
    fund: int = RICH
    is_signing: bool = False
    settings: MatcherSettings = field(default_factory=settings_of)
    time: int = TIME
    nonce: int = 0
    sent: list[Transaction] = field(default_factory=list)
    log: list = field(default_factory=list)

    def __post_init__(self) -> None:
        self.config = config_of(self.version)
        self.state: State = SampleExchange(n_assets=2).state({FUND: position(FUND_KEEPER, self.fund), **self.people})
        self.engine = Engine.of(self.config, self.settings, self.state)

    def apply(self, event) -> list[Output]:
        self.log.append(event)
        outputs = self.engine.apply(event)
        sent = [output for output in outputs if isinstance(output, Sent)]
        assert [one.number for one in sent] == list(range(len(self.sent), len(self.sent) + len(sent)))
        self.sent += [one.transaction for one in sent]
        return outputs

    def order(
        self,
        position_id: int,
        is_buying: bool,
        steps: int,
        ticks: int,
        asset: int = 0,
        fee: int | None = None,
        collateral: int | None = None,
        **fields: int,
    ) -> LimitOrder:
        """The fee is the least that is taken, unless another is given."""
        self.nonce += 1
        worth = steps * ticks * TICK if collateral is None else collateral
        rate = max(self.settings.maker_fee, self.settings.taker_fee)
        terms = {
            "public_key": key(PEOPLE.get(position_id, FUND_KEEPER)),
            "nonce": self.nonce,
            "expiration_timestamp": LATEST,
            "position_id": position_id,
            "synthetic_asset_id": asset_id(asset),
            "collateral_asset_id": COLLATERAL,
            "is_buying_synthetic": int(is_buying),
            "amount_synthetic": steps * STEP,
            "amount_collateral": worth,
            "amount_fee": -(-worth * rate // PPM) if fee is None else fee,
        }
        order = LimitOrder(**(terms | fields))
        return self.signed(order, position_id)

    def signed(self, order, position_id: int):
        return sign(order, PEOPLE[position_id], COLLATERAL) if self.is_signing else order

    def placing(
        self,
        order: LimitOrder,
        time_in_force: TimeInForce = TimeInForce.GTT,
        lives: int = 3600,
        post_only: bool = False,
        reduce_only: bool = False,
    ) -> Place:
        order_id = order.order_id(COLLATERAL)
        return Place(self.time, order, order_id, self.time + lives, time_in_force, post_only, reduce_only)

    def place(self, order: LimitOrder, *how, **terms) -> list[Output]:
        return self.apply(self.placing(order, *how, **terms))

    def tick(self, *ticks: int) -> list[Output]:
        """Index prices of the assets in ticks (of the book), ten minutes on."""
        self.time += 600
        prices = tuple((asset_id(place), (number * TICK << 32) // STEP) for place, number in enumerate(ticks))
        return self.apply(Execute(self.time, OracleTick(prices=prices, timestamp=self.time)))

    def fund_tick(self, *indices: int) -> list[Output]:
        tick = FundingTick(
            funding_indices=tuple((asset_id(place), index) for place, index in enumerate(indices)), timestamp=self.time
        )
        return self.apply(Execute(self.time, tick))

    def judged(self, transactions: Sequence[Transaction] | None = None) -> Carried:
        """The rules upon the state that the engine began with: raises RuleBroken for what they refuse.

        Signatures count where the floor signs; ticks are taken as signed.
        """
        rules, market = Carried if self.is_signing else Unsigned, self.state.market(self.config)
        minimum = TIME // 3600 + self.settings.provable_hours
        carried = rules(self.state, self.config, minimum, ({}, {}), market, self.state.system_time)
        for transaction in self.sent if transactions is None else transactions:
            if isinstance(transaction, OracleTick):
                carried.bounds = (dict(transaction.prices), dict(transaction.prices))
            carried.execute(self._by_the_fund(transaction))
            carried.has_deleveraged = False
        return carried

    def _by_the_fund(self, transaction: Transaction) -> Transaction:
        if not (self.is_signing and isinstance(transaction, Liquidate)):
            return transaction
        signed = sign(transaction.liquidator_order, FUND_KEEPER, COLLATERAL)
        return transaction.model_copy(update={"liquidator_order": signed})


class Unsigned(Carried):
    """The rules but for signatures."""

    def check_signature(self, order) -> None:
        pass


def priced(ticks: int) -> int:
    """In 32.32."""
    return (ticks * TICK << 32) // STEP


assert priced(INDEX_TICKS) == PRICE

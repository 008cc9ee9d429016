"""Random states and batches, of which many are accepted and many refused, and the comparison of two implementations.

`a_case(choose, version=2)` makes a case of choices; amounts are at the edges of what the rules allow at that place, so
that one more unit is often one too many. `compare(case, runner)` judges a case by the rules in Python and by `runner`.
A difference is raised as the smallest batch that still shows it, in JSON, which `freehold batch check FILE` replays.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from hypothesis import strategies as st

from prover.applications.perpetual.batch import Batch, apply_batch
from prover.applications.perpetual.config import GeneralConfig, Limits
from prover.applications.perpetual.documents import BatchDocument, Case, StateDocument
from prover.applications.perpetual.errors import InputRefused, RuleBroken
from prover.applications.perpetual.limits import reach
from prover.applications.perpetual.margin import Market, funded, totals
from prover.applications.perpetual.positions import EMPTY, Asset, Position
from prover.applications.perpetual.signing import cancellation
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import (
    Deleverage,
    FundingTick,
    OracleTick,
    SignedPrice,
    Trade,
    Transaction,
)
from tests.support.world import (
    ALICE,
    BOB,
    BTC,
    CAROL,
    ETH,
    FEE_KEEPER,
    FEES,
    HALF,
    HOUR,
    ONE,
    PRICE,
    SIGNERS,
    SOL,
    TIME,
    USD,
    asset_id,
    configured,
    deposit,
    external,
    forced_trade,
    forced_withdrawal,
    key,
    liquidate,
    order,
    signed_price,
    synthetic,
    trade,
    transfer,
    withdrawal,
    world,
)

OWNERS = {2: ALICE, 3: BOB, 4: CAROL, 5: ALICE, 6: BOB}
ASSETS = (BTC, ETH, SOL)
BOUND = 5000
"""Where risk segments change: in quanta, or in what so many are worth at the usual price."""


class Chooser(Protocol):
    """Where the choices come from: Hypothesis, which can shrink them, or a seed, which spreads them evenly."""

    def one_of(self, options: Sequence[Any]) -> Any: ...

    def number(self, low: int, high: int) -> int: ...


class Seeded:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def one_of(self, options: Sequence[Any]) -> Any:
        return self._random.choice(options)

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)


class Drawn:
    def __init__(self, draw: Callable[[st.SearchStrategy], Any]) -> None:
        self._draw = draw

    def one_of(self, options: Sequence[Any]) -> Any:
        return self._draw(st.sampled_from(options))

    def number(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))


def near(choose: Chooser, value: int) -> int:
    """The value or one beside it."""
    return value + choose.one_of([0, 0, 0, -1, 1])


def amount_near(choose: Chooser, value: int) -> int:
    return min(max(near(choose, value), 0), 2**64 - 1)


def some_limits(choose: Chooser) -> Limits:
    """The defaults or their ends."""
    return Limits(
        max_price_spread=choose.one_of([ONE // 50, ONE // 50, 0, ONE]),
        max_price_move_per_tick=choose.one_of([ONE // 5, ONE // 5, 1, ONE]),
        max_price_move_per_hour=choose.one_of([ONE, 16 * ONE, 16 * ONE, 1]),
        liquidation_penalty=choose.one_of([ONE // 40, ONE // 40, 0, ONE - 1]),
        liquidation_buffer=choose.one_of([ONE // 4, ONE // 4, 0, ONE]),
    )


def a_config(choose: Chooser, version: int = 1) -> GeneralConfig:
    by_balance = choose.one_of((False, True))

    def segments(asset: int):
        bound = BOUND if by_balance else BOUND * PRICE[asset]
        return choose.one_of([(), ((bound, choose.one_of([1, ONE // 50])),)])

    return configured(
        *(synthetic(asset, choose.one_of([ONE // 20, ONE // 2]), segments(asset)) for asset in ASSETS),
        is_risk_by_balance_only=int(by_balance),
        data_availability_mode=choose.number(0, 1),
        max_funding_rate=10**6,
        positions_tree_height=8,
        **({} if version == 1 else {"limits": some_limits(choose), "price_validity_period": choose.one_of([300, 60])}),
    )


def a_position(choose: Chooser, owner: int, market: Market, version: int = 1) -> Position:
    """Rich, at the required margin or beside it, below it, worth 0 or less, empty, or at the ends of the numbers.

    In version 2 also one that owes more than all that it holds is worth.
    """
    kinds = ["rich", "rich", "rich", "margin", "margin", "weak", "bankrupt", "worthless", "empty", "extreme"]
    kind = choose.one_of([*kinds, "sunk"] if version == 2 else kinds)
    if kind == "empty":
        return EMPTY
    if kind == "extreme":
        collateral = choose.one_of([-HALF, HALF - 1, 2**62, 0])
        balance = choose.one_of([HALF - 1, 1 - HALF, 2**40, 0])
        assets = (Asset(ETH, balance, choose.one_of([0, 1 - HALF])),) if balance else ()
    else:
        held = choose.one_of([(BTC,), (ETH,), (SOL,), (BTC, ETH), (ETH, SOL), ASSETS])
        sizes = {asset: choose.one_of([choose.number(-9000, 9000) or 1, BOUND, -BOUND]) for asset in held}
        assets = tuple(Asset(asset, sizes[asset], choose.one_of([0, 0, 0, 0, ONE // 3])) for asset in sorted(sizes))
        value, risk = totals(Position(1, 0, assets), market)
        margin = -(-risk // (ONE * ONE))
        spare = {
            "margin": margin + choose.number(-2, 2),
            "rich": 10**5,
            "weak": margin // 2,
            "bankrupt": -50,
            "sunk": -(10**5),
            "worthless": 0,
        }
        collateral = spare[kind] - value // ONE
    return Position(key(owner), collateral, assets) if collateral or assets else EMPTY


def a_state(choose: Chooser, config: GeneralConfig) -> State:
    prices = {asset: choose.one_of([PRICE[asset], near(choose, PRICE[asset])]) for asset in ASSETS}
    if choose.number(0, 9) == 0:
        prices[SOL] = 1
    indices = dict.fromkeys(ASSETS, 0)
    if choose.number(0, 9) == 0:
        del indices[SOL]
    market = Market.of(config, indices.items(), prices.items(), TIME)
    held = {place: a_position(choose, owner, market, config.version) for place, owner in OWNERS.items()}
    if SOL not in indices:
        held = {
            place: position
            for place, position in held.items()
            if all(asset.asset_id != SOL for asset in position.assets)
        }
    rich = Position(key(FEE_KEEPER), 10)
    fees = choose.one_of([EMPTY, rich, rich, rich, a_position(choose, FEE_KEEPER, market)])
    held[FEES] = EMPTY if SOL not in indices and fees.balance(SOL) else fees
    late = choose.one_of([0] * 18 + [config.funding_validity_period, config.funding_validity_period + 1])
    return world(held, config, prices=prices, indices=indices, system_time=TIME + late)


class Scene:
    """What is known while a batch grows: the state after what was accepted, and the bounds of its prices."""

    def __init__(self, choose: Chooser, config: GeneralConfig, state: State) -> None:
        self.choose, self.config, self.first, self.limits = choose, config, state, config.limits
        self.state, self.accepted = state, []
        self.low, self.high = self._signed_prices()
        self.nonce = 0

    def _signed_prices(self) -> tuple[list[SignedPrice], list[SignedPrice]]:
        """Quorum is 3; for the assets drawn, bounds of their prices."""
        low, high, bounds = [], [], self._far_bounds if self.limits is None else self._near_bounds
        for asset in sorted(self.choose.one_of([(), (ETH,), (BTC, SOL), (BTC, ETH)])):
            for prices, price in zip((low, high), bounds(asset), strict=True):
                prices.append(signed_price(asset, price, self.first.system_time - 50, SIGNERS[:3]))
                assert external(price, asset)
        return low, high

    def _far_bounds(self, asset: int) -> tuple[int, int]:
        """Of version 1: half and twice the price, or the same."""
        return PRICE[asset] * self.choose.one_of((1, 2)) // 2, PRICE[asset] * self.choose.one_of((2, 3)) // 2

    def _near_bounds(self, asset: int) -> tuple[int, int]:
        """Of version 2: as far from each other as they may, around the last price or after a jump."""
        low = PRICE[asset] * self.choose.one_of([100, 100, 99, 101, 75, 150]) // 100
        most = low * (ONE + self.limits.max_price_spread) // ONE
        return low, self.choose.one_of([*[low, most] * 10, most + 1])

    @property
    def market(self) -> Market:
        return self.state.market(self.config)

    def funded(self, place: int) -> Position:
        position = self.state.position(place)
        return funded(position, self.market) or position

    def room(self, place: int) -> int:
        """How much collateral may leave the position, by the margin rule."""
        value, risk = totals(self.funded(place), self.market)
        return (value * ONE - risk) // (ONE * ONE)

    def owner(self, place: int) -> int:
        """Nearly always the right one; of the fee position often another."""
        owner = OWNERS.get(place, FEE_KEEPER)
        return self.choose.one_of([owner] * (2 if place == FEES else 9) + [CAROL])

    def place(self) -> int:
        return self.choose.one_of([*OWNERS, *OWNERS, FEES, 9])

    def two_places(self) -> tuple[int, int]:
        """Nearly always different, nearly always of users."""
        if self.choose.number(0, 5) == 0:
            return self.choose.one_of([(2, 2), (self.place(), self.place())])
        rich = self.rich()
        if len(rich) > 1 and self.choose.number(0, 2):
            return self.choose.one_of([(a, b) for a in rich for b in rich if a != b])
        return self.choose.one_of([(a, b) for a in OWNERS for b in OWNERS if a != b])

    def rich(self) -> list[int]:
        return [place for place in OWNERS if 10**4 < self.room(place) < 2**40]

    def amount(self, place: int) -> int:
        held = self.funded(place).collateral_balance
        edges = [*[self.room(place)] * 4, held, 0, 1, 1, 100, 100, self.choose.one_of([HALF, 2**64 - 1])]
        return amount_near(self.choose, max(self.choose.one_of(edges), 0))

    def signed(self) -> dict[str, int]:
        self.nonce += self.choose.one_of([1, 1, 1, 0])
        return {"nonce": self.nonce, "expiration_timestamp": HOUR + self.choose.one_of([1] * 18 + [0, -1])}

    def flags(self) -> dict[str, int]:
        """Rarely any; now and then also where version 1 has none."""
        if self.choose.number(0, 30 if self.limits is None else 5):
            return {}
        return self.choose.one_of([{"reduce_only": 1}, {"fill_or_kill": 1}, {"reduce_only": 1, "fill_or_kill": 1}])

    def asset_of(self, place: int) -> int:
        held = [asset.asset_id for asset in self.state.position(place).assets]
        return self.choose.one_of([*held, *held, *ASSETS])

    def worth(self, asset: int, size: int) -> int:
        return size * self.market.prices[asset] // ONE

    # --- one function for each transaction

    def deposit(self) -> Transaction:
        place = self.place()
        amount = self.choose.one_of([0, 1, 1000, HALF - 1 - max(self.funded(place).collateral_balance, 0)])
        return deposit(self.owner(place), place, amount_near(self.choose, amount))

    def top_up(self) -> Transaction:
        """A deposit by the owner after which the position is rich."""
        place = self.choose.one_of(list(OWNERS))
        return deposit(OWNERS[place], place, max(10**5 - self.room(place), 0) % 2**40)

    def withdrawal(self) -> Transaction:
        place = self.place()
        to = self.choose.one_of([None, None, 0xABC, key(CAROL)])
        return withdrawal(self.owner(place), place, self.amount(place), to=to, **self.signed())

    def transfer(self) -> Transaction:
        sender, receiver = self.two_places()
        fields = self.signed() | self.choose.one_of([{}, {}, {"condition": 0}, {"condition": 77}])
        amount = self.amount(sender)
        return transfer(self.owner(sender), sender, self.owner(receiver), receiver, amount, **fields)

    def trade(self) -> Transaction:
        buyer, seller = self.two_places()
        asset, size = self.asset_of(seller), self.size(seller, buyer)
        collateral, fields = amount_near(self.choose, self.worth(asset, size)), {"synthetic_asset_id": asset}
        flags = self.flags(), self.flags()
        is_whole = any("fill_or_kill" in some for some in flags)
        full = size + self.choose.one_of([0, 1]) if is_whole else size * self.choose.one_of([1, 1, 2])
        limit = max(near(self.choose, self.worth(asset, full)), 0)
        fee = self.choose.one_of([0, 0, 7])
        fields["amount_fee"] = fee
        buy = order(self.owner(buyer), buyer, True, full, limit, **fields, **flags[0], **self.signed())
        sell = order(self.owner(seller), seller, False, full, limit, **fields, **flags[1], **self.signed())
        fees = tuple(self.choose.one_of([0, 0, fee * size // full if full else 0, fee, fee + 1]) for _ in range(2))
        return trade(buy, sell, size, collateral, fees)

    def size(self, *places: int) -> int:
        held = [abs(asset.balance) for place in places for asset in self.state.position(place).assets]
        sizes = [size for size in held if size < 2**40]
        return max(near(self.choose, self.choose.one_of([*sizes, *[s // 2 for s in sizes], 1, 1000])), 0)

    def liquidate(self) -> Transaction:
        weak = [place for place in (*OWNERS, FEES) if -(2**40) < self.room(place) < 0]
        place = self.choose.one_of([*weak * 9, *OWNERS])
        asset = self.asset_of(place)
        held = self.funded(place).balance(asset)
        size = self.choose.one_of([abs(held), abs(held) // 2, 1, *self.enough(place, asset)]) % 2**40
        better = self.choose.one_of([0, 2, 2, -2, *self.penalties(asset, size)]) * (1 if held > 0 else -1)
        collateral = amount_near(self.choose, self.worth(asset, size) + better)
        rich = [other for other in self.rich() if other != place]
        liquidator = self.choose.one_of([*rich * 5, *OWNERS, 9])
        buys = self.choose.one_of([held > 0] * 5 + [held <= 0])
        limit = amount_near(self.choose, collateral)
        fields = {"synthetic_asset_id": asset, **self.flags(), **self.signed()}
        bid = order(self.owner(liquidator), liquidator, buys, size, limit, **fields)
        return liquidate(bid, place, size, collateral)

    def penalties(self, asset: int, size: int) -> list[int]:
        """What a liquidated position may lose at most, rounded down and up."""
        if self.limits is None:
            return []
        most = self.limits.liquidation_penalty * self.worth(asset, size) // ONE
        return [-most, -most - 1, -most - 2]

    def enough(self, place: int, asset: int) -> list[int]:
        """The most that may be liquidated at the market's price or at the worst one, each with its neighbours."""
        held = abs(self.funded(place).balance(asset))
        if self.limits is None or not 0 < held < 2**40:
            return []
        sizes = [self._most(place, asset, held, penalty) for penalty in (0, self.limits.liquidation_penalty)]
        return [max(near(self.choose, size), 0) for size in sizes]

    def _most(self, place: int, asset: int, held: int, penalty: int) -> int:
        """By bisection, as if the size that is allowed were one range."""
        position, sign = self.funded(place), 1 if self.funded(place).balance(asset) > 0 else -1
        before, price, low, high = totals(position, self.market), self.market.prices[asset], 0, held
        while low < high:
            size = (low + high + 1) // 2
            after = totals(position.with_balance(asset, sign * (held - size), 0), self.market)
            value = before.total_value - penalty * price * size // ONE
            left = (after.total_risk * size + before.total_risk - after.total_risk) * (
                ONE + self.limits.liquidation_buffer
            )
            low, high = (size, high) if left > value * ONE * size * ONE else (low, size - 1)
        return low

    def cancel(self) -> Transaction:
        """Of an order that was filled, wholly or in part, or that nobody saw."""
        trades = [transaction for transaction in self.accepted if isinstance(transaction, Trade)]
        place = self.choose.one_of(list(OWNERS))
        fresh = order(self.owner(place), place, True, self.choose.one_of([0, 1, 1000, 2**64 - 1]), 1, **self.signed())
        cancelled = self.choose.one_of([fresh, *[t.buy_order for t in trades], *[t.sell_order for t in trades]])
        private_key = {key(owner): owner for owner in (*OWNERS.values(), FEE_KEEPER)}[cancelled.public_key]
        return cancellation(cancelled, self.choose.one_of([private_key] * 9 + [CAROL]), USD)

    def deleverage(self) -> Transaction:
        held = [place for place in (*OWNERS, FEES) if self.state.position(place).assets]
        bankrupt = [place for place in held if totals(self.funded(place), self.market).total_value <= 0]
        place = self.choose.one_of([*bankrupt * 12, *OWNERS])
        asset = self.asset_of(place)
        held = self.funded(place).balance(asset)
        others = [p for p in OWNERS if self.funded(p).balance(asset) * held < 0]
        other = self.choose.one_of([*others * 9, *OWNERS])
        size = min(abs(held), self.choose.one_of([abs(self.funded(other).balance(asset)), 1, 0])) % 2**40
        return Deleverage(
            deleveragable_position_id=place,
            deleverager_position_id=other,
            synthetic_asset_id=asset,
            amount_synthetic=size,
            amount_collateral=self._fair_amount(self._fair(place, asset, held, size)),
            deleverager_is_buying_synthetic=int(held > 0),
        )

    def _fair_amount(self, fair: int) -> int:
        """Negative only in version 2, and rarely in version 1."""
        if self.limits is None and self.choose.number(0, 9):
            fair = max(fair, 0)
        return min(max(near(self.choose, fair), 1 - 2**64), 2**64 - 1)

    def _fair(self, place: int, asset: int, held: int, size: int) -> int:
        """The collateral that keeps TV/TR: what the size costs, and the same share of the loss as of the risk."""
        position, sign = self.funded(place), 1 if held > 0 else -1
        value, risk = totals(position, self.market)
        kept = position.with_balance(asset, held - sign * size, self.market.indices.get(asset, 0))
        new_value, new_risk = totals(kept, self.market)
        wanted = -(-value * new_risk // risk) if risk else 0
        return sign * -((new_value - wanted) // ONE)

    def forced_withdrawal(self) -> Transaction:
        place = self.place()
        return forced_withdrawal(self.owner(place), place, self.amount(place))

    def forced_trade(self) -> Transaction:
        a, b = self.two_places()
        cheap = [asset for asset, price in self.market.prices.items() if price == 1]
        asset = self.choose.one_of([self.asset_of(a)] * 8 + [asset_id("ZZZ-1")] + cheap * 9)
        sizes = [0, HALF - 1, HALF, 2**64 - 1]
        if self.market.prices.get(asset) != 1:
            sizes += [self.size(a, b)] * 12
        size = self.choose.one_of(sizes)
        price = self.worth(asset, size) if asset in self.market.prices else size
        collateral = self.choose.one_of([price, price, 0]) % 2**64
        parties = ((self.owner(a), a), (self.owner(b), b))
        return forced_trade(*parties, self.choose.one_of((False, True)), size, collateral, asset)

    def funding(self) -> Transaction:
        time = self.time()
        elapsed = time - self.state.funding_timestamp
        indices = {}
        for asset, old in self.market.indices.items():
            limit = self.config.max_funding_rate * self.market.prices.get(asset, 0) * elapsed // ONE
            change = near(self.choose, self.choose.one_of([0, 0, limit, -limit, limit // 2]))
            indices[asset] = min(max(old + change, -HALF), HALF - 1)
        if self.choose.number(0, 7) == 0:
            indices[self.choose.one_of([SOL, asset_id("ZZZ-1")])] = 5
        return FundingTick(timestamp=time, funding_indices=tuple(sorted(indices.items())))

    def oracle(self) -> Transaction:
        bounds = {low.asset_id: (low.price, high.price) for low, high in zip(self.low, self.high, strict=True)}
        prices = {}
        named = self.choose.one_of([list(bounds), list(bounds), list(bounds)[:1], [ETH], []])
        time = self.time()
        for asset in sorted(named):
            low, high = bounds.get(asset, (PRICE[asset], PRICE[asset]))
            aim = self._within_reach(asset, self.choose.one_of([low, high, (low + high) // 2]), time)
            prices[asset] = max(near(self.choose, aim), 1)
        return OracleTick(timestamp=time, prices=tuple(prices.items()))

    def _within_reach(self, asset: int, aim: int, time: int) -> int:
        """In version 2: as near to it as the tick may come."""
        old = self.market.prices.get(asset)
        if self.limits is None or old is None:
            return aim
        far = reach(self.limits, old, max(time - self.state.system_time, 0))
        return min(max(aim, old - far), old + far)

    def time(self) -> int:
        return max(self.state.system_time + self.choose.one_of([0, 5, 100, 100, -1]), 0)

    def again(self) -> Transaction:
        """One that was accepted before, or the same orders once more with another fill."""
        if not self.accepted:
            return self.trade()
        transaction = self.choose.one_of(self.accepted)
        if isinstance(transaction, Trade):
            fill = amount_near(self.choose, transaction.actual_synthetic)
            return transaction.model_copy(update={"actual_synthetic": fill})
        return transaction

    def kinds(self) -> list[str]:
        """After a deleverage of version 2 often a request, which must not follow it."""
        late = self.limits is not None and any(isinstance(known, Deleverage) for known in self.accepted)
        return [*KINDS[self.config.version], *(["forced_withdrawal", "forced_trade"] * 12 if late else [])]

    def grow(self, transaction: Transaction) -> bool:
        """Add it if the rules accept it."""
        arguments = ([*self.accepted, transaction], HOUR, self.low, self.high)
        try:
            batch = apply_batch(self.config, self.first, *arguments)
        except (RuleBroken, InputRefused):
            return False
        self.accepted.append(transaction)
        self.state = batch.after
        return True


KINDS_OF_VERSION_1 = [
    *[
        "trade",
        "trade",
        "trade",
        "liquidate",
        "liquidate",
        "liquidate",
        "deleverage",
        "deleverage",
        "deleverage",
        "oracle",
    ],
    *["transfer", "transfer", "transfer", "forced_trade", "forced_trade", "forced_withdrawal", "forced_withdrawal"],
    *["withdrawal", "withdrawal", "funding", "deposit", "again", "again", "again", "again"],
]
KINDS = {
    1: [*KINDS_OF_VERSION_1 * 3, "cancel"],
    2: [*KINDS_OF_VERSION_1, *["cancel", "trade", "oracle"] * 3, *["liquidate", "liquidate", "deleverage"] * 3],
}
"""By version; a cancellation is refused in the first."""


def spoiled(choose: Chooser, transaction: Transaction) -> Transaction:
    """One number of it is another, and nothing is signed anew."""
    names = [name for name in type(transaction).model_fields if isinstance(getattr(transaction, name), int)]
    if not names:
        return transaction
    name = choose.one_of(names)
    document = transaction.model_dump()
    document[name] = getattr(transaction, name) + choose.one_of([-1, 1])
    try:
        return type(transaction).model_validate(document)
    except ValueError:
        return transaction


def a_case(choose: Chooser, max_transactions: int = 4, version: int = 1) -> Case:
    """A case whose last transaction may be refused; the ones before it are accepted."""
    config = a_config(choose, version)
    scene = Scene(choose, config, a_state(choose, config))
    last: list[Transaction] = []
    for _ in range(choose.one_of(range(max_transactions, 0, -1))):
        transaction = getattr(scene, choose.one_of(scene.kinds()))()
        if choose.number(0, 14) == 0:
            transaction = spoiled(choose, transaction)
        if not scene.grow(transaction):
            last = [transaction]
            if choose.one_of((False, True)):
                break
            last = []
    document = BatchDocument(
        minimum_expiration_timestamp=HOUR,
        signed_min_prices=tuple(scene.low),
        signed_max_prices=tuple(scene.high),
        transactions=(*scene.accepted, *last),
    )
    return Case(config=config, prev_state=StateDocument.of(scene.first), batch=document)


def a_history(choose: Chooser, config: GeneralConfig, n_batches: int) -> list[Batch]:
    """Batches that follow each other, each of up to four transactions that the rules accept.

    Users come back with money now and then, else most positions would soon be worth nothing.
    """
    state, history = a_state(choose, config), []
    for number in range(n_batches):
        scene = Scene(choose, config, state)
        scene.nonce = 100 * number
        for _ in range(choose.number(1, 12)):
            kind = choose.one_of([*scene.kinds(), "funding", "funding", "top_up", "top_up", "top_up"])
            if len(scene.accepted) < 4:
                scene.grow(getattr(scene, kind)())
        history.append(apply_batch(config, state, scene.accepted, HOUR, scene.low, scene.high))
        state = history[-1].after
    return history


@st.composite
def batches(draw, max_transactions: int = 4, version: int = 1) -> Case:
    """The same as a strategy."""
    return a_case(Drawn(draw), max_transactions, version)


# --- comparing

Runner = Callable[[Case, Batch | None], list[int] | None]
"""Runs a case and gives its output words, or None where it refuses. The batch is the rules' result, None if refused."""


class Differs(AssertionError):
    """Two implementations of the rules disagree; the message holds a batch that shows it."""

    def __init__(self, what: str, case: Case) -> None:
        document = json.dumps(case.model_dump(mode="json"))
        self.case = case
        super().__init__(f"{what}; `freehold batch check` replays this batch:\n{document}")


def compare(case: Case, runner: Runner) -> bool:
    """Whether both accept. Raises Differs, with a case from which no transaction and no position can be left out."""
    try:
        return _compared(case, runner)
    except Differs as difference:
        smallest = difference
    while True:
        for smaller in _smaller(smallest.case):
            try:
                _compared(smaller, runner)
            except Differs as difference:
                smallest = difference
                break
        else:
            raise smallest


def _smaller(case: Case) -> Iterator[Case]:
    for place in range(len(case.batch.transactions)):
        kept = case.batch.transactions[:place] + case.batch.transactions[place + 1 :]
        yield case.model_copy(update={"batch": case.batch.model_copy(update={"transactions": kept})})
    for place in case.prev_state.positions:
        kept = {key: position for key, position in case.prev_state.positions.items() if key != place}
        fields = {"positions": kept, "positions_root": None}
        yield case.model_copy(update={"prev_state": case.prev_state.model_copy(update=fields)})


def _compared(case: Case, runner: Runner) -> bool:
    try:
        batch = case.apply()
    except (RuleBroken, InputRefused) as refusal:
        if runner(case, None) is not None:
            raise Differs(f"the rules refuse ({refusal}), the other side accepts", case) from None
        return False
    found, expected = runner(case, batch), batch.output()
    if found is None:
        raise Differs("the rules accept, the other side refuses", case)
    for place, (word, wanted) in enumerate(zip(found, expected, strict=False)):
        if word != wanted:
            raise Differs(f"output word {place} is {word:#x}, the rules say {wanted:#x}", case)
    if len(found) != len(expected):
        raise Differs(f"{len(found)} output words, the rules say {len(expected)}", case)
    return True

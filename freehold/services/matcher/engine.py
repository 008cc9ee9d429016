"""The engine: `apply(event)` gives outputs, and nothing but events changes it. No clock, no chance, no network.

Replaying a log gives the same state to the bit (`snapshots.py`). It is the one that orders what the exchange does:
whatever it sends was accepted by the rules upon all that it sent before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sortedcontainers import SortedList

from freehold.services.base.exposures import Exposures, is_below_margin
from freehold.services.matcher import funding, liquidation
from freehold.services.matcher.acceptance import Door
from freehold.services.matcher.book import Book
from freehold.services.matcher.events import (
    Cancel,
    CancelAll,
    CloseFunding,
    Event,
    Execute,
    Pass,
    Place,
    SamplePremiums,
    TimeInForce,
)
from freehold.services.matcher.matching import Met, Walk
from freehold.services.matcher.orders import Open, limit_ticks
from freehold.services.matcher.outputs import (
    BrokenRule,
    Closed,
    Deleveraged,
    Filled,
    FundingRate,
    LeftBelowMargin,
    Liquidated,
    OrderUnknown,
    Output,
    Reason,
    Refused,
    Rested,
    Sent,
)
from freehold.services.matcher.settings import MatcherSettings
from freehold.services.matcher.view import Positions, View
from prover.applications.ledger.units import AssetId, Hours, Seconds
from prover.applications.perpetual.clients import HOUR, NONCE_BITS
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.errors import RuleBroken, UpdateRefused
from prover.applications.perpetual.margin import totals
from prover.applications.perpetual.positions import Position
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import (
    CancelOrder,
    Deleverage,
    FundingTick,
    LimitOrder,
    Liquidate,
    OracleTick,
    Trade,
    Transaction,
)
from prover.applications.perpetual.units import (
    NO_COLLATERAL,
    CollateralQuanta,
    OrderId,
    PositionId,
    SyntheticQuanta,
)

Outputs = Iterator[Output]


class TimeWentBack(ValueError):
    """The log is out of order: nothing was applied."""


@dataclass
class Engine:
    """`placed` has every order that was ever accepted and whose signature has not expired, with the hour of that.

    `next_number` counts what is sent, `next_place` orders, `fund_nonce` the fund's own; `premiums` are the samples
    (0.32) since funding was last closed.
    """

    config: GeneralConfig
    settings: MatcherSettings
    view: View
    time: Seconds
    books: dict[AssetId, Book] = field(default_factory=dict)
    open: dict[OrderId, Open] = field(default_factory=dict)
    placed: dict[OrderId, Hours] = field(default_factory=dict)
    premiums: dict[AssetId, list[int]] = field(default_factory=dict)
    next_number: int = 0
    next_place: int = 0
    fund_nonce: int = 0

    def __post_init__(self) -> None:
        for asset_id in self.settings.markets:
            self.books[asset_id] = Book()
            self.premiums.setdefault(asset_id, [])
        self._by_position: dict[PositionId, dict[OrderId, Open]] = {}
        self._leaving: SortedList[tuple[Seconds, int, OrderId]] = SortedList()
        self._signatures: SortedList[tuple[Hours, OrderId]] = SortedList(
            (hour, order_id) for order_id, hour in self.placed.items()
        )
        self._exposures = Exposures(self.config, Positions(self.view))
        self._moved: set[PositionId] = set()
        self._door = Door(self.view, self.settings, self.books)

    @staticmethod
    def of(config: GeneralConfig, settings: MatcherSettings, state: State) -> Engine:
        """With empty books, upon a state of the exchange; its trees may be empty ones."""
        return Engine(config, settings, View.of(config, state), state.system_time)

    def apply(self, event: Event) -> list[Output]:
        """Raises TimeWentBack; nothing else that is logged is refused but by an output."""
        if event.time < self.time:
            raise TimeWentBack(f"an event of {event.time} s follows one of {self.time} s")
        self.time = event.time
        self.view.minimum_expiration_timestamp = Hours(self.time // HOUR + self.settings.provable_hours)
        outputs = [*self._leave(), *_APPLY[type(event)](self, event)]
        self._moved |= self.view.forget()
        return outputs

    # --- for readers

    def orders_of(self, position_id: PositionId) -> list[Open]:
        """By arrival."""
        return list(self._by_position.get(position_id, {}).values())

    def left(self, order: Open) -> SyntheticQuanta:
        return self.view.left(order.order_id, order.order)

    # --- orders

    def _place(self, event: Place) -> Outputs:
        own = self.orders_of(event.order.position_id)
        refusal = self._door.refusal(event, own, event.order_id in self.placed)
        if refusal is not None:
            yield Refused(event.order_id, refusal)
            return
        taker = self._opened(event)
        yield from self._match(taker, event.time_in_force)
        if taker.order_id not in self.open:
            return
        if event.time_in_force != TimeInForce.GTT:
            yield self._close(taker, Reason.AT_ONCE)
            return
        self.rest(taker)
        yield Rested(taker.order_id, taker.ticks, self.left(taker))

    def _opened(self, event: Place) -> Open:
        order = event.order
        taker = Open(
            order,
            event.order_id,
            self.next_place,
            limit_ticks(order, self.settings.markets[order.synthetic_asset_id]),
            event.leaves_at,
            bool(event.reduce_only or order.reduce_only),
        )
        self.next_place += 1
        self._remember(taker.order_id, order.expiration_timestamp)
        self.know(taker)
        return taker

    def _remember(self, order_id: OrderId, expires: Hours) -> None:
        if order_id not in self.placed:
            self.placed[order_id] = expires
            self._signatures.add((expires, order_id))

    def know(self, order: Open) -> None:
        """It is open from here on, though not in a book."""
        self.open[order.order_id] = order
        self.view.ids[order.order] = order.order_id
        self._by_position.setdefault(order.order.position_id, {})[order.order_id] = order

    def rest(self, order: Open) -> None:
        self.books[order.asset_id].add(order)
        self._leaving.add((order.leaves_at, order.place, order.order_id))

    def _match(self, taker: Open, time_in_force: TimeInForce) -> Outputs:
        mark = self.view.mark()
        walk = Walk.along(self.view, self.settings, taker, self.books[taker.asset_id].makers(taker))
        if time_in_force == TimeInForce.FOK and self.left(taker) > 0:
            self.view.roll_back(mark)
            yield self._close(taker, Reason.KILLED, walk.detail)
            return
        for met in walk.met:
            yield from self._meet(taker, met)
        taker.fee_paid = walk.taker_paid
        if self.left(taker) == 0:
            yield self._close(taker, Reason.FILLED)
        elif walk.stopped is not None:
            yield self._close(taker, walk.stopped, walk.detail)

    def _meet(self, taker: Open, met: Met) -> Outputs:
        maker = met.maker
        if met.trade is not None:
            filled = _filled(taker, maker, met.trade)
            maker.fee_paid = CollateralQuanta(maker.fee_paid + filled.maker_fee)
            yield filled
            yield self._sent(met.trade)
        if met.closes is not None:
            yield self._close_resting(maker, met.closes, met.detail)

    def _close_resting(self, order: Open, reason: Reason, detail: str = "") -> Closed:
        self.books[order.asset_id].remove(order)
        self._leaving.remove((order.leaves_at, order.place, order.order_id))
        return self._close(order, reason, detail)

    def _close(self, order: Open, reason: Reason, detail: str = "") -> Closed:
        position_id = order.order.position_id
        left = self.left(order)
        del self.open[order.order_id], self.view.ids[order.order], self._by_position[position_id][order.order_id]
        if not self._by_position[position_id]:
            del self._by_position[position_id]
        return Closed(order.order_id, reason, left, detail)

    def _cancel(self, event: Cancel) -> Outputs:
        order = self.open.get(event.order_id)
        if order is None or order.order.position_id != event.position_id:
            yield Refused(event.order_id, OrderUnknown())
        else:
            yield self._close_resting(order, Reason.CANCELLED)

    def _cancel_all(self, event: CancelAll) -> Outputs:
        for order in self.orders_of(event.position_id):
            if event.asset_id in (None, order.asset_id):
                yield self._close_resting(order, Reason.CANCELLED)

    def _leave(self) -> Outputs:
        """Orders whose time in the book is over, and signatures that no batch can prove any more."""
        while self._leaving and self._leaving[0][0] <= self.time:
            yield self._close_resting(self.open[self._leaving[0][2]], Reason.EXPIRED)
        while self._signatures and self._signatures[0][0] < self.view.minimum_expiration_timestamp:
            _, order_id = self._signatures.pop(0)
            del self.placed[order_id]
            self.view.orders.pop(order_id, None)

    # --- other transactions

    def _execute(self, event: Execute) -> Outputs:
        transaction = event.transaction
        broken = self.view.tried(transaction)
        if broken is not None:
            yield Refused(None, BrokenRule(broken.rule, broken.detail))
            return
        for signed in transaction.signed_orders():
            self._remember(signed.order_id(self.config.collateral.asset_id), signed.expiration_timestamp)
        yield self._sent(transaction)
        if isinstance(transaction, CancelOrder):
            order = self.open.get(transaction.order_id(self.config.collateral.asset_id))
            if order is not None:
                yield self._close_resting(order, Reason.CANCELLED)
        elif isinstance(transaction, OracleTick | FundingTick):
            yield from self._liquidate_all()

    def _sent(self, transaction: Transaction) -> Sent:
        number, self.next_number = self.next_number, self.next_number + 1
        return Sent(number, transaction)

    # --- liquidation

    def _liquidate_all(self) -> Outputs:
        """Positions below their margin, those with the least value for their risk first."""
        for position_id in self._below_margin():
            for order in self.orders_of(position_id):
                yield self._close_resting(order, Reason.LIQUIDATED)
            yield from self._liquidate(position_id)

    def _below_margin(self) -> list[PositionId]:
        self._moved |= self.view.forget()
        positions = Positions(self.view)
        self._exposures.update({position_id: positions[position_id] for position_id in self._moved}, positions)
        self._moved.clear()
        market = self.view.market
        found = sorted(self._exposures.below_margin(positions, market))
        return sorted(found, key=lambda key: liquidation.health(self.view.funded(key), market))

    def _liquidate(self, position_id: PositionId) -> Outputs:
        for asset in liquidation.by_risk(self.view.funded(position_id), self.view.market):
            if not is_below_margin(self.view.position(position_id), self.view.market):
                return
            yield from self._take_over(position_id, asset.asset_id)

    def _take_over(self, position_id: PositionId, asset_id: AssetId) -> Outputs:
        """By the fund as far as it goes; the rest of a bankrupt position by those on the other side."""
        base, market = self.view.funded(position_id), self.view.market
        size = liquidation.needed(base, market, asset_id, self.settings.liquidation_penalty)
        broken = self._refused_by_fund(position_id, base, asset_id, size)
        if broken is not None:
            size = liquidation.greatest(size, self._fund_takes(position_id, base, asset_id))
        if size:
            yield from self._fund_took(position_id, base, asset_id, size)
        if broken is None:
            return
        if totals(self.view.funded(position_id), market).is_deleveragable():
            yield from self._deleverage(position_id, asset_id)
        if self.view.position(position_id).balance(asset_id):
            yield LeftBelowMargin(position_id, asset_id, str(broken))

    def _fund_takes(self, position_id: PositionId, base: Position, asset_id: AssetId) -> Callable[[int], bool]:
        def takes(size: int) -> bool:
            mark = self.view.mark()
            broken = self._refused_by_fund(position_id, base, asset_id, SyntheticQuanta(size))
            self.view.roll_back(mark)
            return broken is None

        return takes

    def _refused_by_fund(
        self, position_id: PositionId, base: Position, asset_id: AssetId, size: SyntheticQuanta
    ) -> RuleBroken | None:
        mark = self.view.mark()
        broken = self.view.tried(self._liquidation(position_id, base, asset_id, size))
        self.view.roll_back(mark)
        return broken

    def _fund_took(self, position_id: PositionId, base: Position, asset_id: AssetId, size: SyntheticQuanta) -> Outputs:
        transaction = self._liquidation(position_id, base, asset_id, size)
        broken = self.view.tried(transaction)
        assert broken is None, "it was tried before"
        self.fund_nonce += 1
        order = transaction.liquidator_order
        self._remember(order.order_id(self.config.collateral.asset_id), order.expiration_timestamp)
        got = self.view.position(position_id).collateral_balance - base.collateral_balance
        yield Liquidated(position_id, asset_id, size, CollateralQuanta(got))
        yield self._sent(transaction)

    def _liquidation(
        self, position_id: PositionId, base: Position, asset_id: AssetId, size: SyntheticQuanta
    ) -> Liquidate:
        """The fund's order is filled whole, and has no signature yet."""
        paid = liquidation.proceeds(base, self.view.market, asset_id, size, self.settings.liquidation_penalty)
        is_buying = base.balance(asset_id) > 0
        collateral = CollateralQuanta(max(1, paid if is_buying else -paid))
        fund = self.settings.fund
        order = LimitOrder(
            public_key=fund.public_key,
            position_id=fund.position_id,
            synthetic_asset_id=asset_id,
            collateral_asset_id=self.config.collateral.asset_id,
            is_buying_synthetic=int(is_buying),
            amount_synthetic=size,
            amount_collateral=collateral,
            amount_fee=NO_COLLATERAL,
            nonce=self.fund_nonce % (1 << NONCE_BITS),
            expiration_timestamp=Hours(self.view.minimum_expiration_timestamp + 1),
        )
        return Liquidate(
            liquidator_order=order,
            liquidated_position_id=position_id,
            actual_collateral=collateral,
            actual_synthetic=size,
            actual_liquidator_fee=0,
        )

    def _deleverage(self, position_id: PositionId, asset_id: AssetId) -> Outputs:
        """Against the most leveraged of the other side first, until nothing of the holding is left."""
        is_long = self.view.position(position_id).balance(asset_id) > 0
        others = ((key, self._funded(key)) for key, _ in self.view.all_positions() if key != position_id)
        ranked = liquidation.by_leverage(others, self.view.market, asset_id, not is_long)
        for other in ranked:
            base = self.view.funded(position_id)
            held = abs(base.balance(asset_id))
            if not held:
                return
            size = SyntheticQuanta(min(held, abs(self.view.position(other).balance(asset_id))))
            paid = liquidation.proceeds(base, self.view.market, asset_id, size, 0)
            transaction = Deleverage(
                deleveragable_position_id=position_id,
                deleverager_position_id=other,
                synthetic_asset_id=asset_id,
                amount_synthetic=size,
                amount_collateral=paid if is_long else -paid,
                deleverager_is_buying_synthetic=int(is_long),
            )
            if self.view.tried(transaction) is None:
                yield Deleveraged(position_id, other, asset_id, size, paid)
                yield self._sent(transaction)

    def _funded(self, position_id: PositionId) -> Position:
        try:
            return self.view.funded(position_id)
        except UpdateRefused:  # funding takes it out of 64 bits: nobody can touch it
            return Position()

    # --- funding

    def _sample(self, event: SamplePremiums) -> Outputs:
        for asset_id, book in self.books.items():
            index = self.view.market.prices.get(asset_id)
            if index is not None:
                market = self.settings.markets[asset_id]
                impact = CollateralQuanta(market.impact)
                bid, ask = (
                    funding.impact_price(side.depth(self.left), market, impact) for side in (book.bids, book.asks)
                )
                self.premiums[asset_id].append(funding.premium(bid, ask, index))
        return iter(())

    def _close_funding(self, event: CloseFunding) -> Outputs:
        for asset_id, samples in self.premiums.items():
            rate = funding.funding_rate(samples, self.settings.funding, self.config.max_funding_rate)
            yield FundingRate(asset_id, rate, len(samples))
            samples.clear()

    def _pass(self, event: Pass) -> Outputs:
        return iter(())


def _filled(taker: Open, maker: Open, trade: Trade) -> Filled:
    fees = trade.actual_buyer_fee, trade.actual_seller_fee
    taker_fee, maker_fee = fees if taker.is_buying else (fees[1], fees[0])
    return Filled(
        taker.asset_id,
        maker.order_id,
        taker.order_id,
        taker.is_buying,
        maker.ticks,
        trade.actual_synthetic,
        trade.actual_collateral,
        maker_fee,
        taker_fee,
    )


_APPLY: dict[type, Callable[[Engine, Any], Outputs]] = {
    Place: Engine._place,
    Cancel: Engine._cancel,
    CancelAll: Engine._cancel_all,
    Execute: Engine._execute,
    SamplePremiums: Engine._sample,
    CloseFunding: Engine._close_funding,
    Pass: Engine._pass,
}

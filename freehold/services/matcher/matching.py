"""One order meets those that rest: who trades with whom, how much, at which fee.

The walk changes the view and nothing else, so that it can be taken back whole. The engine makes of it what the book
and people see.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from freehold.services.matcher.orders import Open, fill_collateral, fill_fee, reducible
from freehold.services.matcher.outputs import Reason
from freehold.services.matcher.settings import MarketSettings, MatcherSettings
from freehold.services.matcher.view import View
from prover.applications.perpetual.errors import RuleBroken, UpdateRefused
from prover.applications.perpetual.transactions import Trade
from prover.applications.perpetual.units import NO_COLLATERAL, CollateralQuanta, SyntheticQuanta


@dataclass(frozen=True, slots=True)
class Met:
    """A resting order that the taker met: the trade between them, if there is one, and why it closes, if it does."""

    maker: Open
    trade: Trade | None
    closes: Reason | None
    detail: str = ""


@dataclass
class Walk:
    """`stopped`: why the taker goes no further, though something is left of it and others rest."""

    view: View
    settings: MatcherSettings
    market: MarketSettings
    taker: Open
    met: list[Met]
    stopped: Reason | None = None
    detail: str = ""
    taker_paid: CollateralQuanta = NO_COLLATERAL

    @staticmethod
    def along(view: View, settings: MatcherSettings, taker: Open, makers: Iterable[Open]) -> Walk:
        """`makers` are those that the taker takes, in their order; each is met once."""
        walk = Walk(view, settings, settings.markets[taker.asset_id], taker, [], taker_paid=taker.fee_paid)
        for maker in makers:
            if walk.stopped is not None or walk.left(taker) == 0:
                break
            walk._meet(maker)
        if walk.stopped is None and walk.left(taker) and walk._most(taker) == 0:
            walk.stopped = Reason.REDUCED
        return walk

    def left(self, order: Open) -> SyntheticQuanta:
        return self.view.left(order.order_id, order.order)

    def _meet(self, maker: Open) -> None:
        if maker.order.public_key == self.taker.order.public_key:
            self.met.append(Met(maker, None, Reason.SELF_TRADE))
            return
        most_of_maker, most_of_taker = self._most(maker), self._most(self.taker)
        size = min(most_of_maker, most_of_taker)
        if most_of_taker == 0:
            self.stopped = Reason.REDUCED
        elif most_of_maker == 0:
            self.met.append(Met(maker, None, Reason.REDUCED))
        elif self.taker.order.fill_or_kill and size < self.taker.order.amount_synthetic:
            self.stopped = Reason.KILLED
        else:
            self._trade(maker, size)

    def _most(self, order: Open) -> SyntheticQuanta:
        """What may be filled of it now, in whole steps."""
        left = self.left(order)
        if not order.reduce_only:
            return left
        most = min(left, reducible(self.view.position(order.order.position_id), order.order))
        return SyntheticQuanta(most - most % self.market.step)

    def _trade(self, maker: Open, size: SyntheticQuanta) -> None:
        trade = self._terms(maker, size)
        broken = self.view.tried(trade)
        if broken is None:
            self.taker_paid = CollateralQuanta(self.taker_paid + self._fees(trade)[1])
            self.met.append(Met(maker, trade, self._closes(maker)))
        elif self._is_makers_fault(broken, maker):
            self.met.append(Met(maker, None, Reason.RULES, str(broken)))
        else:
            self.stopped, self.detail = Reason.RULES, str(broken)

    def _terms(self, maker: Open, size: SyntheticQuanta) -> Trade:
        """At the maker's price."""
        collateral = fill_collateral(size, maker.ticks, self.market)
        maker_fee = fill_fee(maker.order, collateral, self.settings.maker_fee, maker.fee_paid)
        taker_fee = fill_fee(self.taker.order, collateral, self.settings.taker_fee, self.taker_paid)
        buyer, seller = (self.taker, maker) if self.taker.is_buying else (maker, self.taker)
        fees = (taker_fee, maker_fee) if self.taker.is_buying else (maker_fee, taker_fee)
        return Trade(
            buy_order=buyer.order,
            sell_order=seller.order,
            actual_collateral=collateral,
            actual_synthetic=size,
            actual_buyer_fee=fees[0],
            actual_seller_fee=fees[1],
        )

    def _fees(self, trade: Trade) -> tuple[CollateralQuanta, CollateralQuanta]:
        """The maker's and the taker's."""
        fees = trade.actual_seller_fee, trade.actual_buyer_fee
        return fees if self.taker.is_buying else (fees[1], fees[0])

    def _closes(self, maker: Open) -> Reason | None:
        if self.left(maker) == 0:
            return Reason.FILLED
        return Reason.REDUCED if self._most(maker) == 0 else None

    @staticmethod
    def _is_makers_fault(broken: RuleBroken, maker: Open) -> bool:
        return isinstance(broken, UpdateRefused) and broken.position_id == maker.order.position_id

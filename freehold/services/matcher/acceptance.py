"""Which orders are taken in. Each refusal has a type of its own, with the numbers that explain it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from freehold.services.matcher.book import Book
from freehold.services.matcher.events import Place, TimeInForce
from freehold.services.matcher.margin import Exposure, in_collateral, worst_margin
from freehold.services.matcher.orders import Open, crosses_at, least_fee, limit_ticks, reducible
from freehold.services.matcher.outputs import (
    AlreadyLeft,
    BelowTick,
    BrokenRule,
    Contradiction,
    ExpiresTooSoon,
    FeeTooLow,
    MarginTooLow,
    NoMarket,
    NothingToReduce,
    NotWholeSteps,
    OrderKnown,
    Refusal,
    WouldTake,
    WrongKey,
)
from freehold.services.matcher.settings import MarketSettings, MatcherSettings
from freehold.services.matcher.view import View
from prover.applications.ledger.units import AssetId, Hours
from prover.applications.perpetual.clients import HOUR
from prover.applications.perpetual.errors import RuleBroken


@dataclass(frozen=True)
class Door:
    view: View
    settings: MatcherSettings
    books: Mapping[AssetId, Book]

    def refusal(self, event: Place, own: Sequence[Open], is_known: bool) -> Refusal | None:
        """`own` are the position's open orders; an order `is_known` if it was accepted before."""
        order = event.order
        market = self.settings.markets.get(order.synthetic_asset_id)
        if is_known or self.view.used(event.order_id):
            return OrderKnown()
        if market is None or order.synthetic_asset_id not in self.view.market.prices:
            return NoMarket(order.synthetic_asset_id)
        return (
            self._terms(event, market)
            or self._times(event)
            or self._rules(event)
            or self._taking(event, market)
            or self._reducing(event, market)
            or self._margin(event, own)
        )

    def _terms(self, event: Place, market: MarketSettings) -> Refusal | None:
        order = event.order
        if order.amount_synthetic == 0 or order.amount_synthetic % market.step:
            return NotWholeSteps(order.amount_synthetic, market.step)
        if limit_ticks(order, market) == 0:
            return BelowTick(order.amount_collateral)
        fees = [self.settings.maker_fee] if event.post_only else [self.settings.taker_fee, self.settings.maker_fee]
        least = least_fee(order, max(fees))
        if order.amount_fee < least:
            return FeeTooLow(order.amount_fee, least)
        if event.post_only and event.time_in_force != TimeInForce.GTT:
            return Contradiction(f"post-only and {event.time_in_force}")
        if order.fill_or_kill and event.time_in_force != TimeInForce.FOK:
            return Contradiction(f"signed fill-or-kill and {event.time_in_force}")
        return None

    def _times(self, event: Place) -> Refusal | None:
        leaves_at = event.time
        if event.time_in_force == TimeInForce.GTT:
            if event.leaves_at <= event.time:
                return AlreadyLeft()
            leaves_at = event.leaves_at
        least = Hours(-(-leaves_at // HOUR) + self.settings.provable_hours)
        signed = event.order.expiration_timestamp
        return ExpiresTooSoon(signed, least) if signed < least else None

    def _rules(self, event: Place) -> Refusal | None:
        """What every fill would be refused for."""
        order = event.order
        try:
            self.view.check_order(order)
            self.view.funded(order.position_id)
        except RuleBroken as broken:
            return BrokenRule(broken.rule, broken.detail)
        position = self.view.position(order.position_id)
        if not position.is_empty() and position.public_key != order.public_key:
            return WrongKey(order.position_id)
        return None

    def _taking(self, event: Place, market: MarketSettings) -> Refusal | None:
        if not event.post_only:
            return None
        book, order = self.books[event.order.synthetic_asset_id], event.order
        best = (book.asks if order.is_buying_synthetic else book.bids).best()
        taken = best is not None and crosses_at(bool(order.is_buying_synthetic), limit_ticks(order, market), best)
        return WouldTake(best) if best is not None and taken else None

    def _reducing(self, event: Place, market: MarketSettings) -> Refusal | None:
        if not (event.reduce_only or event.order.reduce_only):
            return None
        position = self.view.position(event.order.position_id)
        if reducible(position, event.order) < market.step:
            return NothingToReduce(position.balance(event.order.synthetic_asset_id))
        return None

    def _margin(self, event: Place, own: Sequence[Open]) -> Refusal | None:
        """An order may not make the worst case one of too little margin, nor such a case worse."""
        position, market = self.view.funded(event.order.position_id), self.view.market
        before = [Exposure.of(one.order, self.view.left(one.order_id, one.order)) for one in own]
        added = Exposure.of(event.order, event.order.amount_synthetic)
        worst_after = worst_margin(position, market, [*before, added])
        if worst_after >= 0:
            return None
        worst_before = worst_margin(position, market, before)
        if worst_after >= worst_before:
            return None
        return MarginTooLow(in_collateral(worst_before), in_collateral(worst_after))

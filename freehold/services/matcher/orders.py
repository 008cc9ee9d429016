"""An open order: its limit in ticks, and what a fill of it costs.

With a market of step S quanta and tick T quanta, a fill of n steps at t ticks is n * S synthetic for n * t * T
collateral, exactly: the signed ratio holds without a rounding, whatever the number of fills.
"""

from __future__ import annotations

from dataclasses import dataclass

from freehold.services.matcher.settings import MILLION, MarketSettings
from prover.applications.ledger.units import AssetId, Seconds
from prover.applications.perpetual.positions import Position
from prover.applications.perpetual.transactions import LimitOrder
from prover.applications.perpetual.units import NO_COLLATERAL, CollateralQuanta, OrderId, SyntheticQuanta


@dataclass(slots=True)
class Open:
    """`place` is its arrival's number; `ticks` its limit; its leaf says what is left. Only `fee_paid` changes."""

    order: LimitOrder
    order_id: OrderId
    place: int
    ticks: int
    leaves_at: Seconds
    reduce_only: bool
    fee_paid: CollateralQuanta = NO_COLLATERAL

    @property
    def is_buying(self) -> bool:
        return bool(self.order.is_buying_synthetic)

    @property
    def asset_id(self) -> AssetId:
        return self.order.synthetic_asset_id


def limit_ticks(order: LimitOrder, market: MarketSettings) -> int:
    """The worst whole price that its signature allows: rounded down for a buyer, up for a seller."""
    n_steps = order.amount_synthetic // market.step
    if order.is_buying_synthetic:
        return order.amount_collateral // (n_steps * market.tick)
    return -(-order.amount_collateral // (n_steps * market.tick))


def crosses(taker: Open, ticks: int) -> bool:
    """Whether it takes what rests at this price."""
    return crosses_at(taker.is_buying, taker.ticks, ticks)


def crosses_at(is_buying: bool, limit: int, ticks: int) -> bool:
    return ticks <= limit if is_buying else ticks >= limit


def fill_collateral(synthetic: SyntheticQuanta, ticks: int, market: MarketSettings) -> CollateralQuanta:
    """Of whole steps."""
    return CollateralQuanta(synthetic // market.step * ticks * market.tick)


def least_fee(order: LimitOrder, rate: int) -> CollateralQuanta:
    """What an order must sign for to be filled at this rate, in millionths: fee / collateral, rounded up."""
    return CollateralQuanta(-(-order.amount_collateral * rate // MILLION))


def fill_fee(order: LimitOrder, collateral: CollateralQuanta, rate: int, paid: CollateralQuanta) -> CollateralQuanta:
    """Rounded down; all fills together never pay more than was signed."""
    return CollateralQuanta(min(collateral * rate // MILLION, order.amount_fee - paid))


def reducible(position: Position, order: LimitOrder) -> SyntheticQuanta:
    """How much of it would bring the holding nearer to 0, and not across."""
    held = position.balance(order.synthetic_asset_id)
    return SyntheticQuanta(max(0, -held if order.is_buying_synthetic else held))

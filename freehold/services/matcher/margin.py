"""What a position's open orders can come to at worst, before any of them is filled.

Of one asset at price p and risk factor r, let b be the balance, d_i what order i can still add to it, and g_i its gain
p * d_i less collateral and fee. Filled are any of them, each whole or in part. Value beyond margin is then
g - p * r * |b + d|, a concave function, so that it is least where each order is filled whole or not at all; and as
-|x| = min(-x, x), the least is that of two sums in which every order stands for itself:

    min( -k * b + sum min(0, g_i - k * d_i),  k * b + sum min(0, g_i + k * d_i) ),  k = p * r

With risk segments, r is the greatest of all sizes that can be reached: the sum is then a lower bound.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from prover.applications.ledger.fields import FXP32
from prover.applications.ledger.units import AssetId
from prover.applications.perpetual.margin import Market
from prover.applications.perpetual.positions import Position
from prover.applications.perpetual.transactions import LimitOrder
from prover.applications.perpetual.units import CollateralQuanta, SyntheticQuanta

FXP64 = FXP32 * FXP32


class Exposure(NamedTuple):
    """What is left of an order: signed synthetic, and the most collateral that it takes, fee included (negative: that
    it brings at least)."""

    asset_id: AssetId
    delta: SyntheticQuanta
    cost: CollateralQuanta

    @staticmethod
    def of(order: LimitOrder, left: SyntheticQuanta) -> Exposure:
        whole, fee, collateral = order.amount_synthetic, order.amount_fee, order.amount_collateral
        if left != whole:
            fee = CollateralQuanta(-(-fee * left // whole))
        if order.is_buying_synthetic:
            paid = -(-collateral * left // whole)
            return Exposure(order.synthetic_asset_id, left, CollateralQuanta(paid + fee))
        got = collateral * left // whole
        return Exposure(order.synthetic_asset_id, SyntheticQuanta(-left), CollateralQuanta(fee - got))


def worst_margin(position: Position, market: Market, exposures: Iterable[Exposure]) -> int:
    """Value beyond the required margin in 0.64 of collateral, whatever of the orders is filled.

    `position` has its funding applied. All assets have a price.
    """
    by_asset: dict[AssetId, list[Exposure]] = {}
    for exposure in exposures:
        by_asset.setdefault(exposure.asset_id, []).append(exposure)
    balances = {asset.asset_id: asset.balance for asset in position.assets}
    margin = position.collateral_balance * FXP64
    for asset_id in {**balances, **by_asset}:
        balance = balances.get(asset_id, SyntheticQuanta(0))
        margin += _worst_of_asset(market, asset_id, balance, by_asset.get(asset_id, []))
    return margin


def _worst_of_asset(market: Market, asset_id: AssetId, balance: SyntheticQuanta, exposures: list[Exposure]) -> int:
    price = market.prices[asset_id]
    per_quantum = price * _greatest_risk(market, asset_id, balance, exposures)
    long, short = -per_quantum * balance, per_quantum * balance
    for exposure in exposures:
        gain, risk = price * exposure.delta * FXP32 - exposure.cost * FXP64, per_quantum * exposure.delta
        if gain < risk:
            long += gain - risk
        if gain < -risk:
            short += gain + risk
    return price * balance * FXP32 + min(long, short)


def _greatest_risk(market: Market, asset_id: AssetId, balance: SyntheticQuanta, exposures: list[Exposure]) -> int:
    """The greatest risk factor (0.32) of all sizes that fills can lead to."""
    asset, by_balance_only = market.assets[asset_id], market.is_risk_by_balance_only
    segments = asset.risk_segments
    if len(segments) == 1:
        return segments[0].risk
    bought = sum(exposure.delta for exposure in exposures if exposure.delta > 0)
    sold = sum(exposure.delta for exposure in exposures if exposure.delta < 0)
    most = SyntheticQuanta(max(abs(balance + bought), abs(balance + sold)))
    size = most if by_balance_only else most * market.prices[asset_id]
    greatest = 0
    for segment in segments:
        greatest = max(greatest, segment.risk)
        if size <= segment.upper_bound:
            break
    return greatest


def in_collateral(margin: int) -> CollateralQuanta:
    """Rounded down."""
    return CollateralQuanta(margin // FXP64)

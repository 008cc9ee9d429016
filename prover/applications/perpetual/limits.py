"""What version 2 bounds: the signed prices' spread, a tick's move, a liquidation's price and size
(docs/spec/perpetual-state.md 7.6, 7.12, 8).
"""

from __future__ import annotations

from collections.abc import Mapping

from prover.applications.ledger.fields import FXP32
from prover.applications.ledger.units import AssetId
from prover.applications.perpetual.config import Limits
from prover.applications.perpetual.errors import Code, PositionRefused, PriceRefused
from prover.applications.perpetual.margin import Status
from prover.applications.perpetual.units import PositionId, Price, SyntheticQuanta

HOUR = 3600


def check_spread(limits: Limits, low: Mapping[AssetId, Price], high: Mapping[AssetId, Price]) -> None:
    """Raises PriceRefused where a signed maximum is too far above its minimum, or has none."""
    for asset_id, maximum in high.items():
        minimum = low.get(asset_id)
        if minimum is None:
            raise PriceRefused("PRICE_SPREAD", f"{asset_id:#x} has a signed maximum and no minimum")
        if maximum * FXP32 > minimum * (FXP32 + limits.max_price_spread):
            most = minimum * (FXP32 + limits.max_price_spread) // FXP32
            detail = f"{asset_id:#x} is signed for {minimum} to {maximum}, at most to {most}"
            raise PriceRefused("PRICE_SPREAD", detail)


def reach(limits: Limits, old: Price, elapsed: int) -> int:
    """How far a tick may move a price, `elapsed` seconds after the last tick."""
    share = min(limits.max_price_move_per_tick, limits.max_price_move_per_hour * elapsed // HOUR)
    return old * share // FXP32


def check_move(
    limits: Limits, asset_id: AssetId, old: Price, new: Price, signed: tuple[Price, Price], elapsed: int
) -> None:
    """The price stays in reach of the old one and ends in the signed range, or as near to it as the reach allows.

    Raises PriceRefused.
    """
    far, (minimum, maximum) = reach(limits, old, elapsed), signed
    if abs(new - old) > far:
        detail = f"{asset_id:#x} goes from {old} to {new}, at most {far} in {elapsed} s"
        raise PriceRefused("PRICE_MOVE", detail)
    if (new < minimum and new != old + far) or (new > maximum and new != old - far):
        detail = f"{new} for {asset_id:#x}, signed are {minimum} to {maximum}, in reach {old - far} to {old + far}"
        raise PriceRefused(Code.INVALID_ASSET_ORACLE_PRICE, detail)


def check_liquidation(
    limits: Limits,
    position_id: PositionId,
    before: Status,
    after: Status,
    price: Price,
    size: SyntheticQuanta,
) -> None:
    """A liquidated position loses no more than the penalty, up to a unit, and no more of its holding than restores
    the margin with the buffer: with one quantum less, at the average risk of one, it would not be restored.

    Raises PositionRefused.
    """
    lost, taken = before.total_value - after.total_value, price * size
    if lost * FXP32 >= limits.liquidation_penalty * taken + FXP32**2:
        most = limits.liquidation_penalty * taken // FXP32
        detail = f"position {position_id} loses {lost} on {taken}, at most {most} and less than a unit"
        raise PositionRefused("LIQUIDATION_PRICE", detail)
    risk_of_all_but_one = after.total_risk * size + (before.total_risk - after.total_risk)
    if risk_of_all_but_one * (FXP32 + limits.liquidation_buffer) <= after.total_value * FXP32 * size * FXP32:
        detail = f"{size} of position {position_id} leave total value {after.total_value}, total risk "
        detail += f"{after.total_risk}: less would restore its margin with the buffer"
        raise PositionRefused("LIQUIDATION_SIZE", detail)

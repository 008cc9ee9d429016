"""Which price a position in trouble is taken over at, how much of it, and who is deleveraged first.

A takeover at the index price leaves total value TV and takes the risk of what is taken from total risk TR. The position
may lose on it no more than keeps TV / TR from falling: `TV * (TR - TR') / TR`, which is negative where TV is. The fund
asks for a penalty, at most half of that, so that the position ends better than it was; from a bankrupt position it
asks for nothing and takes its share of the debt, as a deleverage does.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from math import ceil

from prover.applications.ledger.fields import FXP32
from prover.applications.ledger.units import AssetId
from prover.applications.perpetual.margin import Market, totals
from prover.applications.perpetual.positions import Asset, Position
from prover.applications.perpetual.units import NO_COLLATERAL, CollateralQuanta, PositionId, SyntheticQuanta


def by_risk(position: Position, market: Market) -> list[Asset]:
    """Its holdings, the one first that requires the most margin."""
    return sorted(position.assets, key=lambda asset: (-_risk(asset, market), asset.asset_id))


def _risk(asset: Asset, market: Market) -> int:
    return totals(Position(assets=(asset,)), market).total_risk


def proceeds(
    position: Position, market: Market, asset_id: AssetId, size: SyntheticQuanta, penalty: int
) -> CollateralQuanta:
    """What a position gets for giving up `size` of a holding (negative: what it pays), rounded in its favour.

    `position` has its funding applied and some risk; `penalty` is 0.32 of the value that is taken over.
    """
    before, after = totals(position, market), totals(reduced(position, asset_id, size), market)
    value = market.prices[asset_id] * size
    bearable = Fraction(before.total_value * (before.total_risk - after.total_risk), before.total_risk)
    loss = bearable if before.total_value < 0 else min(Fraction(penalty * value, FXP32), bearable / 2)
    sign = 1 if position.balance(asset_id) > 0 else -1
    return CollateralQuanta(ceil((sign * value - loss) / FXP32))


def reduced(
    position: Position, asset_id: AssetId, size: SyntheticQuanta, collateral: CollateralQuanta = NO_COLLATERAL
) -> Position:
    """With `size` less of a holding and so much more collateral."""
    held = position.balance(asset_id)
    rest = SyntheticQuanta(held - size if held > 0 else held + size)
    index = next(asset.cached_funding_index for asset in position.assets if asset.asset_id == asset_id)
    changed = position.with_balance(asset_id, rest, index)
    return Position(changed.public_key, CollateralQuanta(position.collateral_balance + collateral), changed.assets)


def needed(position: Position, market: Market, asset_id: AssetId, penalty: int) -> SyntheticQuanta:
    """The least size of a holding whose takeover restores the margin; all of it where none does.

    A bankrupt position is taken over whole: at its own value, no part restores anything.
    """
    most = abs(position.balance(asset_id))
    if totals(position, market).total_value < 0:
        return SyntheticQuanta(most)

    def restores(size: int) -> bool:
        quanta = SyntheticQuanta(size)
        paid = proceeds(position, market, asset_id, quanta, penalty)
        return totals(reduced(position, asset_id, quanta, paid), market).is_well_leveraged()

    return SyntheticQuanta(min(most, 1 + bisect_left(range(1, most + 1), True, key=restores)))


def greatest(most: SyntheticQuanta, takes: Callable[[int], bool]) -> SyntheticQuanta:
    """The greatest size below `most` that is taken, if smaller ones are whenever a greater is; 0 for none."""
    return SyntheticQuanta(bisect_left(range(1, most), True, key=lambda size: not takes(size)))


def health(position: Position, market: Market) -> Fraction:
    """TV / TR of a position with some risk: the lower, the sooner it must be taken over."""
    return Fraction(*totals(position, market))


def by_leverage(
    positions: Iterable[tuple[PositionId, Position]], market: Market, asset_id: AssetId, is_long: bool
) -> Iterator[PositionId]:
    """Solvent positions that hold the asset on this side, the most leveraged first: TR / TV, then by id.

    What anybody once paid is no part of the state, so that profit cannot rank them. Positions have funding applied.
    """
    ranked = []
    for position_id, position in positions:
        held = position.balance(asset_id)
        if held > 0 if is_long else held < 0:
            value, risk = totals(position, market)
            if value > 0:
                ranked.append((-Fraction(risk, value), position_id))
    return (position_id for _, position_id in sorted(ranked))

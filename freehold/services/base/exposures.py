"""Which of a million positions may be liquidated: sums in floating point over all at once, then each one that may be
exactly.

A position that holds assets is a row. The sums are off by less than a part in 10^12 of their terms, and by the quantum
that funding rounds away; that much is taken from the position, so that none is missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from prover.applications.ledger.fields import FXP32
from prover.applications.ledger.units import AssetId
from prover.applications.perpetual.config import GeneralConfig, SyntheticAsset
from prover.applications.perpetual.margin import Market, funded, totals
from prover.applications.perpetual.positions import EMPTY, Position
from prover.applications.perpetual.units import PositionId

SLACK = 1e-12
MANY_NEW = 20_000
"""Positions beside the rows, each looked at by itself, until they become rows."""
Floats = NDArray[np.float64]


class Exposures:
    """Of each row: id, collateral, and for each asset balance and cached index. Ids ascend."""

    def __init__(self, config: GeneralConfig, positions: Mapping[PositionId, Position]) -> None:
        self.assets = config.synthetic_assets
        self.by_balance_only = bool(config.is_risk_by_balance_only)
        self._places = {asset.asset_id: place for place, asset in enumerate(self.assets)}
        self._fill(positions)

    def update(self, changed: Mapping[PositionId, Position], positions: Mapping[PositionId, Position]) -> None:
        """`positions` are all, with the changed ones."""
        for position_id, position in changed.items():
            row = int(np.searchsorted(self._ids, np.uint64(position_id)))
            if row < len(self._ids) and int(self._ids[row]) == position_id:
                self._set(row, position)
            elif position.assets:
                self._new[position_id] = position
            else:
                self._new.pop(position_id, None)
        if len(self._new) > MANY_NEW:
            self._fill(positions)

    def below_margin(self, positions: Mapping[PositionId, Position], market: Market) -> Iterator[PositionId]:
        """The positions that may be liquidated as the market is, by rising id within each part."""
        candidates = [PositionId(int(number)) for number in self._ids[self._may_be_below(market)]]
        for position_id in (*candidates, *sorted(self._new)):
            if is_below_margin(positions.get(position_id, EMPTY), market):
                yield position_id

    def _fill(self, positions: Mapping[PositionId, Position]) -> None:
        held = sorted(position_id for position_id, position in positions.items() if position.assets)
        shape = (len(self.assets), len(held))
        self._ids = np.array(held, dtype=np.uint64)
        self._collateral = np.array([float(positions[number].collateral_balance) for number in held])
        self._balances, self._indices = np.zeros(shape), np.zeros(shape)
        self._new: dict[PositionId, Position] = {}
        cells = [
            (self._places[asset.asset_id], row, asset.balance, asset.cached_funding_index)
            for row, position_id in enumerate(held)
            for asset in positions[position_id].assets
        ]
        if cells:
            places, rows, balances, indices = zip(*cells, strict=True)
            self._balances[places, rows], self._indices[places, rows] = balances, indices

    def _set(self, row: int, position: Position) -> None:
        self._collateral[row] = position.collateral_balance
        self._balances[:, row] = 0
        for asset in position.assets:
            place = self._places[asset.asset_id]
            self._balances[place, row], self._indices[place, row] = asset.balance, asset.cached_funding_index

    def _may_be_below(self, market: Market) -> NDArray[np.bool_]:
        """Total risk above total value, within the slack."""
        value = self._collateral * FXP32
        terms, risk = np.abs(value), np.zeros_like(value)
        for place, asset in enumerate(self.assets):
            price, index = _market_of(market, asset.asset_id)
            balances = self._balances[place]
            worth = price * balances
            owed = (index - self._indices[place]) * balances
            value += worth - owed
            terms += np.abs(worth) + np.abs(owed)
            risk += np.abs(worth) * self._factors(asset, np.abs(balances if self.by_balance_only else worth))
        below: NDArray[np.bool_] = risk * (1 + SLACK) > (value - SLACK * terms - FXP32) * FXP32
        return below

    @staticmethod
    def _factors(asset: SyntheticAsset, sizes: Floats) -> Floats:
        """Of a size that is next to a bound, the greater of both factors."""
        bounds = np.array([float(segment.upper_bound) for segment in asset.risk_segments[:-1]])
        risks = np.array([float(segment.risk) for segment in asset.risk_segments])
        low, high = (risks[np.searchsorted(bounds, sizes * (1 + side))] for side in (-SLACK, SLACK))
        greater: Floats = np.maximum(low, high)
        return greater


def _market_of(market: Market, asset_id: AssetId) -> tuple[float, float]:
    """Price and index; of an asset that has none yet, nobody holds any."""
    return float(market.prices.get(asset_id, 0)), float(market.indices.get(asset_id, 0))


def is_below_margin(position: Position, market: Market) -> bool:
    """Whether the rules let it be liquidated."""
    base = funded(position, market)
    if base is None or not base.assets:
        return False
    value, risk = totals(base, market)
    return risk > value * FXP32

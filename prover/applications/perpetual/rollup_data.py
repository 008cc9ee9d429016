"""Positions from a rollup's calldata alone (docs/spec/perpetual-state.md 10.3). `batch.py` writes these words."""

from __future__ import annotations

from collections.abc import Sequence

from prover.applications.ledger.merkle import MerkleTree
from prover.applications.perpetual.fields import BALANCE_BIAS
from prover.applications.perpetual.positions import EMPTY, Asset, Position, leaves


class Published:
    """All positions, from every batch's data in order. `funding` holds the indices by the time of their tick."""

    def __init__(self) -> None:
        self.positions: dict[int, Position] = {}
        self.funding: dict[int, dict[int, int]] = {}

    def read(self, words: Sequence[int]) -> None:
        """One batch's data: funding ticks, then each touched position. Raises ValueError for a record cut off."""
        place = 1
        for _ in range(words[0]):
            count = words[place]
            pairs = words[place + 1 : place + 1 + 2 * count]
            place += 1 + 2 * count
            indices = zip(pairs[::2], pairs[1::2], strict=True)
            self.funding[words[place]] = {asset_id: index - BALANCE_BIAS for asset_id, index in indices}
            place += 1
        while place < len(words):
            size = words[place]
            record = words[place + 1 : place + 1 + size]
            if size < 4 or len(record) != size:
                raise ValueError(f"the record at word {place} has {len(record)} words and says {size}")
            self._take(*record)
            place += 1 + size

    def _take(self, position_id: int, key: int, collateral: int, time: int, *changed: int) -> None:
        """Time 0 leaves the indices as they are: the position is empty, or was touched and not funded."""
        before = {asset.asset_id: asset for asset in self.positions.get(position_id, EMPTY).assets}
        balances = {asset_id: asset.balance for asset_id, asset in before.items()}
        balances |= {word >> 64: (word & (1 << 64) - 1) - BALANCE_BIAS for word in changed}
        held = sorted((asset_id, balance) for asset_id, balance in balances.items() if balance)
        kept = {asset_id: asset.cached_funding_index for asset_id, asset in before.items()}
        indices = self.funding.get(time, {}) if time else kept
        assets = tuple(Asset(asset_id, balance, indices[asset_id]) for asset_id, balance in held)
        self.positions[position_id] = Position(key, collateral - BALANCE_BIAS, assets)

    def root(self, height: int) -> int:
        """Of the position tree."""
        held = {key: position for key, position in self.positions.items() if not position.is_empty()}
        return MerkleTree(height, EMPTY.leaf(), dict(zip(held, leaves(held.values()), strict=True))).root

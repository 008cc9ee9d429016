"""Positions and their leaves (docs/spec/perpetual-state.md 3.1, 3.2). What a position is worth is in `margin.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prover.algebra.pedersen import pedersen_pairs
from prover.applications.ledger.units import NOBODY, AssetId, StarkKey
from prover.applications.perpetual.fields import BALANCE_BIAS
from prover.applications.perpetual.units import (
    NO_COLLATERAL,
    NO_SYNTHETIC,
    CollateralQuanta,
    FundingIndex,
    SyntheticQuanta,
)


@dataclass(frozen=True, slots=True)
class Asset:
    """A synthetic holding: its signed balance, and the funding index up to which it has paid."""

    asset_id: AssetId
    balance: SyntheticQuanta
    cached_funding_index: FundingIndex

    def word(self) -> int:
        """asset id, biased index, biased balance; 120, 64 and 64 bits."""
        biased = self.asset_id << 64 | self.cached_funding_index + BALANCE_BIAS
        return biased << 64 | self.balance + BALANCE_BIAS


@dataclass(frozen=True, slots=True)
class Position:
    """`collateral_balance` is signed; `assets` ascend by id and hold no balance of 0."""

    public_key: StarkKey = NOBODY
    collateral_balance: CollateralQuanta = NO_COLLATERAL
    assets: tuple[Asset, ...] = ()

    def is_empty(self) -> bool:
        return self == EMPTY

    def balance(self, asset_id: AssetId) -> SyntheticQuanta:
        """0 for an asset that is not held."""
        return next((asset.balance for asset in self.assets if asset.asset_id == asset_id), NO_SYNTHETIC)

    def with_balance(self, asset_id: AssetId, balance: SyntheticQuanta, index: FundingIndex) -> Position:
        """An entry of balance 0 is removed; `index` becomes the entry's cached index."""
        kept = [asset for asset in self.assets if asset.asset_id != asset_id]
        if balance:
            kept.append(Asset(asset_id, balance, index))
        assets = tuple(sorted(kept, key=lambda asset: asset.asset_id))
        return Position(self.public_key, self.collateral_balance, assets)

    def last_word(self) -> int:
        return self.collateral_balance + BALANCE_BIAS << 16 | len(self.assets)

    def chain(self) -> list[int]:
        """The words that the leaf folds from 0: assets, key, balance with the assets' count."""
        last = [self.public_key, self.last_word()]
        return [asset.word() for asset in self.assets] + last if self.assets else last

    def leaf(self) -> int:
        return leaves([self])[0]


EMPTY = Position()


def leaves(positions: Iterable[Position]) -> list[int]:
    """Each position's leaf; the hashes of one depth are made together."""
    words = [position.chain() for position in positions]
    values = pedersen_pairs([0] * len(words), [chain[0] for chain in words])
    pending: Sequence[int] = range(len(words))
    depth = 0
    while pending := [i for i in pending if len(words[i]) > depth + 1]:
        depth += 1
        hashes = pedersen_pairs([values[i] for i in pending], [words[i][depth] for i in pending])
        for i, value in zip(pending, hashes, strict=True):
            values[i] = value
    return values

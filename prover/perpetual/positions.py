"""Positions, their leaves, and the procedure that changes them (perpetual-state 3.1, 3.2, 5.5, 5.6).

This version knows collateral only; a leaf's formula covers synthetic assets too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from prover.algebra.pedersen import pedersen

BALANCE_BIAS = 1 << 63
AMOUNT_UPPER_BOUND = 1 << 64


class Code(IntEnum):
    """Published error codes that an update can give."""

    SUCCESS = 0
    ILLEGAL_POSITION_TRANSITION_NO_RISK_REDUCED_VALUE = 2
    INVALID_PUBLIC_KEY = 10
    OUT_OF_RANGE_BALANCE = 16


@dataclass(frozen=True)
class Asset:
    """A synthetic holding: `balance` and `cached_funding_index` are signed, the index in 32.32 fixed point."""

    asset_id: int
    balance: int
    cached_funding_index: int

    def word(self) -> int:
        """asset id, biased index, biased balance; 120, 64 and 64 bits."""
        biased = self.asset_id << 64 | self.cached_funding_index + BALANCE_BIAS
        return biased << 64 | self.balance + BALANCE_BIAS


@dataclass(frozen=True)
class Position:
    """`collateral_balance` is signed, in collateral units."""

    public_key: int = 0
    collateral_balance: int = 0
    assets: tuple[Asset, ...] = ()

    def is_empty(self) -> bool:
        return self == EMPTY

    def last_word(self) -> int:
        return self.collateral_balance + BALANCE_BIAS << 16 | len(self.assets)

    def chain(self) -> list[int]:
        """The words that the leaf folds from 0: assets, key, balance with the assets' count."""
        return [*(asset.word() for asset in self.assets), self.public_key, self.last_word()]

    def leaf(self) -> int:
        accumulated = 0
        for word in self.chain():
            accumulated = pedersen(accumulated, word)
        return accumulated

    def document(self) -> dict[str, object]:
        """As the program's input has it."""
        assets = [
            {
                "asset_id": hex(asset.asset_id),
                "balance": str(asset.balance),
                "cached_funding_index": str(asset.cached_funding_index),
            }
            for asset in self.assets
        ]
        return {
            "public_key": hex(self.public_key),
            "collateral_balance": str(self.collateral_balance),
            "assets": assets,
        }


EMPTY = Position()


def update_position(position: Position, request_key: int, delta: int) -> tuple[Position, Code]:
    """Add `delta` to the collateral under a key that is not 0. On an error the position stays as it is."""
    if not position.is_empty() and position.public_key != request_key:
        return position, Code.INVALID_PUBLIC_KEY
    collateral = position.collateral_balance + delta
    if not -BALANCE_BIAS <= collateral < BALANCE_BIAS:
        return position, Code.OUT_OF_RANGE_BALANCE
    if collateral < 0 and delta < 0:
        return position, Code.ILLEGAL_POSITION_TRANSITION_NO_RISK_REDUCED_VALUE
    return (Position(request_key, collateral) if collateral else EMPTY), Code.SUCCESS


def chain_hash(words: Sequence[int]) -> int:
    """h(...h(h(0, w1), w2)..., k): the published hash of a list, its length last."""
    accumulated = 0
    for word in [*words, len(words)]:
        accumulated = pedersen(accumulated, word)
    return accumulated

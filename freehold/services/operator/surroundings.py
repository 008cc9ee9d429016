"""What the batcher asks of the world outside the store's transactions: the chain, the clock, the price source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from prover.applications.ledger.units import AssetId, Seconds, StarkKey
from prover.applications.perpetual.transactions import ForcedTrade, ForcedWithdrawal, PriceSignature
from prover.applications.perpetual.units import CollateralQuanta, PositionId


@dataclass(frozen=True)
class PendingDeposit:
    """What waits in one slot of the contract, confirmed and used by no batch that stands."""

    stark_key: StarkKey
    position_id: PositionId
    amount: CollateralQuanta
    cancelled_at: Seconds | None = None
    """When its owner asked for it back: from some time later on it may be gone."""


@dataclass(frozen=True)
class OpenRequest:
    """A forced request that no batch that stands serves. `hash` is the contract's name of it."""

    hash: bytes
    transaction: ForcedWithdrawal | ForcedTrade
    requested_at: Seconds
    deadline: Seconds


@dataclass(frozen=True)
class Quotes:
    """Signed prices by asset, and funding rates: 0.32 of the price for a second."""

    prices: Mapping[AssetId, Sequence[PriceSignature]]
    rates: Mapping[AssetId, int]


class Surroundings(Protocol):
    def now(self) -> Seconds:
        """The time that the next block would have, at the earliest."""

    def deposits(self) -> Sequence[PendingDeposit]: ...

    def requests(self) -> Sequence[OpenRequest]:
        """The earliest deadline first."""

    def quotes(self) -> Quotes | None:
        """None while the source gives none that can be used."""

    def is_fact(self, registry: bytes, fact: bytes) -> bool:
        """Whether a contract confirms a fact that a conditional transfer names."""

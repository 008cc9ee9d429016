"""Deposits that no batch took: what waits on chain for a position, and how its owner has it back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from freehold.chain.exchange import Exchange, date
from freehold.chain.managers import chain
from freehold.patience import Progress
from prover.applications.ledger.units import StarkKey
from prover.applications.perpetual.units import PositionId


@dataclass(frozen=True)
class WaitingDeposit:
    """`amount` in quanta; `cancelled_at` is 0 if nobody asked for it back, `delay` what must pass after that."""

    stark_key: StarkKey
    position_id: PositionId
    amount: int
    cancelled_at: int
    delay: int

    @property
    def reclaimable_at(self) -> int | None:
        """None before a cancellation."""
        return self.cancelled_at + self.delay if self.cancelled_at else None

    def advice(self, frozen: bool) -> str:
        """What its owner can do now."""
        options = f"--stark-key {self.stark_key:#x} --position {self.position_id}"
        if self.reclaimable_at is None:
            cancel = f"`ape run deposit_cancel {options}`"
            if frozen:
                return f"no batch takes it any more: {cancel} asks for it back"
            return f"a batch may take it at any time; {cancel} asks for it back"
        if int(chain.pending_timestamp) >= self.reclaimable_at:
            return f"`ape run deposit_reclaim {options}` pays it back"
        return f"it was asked for back: reclaim it at {date(self.reclaimable_at)} or later"


def deposit_in(exchange: Exchange, stark_key: int, position_id: int) -> WaitingDeposit | None:
    """What waits in one slot."""
    slot = (stark_key, exchange.asset_type, position_id)
    amount = exchange.contract.getQuantizedDepositBalance(*slot)
    if amount == 0:
        return None
    cancelled_at, delay = exchange.contract.getCancellationRequest(*slot), exchange.contract.DEPOSIT_CANCEL_DELAY()
    return WaitingDeposit(StarkKey(stark_key), PositionId(position_id), int(amount), int(cancelled_at), int(delay))


def waiting_deposits(
    exchange: Exchange,
    stark_key: int | None = None,
    position_id: int | None = None,
    account: str | None = None,
    progress: Progress | None = None,
) -> list[WaitingDeposit]:
    """Of one key, of one position, or that one account made or owns; of everybody if nobody is named.

    The slots are those of all deposits ever made: the log of the exchange is read.
    """
    slots: dict[tuple[int, int], None] = {}
    owner_of = cache(exchange.owner_of)
    for log in exchange.logs("LogDeposit", progress=progress):
        key, position = int(log.starkKey), int(log.vaultId)
        other = stark_key not in (None, key) or position_id not in (None, position)
        if other or (account is not None and account not in (log.depositorEthKey, owner_of(key))):
            continue
        slots[key, position] = None
    return [deposit for slot in slots if (deposit := deposit_in(exchange, *slot))]

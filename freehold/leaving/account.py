"""What the chain tells of one Stark key or account: requests, payments, what waits. Of batches it tells no more."""

from __future__ import annotations

from dataclasses import dataclass

from freehold.chain.exchange import Exchange, date
from freehold.chain.logs import hash_of
from freehold.chain.managers import chain
from freehold.patience import Progress

KINDS = {
    "LogForcedWithdrawalRequest": ("requested", "starkKey", "a forced withdrawal of {amount} from position {position}"),
    "LogWithdrawalAllowed": ("taken out", "ownerKey", "{amount} left a position and may be withdrawn"),
    "LogWithdrawalPerformed": ("paid", "ownerKey", "{amount} was paid to {recipient}"),
    "LogDeposit": ("deposited", "starkKey", "{amount} into position {position}"),
    "LogDepositCancel": ("cancelled", "starkKey", "the deposit into position {position} was asked for back"),
    "LogDepositCancelReclaimed": ("reclaimed", "starkKey", "{amount} of position {position} was paid back"),
}
"""Event -> its word, whose key it names, what it says."""


@dataclass(frozen=True)
class Step:
    """Something that happened to a key's money on chain."""

    kind: str
    time: int
    text: str
    transaction: str


def keys_of(exchange: Exchange, account: str) -> list[int]:
    """The Stark keys that are registered for an account."""
    logs = exchange.logs("LogUserRegistered")
    return list(dict.fromkeys(int(log.starkKey) for log in logs if str(log.ethKey).lower() == account.lower()))


def history(exchange: Exchange, stark_key: int, progress: Progress | None = None) -> list[Step]:
    """All that the exchange's logs say of a key, the oldest first."""
    steps = []
    for log in exchange.logs(*KINDS, progress=progress):
        kind, owner, text = KINDS[log.event_name]
        fields = log.event_arguments
        if int(fields[owner]) != stark_key:
            continue
        words = text.format(
            amount=exchange.coins(int(fields.get("quantizedAmount", 0))),
            position=fields.get("vaultId"),
            recipient=fields.get("recipient"),
        )
        time = int(chain.blocks[log.block_number].timestamp)
        steps.append(Step(kind, time, words, hash_of(log)))
    return steps


def told(step: Step) -> str:
    return f"{step.kind:<10} {date(step.time)}: {step.text}"

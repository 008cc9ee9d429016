"""The exchange's events that the operator follows, as rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from freehold.ethereum.node import Log
from freehold.services.operator.tables import Event

DEPOSIT, CANCEL, RECLAIM, TAKEN = "LogDeposit", "LogDepositCancel", "LogDepositCancelReclaimed", "DepositAccepted"
REGISTERED = "LogUserRegistered"
ALLOWED, PAID, PAID_IN_PART = "LogWithdrawalAllowed", "LogWithdrawalPerformed", "WithdrawalIncomplete"
ASKED, SERVED = "ForcedRequestAccepted", "ForcedRequestServed"
ASKED_WITHDRAWAL, ASKED_TRADE = "LogForcedWithdrawalRequest", "LogForcedTradeRequest"
UPDATED, TRANSITION, STATE = "LogUpdateState", "LogStateTransitionFact", "SharedStateUpdated"
FROZEN, FROZEN_UNTIL, UNFROZEN = "LogFrozen", "FrozenByRequest", "LogUnFrozen"

FOLLOWED = (
    *(DEPOSIT, CANCEL, RECLAIM, TAKEN, REGISTERED),
    *(ALLOWED, PAID, PAID_IN_PART),
    *(ASKED, SERVED, ASKED_WITHDRAWAL, ASKED_TRADE),
    *(UPDATED, TRANSITION, STATE),
    *(FROZEN, FROZEN_UNTIL, UNFROZEN),
    *("LogOperatorAdded", "LogOperatorRemoved"),
    *("LogGlobalConfigurationRegistered", "LogGlobalConfigurationApplied", "LogGlobalConfigurationRemoved"),
    *("LogAssetConfigurationRegistered", "LogAssetConfigurationApplied", "LogAssetConfigurationRemoved"),
)
"""By their names in the ABI."""

SIGNED_64 = 1 << 63


def rows(logs: Iterable[Log]) -> list[Event]:
    """Of the logs of whole blocks, in their order. The log after a request's acceptance says what is asked for."""
    found: list[Event] = []
    accepted: tuple[bytes, int, bytes] | None = None
    for log in logs:
        row = _row(log)
        if log.name == ASKED:
            accepted = (log.block, log.place, bytes(log.arguments["requestHash"]))
        elif log.name in (ASKED_WITHDRAWAL, ASKED_TRADE) and accepted and accepted[:2] == (log.block, log.place - 1):
            row.request = accepted[2]
        found.append(row)
    return found


def _row(log: Log) -> Event:
    given = log.arguments
    batch_id = given.get("batchId")
    return Event(
        block=log.block,
        place=log.place,
        name=log.name,
        arguments=json.dumps({name: _shown(value) for name, value in given.items()}, sort_keys=True),
        transaction=log.transaction,
        stark_key=given.get("starkKey", given.get("ownerKey")),
        position_id=given.get("vaultId", given.get("positionId")),
        batch_id=batch_id if batch_id is not None and batch_id < SIGNED_64 else None,
        request=given.get("requestHash"),
        amount=given["quantizedAmount"] if log.name in (DEPOSIT, RECLAIM, TAKEN) else None,
    )


def _shown(value: Any) -> Any:
    """Numbers as decimal text, bytes as hex."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

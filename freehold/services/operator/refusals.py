"""What it means that the exchange would refuse an update: wait, or give the batch up, and whose fault it is."""

from __future__ import annotations

import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from freehold.ethereum.coding import Reverted
from freehold.services.operator.tables import Batch, Entry, Received

NO_PROOF = "NoProof"
PASSING = {"SystemTimeInvalid", "StateIsFrozen", "OnlyOperator", "NoVerifiers", "Reentrant"}
"""The batch may still be taken: in time, or once a person has acted."""


def is_passing(refusal: Reverted) -> bool:
    """Also what has no name: a node that ran out of something, not a check that failed."""
    return not refusal.name or refusal.name in PASSING or refusal.name in (NO_PROOF, "Panic", "Error")


def culprits(session: Session, batch: Batch, refusal: Reverted) -> dict[int, str]:
    """The users' transactions that are the reason, and the published code of each; the operator's own have no id."""
    if refusal.name == "ConditionNotMet":
        transfers = _accepted(session, batch, "CONDITIONAL_TRANSFER")
        place = int(refusal.arguments[0])
        found = transfers[place : place + 1]
        return {row.tx_id: "FACT_NOT_REGISTERED" for row in found if row.tx_id is not None}
    if refusal.name == "DepositInsufficient":
        slot = (int(refusal.arguments[0]), int(refusal.arguments[1]))
        found = [row for row in _accepted(session, batch, "DEPOSIT") if slot in _slots(session, row)]
        return {row.tx_id: "INSUFFICIENT_ONCHAIN_BALANCE" for row in found if row.tx_id is not None}
    return {}


def _accepted(session: Session, batch: Batch, kind: str) -> list[Entry]:
    """In the batch's order."""
    rows = select(Entry).where(Entry.batch == batch.id, Entry.kind == kind, Entry.code.is_(None))
    return list(session.scalars(rows.order_by(Entry.place)))


def _slots(session: Session, entry: Entry) -> list[tuple[int, int]]:
    """Stark key and position of each deposit in the user's transaction."""
    row = None if entry.tx_id is None else session.get(Received, entry.tx_id)
    if row is None:
        return []
    body = json.loads(row.body)
    singles = [single for single in body.get("txs", [body]) if single["type"] == "DEPOSIT"]
    return [(int(single["public_key"], 16), int(single["position_id"])) for single in singles]

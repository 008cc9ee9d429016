"""Rows of the operator's store for tests, with what a test does not care about filled in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from freehold.services.operator.tables import Batch, Entry, Movement, Received

FAR = 1 << 40
"""A time that does not come."""


def batch_row(
    batch_id: int,
    previous: int | None,
    words: Sequence[int],
    state_hash: bytes,
    sequence_number: int,
    **fields: Any,
) -> Batch:
    """Executed, with no deadline that comes. `words` are the shared state's after it."""
    usual = {
        "state": "executed",
        "created_at": 0.0,
        "system_time": FAR,
        "minimum_expiration": FAR // 3600,
        "deadline": FAR,
        "facts": "[]",
        "n_transactions": 0,
        "n_steps": 0,
    }
    return Batch(
        id=batch_id,
        previous=previous,
        words=json.dumps(list(words)),
        state_hash=state_hash,
        sequence_number=sequence_number,
        **{**usual, **fields},
    )


def movement_rows(batch_id: int, modifications: Iterable[tuple[int, int, int]]) -> list[Movement]:
    """Key, position and signed amount of each."""
    return [
        Movement(batch=batch_id, place=place, owner_key=key, position_id=position, amount=amount)
        for place, (key, position, amount) in enumerate(modifications)
    ]


def received_row(tx_id: int, body: dict[str, Any], state: str = "received", batch: int | None = None) -> Received:
    return Received(
        tx_id=tx_id,
        kind=body["type"],
        body=json.dumps(body, separators=(",", ":"), sort_keys=True),
        digest=tx_id.to_bytes(32, "big"),
        state=state,
        received_at=0,
        batch=batch,
    )


def entry_row(batch_id: int, place: int, kind: str, tx_id: int | None = None, **fields: Any) -> Entry:
    origin = fields.pop("origin", "user" if tx_id is not None else "deposit")
    return Entry(batch=batch_id, place=place, tx_id=tx_id, origin=origin, kind=kind, **fields)

"""What a member says of itself."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from freehold.services.base.wire import root_text
from freehold.services.committee.tables import Batch, Evidence

SHOWN = 20
"""Of what was refused, the newest so many."""


def status(session: Session) -> dict[str, Any]:
    """For programs and people."""
    last = session.scalars(select(Batch).order_by(Batch.id.desc()).limit(1)).first()
    sent = session.scalar(select(func.max(Batch.id)).where(Batch.sent_at.is_not(None)))
    refused = session.scalars(select(Evidence).order_by(Evidence.at.desc()).limit(SHOWN))
    return {
        "last_kept": None if last is None else last.id,
        "last_signed": sent,
        "sequence_number": None if last is None else last.sequence_number,
        "positions_root": None if last is None else root_text(last.positions_root),
        "orders_root": None if last is None else root_text(last.orders_root),
        "evidence": [
            {"batch": piece.batch, "kind": piece.kind, "reason": piece.reason, "gateway": piece.gateway, "at": piece.at}
            for piece in refused
        ],
    }

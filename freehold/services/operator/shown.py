"""What the gateways show of a batch, read from its rows. A batch that was abandoned stays shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from freehold.services.operator.tables import Batch
from prover.applications.perpetual.facts import claim_of_roots
from prover.applications.perpetual.state import SharedState


def words_text(words: Iterable[int]) -> str:
    """The form of `batch.words`."""
    return json.dumps(list(words), separators=(",", ":"))


def words_of(batch: Batch) -> Sequence[int]:
    words: list[int] = json.loads(batch.words)
    return words


def shared_state_of(batch: Batch) -> SharedState:
    """After the batch."""
    return SharedState.read(words_of(batch))


def claim_of(batch: Batch) -> bytes:
    """What the committee signs of it."""
    shared = shared_state_of(batch)
    positions, orders = (shared.positions_root, shared.positions_height), (shared.orders_root, shared.orders_height)
    return claim_of_roots(positions, orders, batch.sequence_number)


def executed(session: Session, batch_id: int) -> Batch | None:
    """None for what is not there yet, and for the state with which the operator began."""
    batch = session.get(Batch, batch_id)
    return batch if batch is not None and batch.previous is not None else None


def newest(session: Session, *states_left_out: str) -> Batch | None:
    """The batch with the highest id."""
    wanted = select(Batch).where(Batch.state.not_in(states_left_out)).order_by(Batch.id.desc()).limit(1)
    return session.scalars(wanted).first()

"""What several components ask of a batch's row: its words, its claim, its conditions, its proof."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from freehold.services.operator import blobs
from freehold.services.operator.tables import EXECUTED, MINED, READY, SENT, Batch, Job, Signature
from prover.applications.perpetual.facts import application_data, claim_of_roots
from prover.applications.perpetual.state import SharedState

BEFORE_BLOCK = (EXECUTED, READY, SENT)
OPEN = (*BEFORE_BLOCK, MINED)
"""States that can change."""


def words_text(words: Iterable[int]) -> str:
    """The form of `batch.words`."""
    return json.dumps(list(words), separators=(",", ":"))


def shared_words(batch: Batch) -> list[int]:
    """The shared state's after it."""
    words: list[int] = json.loads(batch.words)
    return words


def shared_state_of(batch: Batch) -> SharedState:
    return SharedState.read(shared_words(batch))


def claim_of(batch: Batch) -> bytes:
    """What the committee signs."""
    positions_root, positions_height, orders_root, orders_height = shared_words(batch)[:4]
    return claim_of_roots((positions_root, positions_height), (orders_root, orders_height), batch.sequence_number)


def executed(session: Session, batch_id: int) -> Batch | None:
    """None for what is not there yet, and for the state with which the operator began."""
    batch = session.get(Batch, batch_id)
    return batch if batch is not None and batch.previous is not None else None


def newest(session: Session, *states_left_out: str) -> Batch | None:
    """The batch with the highest id."""
    wanted = select(Batch).where(Batch.state.not_in(states_left_out)).order_by(Batch.id.desc()).limit(1)
    return session.scalars(wanted).first()


def update_arguments(session: Session, batch: Batch) -> tuple[list[int], list[int]]:
    """What `updateState` is sent with. On chain the id before the first one is 0."""
    conditions = [(registry, bytes.fromhex(fact.removeprefix("0x"))) for registry, fact in json.loads(batch.facts)]
    previous = 0 if batch.previous is None else max(batch.previous, 0)
    return words_of(session, batch.update_words), application_data(batch.id, previous, conditions)


def words_of(session: Session, digest: bytes | None) -> list[int]:
    """Of a blob. Raises BlobMissing."""
    if digest is None:
        raise blobs.BlobMissing("the batch has no such words")
    return [int(word) for word in blobs.get_json(session, digest)]


def proof_of(session: Session, batch_id: int) -> bytes | None:
    """The digest of a proof of the batch; None until there is one."""
    done = select(Job.proof).where(Job.batch == batch_id, Job.state == "done", Job.proof.is_not(None))
    return session.scalar(done.order_by(Job.id.desc()).limit(1))


def signatures_of(session: Session, batch: Batch) -> dict[str, bytes]:
    """Of the batch's claim, by member."""
    rows = session.scalars(select(Signature).where(Signature.batch == batch.id, Signature.claim == claim_of(batch)))
    return {row.member: row.signature for row in rows}

"""A store that knows less than the chain or the committee, as a restored one may: what it must not do then.

Batches that others have seen and the store has not must not be made a second time: members sign one batch of an id, and
the exchange takes what follows its own state. Nothing is repaired here: whoever runs the operator says what is to
happen.
"""

from __future__ import annotations

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from freehold.errors import Refused
from freehold.services.operator import batches, chain_view, lifecycle
from freehold.services.operator.lease import Writer
from freehold.services.operator.tables import ABANDONED, Batch

log = structlog.get_logger(__name__)
MOST_LEFT_OUT = 10_000
"""Ids: more are a mistake in the settings."""
REMEDY = (
    "Either the store is older than the chain, or another operator writes there. If it is older: name a new store, "
    "and `freehold operator anew FILE` begins with the exchange's newest state, which a member's "
    "`freehold committee export` or a copy of the pages' /state/BATCH gives"
)


class StoreBehind(RuntimeError):
    """The exchange took a batch that the store does not know: whatever is built on the store would be refused."""


def refuse_behind(session: Session, found: bytes, last: int) -> None:
    """`found` is the exchange's state, `last` its last batch. Raises StoreBehind, if no batch here led there."""
    if session.scalar(select(Batch.id).where(Batch.state_hash == found).limit(1)) is None:
        newest = session.scalar(select(func.max(Batch.id)))
        raise StoreBehind(
            f"the exchange is at batch {last} with the state 0x{found.hex()}, which this store does not know; its "
            f"newest batch is {newest}. {REMEDY}"
        )


def refuse_foreign_update(session: Session) -> None:
    """Of the blocks that were read. Raises StoreBehind, if the last update is of no batch of the store."""
    last = chain_view.last_update(session)
    first = session.scalar(select(Batch.id).where(Batch.previous.is_(None)))
    if last is None or first is None or last <= first:  # what led to the state to begin with is others' work
        return
    batch = session.get(Batch, last)
    if batch is None or chain_view.update_of(session, batch) is None:
        raise StoreBehind(f"the exchange took a batch {last} that is not this store's. {REMEDY}")


def leave_out(writer: Writer, seen: int, at: float) -> None:
    """Ids up to `seen` are not drawn any more. Raises Refused.

    Members ask for id after id and skip none: those that lack these are shown batches that were abandoned and change
    nothing.
    """
    with writer.store.unit() as session:
        newest = int(session.scalar(select(func.max(Batch.id))) or 0)
        last = batches.newest(session, ABANDONED)
    if seen <= newest or last is None:
        return
    if seen - newest > MOST_LEFT_OUT:
        raise Refused(f"seen = {seen} in [batch]: the store's newest batch is {newest}, so far no committee is ahead")
    with writer.unit() as session:
        for batch_id in range(newest + 1, seen + 1):
            session.add(_left_out(batch_id, last, at))
            session.flush()
            lifecycle.reach(session, batch_id, ABANDONED, at)
    log.warning("ids left out", first=newest + 1, last=seen)


def _left_out(batch_id: int, last: Batch, at: float) -> Batch:
    """`last` is the newest batch that stands: it stays so."""
    return Batch(
        id=batch_id,
        previous=last.id,
        state=ABANDONED,
        sequence_number=last.sequence_number + 1,
        created_at=at,
        system_time=last.system_time,
        minimum_expiration=last.minimum_expiration,
        deadline=last.deadline,
        state_hash=last.state_hash,
        words=last.words,
        facts="[]",
        n_transactions=0,
        n_steps=0,
        error="left out: the committee saw another batch of this id, of a store that was lost",
    )

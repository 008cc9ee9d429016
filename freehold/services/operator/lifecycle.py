"""How far each batch is: recomputed each turn from what is known, so that a reorganisation moves it back by itself.

    executed -> ready (proved and signed) -> sent (its update is written down) -> mined -> final
    any of the first three -> abandoned, with all that follow it

An abandoned batch stays served to the committee, with its leaves and entries. Should its update come on chain after
all, it is mined, and what was built beside it is abandoned.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from time import time
from types import MappingProxyType

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from freehold.services.operator import batches, chain_view, jobs
from freehold.services.operator.batches import BEFORE_BLOCK, OPEN
from freehold.services.operator.chain_events import UPDATED
from freehold.services.operator.lease import Writer
from freehold.services.operator.tables import (
    ABANDONED,
    EXECUTED,
    FINAL,
    MINED,
    READY,
    SENT,
    Batch,
    Block,
    ChainTx,
    Entry,
    Event,
    Received,
    Stage,
)

log = structlog.get_logger(__name__)
LAG_BOUND = 4 * 3_600
"""Seconds that a batch's system time may lie back when the exchange takes it (docs/spec/contracts-perpetual.md 15)."""
MARGIN = 600
"""Seconds before that, from which on a batch is not sent any more."""


class Lifecycle:
    """`required`: signatures of the committee; 0 in a rollup."""

    def __init__(
        self, writer: Writer, required: int, clock: Callable[[], float] = time, margin: float = MARGIN
    ) -> None:
        self.writer, self.required, self.clock, self.margin = writer, required, clock, margin

    def step(self) -> bool:
        """True if a batch is in another state, or came to another stage."""
        with self.writer.store.unit() as session:
            due = self._due(session)
        if not due:
            return False
        with self.writer.unit() as session:
            for change in due:
                change(session)
        return True

    def _due(self, session: Session) -> list[Callable[[Session], None]]:
        due = [self._revival(batch_id) for batch_id in _come_after_all(session)]
        for batch in session.scalars(select(Batch).where(Batch.state.in_(OPEN)).order_by(Batch.id)):
            state = self.state_of(session, batch)
            reason = self._too_late(session, batch) if state in (EXECUTED, READY) else None
            if reason is not None:
                due.append(self._abandonment(batch.id, reason))
                continue
            if state != batch.state:
                due.append(self._move(batch.id, state))
            due += [self._reach(batch.id, name) for name in self._new_stages(session, batch)]
        return due

    # --- what is known

    def state_of(self, session: Session, batch: Batch) -> str:
        """Of one that is not abandoned."""
        block = chain_view.update_of(session, batch)
        if block is not None:
            return FINAL if block.number <= chain_view.final_number(session) else MINED
        if _was_sent(session, batch.id, ("update",)):
            return SENT
        return READY if self._is_proved(session, batch) and self._is_signed(session, batch) else EXECUTED

    def _is_proved(self, session: Session, batch: Batch) -> bool:
        return batches.proof_of(session, batch.id) is not None

    def _is_signed(self, session: Session, batch: Batch) -> bool:
        return self.required == 0 or len(batches.signatures_of(session, batch)) >= self.required

    def _new_stages(self, session: Session, batch: Batch) -> list[str]:
        """Those that it has come to and that have no time yet; the states' own have theirs with the state."""
        known = set(session.scalars(select(Stage.name).where(Stage.batch == batch.id)))
        reached: dict[str, Callable[[], bool]] = {
            "proved": lambda: self._is_proved(session, batch),
            "signed": lambda: self.required > 0 and self._is_signed(session, batch),
            "sent_fact": lambda: _was_sent(session, batch.id, ("fact", "part")),
            "sent": lambda: _was_sent(session, batch.id, ("update",)),
        }
        return [name for name, is_reached in reached.items() if name not in known and is_reached()]

    def _too_late(self, session: Session, batch: Batch) -> str | None:
        """Why it is not worth sending any more, by this clock and the chain's."""
        top = chain_view.head(session)
        now = max(self.clock(), 0 if top is None else top.time)
        if now >= batch.deadline:
            return f"its deadline has passed by {now - batch.deadline:.0f} s"
        left = batch.system_time + LAG_BOUND - now
        if left <= self.margin:
            return f"its system time is too old: {left:.0f} s are left until the exchange refuses it"
        return None

    # --- what is written

    def _move(self, batch_id: int, state: str) -> Callable[[Session], None]:
        def change(session: Session) -> None:
            batch = session.get_one(Batch, batch_id)
            if batch.state == ABANDONED:  # with one before it, in this very turn
                return
            log.info("batch", batch=batch_id, state=state, before=batch.state)
            batch.state = state
            if state in (SENT, MINED, FINAL):
                reach(session, batch_id, state, self.clock())

        return change

    def _reach(self, batch_id: int, stage: str) -> Callable[[Session], None]:
        return lambda session: reach(session, batch_id, stage, self.clock())

    def _abandonment(self, batch_id: int, reason: str) -> Callable[[Session], None]:
        return lambda session: abandon(session, batch_id, reason, self.clock())

    def _revival(self, batch_id: int) -> Callable[[Session], None]:
        def change(session: Session) -> None:
            revive(session, batch_id, self.clock())

        return change


def reach(session: Session, batch_id: int, stage: str, at: float) -> None:
    """The last time counts."""
    session.merge(Stage(batch=batch_id, name=stage, at=at))


def abandon(
    session: Session, batch_id: int, reason: str, at: float, rejected: Mapping[int, str] = MappingProxyType({})
) -> None:
    """With all that follow it. Their transactions wait again, but those in `rejected`, which has a code for each.

    One that is abandoned already, or taken by the exchange, stays as it is.
    """
    batch = session.get_one(Batch, batch_id)
    if batch.state not in BEFORE_BLOCK:
        return
    gone = [batch_id, *_followers(session, batch_id)]
    for one in gone:
        row = session.get_one(Batch, one)
        row.state, row.error = ABANDONED, reason if one == batch_id else f"batch {batch_id} was abandoned: {reason}"
        reach(session, one, ABANDONED, at)
        jobs.cancel(session, one)
        log.error("abandoned", batch=one, reason=row.error)
    _set_waiting(session, gone)
    for tx_id, code in rejected.items():
        session.execute(
            update(Received)
            .where(Received.tx_id == tx_id)
            .values(state="rejected", code=code, reason=reason, batch=batch_id)
        )


def _set_waiting(session: Session, gone: Collection[int]) -> None:
    batched = (Received.batch.in_(gone), Received.state == "batched")
    session.execute(update(Received).where(*batched).values(state="received", batch=None))


def revive(session: Session, batch_id: int, at: float) -> None:
    """Its update is in a block although it was abandoned: so it happened, and what does not follow it did not."""
    log.error("came on chain after all", batch=batch_id)
    ancestry = _ancestors(session, batch_id)
    others = session.scalars(select(Batch).where(Batch.state.in_(BEFORE_BLOCK)).order_by(Batch.id)).all()
    for other in others:
        if other.id not in ancestry and batch_id not in _ancestors(session, other.id):
            abandon(session, other.id, f"batch {batch_id} came on chain after all", at)
    batch = session.get_one(Batch, batch_id)
    batch.state, batch.error = MINED, None
    reach(session, batch_id, MINED, at)
    taken = select(Entry.tx_id).where(Entry.batch == batch_id, Entry.code.is_(None), Entry.tx_id.is_not(None))
    session.execute(
        update(Received)
        .where(Received.tx_id.in_(taken))
        .values(state="batched", batch=batch_id, code=None, reason=None)
    )


def _followers(session: Session, batch_id: int) -> list[int]:
    """All that were built on it and are not abandoned, in order."""
    found, newest = [], [batch_id]
    while newest:
        newest = list(
            session.scalars(
                select(Batch.id).where(Batch.previous.in_(newest), Batch.state != ABANDONED).order_by(Batch.id)
            )
        )
        found += newest
    return found


def _ancestors(session: Session, batch_id: int) -> set[int]:
    """As far as one that is final, the batch itself included."""
    found: set[int] = set()
    row = session.get(Batch, batch_id)
    while row is not None and row.id not in found:
        found.add(row.id)
        row = None if row.state == FINAL or row.previous is None else session.get(Batch, row.previous)
    return found


def _come_after_all(session: Session) -> list[int]:
    """Abandoned batches that the exchange took."""
    abandoned = (
        select(Batch)
        .join(Event, Event.batch_id == Batch.id)
        .join(Block, Block.hash == Event.block)
        .where(Batch.state == ABANDONED, Event.name == UPDATED, Block.canonical)
        .order_by(Batch.id)
    )
    return [batch.id for batch in session.scalars(abandoned) if chain_view.update_of(session, batch) is not None]


def _was_sent(session: Session, batch_id: int, purposes: tuple[str, ...]) -> bool:
    row = select(ChainTx.nonce).where(ChainTx.batch == batch_id, ChainTx.purpose.in_(purposes)).limit(1)
    return session.scalar(row) is not None

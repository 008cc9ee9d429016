"""Batches whose proof cannot be made: what no worker has the memory for is split, what the program refuses is freed of
the transaction that is the reason.

Both are abandoned; their transactions wait again, in the order that they had, and go into batches that can be proven:
with fewer steps, or without the one. A person is told in any case.
"""

from __future__ import annotations

from collections.abc import Callable
from time import time

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from freehold.services.operator import blobs, jobs, lifecycle
from freehold.services.operator.bisection import Found, Search
from freehold.services.operator.children import ChildEnded
from freehold.services.operator.jobs import Cause
from freehold.services.operator.lease import Writer
from freehold.services.operator.tables import EXECUTED, Batch, Entry, Job
from freehold.services.operator.worker import PROVER
from prover.applications.perpetual.transactions import Transaction

log = structlog.get_logger(__name__)
REMEMBERED = 86_400
"""Seconds for which no batch is as large as one whose proof ran out of memory."""
PROGRAM_REFUSES = "PROGRAM_REFUSES"
"""The code of a transaction that the rules take and the program does not."""
GIB = 1 << 30
Memory = Callable[[Session], int | None]
"""Bytes that a proof may take anywhere; None while that is not known."""
LeaveOut = Callable[[Entry, Transaction], None]
"""Keeps what the operator put in itself out of the next batches, until it is started anew."""


class Unproven:
    """`parameters` names the set under which batches are proven."""

    def __init__(
        self,
        writer: Writer,
        memory: Memory,
        leave_out: LeaveOut,
        parameters: str,
        clock: Callable[[], float] = time,
        prover: str = PROVER,
    ) -> None:
        self.writer, self.memory, self.leave_out = writer, memory, leave_out
        self.parameters, self.clock, self.prover = parameters, clock, prover
        self._search: Search | None = None
        self._told: set[int] = set()
        """Batches that stay as they are, for a person to look at."""
        self._limit: int | None = None

    def step(self) -> bool:
        """Whether a batch was abandoned, or a proof is tried again."""
        if self._search is not None:
            return self._go_on(self._search)
        with self.writer.store.unit() as session:
            memory = self.memory(session)
            stuck = [(batch, job, _why(job, memory)) for batch, job in _without_proof(session)]
        for batch, job, cause in stuck:
            if cause is Cause.REFUSED and batch.id not in self._told:
                return self._begin(batch, job)
            if cause in (Cause.UNFIT, Cause.MEMORY):
                return self._split(batch, job, cause, memory)
        return False

    def close(self) -> None:
        if self._search is not None:
            self._search.close()

    # --- memory

    def step_limit(self, session: Session, most: int) -> int:
        """The most steps that a batch may have now, so that its proof fits somewhere."""
        limit = jobs.steps_that_fit(most, self.parameters, self.memory(session))
        failed = select(func.min(Batch.n_steps)).join(Job, Job.batch == Batch.id)
        failed = failed.where(Job.state == jobs.FAILED, Job.cause == Cause.MEMORY)
        too_large = session.scalar(failed.where(Batch.created_at > self.clock() - REMEMBERED))
        if too_large is not None:
            limit = min(limit, jobs.fewer_steps(too_large))
        if limit != (self._limit or most):
            log.warning("batches of other size", max_steps=limit, wanted=most)
        self._limit = limit
        return limit

    def _split(self, batch: Batch, job: Job, cause: Cause, memory: int | None) -> bool:
        reason = f"its proof takes {job.needs_bytes / GIB:.2f} GiB, "
        if cause is Cause.MEMORY:
            reason += f"and yet: {job.error}"
        else:
            assert memory is not None
            reason += f"the largest worker has {memory / GIB:.2f}"
        with self.writer.unit() as session:
            if _n_drafts(session, batch.id) <= 1:
                self._tell("a single transaction fits no worker", batch.id, reason)
                return False
            if cause is Cause.UNFIT and not jobs.end_unfit(session, job, reason):
                return False
            lifecycle.abandon(session, batch.id, reason, self.clock())
        return True

    # --- the program's refusal

    def _begin(self, batch: Batch, job: Job) -> bool:
        log.error("the program refuses a batch", batch=batch.id, reason=job.error)
        with self.writer.store.unit() as session:
            document = blobs.get_json(session, job.input)
        self._search = Search(batch.id, document, self.prover)
        return False

    def _go_on(self, search: Search) -> bool:
        try:
            found = search.step()
        except ChildEnded as ended:
            found = Found(None, f"its run {ended}")
        if found is None:
            return False
        search.close()
        self._search = None
        return self._conclude(search, found)

    def _conclude(self, search: Search, found: Found) -> bool:
        if found.place is None:
            self._tell("no transaction is the reason that the program refuses", search.batch, found.reason)
            return False
        with self.writer.unit() as session:
            entry = session.get_one(Entry, (search.batch, found.place))
            reason = f"the program refuses transaction {found.place}, {entry.kind}: {found.reason}"
            log.error("the program refuses", batch=search.batch, place=found.place, kind=entry.kind, tx_id=entry.tx_id)
            rejected = {} if entry.tx_id is None else {entry.tx_id: PROGRAM_REFUSES}
            lifecycle.abandon(session, search.batch, reason, self.clock(), rejected)
        if entry.tx_id is None:
            self.leave_out(entry, search.sealed.transactions[found.place])
        return True

    def _tell(self, what: str, batch: int, reason: str) -> None:
        if batch not in self._told:
            log.error(what, batch=batch, reason=reason)
        self._told.add(batch)


def _without_proof(session: Session) -> list[tuple[Batch, Job]]:
    """Batches that nobody proves now, and their jobs; the oldest first."""
    rows = select(Batch, Job).join(Job, Job.batch == Batch.id)
    rows = rows.where(Batch.state == EXECUTED, Job.state.in_((jobs.WAITING, jobs.FAILED))).order_by(Batch.id)
    return [(batch, job) for batch, job in session.execute(rows)]


def _why(job: Job, memory: int | None) -> Cause | None:
    """None where it may be proven yet, or where only a person can help."""
    if job.state == jobs.WAITING:
        return Cause.UNFIT if memory is not None and job.needs_bytes > memory else None
    return Cause(job.cause) if job.cause in (Cause.MEMORY, Cause.REFUSED) else None


def _n_drafts(session: Session, batch: int) -> int:
    """What went into it together, or not at all; without its ticks."""
    rows = select(Entry.place, Entry.tx_id).where(Entry.batch == batch, Entry.code.is_(None), Entry.origin != "tick")
    return len({("own", place) if tx_id is None else ("user", tx_id) for place, tx_id in session.execute(rows)})

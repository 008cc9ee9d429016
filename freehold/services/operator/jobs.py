"""Proofs to be made: ordered once, claimed by one worker at a time, ended by the newest claim alone.

A job waits, is leased, and ends done or failed. Whoever claims it has it until the lease runs out, and renews the lease
while it works; a lease that ran out is free for others. Each claim raises the job's fence: of two workers that both
believe to have it the older one is refused. Leases run by the database's clock, so that machines need not agree on one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from freehold.errors import Refused
from freehold.services.base.store import Store, database_time
from freehold.services.operator.tables import Job, KnownWorker
from prover.cairo.shapes import shape_of
from prover.cairo.sizes import typical_memory
from prover.cairo.statement import program_identity
from prover.proving.batch import exchange_program
from prover.stark.memory_need import memory_there
from prover.stark.parameters import NAMED

log = structlog.get_logger(__name__)
PROOF = "proof"
WAITING, LEASED, DONE, FAILED = "waiting", "leased", "done", "failed"
LEASE = 60.0
"""Seconds, where nobody says otherwise."""
MAX_ATTEMPTS = 3
CANCELLED = "cancelled: its batch was abandoned"
HEARD_OF = 900.0
"""Seconds since it was last heard of for which a worker counts as one that is there."""


class Cause(StrEnum):
    """Why an attempt failed, or a job was ended."""

    REFUSED = "refused"
    """The program refuses the batch, or writes other words than the rules."""
    DAMAGED = "damaged"
    """What the store has of it cannot be used, or what was proven is something else."""
    MEMORY = "out_of_memory"
    UNFIT = "unfit"
    """It takes more memory than any worker has."""
    CANCELLED = "cancelled"
    OTHER = "other"

    @property
    def is_permanent(self) -> bool:
        """Another attempt would fail the same way."""
        return self in (Cause.REFUSED, Cause.DAMAGED)


class ClaimLost(RuntimeError):
    """The lease ran out and another has the job, or it was cancelled: what was made of it is not taken."""


@dataclass(frozen=True)
class Claim:
    """A job that a worker has. `attempt` counts from 1; `input` and `output` are digests of blobs."""

    id: int
    batch: int
    key: bytes
    input: bytes
    output: bytes
    parameters: str
    needs_bytes: int
    owner: str
    fence: int
    attempt: int
    max_attempts: int

    @property
    def is_last(self) -> bool:
        return self.attempt >= self.max_attempts


# --- what a proof is


@cache
def exchange_identity() -> int:
    """Of the program that is proven here, under this version's shape."""
    program = exchange_program()
    return program_identity(shape_of(tuple(program.builtins)), program.data)


def key_of(input_digest: bytes, parameters: str) -> bytes:
    """SHA-256 of program identity, input digest and the parameters' values; `parameters` names a set."""
    values = json.dumps(NAMED[parameters].describe(), sort_keys=True).encode()
    return sha256(exchange_identity().to_bytes(32, "big") + input_digest + values).digest()


def needed(n_steps: int, parameters: str) -> int:
    """Bytes that the proof of a run of `n_steps` takes, predicted."""
    return typical_memory(exchange_program().builtins, n_steps, NAMED[parameters])


def fits(n_steps: int, parameters: str, memory: int | None = None) -> bool:
    """Whether `memory` bytes, or this machine's, are enough for it."""
    there = memory_there() if memory is None else memory
    return there is None or needed(n_steps, parameters) <= there


def steps_that_fit(most: int, parameters: str, memory: int | None) -> int:
    """`most`, or the greatest power of two below it whose proof takes no more than `memory` bytes; 0 where none does.

    Between two powers of two a proof takes the same.
    """
    steps = most
    while steps and not (memory is None or needed(steps, parameters) <= memory):
        steps = fewer_steps(steps)
    return steps


def fewer_steps(steps: int) -> int:
    """The greatest power of two below so many."""
    return (1 << (steps - 1).bit_length()) // 2


def priority_of(batch: int, deadline: int | None) -> int:
    """The deadline of a forced request goes before everything without one; batches without go in their order."""
    return (1 << 32) + batch if deadline is None else deadline


# --- the operator's side


def order(
    session: Session,
    batch: int,
    input_digest: bytes,
    output_digest: bytes,
    n_steps: int,
    priority: int,
    parameters: str,
    max_attempts: int = MAX_ATTEMPTS,
) -> Job:
    """The job of this work, made where there is none; one that failed is tried again for another batch.

    Both digests are of blobs: the program's input, and the JSON list, in decimal
    text, of the words that the run must write. Raises
    Refused where the same input was ordered with other words.
    """
    key = key_of(input_digest, parameters)
    job = session.scalar(select(Job).where(Job.key == key))
    if job is None:
        job = Job(key=key, kind=PROOF, input=input_digest, parameters=parameters, state=FAILED, fence=0, batch=batch)
        session.add(job)
    elif job.state != FAILED and job.output != output_digest:
        raise Refused(f"job {job.id} is of the same input as batch {batch}'s and must write other words")
    elif job.state != FAILED or job.batch == batch:
        job.batch, job.priority = batch, priority
        return job
    job.batch, job.output, job.priority, job.max_attempts = batch, output_digest, priority, max_attempts
    job.needs_bytes = needed(n_steps, parameters)
    job.state, job.attempts, job.error, job.cause = WAITING, 0, None, None
    session.flush()
    return job


def cancel(session: Session, batch: int) -> None:
    """Of an abandoned batch: nobody begins with it, and who has it loses it at the next renewal."""
    open_ones = and_(Job.batch == batch, Job.state.in_((WAITING, LEASED)))
    ended = {**_free(FAILED), "error": CANCELLED, "cause": Cause.CANCELLED}
    session.execute(update(Job).where(open_ones).values(**ended, fence=Job.fence + 1))


def end_unfit(session: Session, job: Job, reason: str) -> bool:
    """Of one that waits: no worker has the memory. False where somebody has claimed it meanwhile."""
    waits = and_(Job.id == job.id, Job.fence == job.fence, Job.state == WAITING)
    return _changed(session, waits, **_free(FAILED), error=reason, cause=Cause.UNFIT)


def retry(session: Session, batch: int) -> bool:
    """What failed is tried again, once its reason is mended; False where nothing has failed."""
    failed = and_(Job.batch == batch, Job.state == FAILED)
    return _changed(session, failed, state=WAITING, attempts=0, error=None, cause=None)


def give_up(session: Session) -> int:
    """Fails jobs whose last attempt fell silent; how many."""
    silent = select(Job).where(_has_run_out(), Job.attempts >= Job.max_attempts)
    ended = 0
    for job in session.scalars(silent):
        error = f"{job.owner} fell silent at attempt {job.attempts}" + (f"; before: {job.error}" if job.error else "")
        same = and_(Job.id == job.id, Job.fence == job.fence, _has_run_out())
        if _changed(session, same, **_free(FAILED), fence=Job.fence + 1, error=error, cause=Cause.OTHER):
            log.error("proof failed", batch=job.batch, job=job.id, error=error)
            ended += 1
    return ended


def expire(session: Session, owner: str) -> None:
    """What `owner` has is free: it is known to have ended."""
    session.execute(update(Job).where(Job.owner == owner, Job.state == LEASED).values(lease_until=0.0))


def counts(session: Session) -> dict[str, int]:
    """Jobs by state."""
    rows = session.execute(select(Job.state, func.count()).group_by(Job.state))
    return {state: number for state, number in rows}


def memory_told(session: Session) -> int | None:
    """Bytes: the most that a worker which was heard of lately has for a proof; None where that has no limit, or where
    none was heard of."""
    lately = KnownWorker.seen_at >= database_time() - HEARD_OF
    told = session.scalars(select(KnownWorker.memory).where(lately)).all()
    known = [memory for memory in told if memory is not None]
    return max(known) if known and len(known) == len(told) else None


# --- the worker's side


def tell_memory(session: Session, worker: str, memory: int | None) -> None:
    """That it looks for jobs, and what a proof may take there. Who has not been heard of for long is forgotten."""
    session.execute(delete(KnownWorker).where(KnownWorker.seen_at < database_time() - HEARD_OF))
    values = {"memory": memory, "seen_at": database_time()}
    known = update(KnownWorker).where(KnownWorker.name == worker).values(**values)
    if not session.execute(known.execution_options(synchronize_session=False)).rowcount:  # type: ignore[attr-defined]
        session.execute(insert(KnownWorker).values(name=worker, **values))


def claimable(session: Session, memory: int | None = None) -> Sequence[Job]:
    """What may be claimed and takes no more than `memory` bytes, the most urgent first."""
    is_free = or_(Job.state == WAITING, _has_run_out())
    wanted = select(Job).where(is_free, Job.kind == PROOF, Job.attempts < Job.max_attempts)
    if memory is not None:
        wanted = wanted.where(Job.needs_bytes <= memory)
    return session.scalars(wanted.order_by(Job.priority, Job.id)).all()


def hindrances(session: Session, memory: int | None) -> Iterator[tuple[Job, str]]:
    """Jobs that could be claimed, but not here, and why."""
    for job in claimable(session):
        if memory is not None and job.needs_bytes > memory:
            yield job, f"takes {job.needs_bytes / 2**30:.1f} GiB, {memory / 2**30:.1f} are there"
        elif not _is_ours(job):
            yield job, "is of another version's program"


def claim(
    store: Store, owner: str, lease: float = LEASE, memory: int | None = None, key: bytes | None = None
) -> Claim | None:
    """The most urgent job that can be had, or the one of `key`; None where there is none."""
    with store.unit() as session:
        wanted = [job for job in claimable(session, memory) if _is_ours(job) and key in (None, job.key)]
    for job in wanted:
        with store.unit() as session:
            if _is_taken(session, job, owner, lease):
                return Claim(
                    job.id,
                    job.batch,
                    job.key,
                    job.input,
                    job.output,
                    job.parameters,
                    job.needs_bytes,
                    owner,
                    job.fence + 1,
                    job.attempts + 1,
                    job.max_attempts,
                )
    return None


def _is_taken(session: Session, seen: Job, owner: str, lease: float) -> bool:
    """Compare and swap, in one statement: nobody has claimed it since it was seen."""
    as_seen = and_(Job.id == seen.id, Job.fence == seen.fence, or_(Job.state == WAITING, _has_run_out()))
    return _changed(
        session,
        as_seen,
        state=LEASED,
        owner=owner,
        fence=Job.fence + 1,
        attempts=Job.attempts + 1,
        lease_until=database_time() + lease,
    )


def renew(session: Session, claimed: Claim, lease: float = LEASE) -> None:
    """Raises ClaimLost."""
    _end(session, claimed, lease_until=database_time() + lease)


def finish(session: Session, claimed: Claim, proof: bytes, peak_bytes: int, seconds: Mapping[str, float]) -> None:
    """`proof` is a blob's digest. Raises ClaimLost."""
    figures = json.dumps({stage: round(spent, 3) for stage, spent in seconds.items()})
    _end(session, claimed, **_free(DONE), proof=proof, peak_bytes=peak_bytes, seconds=figures, error=None, cause=None)


def fail(session: Session, claimed: Claim, error: str, cause: Cause) -> None:
    """To be tried again, unless it would fail again or was tried often enough. Raises ClaimLost."""
    is_over = cause.is_permanent or claimed.is_last
    _end(session, claimed, **_free(FAILED if is_over else WAITING), error=error, cause=cause)
    told = log.error if is_over else log.warning
    event = "proof failed" if is_over else "attempt failed"
    told(event, batch=claimed.batch, job=claimed.id, attempt=claimed.attempt, error=error)


def give_back(session: Session, claimed: Claim) -> None:
    """Not an attempt. Raises ClaimLost."""
    _end(session, claimed, **_free(WAITING), attempts=Job.attempts - 1)


def _is_ours(job: Job) -> bool:
    return job.parameters in NAMED and job.key == key_of(job.input, job.parameters)


def _has_run_out() -> ColumnElement[bool]:
    return and_(Job.state == LEASED, Job.lease_until < database_time())


def _free(state: str) -> dict[str, Any]:
    return {"state": state, "owner": None, "lease_until": None}


def _end(session: Session, claimed: Claim, **values: Any) -> None:
    """Changes the job if the claim is still the newest. Raises ClaimLost."""
    ours = and_(Job.id == claimed.id, Job.fence == claimed.fence, Job.state == LEASED)
    if not _changed(session, ours, **values):
        raise ClaimLost(f"{claimed.owner} no longer has job {claimed.id}")


def _changed(session: Session, which: ColumnElement[bool], **values: Any) -> bool:
    statement = update(Job).where(which).values(**values).execution_options(synchronize_session=False)
    return bool(session.execute(statement).rowcount)  # type: ignore[attr-defined]

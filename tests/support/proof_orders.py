"""Rows of an operator's store for tests: batches without a life, and jobs of a batch that is small to prove."""

from __future__ import annotations

from functools import cache

from freehold.services.operator import blobs, jobs
from freehold.services.operator.tables import Batch as BatchRow
from freehold.services.operator.tables import Job
from prover.applications.perpetual import samples
from prover.applications.perpetual.batch import Batch
from prover.applications.perpetual.documents import Case

STEPS = 10_819
"""That `small_batch` takes; a test compares."""
PARAMETERS = "fast"


@cache
def small_batch(count: int = 1) -> Batch:
    """Two ticks and a trade or more: 2^14 steps, a second or two to prove."""
    return Case.parsed(samples.trades(count, 3, n_assets=5)).apply()


def add_batch(session, batch_id: int, previous: int | None = None) -> BatchRow:
    """An executed one about which nothing is true but its id."""
    row = BatchRow(
        id=batch_id,
        previous=previous,
        state="executed",
        sequence_number=batch_id + 1,
        created_at=0.0,
        system_time=0,
        minimum_expiration=0,
        deadline=0,
        state_hash=bytes(32),
        words="[]",
        facts="[]",
        n_transactions=0,
        n_steps=STEPS,
    )
    session.add(row)
    session.flush()
    return row


def order_proof(
    store,
    batch_id: int = 0,
    *,
    program_input=None,
    expected=None,
    n_steps: int = STEPS,
    priority: int | None = None,
    max_attempts: int = jobs.MAX_ATTEMPTS,
) -> Job:
    """The job of the small batch's proof, or of another input or output; a `batch_id` that is new is added."""
    batch = small_batch()
    given = batch.program_input() if program_input is None else program_input
    words = batch.output() if expected is None else expected
    with store.unit() as session:
        if session.get(BatchRow, batch_id) is None:
            add_batch(session, batch_id)
        return jobs.order(
            session,
            batch_id,
            blobs.put_json(session, "input", given),
            blobs.put_json(session, "output", [str(word) for word in words]),
            n_steps,
            jobs.priority_of(batch_id, None) if priority is None else priority,
            PARAMETERS,
            max_attempts,
        )


def order_other_work(store, batch_id: int, **fields) -> Job:
    """A job that no test proves: its input is only a number."""
    return order_proof(store, batch_id, program_input={"number": batch_id}, expected=[], **fields)


def job_row(store, job_id: int) -> Job:
    with store.unit() as session:
        job = session.get(Job, job_id)
        assert job is not None
        return job

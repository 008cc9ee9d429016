"""Jobs: ordered once, had by one worker at a time, ended by the newest claim alone."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from freehold.errors import Refused
from freehold.services.operator import jobs
from freehold.services.operator.store import open_store
from freehold.services.operator.tables import Job
from prover.proving.batch import run_batch
from prover.stark.parameters import NAMED
from tests.support.proof_orders import (
    PARAMETERS,
    STEPS,
    job_row,
    order_other_work,
    order_proof,
    small_batch,
)


def run_out(store, job) -> None:
    """The job's lease."""
    with store.unit() as session:
        session.execute(update(Job).where(Job.id == job.id).values(lease_until=time.time() - 1))


def finish(store, claim, proof=bytes(32)) -> None:
    with store.unit() as session:
        jobs.finish(session, claim, proof, 1, {"run": 0.5})


# --- ordering


def test_the_same_work_ordered_twice_is_one_job(store):
    first, second = order_proof(store, 0), order_proof(store, 0)
    assert first.id == second.id and jobs.claim(store, "a").id == first.id
    assert jobs.claim(store, "b") is None


def test_other_inputs_and_other_parameters_are_other_jobs():
    digest = bytes(32)
    keys = {jobs.key_of(digest, name) for name in NAMED} | {jobs.key_of(b"\1" * 32, PARAMETERS)}
    assert len(keys) == len(NAMED) + 1


def test_a_batch_rebuilt_with_the_same_content_takes_the_job_over(store):
    job = order_proof(store, 0)
    finish(store, jobs.claim(store, "a"))
    order_proof(store, 1)
    row = job_row(store, job.id)
    assert (row.batch, row.state) == (1, jobs.DONE)


def test_the_same_input_with_other_words_is_refused(store):
    order_proof(store, 0)
    with pytest.raises(Refused, match="must write other words"):
        order_proof(store, 1, expected=[1])


def test_what_failed_is_tried_again_for_another_batch_and_not_for_the_same(store):
    job = order_proof(store, 0, expected=[1])
    with store.unit() as session:
        jobs.fail(session, jobs.claim(store, "a"), "wrong", jobs.Cause.REFUSED)
    order_proof(store, 0, expected=[1])
    assert job_row(store, job.id).state == jobs.FAILED
    order_proof(store, 1)
    row = job_row(store, job.id)
    assert (row.state, row.attempts, row.error, row.batch) == (jobs.WAITING, 0, None, 1)


def test_the_need_is_predicted_and_lies_above_what_a_proof_takes(store):
    """Peaks of memory are measured by `test_workers.py`; here the program's steps are."""
    run = run_batch(small_batch())
    assert run.n_executed_steps == STEPS
    needed = jobs.needed(STEPS, PARAMETERS)
    assert order_proof(store).needs_bytes == needed
    assert jobs.fits(STEPS, PARAMETERS, needed) and not jobs.fits(STEPS, PARAMETERS, needed - 1)
    assert jobs.fits(STEPS, PARAMETERS) and not jobs.fits(1 << 24, "final")


def test_forced_requests_go_first_by_their_deadlines_and_then_batches_in_order(store):
    for batch, deadline in ((0, None), (1, None), (2, 2_000_000_000), (3, 1_900_000_000)):
        order_other_work(store, batch, priority=jobs.priority_of(batch, deadline))
    assert [jobs.claim(store, "a").batch for _ in range(4)] == [3, 2, 0, 1]


# --- claims


def test_a_lease_that_runs_is_nobody_elses_and_one_that_ran_out_is_free(store):
    job = order_proof(store)
    first = jobs.claim(store, "first", lease=0.3)
    assert jobs.claim(store, "second") is None
    time.sleep(0.4)
    second = jobs.claim(store, "second")
    assert (second.id, second.fence, second.attempt) == (job.id, first.fence + 1, 2)


def test_a_renewed_lease_runs_on(store):
    order_proof(store)
    claim = jobs.claim(store, "first", lease=0.3)
    with store.unit() as session:
        jobs.renew(session, claim, lease=60)
    time.sleep(0.4)
    assert jobs.claim(store, "second") is None


@pytest.mark.parametrize("deed", ["renew", "finish", "fail", "give back"])
def test_who_was_overtaken_changes_nothing(store, deed):
    job = order_proof(store)
    old = jobs.claim(store, "old")
    run_out(store, job)
    new = jobs.claim(store, "new")
    deeds = {
        "renew": lambda session: jobs.renew(session, old),
        "finish": lambda session: jobs.finish(session, old, bytes(32), 1, {}),
        "fail": lambda session: jobs.fail(session, old, "late", jobs.Cause.OTHER),
        "give back": lambda session: jobs.give_back(session, old),
    }
    with pytest.raises(jobs.ClaimLost, match=f"old no longer has job {job.id}"), store.unit() as session:
        deeds[deed](session)
    row = job_row(store, job.id)
    assert (row.state, row.owner, row.attempts, row.error) == (jobs.LEASED, "new", 2, None)
    finish(store, new)


def test_of_two_proofs_the_first_stored_wins(store):
    job = order_proof(store)
    claim = jobs.claim(store, "a")
    finish(store, claim, b"\1" * 32)
    with pytest.raises(jobs.ClaimLost):
        finish(store, claim, b"\2" * 32)
    row = job_row(store, job.id)
    assert (row.state, row.proof, row.seconds, row.owner) == (jobs.DONE, b"\1" * 32, '{"run": 0.5}', None)


def test_who_is_late_and_was_not_overtaken_may_finish(store):
    job = order_proof(store)
    claim = jobs.claim(store, "a")
    run_out(store, job)
    finish(store, claim)
    assert job_row(store, job.id).state == jobs.DONE


def test_workers_at_once_never_have_the_same_job(store, database_url):
    n_jobs, n_workers = 12, 6
    for batch in range(n_jobs):
        order_other_work(store, batch)

    def claims(worker: int) -> list[int]:
        own = open_store(database_url)
        had = []
        while (claim := jobs.claim(own, f"worker {worker}")) is not None:
            had.append(claim.id)
        own.close()
        return had

    with ThreadPoolExecutor(n_workers) as pool:
        had = [job for part in pool.map(claims, range(n_workers)) for job in part]
    assert sorted(had) == sorted(set(had)) and len(had) == n_jobs


def test_a_claim_on_what_was_seen_before_is_refused(store):
    """The race by hand: both saw the job waiting, one statement decides."""
    order_proof(store)
    with store.unit() as session:
        seen = jobs.claimable(session)[0]
    assert jobs.claim(store, "quick") is not None
    with store.unit() as session:
        assert not jobs._is_taken(session, seen, "slow", 60)


def test_a_job_that_takes_more_memory_than_there_is_is_left_to_others_and_named(store):
    job = order_proof(store)
    assert jobs.claim(store, "small", memory=job.needs_bytes - 1) is None
    with store.unit() as session:
        [(hindered, reason)] = jobs.hindrances(session, job.needs_bytes - 1)
    assert hindered.id == job.id and "GiB" in reason
    assert jobs.claim(store, "large", memory=job.needs_bytes) is not None


def test_another_versions_job_is_left_alone_and_named(store, monkeypatch):
    order_proof(store)
    identity = jobs.exchange_identity()
    monkeypatch.setattr(jobs, "exchange_identity", lambda: identity + 1)
    assert jobs.claim(store, "newer") is None
    with store.unit() as session:
        assert [reason for _, reason in jobs.hindrances(session, None)] == ["is of another version's program"]


# --- failures


def test_an_attempt_that_fails_is_followed_by_others_up_to_the_last(store):
    job = order_proof(store, max_attempts=2)
    for attempt, state in ((1, jobs.WAITING), (2, jobs.FAILED)):
        claim = jobs.claim(store, "a")
        assert claim.attempt == attempt
        with store.unit() as session:
            jobs.fail(session, claim, f"cause {attempt}", jobs.Cause.OTHER)
        row = job_row(store, job.id)
        assert (row.state, row.error) == (state, f"cause {attempt}")
    assert jobs.claim(store, "a") is None
    with store.unit() as session:
        assert jobs.counts(session) == {jobs.FAILED: 1}
        assert jobs.retry(session, 0) and not jobs.retry(session, 0)
    assert jobs.claim(store, "a").attempt == 1


def test_a_permanent_failure_is_not_tried_again(store):
    job = order_proof(store)
    with store.unit() as session:
        jobs.fail(session, jobs.claim(store, "a"), "the program refuses", jobs.Cause.REFUSED)
    assert job_row(store, job.id).state == jobs.FAILED and jobs.claim(store, "a") is None


def test_what_is_given_back_is_free_at_once_and_was_no_attempt(store):
    order_proof(store)
    with store.unit() as session:
        jobs.give_back(session, jobs.claim(store, "a"))
    assert jobs.claim(store, "b").attempt == 1


def test_who_falls_silent_at_the_last_attempt_ends_the_job(store):
    job = order_proof(store, max_attempts=1)
    jobs.claim(store, "a")
    with store.unit() as session:
        assert jobs.give_up(session) == 0
    run_out(store, job)
    assert jobs.claim(store, "b") is None
    with store.unit() as session:
        assert jobs.give_up(session) == 1
    row = job_row(store, job.id)
    assert (row.state, row.error) == (jobs.FAILED, "a fell silent at attempt 1")


def test_a_cancelled_job_is_lost_to_who_has_it_and_begun_by_nobody(store):
    jobs_of = [order_proof(store, 0), order_other_work(store, 1)]
    claim = jobs.claim(store, "a")
    with store.unit() as session:
        for batch in (0, 1):
            jobs.cancel(session, batch)
    with pytest.raises(jobs.ClaimLost), store.unit() as session:
        jobs.renew(session, claim)
    assert jobs.claim(store, "b") is None
    assert {job_row(store, job.id).error for job in jobs_of} == {jobs.CANCELLED}


def test_a_cancelled_batchs_proof_that_is_done_stays(store):
    job = order_proof(store)
    finish(store, jobs.claim(store, "a"))
    with store.unit() as session:
        jobs.cancel(session, 0)
    assert job_row(store, job.id).state == jobs.DONE


def test_what_a_dead_owner_had_is_free(store):
    order_proof(store)
    jobs.claim(store, "dead")
    with store.unit() as session:
        jobs.expire(session, "another")
    assert jobs.claim(store, "b") is None
    with store.unit() as session:
        jobs.expire(session, "dead")
    assert jobs.claim(store, "b").attempt == 2


def test_the_databases_clock_is_the_time(store):
    from sqlalchemy import select

    from freehold.services.base.store import database_time

    with store.unit() as session:
        assert abs(session.scalar(select(database_time())) - time.time()) < 2

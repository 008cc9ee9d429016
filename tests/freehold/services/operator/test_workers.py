"""A worker has a proof made in one process and verified in another, and stores it once; what fails is named."""

import json
import os
import signal
import threading
import time

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from freehold.commands.main import main
from freehold.services.operator import blobs, jobs
from freehold.services.operator import worker as workers
from freehold.services.operator.store import open_store
from freehold.services.operator.tables import Blob, Job
from freehold.services.operator.worker import Outcome, Worker
from prover.cairo.proof_file import ProofFile
from prover.cairo.prove import verify_proof
from prover.proving.batch import exchange_program
from prover.stark.parameters import NAMED
from tests.support import bad_prover
from tests.support.databases import databases
from tests.support.proof_orders import PARAMETERS, job_row, order_proof, small_batch
from tests.support.waiting import wait_for


@pytest.fixture
def sqlite(tmp_path):
    with databases(tmp_path) as served:
        store = open_store(served.new("sqlite"))
        store.migrate()
        yield store
        store.close()


@pytest.fixture
def twin(monkeypatch):
    """A worker with a broken prover."""

    def make(store, kind: str, **fields) -> Worker:
        monkeypatch.setenv(bad_prover.CHOICE, kind)
        return Worker(store, prover=bad_prover.MODULE, **fields)

    return make


def n_proofs(store) -> int:
    with store.unit() as session:
        return len(session.scalars(select(Blob).where(Blob.kind == jobs.PROOF)).all())


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_job_is_proved_verified_and_stored(store):
    """On SQLite the command does it, below."""
    job = order_proof(store)
    assert Worker(store).work() is Outcome.DONE
    row = job_row(store, job.id)
    assert (row.state, row.error, row.owner, row.attempts) == (jobs.DONE, None, None, 1)
    with store.unit() as session:
        given = ProofFile.from_bytes(blobs.get(session, row.proof))
    assert given.identity == jobs.exchange_identity()
    assert list(verify_proof(given.proof, exchange_program(), NAMED[PARAMETERS]).output) == small_batch().output()
    seconds = json.loads(row.seconds)
    assert {"run", "trace", "main columns", "low-degree test", "openings", "verify"} <= set(seconds)
    assert all(spent >= 0 for spent in seconds.values()) and sum(seconds.values()) > 0.1
    assert 0.5 * row.needs_bytes < row.peak_bytes < row.needs_bytes
    assert Worker(store).work() is Outcome.NOTHING


def test_a_proof_that_does_not_verify_is_not_stored(sqlite, twin):
    job = order_proof(sqlite)
    assert twin(sqlite, "turned").work() is Outcome.FAILED
    row = job_row(sqlite, job.id)
    assert row.state == jobs.WAITING and row.error.startswith("verify: ") and row.proof is None
    assert n_proofs(sqlite) == 0


def test_words_that_the_rules_did_not_expect_end_the_job_and_the_word_is_named(sqlite):
    expected = small_batch().output()
    expected[3] += 1
    job = order_proof(sqlite, expected=expected)
    assert Worker(sqlite).work() is Outcome.FAILED
    row = job_row(sqlite, job.id)
    found = small_batch().output()[3]
    assert (row.state, row.attempts) == (jobs.FAILED, 1)
    assert row.error == f"prove: output word 3: the program wrote {found}, the rules say {found + 1}"


def test_what_the_program_refuses_ends_the_job_with_its_error(sqlite):
    given = json.loads(json.dumps(small_batch().program_input()))
    given["batch"]["minimum_expiration_timestamp"] = str((1 << 32) - 1)
    job = order_proof(sqlite, program_input=given)
    assert Worker(sqlite).work() is Outcome.FAILED
    row = job_row(sqlite, job.id)
    assert row.state == jobs.FAILED and row.error.startswith("prove: the program refuses: "), row.error


def test_want_of_memory_is_named_and_takes_only_the_provers_process(sqlite, twin):
    job = order_proof(sqlite)
    assert twin(sqlite, "greedy").work() is Outcome.FAILED
    row = job_row(sqlite, job.id)
    assert row.state == jobs.WAITING and row.error.startswith("prove: out of memory"), row.error


def test_a_proof_that_takes_more_than_was_predicted_is_out_of_memory(sqlite):
    """The kernel's own way to run out, under the limit."""
    job = order_proof(sqlite)
    with sqlite.unit() as session:
        session.execute(update(Job).values(needs_bytes=150 << 20))
    assert Worker(sqlite).work() is Outcome.FAILED
    row = job_row(sqlite, job.id)
    assert row.state == jobs.WAITING and "out of memory" in row.error, row.error


@pytest.mark.parametrize(
    ("kind", "cause"), [("silent", "prove: ended with exit code 7"), ("fails", "KeyError: 'what nobody expects'")]
)
def test_a_prover_that_ends_without_an_answer_is_a_failed_attempt(sqlite, twin, kind, cause):
    job = order_proof(sqlite)
    assert twin(sqlite, kind).work() is Outcome.FAILED
    row = job_row(sqlite, job.id)
    assert row.state == jobs.WAITING and cause in row.error


def test_an_input_that_is_gone_is_no_reason_to_try_again(sqlite):
    job = order_proof(sqlite)
    with sqlite.unit() as session:
        session.delete(session.get(Blob, job.input))
    assert Worker(sqlite).work() is Outcome.FAILED
    row = job_row(sqlite, job.id)
    assert row.state == jobs.FAILED and row.error == f"there is no blob {job.input.hex()}"


# --- leases


def test_a_worker_renews_what_it_works_on(sqlite, twin):
    """A lease of a second and a half outlives three and a half."""
    order_proof(sqlite)
    slow = twin(sqlite, "slow", lease=1.5)
    thread = threading.Thread(target=slow.work)
    thread.start()
    wait_for(lambda: sqlite_counts(sqlite) == {jobs.LEASED: 1})
    time.sleep(3.5)
    assert jobs.claim(sqlite, "another") is None
    slow.stop.set()
    thread.join(5)
    assert not thread.is_alive() and jobs.claim(sqlite, "another").attempt == 1


def sqlite_counts(store) -> dict[str, int]:
    with store.unit() as session:
        return jobs.counts(session)


def test_a_worker_whose_job_is_cancelled_ends_the_proof(sqlite, twin):
    job = order_proof(sqlite)
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(twin(sqlite, "slow", lease=0.6).work()))
    thread.start()
    wait_for(lambda: sqlite_counts(sqlite) == {jobs.LEASED: 1})
    with sqlite.unit() as session:
        jobs.cancel(session, 0)
    thread.join(5)
    assert outcomes == [Outcome.LOST] and job_row(sqlite, job.id).state == jobs.FAILED


def test_a_finished_proof_waits_for_a_store_that_does_not_answer(sqlite, monkeypatch):
    job = order_proof(sqlite)
    monkeypatch.setattr(Worker, "_proven", lambda *_: workers.Proven(b"a proof", {"run": 1.0}, 1))
    finish, n_calls = jobs.finish, []

    def unwilling(*arguments) -> None:
        n_calls.append(1)
        if len(n_calls) < 3:
            raise OperationalError("", {}, Exception("it is away"))
        finish(*arguments)

    monkeypatch.setattr(jobs, "finish", unwilling)
    monkeypatch.setattr(workers, "POLL", 0.01)
    assert Worker(sqlite).work() is Outcome.DONE
    assert len(n_calls) == 3 and job_row(sqlite, job.id).state == jobs.DONE and n_proofs(sqlite) == 1


# --- the command


def freehold(*words: object):
    return CliRunner().invoke(main, [str(word) for word in words])


def test_the_command_proves_one_and_says_so(sqlite):
    job = order_proof(sqlite)
    result = freehold("worker", "run", "--store", sqlite.url, "--once", "--name", "desk", "--threads", 1)
    assert result.exit_code == 0 and result.output.endswith("proved\n"), result.output
    for line in ("claimed", "stage=run", "stage='main columns'", "stage=verify"):
        assert line in result.output
    assert job_row(sqlite, job.id).state == jobs.DONE and n_proofs(sqlite) == 1
    result = freehold("worker", "run", "--store", sqlite.url, "--once")
    assert result.exit_code == 0 and result.output.endswith("nothing to prove\n")


def test_the_command_fails_where_the_proof_does(sqlite):
    order_proof(sqlite, expected=[1])
    result = freehold("worker", "run", "--store", sqlite.url, "--once")
    assert result.exit_code == 1 and result.output.endswith("Error: the job was not proved: failed\n")


def test_a_job_that_takes_too_much_memory_is_left_and_named(sqlite):
    order_proof(sqlite, n_steps=1 << 22)
    result = freehold("worker", "run", "--store", sqlite.url, "--once", "--memory", 1)
    assert result.exit_code == 0 and "not for this worker" in result.output and "1.0 are there" in result.output


@pytest.mark.parametrize("url", ["nonsense", "sqlite:///{}/none.db", "sqlite:///{}/empty.db", "nobase://x"])
def test_a_store_that_is_none_is_one_line(tmp_path, url):
    (tmp_path / "empty.db").touch()
    result = freehold("worker", "run", "--store", url.format(tmp_path))
    assert result.exit_code == 1 and result.output.startswith("Error: ") and "Traceback" not in result.output
    assert not (tmp_path / "none.db").exists()


def test_ctrl_c_gives_the_job_back(sqlite, twin):
    job, before = order_proof(sqlite), signal.getsignal(signal.SIGINT)
    ctrl_c = threading.Thread(
        target=lambda: (
            wait_for(lambda: sqlite_counts(sqlite) == {jobs.LEASED: 1}),
            os.kill(os.getpid(), signal.SIGINT),
        )
    )
    ctrl_c.start()
    result = freehold("worker", "run", "--store", sqlite.url)
    ctrl_c.join()
    row = job_row(sqlite, job.id)
    assert result.exit_code == 0 and "given back" in result.output
    assert (row.state, row.attempts, row.owner) == (jobs.WAITING, 0, None)
    assert signal.getsignal(signal.SIGINT) is before

"""Whatever engine places a job: a worker killed in the middle costs the attempt, and another does the job."""

import os
import signal
import subprocess
import sys

import pytest
from distributed import LocalCluster

from freehold.errors import Refused
from freehold.services.operator import jobs
from freehold.services.operator.engines import make_engine
from freehold.services.operator.engines.dask import DaskEngine
from freehold.services.operator.engines.process import ProcessEngine, threads_of
from freehold.services.operator.engines.store import StoreEngine
from freehold.services.operator.settings import ProverSettings
from tests.support import bad_prover
from tests.support.proof_orders import job_row, order_other_work, order_proof
from tests.support.waiting import wait_for

LEASE = 4.0
SLOW = pytest.mark.slow
HERE = pytest.mark.parametrize("database_url", ["sqlite", pytest.param("postgresql", marks=SLOW)], indirect=True)
ELSEWHERE = pytest.mark.parametrize("database_url", ["postgresql", pytest.param("sqlite", marks=SLOW)], indirect=True)
"""The database that the engine is for, in each run of the suite; the other one in the slow tests."""


def owner_pid(store, job_id: int) -> int | None:
    """Of the worker that has the job."""
    row = job_row(store, job_id)
    return int(row.owner.rpartition("/")[2]) if row.state == jobs.LEASED and row.owner else None


def stepped(engine, is_so, seconds: float = 90.0) -> None:
    def step_and_look() -> bool:
        engine.step()
        return is_so()

    wait_for(step_and_look, seconds)


def kill_in_the_middle(engine, store, job_id: int) -> int:
    """The worker's process id."""
    stepped(engine, lambda: owner_pid(store, job_id) is not None)
    pid = owner_pid(store, job_id)
    os.kill(pid, signal.SIGKILL)
    return pid


def is_done(store, job_id: int) -> bool:
    return job_row(store, job_id).state == jobs.DONE


def is_there(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")


def provers_of(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as listed:
        return [int(word) for word in listed.read().split()]


# --- this machine


@HERE
def test_processes_a_killed_worker_costs_an_attempt_and_another_does_the_job(store):
    job = order_proof(store)
    engine = ProcessEngine(store, lease=60)
    try:
        kill_in_the_middle(engine, store, job.id)
        stepped(engine, lambda: is_done(store, job.id), 40)
    finally:
        engine.close()
    assert job_row(store, job.id).attempts == 2


@HERE
def test_processes_no_more_at_once_than_there_are_workers_and_each_job_in_one(store, monkeypatch):
    monkeypatch.setenv(bad_prover.CHOICE, "slow")
    for batch in range(3):
        order_proof(store, batch, program_input={"number": batch})
    engine = ProcessEngine(store, workers=2, prover=bad_prover.MODULE)
    try:
        stepped(engine, lambda: counted(store).get(jobs.LEASED) == 2)
        assert not engine.step() and len(engine.pids()) == 2
    finally:
        engine.close()
    assert counted(store) == {jobs.WAITING: 3}


def counted(store) -> dict[str, int]:
    with store.unit() as session:
        return jobs.counts(session)


@HERE
def test_processes_a_job_whose_worker_has_not_claimed_it_yet_is_not_placed_again(store, monkeypatch):
    monkeypatch.setenv(bad_prover.CHOICE, "slow")
    order_proof(store)
    engine = ProcessEngine(store, workers=2, prover=bad_prover.MODULE)
    try:
        assert engine.step() and not engine.step()
    finally:
        engine.close()


@HERE
def test_processes_closing_gives_back_what_is_at_work(store, monkeypatch):
    monkeypatch.setenv(bad_prover.CHOICE, "slow")
    job = order_proof(store)
    engine = ProcessEngine(store, prover=bad_prover.MODULE)
    stepped(engine, lambda: owner_pid(store, job.id) is not None)
    pids = engine.pids()
    engine.close()
    row = job_row(store, job.id)
    assert (row.state, row.attempts) == (jobs.WAITING, 0) and not any(is_there(pid) for pid in pids)


OPERATOR = """
import sys, time
from freehold.services.operator.engines.process import ProcessEngine
from freehold.services.operator.store import open_store
engine = ProcessEngine(open_store(sys.argv[1]), prover="tests.support.bad_prover")
while True:
    engine.step()
    time.sleep(0.1)
"""


@HERE
def test_processes_an_operator_that_is_killed_leaves_none_behind_and_the_job_free(store, monkeypatch):
    monkeypatch.setenv(bad_prover.CHOICE, "slow")
    job = order_proof(store)
    operator = subprocess.Popen([sys.executable, "-c", OPERATOR, store.url])
    wait_for(lambda: owner_pid(store, job.id) is not None)
    worker = owner_pid(store, job.id)
    wait_for(lambda: provers_of(worker))
    [prover] = provers_of(worker)
    operator.kill()
    operator.wait()
    wait_for(lambda: not is_there(worker) and not is_there(prover))
    row = job_row(store, job.id)
    assert (row.state, row.attempts) == (jobs.WAITING, 0)


@HERE
def test_processes_what_is_too_large_is_not_placed(store):
    job = order_proof(store)
    engine = ProcessEngine(store, memory=job.needs_bytes - 1)
    assert not engine.step() and engine.pids() == []


def test_threads_are_shared():
    cores = os.cpu_count()
    assert threads_of(1) == cores and threads_of(cores) == 1 and threads_of(cores + 1) == 1


# --- workers anywhere


def run_worker(url: str, *options: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "freehold", "worker", "run", "--lease", str(LEASE), *options]
    return subprocess.Popen(command, env={**os.environ, "FREEHOLD_STORE__URL": url})


@ELSEWHERE
def test_store_a_killed_worker_costs_an_attempt_and_another_does_the_job(store):
    job, engine = order_proof(store), StoreEngine(store)
    worker = run_worker(store.url)
    try:
        killed = kill_in_the_middle(engine, store, job.id)
        assert killed == worker.pid
        worker.wait()
        wait_for(lambda: jobs_free(store) == 1)  # when the lease has run out
        other = run_worker(store.url, "--name", "other", "--once")
        assert other.wait() == 0
    finally:
        worker.kill()
    row = job_row(store, job.id)
    assert (row.state, row.attempts) == (jobs.DONE, 2)


def jobs_free(store) -> int:
    with store.unit() as session:
        return len(jobs.claimable(session))


@ELSEWHERE
def test_store_a_job_whose_workers_all_fell_silent_is_failed_by_the_operator(store):
    job, engine = order_proof(store, max_attempts=1), StoreEngine(store)
    jobs.claim(store, "silent", lease=0.01)
    stepped(engine, lambda: job_row(store, job.id).state == jobs.FAILED)
    assert not engine.step()


# --- a cluster


@pytest.fixture(scope="module")
def cluster():
    made = LocalCluster(
        n_workers=2, threads_per_worker=1, resources={"prover": 1}, memory_limit=0, dashboard_address=None
    )
    yield made
    made.close()


@ELSEWHERE
def test_dask_a_killed_worker_costs_an_attempt_and_another_does_the_job(store, cluster):
    job = order_proof(store)
    engine = DaskEngine(store, cluster.scheduler_address, lease=LEASE)
    try:
        kill_in_the_middle(engine, store, job.id)
        stepped(engine, lambda: is_done(store, job.id))
    finally:
        engine.close()
    assert job_row(store, job.id).attempts == 2


@ELSEWHERE
def test_dask_a_job_is_one_task_until_it_ends(store, cluster):
    job = order_other_work(store, 0)
    engine = DaskEngine(store, cluster.scheduler_address, lease=LEASE)
    try:
        assert engine.step()
        assert len(engine.placed()) == 1
        stepped(engine, lambda: job_row(store, job.id).state == jobs.FAILED)
        stepped(engine, lambda: len(engine.placed()) == 0)
        assert not engine.step()
    finally:
        engine.close()


@ELSEWHERE
def test_dask_a_scheduler_that_does_not_answer_is_refused(store, monkeypatch):
    monkeypatch.setattr("freehold.services.operator.engines.dask.CONNECTS_WITHIN", 0.2)
    with pytest.raises(Refused, match=r"the Dask scheduler tcp://127\.0\.0\.1:1 does not answer"):
        DaskEngine(store, "tcp://127.0.0.1:1")


# --- by settings


@ELSEWHERE
def test_the_settings_choose(store, monkeypatch):
    made = make_engine(ProverSettings(workers=2, memory=1 << 30), store)
    assert isinstance(made, ProcessEngine) and (made.workers, made.memory) == (2, 1 << 30)
    assert isinstance(make_engine(ProverSettings(engine="store"), store), StoreEngine)
    with pytest.raises(Refused, match="engine dask needs `scheduler`"):
        make_engine(ProverSettings(engine="dask"), store)
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "freehold.services.operator.engines.dask")
    with pytest.raises(Refused, match=r"pip install freehold\[cluster\]"):
        make_engine(ProverSettings(engine="dask", scheduler="tcp://127.0.0.1:1"), store)

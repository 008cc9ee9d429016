"""A worker: claims jobs of a store and proves them, one after the other, in processes of their own.

It may run on any machine that reaches the store. A proof is made in one process and verified in another; only then is
it stored, in one commit with the job's end. A worker renews its lease, and gives back what it has when it stops.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from freehold.services.base.store import Store
from freehold.services.operator import blobs, jobs
from freehold.services.operator.children import Child, ChildEnded, Message, serve
from freehold.services.operator.proving import prove_request, verify_request
from freehold.services.operator.store import open_store
from prover.stark.memory_need import memory_there

log = structlog.get_logger(__name__)
PROVER = "freehold.services.operator.proving"
MARGIN = 1.5
"""Of a proof's predicted memory, what it may take before it is ended."""
RENEWALS = 3
"""In the time of one lease."""
PATIENCE = 60.0
"""Seconds that a finished proof waits for a store that does not answer."""
POLL = 1.0
"""Seconds between two looks for jobs."""
GLANCE = 0.2
"""Seconds between two looks at whether to stop."""


class Outcome(Enum):
    NOTHING = "nothing to prove"
    DONE = "proved"
    FAILED = "failed"
    LOST = "lost to another worker"
    GIVEN_BACK = "given back"


class ProofFailed(RuntimeError):
    """The attempt's end."""

    def __init__(self, message: str, cause: jobs.Cause) -> None:
        super().__init__(message)
        self.cause = cause


class Stopped(Exception):
    """The worker is to stop, and has a job."""


@dataclass(frozen=True)
class Proven:
    """`proof`: the file's bytes, verified. `seconds` of each stage; `peak_bytes` of the prover's process."""

    proof: bytes
    seconds: dict[str, float]
    peak_bytes: int


def worker_name(pid: int | None = None) -> str:
    """Of this process, or of another one of this machine."""
    return f"{socket.gethostname()}/{pid or os.getpid()}"


class Worker:
    """`memory`: bytes that a proof may take, the machine's without it; `lease` in seconds. `prover` is the module that
    proves and verifies. Once `stop` is set it gives back what it has and ends."""

    def __init__(
        self,
        store: Store,
        name: str | None = None,
        memory: int | None = None,
        lease: float = jobs.LEASE,
        prover: str = PROVER,
        stop: threading.Event | None = None,
    ) -> None:
        self.store, self.name = store, name or worker_name()
        self.memory = memory_there() if memory is None else memory
        self.lease, self.prover = lease, prover
        self.stop = stop or threading.Event()
        self._told: set[int] = set()
        self._heard_at: float | None = None

    def run(self) -> None:
        """Until it is stopped. A store that does not answer is asked again."""
        log.info("worker", name=self.name, memory_bytes=self.memory)
        while not self.stop.is_set():
            try:
                outcome = self.work()
            except OperationalError as error:
                log.warning("store does not answer", reason=str(error.orig))
                outcome = Outcome.NOTHING
            if outcome is not Outcome.DONE:
                self.stop.wait(POLL)

    def work(self, key: bytes | None = None) -> Outcome:
        """Claims a job, the one of `key` if it is given, and brings it to an end."""
        self._tell_memory()
        claim = jobs.claim(self.store, self.name, self.lease, self.memory, key)
        if claim is None:
            self._tell_hindrances()
            return Outcome.NOTHING
        log.info("claimed", batch=claim.batch, job=claim.id, attempt=claim.attempt, parameters=claim.parameters)
        try:
            return self._ended(claim)
        except jobs.ClaimLost:
            log.warning("lost", batch=claim.batch, job=claim.id)
            return Outcome.LOST

    def _ended(self, claim: jobs.Claim) -> Outcome:
        """Raises ClaimLost."""
        try:
            proven = self._proven(claim)
            self._store(lambda session: _finish(session, claim, proven))
        except (Stopped, KeyboardInterrupt):
            self._store(lambda session: jobs.give_back(session, claim))
            log.info("given back", batch=claim.batch, job=claim.id)
            return Outcome.GIVEN_BACK
        except ProofFailed as failure:
            text, cause = str(failure), failure.cause
            self._store(lambda session: jobs.fail(session, claim, text, cause))
            return Outcome.FAILED
        seconds = round(sum(proven.seconds.values()), 2)
        peak, size = proven.peak_bytes, len(proven.proof)
        log.info("proved", batch=claim.batch, job=claim.id, seconds=seconds, peak_bytes=peak, proof_bytes=size)
        return Outcome.DONE

    def _proven(self, claim: jobs.Claim) -> Proven:
        """Raises ProofFailed, ClaimLost and Stopped."""
        try:
            with self.store.unit() as session:
                given, expected = blobs.get(session, claim.input), blobs.get(session, claim.output)
        except blobs.BlobMissing as error:
            raise ProofFailed(str(error), jobs.Cause.DAMAGED) from error
        request = prove_request(given, expected, claim.parameters, self._limit(claim))
        made = self._asked(claim, request)
        checked = self._asked(claim, verify_request(made["proof"], expected, claim.parameters))
        return Proven(bytes.fromhex(made["proof"]), made["seconds"] | checked["seconds"], made["peak_bytes"])

    def _limit(self, claim: jobs.Claim) -> int:
        """Bytes of the prover's process."""
        limit = int(MARGIN * claim.needs_bytes)
        return limit if self.memory is None else min(limit, self.memory)

    def _asked(self, claim: jobs.Claim, request: Message) -> Message:
        """What a process of its own answers, while the lease is renewed. Raises ProofFailed, ClaimLost and Stopped."""
        renewed = time.monotonic()
        with Child(self.prover, request) as child:
            while True:
                if self.stop.is_set():
                    raise Stopped
                if time.monotonic() - renewed > self.lease / RENEWALS:
                    self._renew(claim)
                    renewed = time.monotonic()
                try:
                    message = child.message(min(GLANCE, self.lease / RENEWALS))
                except ChildEnded as ended:
                    raise _ended_alone(str(ended), request) from ended
                if message is None:
                    continue
                if "stage" in message:
                    log.info("stage", batch=claim.batch, job=claim.id, stage=message["stage"])
                elif "refused" in message:
                    raise ProofFailed(f"{request['task']}: {message['refused']}", jobs.Cause(message["cause"]))
                else:
                    done: Message = message["done"]
                    return done

    def _renew(self, claim: jobs.Claim) -> None:
        """A store that does not answer is no reason to end: who finishes is asked for the claim again."""
        try:
            with self.store.unit() as session:
                jobs.renew(session, claim, self.lease)
        except OperationalError as error:
            log.warning("not renewed", batch=claim.batch, job=claim.id, reason=str(error.orig))

    def _store(self, write: Callable[[Session], None]) -> None:
        """In one commit, for which a store that does not answer is waited. Raises OperationalError after PATIENCE."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                with self.store.unit() as session:
                    write(session)
                return
            except OperationalError as error:
                if time.monotonic() > until or self.stop.is_set():
                    raise
                log.warning("store does not answer", reason=str(error.orig))
                time.sleep(POLL)

    def _tell_memory(self) -> None:
        """To the operator, which makes no batches that fit nowhere: often enough to count as one that is there."""
        now = time.monotonic()
        if self._heard_at is not None and now - self._heard_at < jobs.HEARD_OF / RENEWALS:
            return
        with self.store.unit() as session:
            jobs.tell_memory(session, self.name, self.memory)
        self._heard_at = now

    def _tell_hindrances(self) -> None:
        """Of jobs that nobody could do here, once."""
        with self.store.unit() as session:
            for job, reason in jobs.hindrances(session, self.memory):
                if job.id not in self._told:
                    log.warning("not for this worker", batch=job.batch, job=job.id, reason=reason)
                    self._told.add(job.id)


def _finish(session: Session, claim: jobs.Claim, proven: Proven) -> None:
    """Proof and end of the job, in one commit. Raises ClaimLost."""
    digest = blobs.put(session, jobs.PROOF, proven.proof)
    jobs.finish(session, claim, digest, proven.peak_bytes, proven.seconds)


def _ended_alone(how: str, request: Message) -> ProofFailed:
    """Names what a process that was ended most likely lacked."""
    limit, task = request.get("limit"), request["task"]
    if limit and ("bad_alloc" in how or "MemoryError" in how):
        return ProofFailed(f"{task}: out of memory under a limit of {limit / 2**30:.2f} GiB: {how}", jobs.Cause.MEMORY)
    if "SIGKILL" in how:
        return ProofFailed(f"{task}: {how}, most likely by the system for want of memory", jobs.Cause.MEMORY)
    return ProofFailed(f"{task}: {how}", jobs.Cause.OTHER)


# --- for engines


def request_of(url: str, memory: int | None, lease: float, prover: str = PROVER, key: bytes | None = None) -> Message:
    """What `work_once` is asked: one job of the store at `url`, of any key without one."""
    return {"url": url, "memory": memory, "lease": lease, "prover": prover, "key": key.hex() if key else None}


def work_once(request: Message, stop: threading.Event | None = None) -> str:
    """In this process; the outcome's name."""
    store = open_store(request["url"])
    try:
        worker = Worker(store, None, request["memory"], request["lease"], request["prover"], stop)
        return worker.work(bytes.fromhex(request["key"]) if request["key"] else None).name
    finally:
        store.close()


def main() -> None:
    """One job, for the process that started this one; given back when that is gone."""
    stop = threading.Event()
    serve(lambda request, tell: tell({"outcome": work_once(request, stop)}), stop.set)


if __name__ == "__main__":
    main()

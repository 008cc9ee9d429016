"""The engine of this machine: a worker's process for each proof, and no more than `workers` at once."""

from __future__ import annotations

import os
import time
from collections.abc import Container, Sequence

import structlog
from sqlalchemy.orm import Session

from freehold.services.base.store import Store
from freehold.services.operator import jobs
from freehold.services.operator.children import Child
from freehold.services.operator.engines.engine import Engine, task_name
from freehold.services.operator.tables import Job
from freehold.services.operator.worker import PROVER, request_of, worker_name
from prover.stark.memory_need import memory_there

log = structlog.get_logger(__name__)
WORKER = "freehold.services.operator.worker"
PAUSE = 5.0
"""Seconds after a worker that could not even begin."""
FAREWELL = 10.0
"""Seconds that workers have to give back what they do."""


class ProcessEngine(Engine):
    """`memory`: bytes of one proof; without it the machine's are shared. The kernel's threads are shared too."""

    def __init__(
        self,
        store: Store,
        workers: int = 1,
        memory: int | None = None,
        lease: float = jobs.LEASE,
        prover: str = PROVER,
    ) -> None:
        there = memory_there()
        super().__init__(store, there // workers if memory is None and there is not None else memory)
        self.workers = workers
        self.lease, self.prover = lease, prover
        self._environment = {"FREEHOLD_THREADS": str(threads_of(workers))}
        self._children: dict[str, Child] = {}
        self._not_before = 0.0

    def memory_there(self, session: Session) -> int | None:
        return self.memory

    def pids(self) -> list[int]:
        """Of the workers that run."""
        return [child.pid for child in self._children.values()]

    def placed(self) -> Container[str]:
        return self._children

    def collect(self) -> bool:
        ended = [name for name, child in self._children.items() if child.returncode() is not None]
        for name in ended:
            self._bury(self._children.pop(name))
        return bool(ended)

    def place(self, waiting: Sequence[Job]) -> bool:
        if time.monotonic() < self._not_before:
            return False
        started = waiting[: self.workers - len(self._children)]
        for job in started:
            request = request_of(self.store.url, self.memory, self.lease, self.prover, job.key)
            self._children[task_name(job)] = Child(WORKER, request, self._environment)
        return bool(started)

    def close(self) -> None:
        children = list(self._children.values())
        for child in children:
            child.let_go()
        until = time.monotonic() + FAREWELL
        while any(child.returncode() is None for child in children) and time.monotonic() < until:
            time.sleep(0.05)
        for child in children:
            self._bury(child)
        self._children = {}

    def _bury(self, child: Child) -> None:
        """What a worker that was killed had is free at once."""
        code, pid, words = child.returncode(), child.pid, child.last_words()
        child.end()
        if code != 0:
            log.warning("a worker ended", pid=pid, code=code, reason=words)
            self._not_before = time.monotonic() + PAUSE if code is not None and code > 0 else 0.0
            with self.store.unit() as session:
                jobs.expire(session, worker_name(pid))


def threads_of(workers: int) -> int:
    """The kernel's threads for each of so many on this machine."""
    return max(1, (os.cpu_count() or 1) // workers)

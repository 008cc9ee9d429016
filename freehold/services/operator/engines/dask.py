"""The engine of a Dask cluster: a task for each job, which makes a worker of the process that runs it.

Nothing but the store's URL and the job's key goes through the scheduler. Workers need the resource `prover`, one for
each proof at a time: `dask worker ADDRESS --nthreads 1 --resources prover=1 --memory-limit 0`.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

import structlog
from distributed import Client

from freehold.errors import Refused
from freehold.services.base.store import Store
from freehold.services.operator import jobs
from freehold.services.operator.engines.engine import Engine, task_name
from freehold.services.operator.tables import Job
from freehold.services.operator.worker import PROVER, request_of, work_once

log = structlog.get_logger(__name__)
CONNECTS_WITHIN = 10.0
"""Seconds."""
ENDED = ("finished", "error", "cancelled", "lost")


class DaskEngine(Engine):
    """Raises Refused where the scheduler does not answer."""

    def __init__(
        self,
        store: Store,
        scheduler: str,
        memory: int | None = None,
        lease: float = jobs.LEASE,
        prover: str = PROVER,
    ) -> None:
        super().__init__(store, memory)
        self.lease, self.prover = lease, prover
        try:
            self._client: Any = Client(scheduler, timeout=CONNECTS_WITHIN, set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            raise Refused(f"the Dask scheduler {scheduler} does not answer: {error}") from error
        self._placed: dict[str, Any] = {}

    def collect(self) -> bool:
        ended = [name for name, future in self._placed.items() if future.status in ENDED]
        for name in ended:
            future = self._placed.pop(name)
            if future.status == "error":
                log.warning("a task failed", task=name, reason=repr(future.exception()))
            future.release()
        return bool(ended)

    def placed(self) -> Container[str]:
        return self._placed

    def place(self, waiting: Sequence[Job]) -> bool:
        for job in waiting:
            name = task_name(job)
            self._placed[name] = self._client.submit(
                work_once,
                request_of(self.store.url, self.memory, self.lease, self.prover, job.key),
                key=name,
                pure=False,
                retries=0,
                resources={"prover": 1},
                priority=-job.priority,
            )
        return bool(waiting)

    def close(self) -> None:
        """Tasks that have begun go on: what they prove is stored. The others are taken back."""
        self._client.cancel(list(self._placed.values()))
        self._client.close()

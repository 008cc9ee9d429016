"""What every engine does: reads from the store what waits, and places it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Container, Sequence

from sqlalchemy.orm import Session

from freehold.services.base.store import Store
from freehold.services.operator import jobs
from freehold.services.operator.tables import Job


class Engine(ABC):
    """`memory`: bytes that a proof may take; what takes more is not placed. The store says what is done: an engine that
    is lost costs the time of a proof, and a job that is placed twice is claimed once."""

    def __init__(self, store: Store, memory: int | None = None) -> None:
        self.store, self.memory = store, memory

    def step(self) -> bool:
        """Takes note of what ended, ends what fell silent too often, places what waits. Whether there was any."""
        has_collected = self.collect()
        with self.store.unit() as session:
            n_ended = jobs.give_up(session)
            waiting = [job for job in jobs.claimable(session, self.memory) if task_name(job) not in self.placed()]
        return self.place(waiting) or has_collected or n_ended > 0

    def memory_there(self, session: Session) -> int | None:
        """Bytes: the most that a proof may take anywhere; None while that is not known."""
        told = jobs.memory_told(session)
        return min((memory for memory in (told, self.memory) if memory is not None), default=None)

    @abstractmethod
    def collect(self) -> bool:
        """Whether anything that was placed has ended."""

    @abstractmethod
    def placed(self) -> Container[str]:
        """Names of tasks that have not ended."""

    @abstractmethod
    def place(self, waiting: Sequence[Job]) -> bool:
        """Jobs that may be claimed and are not placed, the most urgent first. Whether any could be placed."""

    @abstractmethod
    def close(self) -> None:
        """What runs here ends; its jobs are free again."""


def task_name(job: Job) -> str:
    """By the job's key and how often it was claimed: a job that was lost is another task."""
    return f"{job.key.hex()}-{job.fence}"

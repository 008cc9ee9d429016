"""One writer: the right to commit what has effects, and its loss.

The holder has a fencing number. Every unit of work that comes before an effect ends by checking that it is still the
newest; who was overtaken loses the unit and stops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import time

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from freehold.errors import Refused
from freehold.services.base.store import Store
from freehold.services.operator.tables import Lease

OPERATOR = "operator"
LASTS = 30.0
"""Seconds that a lease outlives its last renewal: how long a second operator waits after a crash."""
ADVISORY_LOCK = 0x46726565686F6C64
"""PostgreSQL's, held while a connection lives."""


class LeaseLost(RuntimeError):
    """Another operator has taken over: nothing more is written here."""


class Writer:
    """The holder of a store's lease."""

    def __init__(self, store: Store, holder: str, clock: Callable[[], float] = time) -> None:
        self.store, self.holder, self.clock = store, holder, clock
        self._fence: int | None = None

    def acquire(self, configuration: bytes | None = None) -> None:
        """Raises Refused where another's lease has not run out. One's own, of before a crash, is taken over."""
        with self.store.unit() as session:
            row = session.get(Lease, OPERATOR, with_for_update=True)
            now = self.clock()
            if row is None:
                row = Lease(name=OPERATOR, holder=self.holder, fence=0, until=0.0)
                session.add(row)
            elif row.holder != self.holder and row.until > now:
                left = row.until - now
                raise Refused(f"{row.holder} operates on this store: its lease runs for another {left:.0f} s")
            row.holder, row.fence, row.until = self.holder, row.fence + 1, now + LASTS
            row.configuration = configuration
            self._fence = row.fence

    @contextmanager
    def unit(self) -> Iterator[Session]:
        """A unit of work that is committed only while the lease is held, and renews it. Raises LeaseLost."""
        with self.store.unit() as session:
            yield session
            held = (
                update(Lease)
                .where(Lease.name == OPERATOR, Lease.fence == self._fence)
                .values(until=self.clock() + LASTS)
            )
            if session.execute(held).rowcount != 1:  # type: ignore[attr-defined]
                raise LeaseLost(f"{self.holder} was overtaken")

    def release(self) -> None:
        """So that the next one need not wait."""
        with self.store.unit() as session:
            session.execute(update(Lease).where(Lease.name == OPERATOR, Lease.fence == self._fence).values(until=0.0))


def is_reachable(store: Store) -> bool:
    try:
        with store.unit() as session:
            session.execute(text("select 1"))
    except Exception:
        return False
    return True

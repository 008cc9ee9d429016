"""Whether the exchange holds what it owes: deposits that no batch took, withdrawals that wait for their owners, and the
collateral of all positions of the state on chain.

The positions are added up once, when the operator starts; from then on what each batch changed is added to it. Deposits
and withdrawals are those of the exchange's events since it was deployed, so that an operator that takes over one with a
history says the same as the one before it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from freehold.services.base.store import Store
from freehold.services.operator import chain_events as names
from freehold.services.operator.bodies import collateral_without_funding
from freehold.services.operator.genesis import BEFORE_THE_FIRST
from freehold.services.operator.leaves import newest_batches, positions
from freehold.services.operator.tables import ABANDONED, FINAL, Batch, Block, Event, PositionLeaf
from prover.applications.ledger.fields import FXP32

log = structlog.get_logger(__name__)
DEEP = 512
"""Blocks below the head, after which events are added up once: no chain goes back so far."""
AMOUNTS = (names.DEPOSIT, names.RECLAIM, names.TAKEN, names.ALLOWED, names.PAID)
"""Events that move collateral."""


@dataclass(frozen=True)
class Solvency:
    """Collateral, quanta. `held` is the contract's."""

    held: int
    pending_deposits: int
    withdrawable: int
    committed: int
    """To positions, by the state on chain."""

    @property
    def claims(self) -> int:
        return self.pending_deposits + self.withdrawable + self.committed

    @property
    def margin(self) -> int:
        return self.held - self.claims


@dataclass
class _Moved:
    """Sums of events up to a block."""

    upto: int = -1
    amounts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(AMOUNTS, 0))


@dataclass(frozen=True)
class _Committed:
    """Of the state after a final batch: collateral of all positions, in 2^-32 quanta and without funding."""

    batch: int
    collateral: int


class Claims:
    def __init__(self, store: Store) -> None:
        self.store = store
        self._moved = _Moved()
        self._base: _Committed | None = None

    def solvency(self, session: Session, held: int | None) -> Solvency | None:
        """None where it cannot be said: the node did not answer, or the state on chain is none of ours."""
        newest = on_chain(session)
        if held is None or newest is None:
            return None
        committed, moved = self._committed(session, newest), self._amounts(session)
        pending = moved[names.DEPOSIT] - moved[names.RECLAIM] - moved[names.TAKEN]
        withdrawable = moved[names.ALLOWED] - moved[names.PAID]
        return Solvency(held, pending, withdrawable, committed.collateral // FXP32)

    def _committed(self, session: Session, batch_id: int) -> _Committed:
        final = session.scalar(select(func.max(Batch.id)).where(Batch.state == FINAL, Batch.id <= batch_id))
        if final is None:
            return _Committed(batch_id, self._all_collateral(batch_id))
        if self._base is None:
            self._base = _Committed(final, self._all_collateral(final))
        if self._base.batch < final:
            self._base = _after(session, self._base, final)
        return _after(session, self._base, batch_id)

    def _all_collateral(self, batch_id: int) -> int:
        total = sum(collateral_without_funding(body) for _, body in positions(self.store, batch_id))
        log.info("positions added up", batch=batch_id, collateral=total)
        return total

    def _amounts(self, session: Session) -> Mapping[str, int]:
        newest = session.scalar(select(func.max(Block.number)).where(Block.canonical)) or 0
        rows = select(Event.name, Event.arguments, Block.number).join(Block, Block.hash == Event.block)
        rows = rows.where(Event.name.in_(AMOUNTS), Block.canonical, Block.number > self._moved.upto)
        amounts = dict(self._moved.amounts)
        for name, arguments, number in session.execute(rows.execution_options(yield_per=1000)):
            amount = int(json.loads(arguments)["quantizedAmount"])
            amounts[name] += amount
            if number <= newest - DEEP:
                self._moved.amounts[name] += amount
        self._moved.upto = max(self._moved.upto, newest - DEEP)
        return amounts


def on_chain(session: Session) -> int | None:
    """The batch whose state the chain has, by its events; a new exchange's first one before any update. None: not ours,
    or events of before the operator's time are still to be read."""
    newest = select(Event.batch_id).join(Block, Block.hash == Event.block)
    newest = newest.where(Event.name == "LogUpdateState", Block.canonical)
    updated = session.scalar(newest.order_by(Block.number.desc(), Event.place.desc()).limit(1))
    if updated is None:
        return session.scalar(select(Batch.id).where(Batch.previous.is_(None), Batch.id == BEFORE_THE_FIRST))
    batch = session.get(Batch, updated)
    return None if batch is None or batch.state == ABANDONED else batch.id


def _after(session: Session, base: _Committed, batch_id: int) -> _Committed:
    """The sums after a later batch: those of `base`, and what was changed since."""
    changed = _collateral_of_changed(session, base.batch, batch_id)
    before = _collateral_of_changed(session, base.batch, batch_id, of=base.batch)
    return _Committed(batch_id, base.collateral + changed - before)


def _collateral_of_changed(session: Session, after: int, upto: int, of: int | None = None) -> int:
    """Of the positions that batches in (after, upto] wrote, in the state of `of`, by default the one after them."""
    written = select(PositionLeaf.position_id).join(Batch, Batch.id == PositionLeaf.batch)
    written = written.where(PositionLeaf.batch > after, PositionLeaf.batch <= upto, Batch.state != ABANDONED)
    newest = newest_batches(PositionLeaf, upto if of is None else of)
    rows = newest.where(PositionLeaf.position_id.in_(written)).order_by(None).subquery()
    bodies = select(PositionLeaf.body).join(
        rows, (PositionLeaf.position_id == rows.c.position_id) & (PositionLeaf.batch == rows.c.batch)
    )
    return sum(collateral_without_funding(json.loads(body)) for body in session.scalars(bodies))

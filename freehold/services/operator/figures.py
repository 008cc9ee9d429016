"""What can be said of the operator now: each figure is asked for once, here, for metrics and pages alike.

Nothing is counted beside the rows, so that every figure survives a restart. What grows without end is in `history.py`
and `claims.py`, which keep sums of what never changes again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from time import time
from typing import Any

from sqlalchemy import Float, cast, func, select
from sqlalchemy.orm import Session

from freehold.services.base.store import Store
from freehold.services.operator.claims import Claims, Solvency
from freehold.services.operator.history import History, Sums
from freehold.services.operator.lease import OPERATOR
from freehold.services.operator.tables import (
    ABANDONED,
    EXECUTED,
    FINAL,
    MINED,
    READY,
    SENT,
    Batch,
    Block,
    ChainTx,
    Entry,
    Event,
    Job,
    Lease,
    Signature,
    Stage,
)
from prover.applications.ledger.fields import integer
from prover.applications.ledger.units import AssetId
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.names import asset_name

FRESH = 2.0
"""Seconds that figures are given out again before they are asked for anew: who looks often costs no more."""
SHOWN_BATCHES = 24
LOOKED_AT_TICKS = 64
"""Ticks among which each asset's newest price is."""
FORCED = {"LogForcedWithdrawalRequest": "withdrawal", "LogForcedTradeRequest": "trade"}
"""Kinds of forced requests by their events."""
ON_CHAIN = (MINED, FINAL)


# --- what others say


@dataclass(frozen=True)
class ChainFacts:
    """What the node answered last. None: it did not."""

    head: int | None = None
    """Number of its newest block."""
    held: int | None = None
    """Collateral of the exchange's contract, quanta, at the newest block that was read."""
    balances: Mapping[str, int] = field(default_factory=dict)
    """Wei by the sender's role."""
    is_frozen: bool | None = None
    configuration_agrees: bool | None = None
    """Whether the contract has the hash of the configuration that the operator works with."""


@dataclass(frozen=True)
class About:
    """What stays the same while the operator runs. No secrets: all of it is shown."""

    version: str
    config: GeneralConfig
    chain_id: int
    contracts: Mapping[str, str]
    """Addresses by name."""
    identity: str
    """Of the program, hex."""
    grace_period: int
    """Seconds that a forced request may wait."""
    quorum: int
    """Signatures that a batch needs; 0 for a rollup."""

    @property
    def configuration(self) -> str:
        return hex(self.config.hash())


# --- what is said


@dataclass(frozen=True)
class BatchFigure:
    """`stages`: when it came into each. `work`: state of its proof's job."""

    id: int
    state: str
    n_transactions: int
    n_steps: int
    created_at: float
    deadline: int
    error: str | None
    stages: Mapping[str, float]
    work: str | None
    signatures: int


@dataclass(frozen=True)
class LastBatch:
    id: int
    at: float


@dataclass(frozen=True)
class Obligation:
    """A forced request that no batch on chain has served. `batch`: the one that is to serve it."""

    kind: str
    position_id: int | None
    requested_at: int
    deadline: int
    batch: int | None


@dataclass(frozen=True)
class JobCount:
    kind: str
    state: str
    count: int
    attempts: int
    peak_bytes: int


@dataclass(frozen=True)
class Quorum:
    """Signatures on the oldest batch that has too few."""

    batch: int
    signatures: int


@dataclass(frozen=True)
class Spent:
    purpose: str
    gas: float
    wei: float


@dataclass(frozen=True)
class Head:
    """The newest block that was read."""

    number: int
    time: int


@dataclass(frozen=True)
class Snapshot:
    """All figures of one time, of one state of the store."""

    at: float
    chain: ChainFacts
    head: Head | None
    batches: Sequence[BatchFigure]
    """The newest first."""
    batches_by_state: Mapping[str, int]
    last: Mapping[str, LastBatch]
    """By executed, mined and final: the newest batch that came so far."""
    earliest_deadline: int | None
    """Of the batches that are not on chain."""
    obligations: Sequence[Obligation]
    """The earliest deadline first."""
    jobs: Sequence[JobCount]
    quorum: Quorum | None
    members: Mapping[str, float]
    """When each signed last."""
    prices: Mapping[str, int]
    """Time of each asset's newest price, by its name."""
    spent: Sequence[Spent]
    reorganisations: Sequence[int]
    """Depths, in blocks."""
    lease_until: float | None
    lease_configuration: bytes | None
    history: Sums
    solvency: Solvency | None

    @property
    def waiting(self) -> int:
        """Transactions that are in no batch yet."""
        return sum(count for (_, state, _), count in self.history.taken.items() if state == "received")

    @property
    def lag(self) -> int | None:
        """Blocks that the node has and that were not read."""
        if self.head is None or self.chain.head is None:
            return None
        return max(0, self.chain.head - self.head.number)


class Figures:
    """Of one store. `chain` gives what the node answered last."""

    def __init__(
        self, store: Store, about: About, chain: Callable[[], ChainFacts], clock: Callable[[], float] = time
    ) -> None:
        self.store, self.about, self.chain, self.clock = store, about, chain, clock
        self._history, self._claims = History(), Claims(store)
        self._lock = Lock()
        self._kept: Snapshot | None = None

    def now(self) -> Snapshot:
        """Not older than FRESH."""
        with self._lock:
            now = self.clock()
            if self._kept is None or not 0 <= now - self._kept.at < FRESH:
                self._kept = self._read(now)
            return self._kept

    def _read(self, now: float) -> Snapshot:
        facts = self.chain()
        with self.store.snapshot() as session:
            lease = session.get(Lease, OPERATOR)
            return Snapshot(
                at=now,
                chain=facts,
                head=head(session),
                batches=last_batches(session, SHOWN_BATCHES),
                batches_by_state=batches_by_state(session),
                last=last_by_state(session),
                earliest_deadline=earliest_deadline(session),
                obligations=obligations(session, self.about.grace_period),
                jobs=jobs(session),
                quorum=oldest_unsigned(session, self.about.quorum),
                members=members(session),
                prices=price_times(session),
                spent=spent(session),
                reorganisations=reorganisations(session),
                lease_until=None if lease is None else lease.until,
                lease_configuration=None if lease is None else lease.configuration,
                history=self._history.read(session),
                solvency=self._claims.solvency(session, facts.held) if not facts.is_frozen else None,
            )


# --- batches


def last_batches(session: Session, count: int) -> list[BatchFigure]:
    wanted = select(Batch).where(Batch.previous.is_not(None)).order_by(Batch.id.desc()).limit(count)
    batches = session.scalars(wanted).all()
    ids = [batch.id for batch in batches]
    stages: dict[int, dict[str, float]] = {number: {} for number in ids}
    for stage in session.scalars(select(Stage).where(Stage.batch.in_(ids)).order_by(Stage.at)):
        stages[stage.batch][stage.name] = stage.at
    proofs = select(Job.batch, Job.state).where(Job.batch.in_(ids)).order_by(Job.id)
    work: dict[int, str] = {batch: state for batch, state in session.execute(proofs)}
    signed = select(Signature.batch, func.count()).where(Signature.batch.in_(ids)).group_by(Signature.batch)
    signatures: dict[int, int] = {batch: n for batch, n in session.execute(signed)}
    return [
        BatchFigure(
            batch.id,
            batch.state,
            batch.n_transactions,
            batch.n_steps,
            batch.created_at,
            batch.deadline,
            batch.error,
            stages[batch.id],
            work.get(batch.id),
            signatures.get(batch.id, 0),
        )
        for batch in batches
    ]


def batches_by_state(session: Session) -> dict[str, int]:
    counts = select(Batch.state, func.count()).where(Batch.previous.is_not(None)).group_by(Batch.state)
    return {state: count for state, count in session.execute(counts)}


def last_by_state(session: Session) -> dict[str, LastBatch]:
    reached = {EXECUTED: (EXECUTED, READY, SENT, MINED, FINAL), MINED: ON_CHAIN, FINAL: (FINAL,)}
    found = {}
    for name, states in reached.items():
        wanted = select(Batch.id, Batch.created_at).where(Batch.state.in_(states), Batch.previous.is_not(None))
        newest = session.execute(wanted.order_by(Batch.id.desc()).limit(1)).first()
        if newest is not None:
            stage = session.get(Stage, (newest.id, name))
            found[name] = LastBatch(newest.id, newest.created_at if stage is None else stage.at)
    return found


def earliest_deadline(session: Session) -> int | None:
    return session.scalar(select(func.min(Batch.deadline)).where(Batch.state.in_((EXECUTED, READY, SENT))))


# --- what users wait for


def obligations(session: Session, grace_period: int) -> list[Obligation]:
    """A request may be made again once it was served: of those with one hash, the first ones are served first."""
    served: dict[bytes, list[tuple[int, str]]] = {}
    serving = select(Entry.request, Entry.batch, Batch.state).join(Batch, Batch.id == Entry.batch)
    serving = serving.where(Entry.request.is_not(None), Entry.code.is_(None), Batch.state != ABANDONED)
    for request, batch, state in session.execute(serving.order_by(Entry.batch, Entry.place)):
        served.setdefault(request or b"", []).append((batch, state))
    asked = select(Event.name, Event.request, Event.position_id, Block.time).join(Block, Block.hash == Event.block)
    asked = asked.where(Event.name.in_(FORCED), Block.canonical).order_by(Block.number, Event.place)
    waiting = []
    for name, request, position_id, requested_at in session.execute(asked):
        first_ones = served.get(request or b"", [])
        serves = first_ones.pop(0) if first_ones else None
        if serves is None or serves[1] not in ON_CHAIN:
            deadline = requested_at + grace_period
            waiting.append(
                Obligation(FORCED[name], position_id, requested_at, deadline, None if serves is None else serves[0])
            )
    return sorted(waiting, key=lambda obligation: obligation.deadline)


# --- proofs, signatures, prices


def jobs(session: Session) -> list[JobCount]:
    sums = (func.count(), func.coalesce(func.sum(Job.attempts), 0), func.coalesce(func.max(Job.peak_bytes), 0))
    counts = select(Job.kind, Job.state, *sums).group_by(Job.kind, Job.state).order_by(Job.kind, Job.state)
    return [JobCount(*row[:3], int(row[3] or 0), int(row[4] or 0)) for row in session.execute(counts)]


def oldest_unsigned(session: Session, quorum: int) -> Quorum | None:
    """Signatures on the oldest batch on its way that has fewer than it needs."""
    counts = select(Batch.id, func.count(Signature.member)).outerjoin(Signature, Signature.batch == Batch.id)
    waiting = counts.where(Batch.state == EXECUTED).group_by(Batch.id).having(func.count(Signature.member) < quorum)
    row = session.execute(waiting.order_by(Batch.id).limit(1)).first()
    return None if row is None else Quorum(row[0], row[1])


def members(session: Session) -> dict[str, float]:
    last = select(Signature.member, func.max(Signature.received_at)).group_by(Signature.member)
    return {member: at for member, at in session.execute(last.order_by(Signature.member))}


def price_times(session: Session) -> dict[str, int]:
    ticks = select(Entry.body).where(Entry.origin == "tick", Entry.body.is_not(None), Entry.code.is_(None))
    times: dict[str, int] = {}
    for body in session.scalars(ticks.order_by(Entry.batch.desc(), Entry.place.desc()).limit(LOOKED_AT_TICKS)):
        tick: dict[str, Any] = json.loads(body or "{}")
        for asset_id, _ in tick.get("prices", ()):
            times.setdefault(asset_name(AssetId(integer(asset_id))), int(tick["timestamp"]))
    return dict(sorted(times.items()))


# --- the chain


def head(session: Session) -> Head | None:
    newest = select(Block.number, Block.time).where(Block.canonical).order_by(Block.number.desc()).limit(1)
    row = session.execute(newest).first()
    return None if row is None else Head(row.number, row.time)


def spent(session: Session) -> list[Spent]:
    """As floating point: a sum of wei is above what a database counts exactly."""
    wei = func.sum(cast(ChainTx.gas_used, Float) * cast(ChainTx.gas_price, Float))
    sums = select(ChainTx.purpose, func.sum(ChainTx.gas_used), wei).where(ChainTx.gas_used.is_not(None))
    rows = session.execute(sums.group_by(ChainTx.purpose).order_by(ChainTx.purpose))
    return [Spent(purpose, float(gas), float(cost or 0)) for purpose, gas, cost in rows]


def reorganisations(session: Session) -> list[int]:
    """How many blocks each branch had that was left, of those that are still kept."""
    rows = session.execute(select(Block.hash, Block.parent).where(Block.canonical.is_(False)))
    parents: dict[bytes, bytes] = {block: parent for block, parent in rows}
    tips = parents.keys() - set(parents.values())
    return sorted(_depth(parents, tip) for tip in tips)


def _depth(parents: Mapping[bytes, bytes], block: bytes) -> int:
    depth = 0
    while block in parents:
        block, depth = parents[block], depth + 1
    return depth

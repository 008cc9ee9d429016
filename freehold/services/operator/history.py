"""What all batches took and were: times, sizes, failures. A batch that is final or abandoned never changes: it is added
to the sums once, and looked at no more.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from freehold.services.operator.tables import ABANDONED, FINAL, Batch, Blob, Block, Entry, Event, Job, Received, Stage

AT_ONCE = 500
"""Batches that are looked at together."""
SECONDS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400)
DAYS = (60, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400, 259_200, 604_800)
COUNTS = (1, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
STEPS = tuple(1 << power for power in range(14, 26))
BYTES = tuple(50_000 << power for power in range(8))
POWERS = tuple(range(14, 27))
SPANS = {
    "fill": ("opened", "executed"),
    "sign": ("executed", "signed"),
    "fact": ("sent_fact", "fact"),
    "update": ("sent", "mined"),
}
"""Stage -> the rows between whose times it lies."""
WORKED = {"run": "execute", "trace": "trace", "verify": "verify"}
"""What the proof's job measures -> its stage; all else that it measures is `prove`."""
STAGES = ("fill", "execute", "trace", "prove", "verify", "sign", "fact", "update")
FAILS_IN = {
    "sent": "update",
    "fact": "update",
    "sent_fact": "fact",
    "signed": "prove",
    "proved": "sign",
    "proving": "prove",
    "tracing": "trace",
}
"""What a batch was in when it was abandoned, by the furthest row that it has; before them it is `execute`."""
OUTCOME = (Received.kind, Received.state, Received.code)
WITHDRAWALS = ("withdrawal", "withdrawal_to_address")
FORCED_WITHDRAWAL = "forced_withdrawal"


Outcome = tuple[str, str, str]
"""A transaction's kind, state, and code where it was rejected."""


@dataclass
class Histogram:
    """`counts[i]` are those up to `bounds[i]` and above the bound before; the last one has the rest."""

    bounds: Sequence[float]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = self.counts or [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    @property
    def count(self) -> int:
        return sum(self.counts)


@dataclass
class Sums:
    """Of batches. Seconds, bytes, and numbers of transactions and steps."""

    stages: dict[str, Histogram] = field(default_factory=lambda: {stage: Histogram(SECONDS) for stage in STAGES})
    proving: dict[str, Histogram] = field(default_factory=dict)
    """By the proof's shape: its steps' number, rounded up to a power of two."""
    transactions: Histogram = field(default_factory=lambda: Histogram(COUNTS))
    steps: Histogram = field(default_factory=lambda: Histogram(STEPS))
    taken: Counter[Outcome] = field(default_factory=Counter)
    """Of transactions that were taken in, in a batch or not."""
    failed: Counter[str] = field(default_factory=Counter)
    withdrawals: Histogram = field(default_factory=lambda: Histogram(DAYS))
    """From the request's arrival to the update that made it withdrawable."""
    proof_bytes: Histogram = field(default_factory=lambda: Histogram(BYTES))
    proof_steps_log2: Histogram = field(default_factory=lambda: Histogram(POWERS))


@dataclass(frozen=True)
class _Facts:
    """Of one batch."""

    batch: Batch
    stages: Mapping[str, float]
    job: Job | None
    proof_bytes: int | None
    asked: Sequence[float]
    """When each of its withdrawals was asked for."""
    taken: Mapping[Outcome, int]


class History:
    def __init__(self) -> None:
        self._settled, self._upto = Sums(), -(1 << 62)

    def read(self, session: Session) -> Sums:
        """The sums of all batches."""
        sums, is_settled = self._settled, True
        last = self._upto
        while facts := _facts(session, last):
            for one in facts:
                if is_settled and one.batch.state not in (FINAL, ABANDONED):
                    sums, is_settled = deepcopy(self._settled), False
                _add(sums, one)
                last = one.batch.id
                if is_settled:
                    self._upto = last
        whole = deepcopy(self._settled) if is_settled else sums
        whole.taken.update(_loose(session))
        return whole


def _add(sums: Sums, facts: _Facts) -> None:
    batch, stages = facts.batch, facts.stages
    sums.transactions.add(batch.n_transactions)
    sums.steps.add(batch.n_steps)
    for stage, (start, end) in SPANS.items():
        if start in stages and end in stages:
            sums.stages[stage].add(max(0.0, stages[end] - stages[start]))
    if batch.state != ABANDONED:
        sums.taken.update(facts.taken)
    if batch.state == ABANDONED:
        sums.failed[next((FAILS_IN[name] for name in FAILS_IN if name in stages), "execute")] += 1
    elif "mined" in stages:
        for asked in facts.asked:
            sums.withdrawals.add(max(0.0, stages["mined"] - asked))
    if facts.job is not None and facts.job.state == "done":
        _add_proof(sums, batch, facts.job, facts.proof_bytes)


def _add_proof(sums: Sums, batch: Batch, job: Job, proof_bytes: int | None) -> None:
    seconds: dict[str, float] = json.loads(job.seconds or "{}")
    worked: dict[str, float] = {}
    for name, took in seconds.items():
        stage = WORKED.get(name, "prove")
        worked[stage] = worked.get(stage, 0.0) + took
    for stage, took in worked.items():
        sums.stages[stage].add(took)
    log_steps = max(0, batch.n_steps - 1).bit_length()
    sums.proof_steps_log2.add(log_steps)
    sums.proving.setdefault(f"2^{log_steps}", Histogram(SECONDS)).add(sum(seconds.values()))
    if proof_bytes is not None:
        sums.proof_bytes.add(proof_bytes)


def _facts(session: Session, after: int) -> list[_Facts]:
    """Of the next batches."""
    wanted = select(Batch).where(Batch.id > after, Batch.previous.is_not(None)).order_by(Batch.id).limit(AT_ONCE)
    batches = session.scalars(wanted).all()
    ids = [batch.id for batch in batches]
    stages: dict[int, dict[str, float]] = {number: {} for number in ids}
    for stage in session.scalars(select(Stage).where(Stage.batch.in_(ids))):
        stages[stage.batch][stage.name] = stage.at
    with_proofs = select(Job, func.length(Blob.content)).outerjoin(Blob, Blob.digest == Job.proof)
    proofs = {job.batch: (job, size) for job, size in session.execute(with_proofs.where(Job.batch.in_(ids)))}
    asked: dict[int, list[float]] = {number: [] for number in ids}
    for number, at in _withdrawals(session, ids):
        asked[number].append(at)
    taken: dict[int, Counter[Outcome]] = {number: Counter() for number in ids}
    counts = select(Received.batch, *OUTCOME, func.count()).where(Received.batch.in_(ids))
    for batch_id, kind, state, code, count in session.execute(counts.group_by(Received.batch, *OUTCOME)):
        taken[batch_id or 0][kind, state, code or ""] += count
    return [
        _Facts(one, stages[one.id], *proofs.get(one.id, (None, None)), asked[one.id], taken[one.id]) for one in batches
    ]


def _loose(session: Session) -> Counter[Outcome]:
    """Of transactions that are in no batch, or in one that was abandoned."""
    found: Counter[Outcome] = Counter()
    counts = select(*OUTCOME, func.count()).group_by(*OUTCOME)
    abandoned = select(Batch.id).where(Batch.state == ABANDONED)
    for condition in (Received.batch.is_(None), Received.batch.in_(abandoned)):
        for kind, state, code, count in session.execute(counts.where(condition)):
            found[kind, state, code or ""] += count
    return found


def _withdrawals(session: Session, ids: Sequence[int]) -> Iterable[tuple[int, float]]:
    """(batch, when it was asked for) of each withdrawal in these batches."""
    kind = func.lower(Entry.kind)
    mine = select(Entry.batch, Received.received_at).join(Received, Received.tx_id == Entry.tx_id)
    yield from session.execute(mine.where(Entry.batch.in_(ids), Entry.code.is_(None), kind.in_(WITHDRAWALS)))
    forced = select(Entry.batch, func.max(Block.time)).join(Event, Event.request == Entry.request)
    forced = forced.join(Block, Block.hash == Event.block).join(Batch, Batch.id == Entry.batch)
    forced = forced.where(Entry.batch.in_(ids), kind == FORCED_WITHDRAWAL, Block.canonical)
    forced = forced.where(Block.time <= Batch.created_at)
    yield from session.execute(forced.group_by(Entry.batch, Entry.place))

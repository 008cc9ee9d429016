"""The operator's figures as Prometheus reads them. Base units; times are points in time, not ages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from freehold.services.operator.figures import Figures, Snapshot
from freehold.services.operator.history import Histogram
from freehold.services.operator.tables import ABANDONED, EXECUTED, FINAL, MINED, READY, SENT

DEPTHS = (1, 2, 3, 5, 8, 13, 34, 64)
BATCH_STATES = (EXECUTED, READY, SENT, MINED, FINAL, ABANDONED)
FORCED_KINDS = ("trade", "withdrawal")
Labels = tuple[str, ...]


def exposition(figures: Figures) -> bytes:
    """The text of `/metrics`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Metrics(figures))
    return generate_latest(registry)


class Metrics(Collector):
    def __init__(self, figures: Figures) -> None:
        self.figures = figures

    def collect(self) -> Iterable[Metric]:
        """Of one snapshot."""
        snapshot = self.figures.now()
        for part in PARTS:
            yield from part(snapshot)
        about = self.figures.about
        labels = {
            "version": about.version,
            "program_identity": about.identity,
            "configuration_hash": about.configuration,
        }
        yield gauge("build_info", "What runs.", {tuple(labels.values()): 1}, *labels)


# --- families


def gauge(name: str, says: str, values: Mapping[Labels, float | None], *labels: str) -> GaugeMetricFamily:
    """Values that are not known are left out."""
    family = GaugeMetricFamily(f"freehold_{name}", says, labels=labels)
    for key, value in values.items():
        if value is not None:
            family.add_metric(key, value)
    return family


def counter(name: str, says: str, values: Mapping[Labels, float], *labels: str) -> CounterMetricFamily:
    family = CounterMetricFamily(f"freehold_{name}", says, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def histogram(name: str, says: str, values: Mapping[Labels, Histogram], *labels: str) -> HistogramMetricFamily:
    family = HistogramMetricFamily(f"freehold_{name}", says, labels=labels)
    for key, value in values.items():
        family.add_metric(key, list(_buckets(value)), value.total)
    return family


def _buckets(value: Histogram) -> Iterator[tuple[str, float]]:
    below = 0
    for bound, count in zip([*map(str, map(float, value.bounds)), "+Inf"], value.counts, strict=True):
        below += count
        yield bound, below


# --- parts


def _transactions(now: Snapshot) -> Iterator[Metric]:
    counts: dict[Labels, float] = {}
    for (kind, state, code), count in sorted(now.history.taken.items()):
        key = (kind, "rejected" if state == "rejected" else "accepted", code)
        counts[key] = counts.get(key, 0) + count
    yield counter("transactions", "Transactions that were taken in.", counts, "type", "result", "code")
    yield gauge("transactions_waiting", "Transactions that are in no batch yet.", {(): now.waiting})


def _batches(now: Snapshot) -> Iterator[Metric]:
    states = now.batches_by_state
    yield gauge("batches", "Batches.", {(state,): states.get(state, 0) for state in BATCH_STATES}, "state")
    waiting = states.get(EXECUTED, 0) + states.get(READY, 0)
    yield gauge("batches_waiting", "Batches that are executed or ready, and not sent.", {(): waiting})
    history = now.history
    stages: dict[Labels, Histogram] = {(stage,): one for stage, one in history.stages.items()}
    yield histogram("batch_stage_seconds", "How long batches were in each stage.", stages, "stage")
    shapes: dict[Labels, Histogram] = {(shape,): one for shape, one in sorted(history.proving.items())}
    yield histogram("prove_seconds", "How long proofs took, by the power of two above their steps.", shapes, "shape")
    yield histogram("batch_transactions", "Transactions of a batch.", {(): history.transactions})
    yield histogram("batch_steps", "Steps of the program on a batch.", {(): history.steps})
    failed: dict[Labels, float] = {(stage,): history.failed.get(stage, 0) for stage in history.stages}
    yield counter("batches_failed", "Batches that were abandoned, by the stage that they were in.", failed, "stage")
    ids: dict[Labels, float | None] = {(state,): last.id for state, last in now.last.items()}
    yield gauge("last_batch_id", "The newest batch that came so far.", ids, "state")
    times: dict[Labels, float | None] = {(state,): last.at for state, last in now.last.items()}
    yield gauge("last_batch_timestamp_seconds", "When it came so far.", times, "state")
    says = "The earliest time at which a batch that is not on chain must be there."
    yield gauge("batch_deadline_timestamp_seconds", says, {(): now.earliest_deadline})


def _users(now: Snapshot) -> Iterator[Metric]:
    kinds = [obligation.kind for obligation in now.obligations]
    pending: dict[Labels, float | None] = {(kind,): kinds.count(kind) for kind in FORCED_KINDS}
    yield gauge("forced_actions_pending", "Forced requests that no batch on chain has served.", pending, "kind")
    earliest = now.obligations[0].deadline if now.obligations else None
    yield gauge("forced_action_deadline_timestamp_seconds", "The earliest of their deadlines.", {(): earliest})
    says = "From a withdrawal's request to the update that made it withdrawable."
    yield histogram("withdrawal_latency_seconds", says, {(): now.history.withdrawals})


def _proofs(now: Snapshot) -> Iterator[Metric]:
    counts: dict[Labels, float | None] = {(job.kind, job.state): job.count for job in now.jobs}
    yield gauge("jobs", "Proofs to be made, or made.", counts, "kind", "state")
    yield counter("job_attempts", "Claims of proofs by workers.", {(): sum(job.attempts for job in now.jobs)})
    peak = max((job.peak_bytes for job in now.jobs), default=0)
    yield gauge("job_peak_memory_bytes", "The most memory that a proof took.", {(): peak})
    yield histogram("proof_bytes", "Proofs, compressed.", {(): now.history.proof_bytes})
    says = "The power of two above the steps that a proof is of."
    yield histogram("proof_size_steps_log2", says, {(): now.history.proof_steps_log2})


def _chain(now: Snapshot) -> Iterator[Metric]:
    spent = now.spent
    yield counter("gas_used", "Gas of transactions in blocks.", {(one.purpose,): one.gas for one in spent}, "purpose")
    yield counter("wei_spent", "What they cost.", {(one.purpose,): one.wei for one in spent}, "purpose")
    balances: dict[Labels, float | None] = {(role,): wei for role, wei in now.chain.balances.items()}
    yield gauge("sender_balance_wei", "What is left to send with.", balances, "role")
    time = None if now.head is None else now.head.time
    yield gauge("chain_head_timestamp_seconds", "Time of the newest block that was read.", {(): time})
    yield gauge("chain_lag_blocks", "Blocks that the node has and that were not read.", {(): now.lag})
    depths = Histogram(DEPTHS)
    for depth in now.reorganisations:
        depths.add(depth)
    yield histogram("reorg_depth_blocks", "Blocks of branches that the chain left.", {(): depths})


def _others(now: Snapshot) -> Iterator[Metric]:
    signatures = None if now.quorum is None else now.quorum.signatures
    says = "Signatures on the oldest batch that has too few; absent where none has."
    yield gauge("committee_signatures", says, {(): signatures})
    members: dict[Labels, float | None] = {(member,): at for member, at in now.members.items()}
    name = "committee_member_last_signature_timestamp_seconds"
    yield gauge(name, "When a member last signed.", members, "member")
    prices: dict[Labels, float | None] = {(asset,): time for asset, time in now.prices.items()}
    yield gauge("oracle_price_timestamp_seconds", "Time of an asset's newest price.", prices, "asset")
    margin = None if now.solvency is None else now.solvency.margin
    yield gauge("solvency_margin_quanta", "What the contract holds, less all claims.", {(): margin})


PARTS: tuple[Callable[[Snapshot], Iterator[Metric]], ...] = (_transactions, _batches, _users, _proofs, _chain, _others)

"""What `/status` shows: the figures as one document, for programs as JSON and for people as a page of the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from freehold.services.operator.figures import About, BatchFigure, Snapshot
from freehold.services.operator.tables import ABANDONED, FINAL
from freehold.services.operator.whereabouts import WORDS, Withdrawal

TEMPLATES = Path(__file__).parent / "templates"
Json = dict[str, Any]
PHASES = {
    "fill": "executed",
    "wait": "tracing",
    "prove": "proved",
    "sign": "signed",
    "send": "mined",
    "settle": "final",
}
"""Parts of a batch's bar, and the row of `Stage` with which each ends."""
QUARTER, FEW_UPDATES, MOST_LAG, UNSIGNED_FOR = 0.25, 10, 10, 15 * 60
"""What alarms: share of the grace period, updates that the balance pays for, blocks, seconds."""


def document(now: Snapshot, about: About, withdrawals: Sequence[Withdrawal] | None = None) -> Json:
    """Times in seconds since the epoch, amounts in quanta. No secrets."""
    found: Json = {
        "time": now.at,
        "alarms": list(alarms(now, about)),
        "transactions_waiting": now.waiting,
        "batches_by_state": dict(now.batches_by_state),
        "last_batches": {state: asdict(last) for state, last in now.last.items()},
        "batches": [{**asdict(one), "phases": phases(one, now.at, about.quorum > 0)} for one in now.batches],
        "obligations": [{**asdict(one), "seconds_left": int(one.deadline - now.at)} for one in now.obligations],
        "jobs": [asdict(job) for job in now.jobs],
        "unsigned": None if now.quorum is None else {**asdict(now.quorum), "needed": about.quorum},
        "members": dict(now.members),
        "prices": dict(now.prices),
        "chain": {
            "id": about.chain_id,
            "head": None if now.head is None else asdict(now.head),
            "lag": now.lag,
            "balances": dict(now.chain.balances),
            "is_frozen": now.chain.is_frozen,
        },
        "solvency": None
        if now.solvency is None
        else {**asdict(now.solvency), "claims": now.solvency.claims, "margin": now.solvency.margin},
        "about": {
            "version": about.version,
            "program_identity": about.identity,
            "configuration_hash": about.configuration,
            "collateral_resolution": about.config.collateral.resolution,
            "grace_period": about.grace_period,
            "quorum": about.quorum,
            "contracts": dict(about.contracts),
        },
    }
    if withdrawals is not None:
        found["withdrawals"] = [asdict(one) for one in withdrawals]
    return found


def alarms(now: Snapshot, about: About) -> Iterator[str]:
    """What a person should look at, the worst first."""
    if now.chain.is_frozen:
        yield "The exchange is frozen: no batch is accepted any more."
    if now.solvency is not None and now.solvency.margin < 0:
        yield "The exchange holds less than it owes."
    left = now.obligations[0].deadline - now.at if now.obligations else about.grace_period
    if left < QUARTER * about.grace_period:
        yield f"A forced request must be served within {duration(left)}." if left > 0 else "A forced request is late."
    if any(batch.work == "failed" for batch in now.batches):
        yield "A proof was given up."
    unsigned = [batch for batch in now.batches if now.quorum is not None and batch.id == now.quorum.batch]
    if any(now.at - batch.created_at > UNSIGNED_FOR for batch in unsigned):
        yield "A batch has been waiting for the committee for more than a quarter of an hour."
    if now.chain.head is None:
        yield "The node does not answer."
    elif now.lag is not None and now.lag > MOST_LAG:
        yield f"{now.lag} blocks of the chain were not read yet."
    if now.chain.configuration_agrees is False:
        yield "The configuration on chain is another one."
    yield from _poor(now)


def _poor(now: Snapshot) -> Iterator[str]:
    updates = now.history.stages["update"].count
    each = sum(one.wei for one in now.spent) / updates if updates else 0
    for role, wei in now.chain.balances.items():
        if wei < FEW_UPDATES * each:
            yield f"The balance of {role} pays for fewer than {FEW_UPDATES} updates."


def phases(batch: BatchFigure, now: float, is_signed: bool) -> list[Json]:
    """Parts of the time since its first transaction, one after the other, with their seconds: until it is final, until
    it was abandoned, or until now. Signatures come while the proof is made: only what they take longer is shown.
    Those of a rollup are none: `is_signed` is False.
    """
    stages = batch.stages
    newest = max(stages.values(), default=batch.created_at)
    end = newest if batch.state in (FINAL, ABANDONED) else max(now, newest)
    cursor, found = min(stages.get("opened", batch.created_at), batch.created_at), []
    for name, row in PHASES.items():
        is_passed = row in stages or (name == "sign" and not is_signed) or _is_beyond(stages, name)
        until = max(cursor, stages.get(row, cursor) if is_passed else end)
        if until > cursor:
            found.append({"name": name, "seconds": round(until - cursor, 3)})
        cursor = until
        if not is_passed:
            break
    return found


def _is_beyond(stages: Mapping[str, float], phase: str) -> bool:
    names = list(PHASES)
    return any(PHASES[name] in stages for name in names[names.index(phase) + 1 :] if name != "sign")


def duration(seconds: float) -> str:
    """`3 d 4 h`, `2 h 5 min`, `1 min 10 s`, `0.4 s`: two units at most."""
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if seconds < 10:
        return f"{seconds:.1f} s"
    left = round(seconds)
    parts: list[tuple[int, str]] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or parts:
            parts.append((count, unit))
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count)


def amount(quanta: int, resolution: int) -> str:
    """In whole collateral, exactly."""
    whole, rest = divmod(abs(quanta), resolution)
    decimals = len(str(resolution)) - 1
    fraction = f"{rest * 10**decimals // resolution:0{decimals}}".rstrip("0") if rest else ""
    return f"{'-' if quanta < 0 else ''}{whole:,}{'.' if fraction else ''}{fraction}"


def html(found: Json, position: str = "", fault: str = "") -> str:
    """`position` is what was asked for, `fault` why it was no position's id."""
    longest = max((sum(phase["seconds"] for phase in batch["phases"]) for batch in found["batches"]), default=0) or 1
    return _environment.get_template("status.html").render(
        found, position=position, fault=fault, words=WORDS, longest=longest, phase_names=list(PHASES)
    )


def style() -> str:
    return (TEMPLATES / "status.css").read_text(encoding="utf-8")


_environment = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters.update(duration=duration, amount=amount)

"""What came of a run: transactions, batches, seconds, gas, and a balance sheet that must add up."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from freehold.local.on_chain import OnChain
from freehold.local.people import Trader
from freehold.services.base.store import Store
from freehold.services.operator import chain_view
from freehold.services.operator.batches import BEFORE_BLOCK
from freehold.services.operator.bodies import collateral_without_funding
from freehold.services.operator.head import tip_of
from freehold.services.operator.tables import (
    FINAL,
    MINED,
    Batch,
    ChainTx,
    CurrentPosition,
    Entry,
    Job,
    Movement,
    PositionLeaf,
    Received,
    Stage,
)
from prover.applications.ledger.fields import FXP32

Json = dict[str, Any]
SPANS = (
    ("fill", "opened", "executed"),
    ("prove", "executed", "proved"),
    ("sign", "executed", "signed"),
    ("send", "proved", "mined"),
    ("to chain", "opened", "mined"),
)
"""Names of spans between two stages."""


def summary(store: Store, chain: OnChain, traders: Sequence[Trader], seconds: float) -> Json:
    with store.unit() as session:
        return {
            "seconds": round(seconds, 1),
            "transactions": transactions(session),
            "batches": batches(session),
            "stage_seconds": {name: spans(session, first, last) for name, first, last in SPANS},
            "gas": gas(session),
            "balance_sheet": balance_sheet(session, chain, traders),
        }


def transactions(session: Session) -> Json:
    states = session.execute(select(Received.state, func.count()).group_by(Received.state))
    made = session.execute(select(Entry.origin, func.count()).where(Entry.code.is_(None)).group_by(Entry.origin))
    refused = session.execute(
        select(Received.code, func.count()).where(Received.code.is_not(None)).group_by(Received.code)
    )
    return {
        "received": {state: count for state, count in states},
        "batched_by_origin": {origin: count for origin, count in made},
        "rejected_by_code": {code: count for code, count in refused},
    }


def batches(session: Session) -> Json:
    states = session.execute(select(Batch.state, func.count()).where(Batch.previous.is_not(None)).group_by(Batch.state))
    steps = list(session.scalars(select(Batch.n_steps).where(Batch.previous.is_not(None))))
    attempts = session.scalar(select(func.sum(Job.attempts))) or 0
    return {
        "by_state": {state: count for state, count in states},
        "steps": {"median": median(steps) if steps else None, "most": max(steps, default=None)},
        "proof_attempts": int(attempts),
    }


def spans(session: Session, first: str, last: str) -> Json:
    """Seconds from one stage to another, of the batches that came to both."""
    begun = select(Stage).where(Stage.name == first).subquery()
    found = sorted(
        session.scalars(
            select(Stage.at - begun.c.at).join(begun, begun.c.batch == Stage.batch).where(Stage.name == last)
        )
    )
    if not found:
        return {}
    return {"median": round(median(found), 2), "most": round(found[-1], 2), "batches": len(found)}


def gas(session: Session) -> Json:
    """By purpose, of what is in blocks; for each transaction of a user that is on chain."""
    rows = session.execute(
        select(ChainTx.purpose, func.count(), func.sum(ChainTx.gas_used))
        .where(ChainTx.gas_used.is_not(None))
        .group_by(ChainTx.purpose)
    )
    by_purpose = {purpose: {"transactions": count, "gas": int(used or 0)} for purpose, count, used in rows}
    users = (
        select(func.count())
        .select_from(Entry)
        .join(Batch, Batch.id == Entry.batch)
        .where(Batch.state.in_((MINED, FINAL)), Entry.origin == "user", Entry.code.is_(None))
    )
    total, served = sum(row["gas"] for row in by_purpose.values()), session.scalar(users) or 0
    return {"by_purpose": by_purpose, "total": total, "per_user_transaction": round(total / served) if served else None}


def balance_sheet(session: Session, chain: OnChain, traders: Sequence[Trader]) -> Json:
    """Quanta. The contract's tokens are what it owes: deposits that wait, what may be withdrawn, and the collateral of
    all positions, batches that are not on chain yet counted as if they were.

    Each change of a position may leave up to a quantum more, which funding rounds away.
    """
    held = chain.wallet(chain.record.exchange)
    bodies = [json.loads(body) for body in session.scalars(select(CurrentPosition.body))]
    deposits = sum(one.amount for one in chain_view.pending_deposits(session, 0))
    pending = pending_movements(session)
    withdrawable = sum(chain.withdrawable(trader.stark_key) for trader in traders)
    collateral = sum(collateral_without_funding(body) for body in bodies) // FXP32
    synthetic: Counter[str] = Counter()
    for body in bodies:
        for asset_id, asset in body["assets"].items():
            synthetic[asset_id] += int(asset["balance"])
    difference = held - deposits - withdrawable - pending - collateral
    changes = session.scalar(select(func.count()).select_from(PositionLeaf)) or 0
    return {
        "held_by_the_contract": held,
        "deposits_that_wait": deposits,
        "withdrawable": withdrawable,
        "withdrawals_under_way": pending,
        "collateral_of_positions": collateral,
        "rounded_away_by_funding": difference,
        "synthetic_sums": sorted(set(synthetic.values())),
        "adds_up": 0 <= difference <= changes and not any(synthetic.values()),
        "last_batch": tip_of(session).batch,
    }


def pending_movements(session: Session) -> int:
    """Withdrawals of batches that are not on chain yet: out of the positions, and not withdrawable."""
    amount = session.scalar(
        select(func.sum(Movement.amount))
        .join(Batch, Batch.id == Movement.batch)
        .where(Batch.state.in_(BEFORE_BLOCK), Movement.amount < 0)
    )
    return -int(amount or 0)


def show(found: Json, console: Console) -> None:
    table = Table(show_header=False, box=None)
    for name, value in _flat(found):
        table.add_row(name, f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value))
    console.print(table)


def _flat(document: Json, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        shown = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, dict):
            yield from _flat(value, f"{shown}: ")
        else:
            yield shown, value

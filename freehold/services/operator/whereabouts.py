"""Where is my withdrawal: requested, batched, proved, withdrawable, paid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from freehold.services.operator.tables import (
    ABANDONED,
    EXECUTED,
    FINAL,
    MINED,
    Batch,
    Block,
    Entry,
    Event,
    Job,
    Movement,
    PositionLeaf,
    Received,
)

REQUESTED, BATCHED, PROVED, WITHDRAWABLE, PAID = WORDS = ("requested", "batched", "proved", "withdrawable", "paid")
MOST = 50
"""Withdrawals that are told of, the newest first."""
WITHDRAWAL, SEVERAL = ("WITHDRAWAL", "WITHDRAWAL_TO_ADDRESS"), "MULTI_TRANSACTION"


@dataclass(frozen=True)
class Withdrawal:
    """`amount` in quanta. `since`: when it was requested or its batch was made. `batch`: the one that it is in.
    `is_forced`: requested on chain, and not yet in a batch."""

    amount: int
    word: str
    since: int
    batch: int | None = None
    is_forced: bool = False


def where_is(session: Session, position_id: int) -> list[Withdrawal]:
    """The withdrawals of a position that are known, those that wait longest to go first."""
    asked = [*_received(session, position_id), *_forced(session, position_id)]
    return [*asked, *_in_batches(session, position_id)][:MOST]


def _received(session: Session, position_id: int) -> Iterator[Withdrawal]:
    """In no batch yet."""
    waiting = select(Received).where(Received.state == "received", Received.kind.in_((*WITHDRAWAL, SEVERAL)))
    naming = waiting.where(Received.body.contains(f'"position_id":"{position_id}"')).order_by(Received.tx_id.desc())
    for row in session.scalars(naming.limit(MOST)):
        document = json.loads(row.body)
        for single in document["txs"] if row.kind == SEVERAL else [document]:
            if single["type"] in WITHDRAWAL and int(single["position_id"]) == position_id:
                yield Withdrawal(int(single["amount"]), REQUESTED, row.received_at)


def _forced(session: Session, position_id: int) -> Iterator[Withdrawal]:
    """Requested on chain more often than batches served it."""
    asked = select(Event.request, Event.arguments, Block.time).join(Block, Block.hash == Event.block)
    asked = asked.where(Event.name == "LogForcedWithdrawalRequest", Event.position_id == position_id, Block.canonical)
    rows = session.execute(asked.order_by(Block.number, Event.place)).all()
    served = select(Entry.request).join(Batch, Batch.id == Entry.batch)
    served = served.where(Entry.request.in_({request for request, _, _ in rows}), Batch.state != ABANDONED)
    left = list(session.scalars(served))
    for request, arguments, time in rows:
        if request in left:
            left.remove(request)
        else:
            yield Withdrawal(int(json.loads(arguments)["quantizedAmount"]), REQUESTED, time, is_forced=True)


def _in_batches(session: Session, position_id: int) -> Iterator[Withdrawal]:
    """Those that a batch allowed, the newest first."""
    touched = select(PositionLeaf.batch).where(PositionLeaf.position_id == position_id)
    rows = select(Movement, Batch).join(Batch, Batch.id == Movement.batch)
    rows = rows.where(Movement.batch.in_(touched), Movement.position_id == position_id, Movement.amount < 0)
    rows = rows.where(Batch.state != ABANDONED).order_by(Movement.batch.desc(), Movement.place.desc()).limit(MOST)
    for movement, batch in session.execute(rows):
        yield Withdrawal(-movement.amount, _word(session, movement, batch), int(batch.created_at), batch.id)


def _word(session: Session, movement: Movement, batch: Batch) -> str:
    if batch.state in (MINED, FINAL):
        return PAID if _is_paid(session, movement) else WITHDRAWABLE
    if batch.state != EXECUTED:
        return PROVED
    is_done = select(Job.id).where(Job.batch == batch.id, Job.state == "done").limit(1)
    return BATCHED if session.scalar(is_done) is None else PROVED


def _is_paid(session: Session, movement: Movement) -> bool:
    """A payment pays all that is booked for a key, so that what is not paid is the newest of what was allowed."""
    waiting = _sum(session, "LogWithdrawalAllowed", movement) - _sum(session, "LogWithdrawalPerformed", movement)
    later = select(Movement.amount).join(Batch, Batch.id == Movement.batch)
    later = later.where(Movement.owner_key == movement.owner_key, Movement.amount < 0, Batch.state.in_((MINED, FINAL)))
    later = later.where(
        (Movement.batch > movement.batch) | ((Movement.batch == movement.batch) & (Movement.place > movement.place))
    )
    return waiting <= -sum(session.scalars(later))


def _sum(session: Session, name: str, movement: Movement) -> int:
    rows = select(Event.arguments).join(Block, Block.hash == Event.block)
    rows = rows.where(Event.stark_key == movement.owner_key, Event.name == name, Block.canonical)
    return sum(int(json.loads(arguments)["quantizedAmount"]) for arguments in session.scalars(rows))

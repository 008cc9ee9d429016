"""Rows of the operator's tables as its batcher writes them, and a short history of an exchange to make them of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy.orm import Session

from freehold.services.base.batch_data import position_data
from freehold.services.operator.batches import words_text
from freehold.services.operator.tables import Batch, Entry, OrderLeaf, PositionLeaf, Received
from prover.applications.perpetual.batch import Batch as Applied
from prover.applications.perpetual.batch import apply_batch
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import FundingTick, OracleTick, Transaction
from tests.support.every_kind import FAR
from tests.support.wire_documents import BY_TYPE
from tests.support.world import (
    ALICE,
    BOB,
    CAROL,
    CONFIG,
    ETH,
    FEE_KEEPER,
    FEES,
    HOUR,
    NOW,
    ONE,
    TIME,
    deposit,
    order,
    trade,
    transfer,
    withdrawal,
)

CREATED = 1_800_000_000.5
OF_USERS = {"trade": "TRADE", "transfer": "TRANSFER", "withdrawal": "WITHDRAWAL"}


@dataclass(frozen=True)
class Made:
    """A batch as it stands in the store: its id, its place in the chain, and what the rules made of it."""

    id: int
    previous: int
    sequence_number: int
    applied: Applied


def add_root(session: Session, state: State, batch_id: int = -1, sequence_number: int = -1) -> None:
    """The batch that stands for what was before the operator's time."""
    session.add(_row(batch_id, None, sequence_number, state, "final"))
    session.flush()


def add_batch(session: Session, made: Made, entries: Sequence[Entry] | None = None, state: str = "executed") -> None:
    """The batch with its leaves and entries; its users' transactions have the ids from 1000 * batch on."""
    applied, batch_id = made.applied, made.id
    session.add(_row(batch_id, made.previous, made.sequence_number, applied.after, state))
    session.flush()
    for key in applied.touched_positions:
        body = json.dumps(position_data(applied.after.position(key)))
        session.add(PositionLeaf(position_id=key, batch=batch_id, body=body))
    for key in applied.touched_orders:
        session.add(OrderLeaf(order_id=key, batch=batch_id, fulfilled=applied.after.used(key)))
    session.add_all(_entries(session, made) if entries is None else entries)


def _row(batch_id: int, previous: int | None, sequence_number: int, state: State, stage: str) -> Batch:
    return Batch(
        id=batch_id,
        previous=previous,
        state=stage,
        sequence_number=sequence_number,
        created_at=CREATED,
        system_time=state.system_time,
        minimum_expiration=HOUR,
        deadline=HOUR * 3600,
        state_hash=state.hash(),
        words=words_text(state.words()),
        facts="[]",
        n_transactions=0,
        n_steps=0,
    )


def _entries(session: Session, made: Made) -> list[Entry]:
    entries = []
    for place, transaction in enumerate(made.applied.transactions):
        tx_id = 1000 * made.id + place if transaction.type in OF_USERS else None
        if tx_id is not None:
            add_received(session, tx_id, BY_TYPE[OF_USERS[transaction.type]])
        entries.append(entry_of(made.id, place, transaction, tx_id))
    return entries


def entry_of(batch_id: int, place: int, transaction: Transaction, tx_id: int | None = None, **fields) -> Entry:
    """The operator's own where it has no id."""
    body = transaction.model_dump_json() if tx_id is None else None
    origin = "user" if tx_id is not None else {"deposit": "deposit"}.get(transaction.type, "tick")
    return Entry(batch=batch_id, place=place, tx_id=tx_id, origin=origin, kind=transaction.type, body=body, **fields)


def add_received(session: Session, tx_id: int, document: Mapping[str, object], state: str = "batched") -> None:
    session.add(
        Received(
            tx_id=tx_id,
            kind=document["type"],
            body=json.dumps(document),
            digest=bytes(32),
            state=state,
            received_at=int(CREATED),
        )
    )


# --- a history


def empty_state() -> State:
    return State.initial(CONFIG, TIME)


@cache
def history() -> tuple[Made, Made, Made, Made]:
    """Deposits and prices; a trade; on it a batch that fails later, and one that refers past it, in which a position
    becomes empty."""
    low, high = FAR
    first = apply_batch(
        CONFIG,
        empty_state(),
        [
            FundingTick(timestamp=NOW + 60, funding_indices=((ETH, 0),)),
            OracleTick(prices=((ETH, ONE),), timestamp=NOW + 90),
            deposit(FEE_KEEPER, FEES, 100),
            deposit(ALICE, 7, 10**6),
            deposit(BOB, 8, 10**6),
            deposit(CAROL, 11, 77),
        ],
        HOUR,
        [low],
        [high],
    )
    buy, sell = order(ALICE, 7, True, 1000, 1000, amount_fee=10), order(BOB, 8, False, 2000, 1900, amount_fee=20)
    second = apply_batch(CONFIG, first.after, [trade(buy, sell, 600, 590, (5, 6))], HOUR)
    failed = apply_batch(CONFIG, second.after, [transfer(ALICE, 7, CAROL, 12, 50), deposit(CAROL, 13, 9)], HOUR)
    paid = FundingTick(timestamp=NOW + 200, funding_indices=((ETH, 9),))
    last = apply_batch(
        CONFIG,
        second.after,
        [
            withdrawal(CAROL, 11, 77),
            trade(buy, sell, 400, 390, (3, 4)),
            paid,
        ],
        HOUR,
    )
    return Made(0, -1, 0, first), Made(1, 0, 1, second), Made(2, 1, 2, failed), Made(3, 1, 2, last)


def add_history(session: Session, n_batches: int = 4) -> None:
    """Batch 2 is abandoned once there is batch 3."""
    add_root(session, empty_state())
    for made in history()[:n_batches]:
        add_batch(session, made, state="abandoned" if made.id == 2 and n_batches > 3 else "executed")

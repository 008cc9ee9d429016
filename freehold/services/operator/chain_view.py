"""What the chain says, asked of the events of canonical blocks: nothing of it is written down twice.

Amounts are quantised, times are seconds since the epoch.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, case, exists, func, select
from sqlalchemy.orm import Session, aliased

from freehold.services.operator import chain_events as names
from freehold.services.operator.tables import ABANDONED, Batch, Block, Entry, Event, Movement

# --- how far the chain is


def head(session: Session) -> Block | None:
    """The highest block that was read."""
    return session.scalar(select(Block).where(Block.canonical).order_by(Block.number.desc()).limit(1))


def final_block(session: Session) -> Block | None:
    return session.scalar(select(Block).where(Block.final, Block.canonical).order_by(Block.number.desc()).limit(1))


def final_number(session: Session) -> int:
    """-1 while nothing is final."""
    block = final_block(session)
    return -1 if block is None else block.number


def confirmed_number(session: Session, confirmations: int) -> int:
    """The highest block with so many on top; -1 where there is none."""
    block = head(session)
    return -1 if block is None else max(block.number - confirmations, -1)


def is_frozen(session: Session) -> bool:
    newest = _newest(session, names.FROZEN, names.UNFROZEN)
    return newest is not None and newest.name == names.FROZEN


def update_of(session: Session, batch: Batch) -> Block | None:
    """The block in which the exchange took this very batch."""
    found = _update(session, batch)
    return None if found is None else found[1]


def _update(session: Session, batch: Batch) -> tuple[Event, Block] | None:
    """The event is told from another operator's of the same id by the state's hash, which is announced before it."""
    for event, block in session.execute(_events(names.UPDATED).add_columns(Block).where(Event.batch_id == batch.id)):
        announced = session.scalar(
            select(Event.arguments)
            .where(Event.block == event.block, Event.name == names.STATE, Event.place < event.place)
            .order_by(Event.place.desc())
            .limit(1)
        )
        if announced is not None and json.loads(announced)["sharedStateHash"] == "0x" + batch.state_hash.hex():
            return event, block
    return None


def last_update(session: Session) -> int | None:
    """The id of the last batch that the exchange took, whoever sent it."""
    newest = _newest(session, names.UPDATED)
    return None if newest is None else newest.batch_id


# --- deposits


@dataclass(frozen=True)
class PendingDeposit:
    """What a slot of the contract holds and no batch uses yet. `cancelled_at`: its owner asked for it back then."""

    stark_key: int
    position_id: int
    amount: int
    cancelled_at: int | None = None


def pending_deposits(session: Session, confirmations: int) -> list[PendingDeposit]:
    """What a batch may use: deposits with so many blocks on top, less what left their slots since, as far as the head,
    and less what batches use that are neither abandoned nor on chain."""
    confirmed = Block.number <= confirmed_number(session, confirmations)
    signed = case((Event.name != names.DEPOSIT, -Event.amount), (confirmed, Event.amount), else_=0)
    held = (
        select(Event.stark_key, Event.position_id, func.sum(signed).label("amount"))
        .join(Block, Block.hash == Event.block)
        .where(Block.canonical, Event.name.in_((names.DEPOSIT, names.RECLAIM, names.TAKEN)))
        .group_by(Event.stark_key, Event.position_id)
        .having(func.sum(signed) > 0)
    )
    used = _used_by_batches(session)
    cancelled = _cancelled_slots(session)
    found = []
    for stark_key, position_id, amount in session.execute(held):
        left = int(amount) - used.get((stark_key, position_id), 0)
        if left > 0:
            since = _cancelled_at(session, stark_key, position_id) if (stark_key, position_id) in cancelled else None
            found.append(PendingDeposit(stark_key, position_id, left, since))
    return sorted(found, key=lambda one: (one.position_id, one.stark_key))


def _used_by_batches(session: Session) -> dict[tuple[int, int], int]:
    """By slot, of batches whose update is on its way."""
    rows = session.execute(
        select(Movement.owner_key, Movement.position_id, func.sum(Movement.amount))
        .join(Batch, Batch.id == Movement.batch)
        .where(_is_under_way(), Movement.amount > 0)
        .group_by(Movement.owner_key, Movement.position_id)
    )
    return {(key, position): int(amount) for key, position, amount in rows}


def _cancelled_slots(session: Session) -> set[tuple[int | None, int | None]]:
    return {(event.stark_key, event.position_id) for event in session.scalars(_events(names.CANCEL))}


def _cancelled_at(session: Session, stark_key: int, position_id: int) -> int | None:
    """As the contract keeps it: a cancellation ends with the owner's next deposit, and with what it was of."""
    owners = {json.loads(event.arguments)["ethKey"] for event in _of_key(session, names.REGISTERED, stark_key)}
    in_order = (
        _events(names.DEPOSIT, names.CANCEL, names.RECLAIM, names.TAKEN)
        .add_columns(Block.time)
        .where(Event.stark_key == stark_key, Event.position_id == position_id)
        .order_by(Block.number, Event.place)
    )
    pending, since = 0, None
    for event, at in session.execute(in_order):
        if event.name == names.CANCEL:
            since = at
            continue
        is_deposit = event.name == names.DEPOSIT
        pending += event.amount if is_deposit else -event.amount
        if pending == 0 or (is_deposit and json.loads(event.arguments)["depositorEthKey"] in owners):
            since = None
    return since


def _of_key(session: Session, name: str, stark_key: int) -> Iterable[Event]:
    return session.scalars(_events(name).where(Event.stark_key == stark_key))


# --- forced requests


@dataclass(frozen=True)
class ForcedRequest:
    """An obligation. `arguments` are those of the contract's event, by its names, numbers as decimal text."""

    request: bytes
    kind: Literal["FORCED_WITHDRAWAL", "FORCED_TRADE"]
    arguments: dict[str, Any]
    requested_at: int
    deadline: int
    block: int
    """Its number."""


def forced_requests(session: Session, confirmations: int = 0) -> list[ForcedRequest]:
    """Those that neither the chain nor a batch under way has served, the earliest deadline first.

    A trade whose deadline a freeze outlived can be served no more.
    """
    served = set(
        session.scalars(
            select(Entry.request)
            .join(Batch, Batch.id == Entry.batch)
            .where(_is_under_way(), Entry.request.is_not(None), Entry.code.is_(None))
        )
    )
    newest: dict[bytes, tuple[Event, Block]] = {}
    for event, block in session.execute(_unanswered(confirmed_number(session, confirmations))):
        newest[event.request] = event, block
    asked = [_request(session, *pair) for request, pair in newest.items() if request not in served]
    outlived = _frozen_until(session)
    found = [one for one in asked if one.kind != "FORCED_TRADE" or one.deadline > outlived]
    return sorted(found, key=lambda one: (one.deadline, one.block))  # else as they came


def _frozen_until(session: Session) -> int:
    """When the last freeze could end; 0 if there was none."""
    newest = _newest(session, names.FROZEN_UNTIL)
    return 0 if newest is None else int(json.loads(newest.arguments)["unFreezeTime"])


def _unanswered(confirmed: int) -> Any:
    """Acceptances after which the same request was not served, in order."""
    later, its_block = aliased(Event), aliased(Block)
    after = (its_block.number > Block.number) | ((its_block.number == Block.number) & (later.place > Event.place))
    answered = (
        select(later.place)
        .join(its_block, its_block.hash == later.block)
        .where(later.name == names.SERVED, later.request == Event.request, its_block.canonical, after)
    )
    return (
        _events(names.ASKED)
        .add_columns(Block)
        .where(Block.number <= confirmed, ~exists(answered.correlate(Event, Block)))
        .order_by(Block.number, Event.place)
    )


def _request(session: Session, accepted: Event, block: Block) -> ForcedRequest:
    asked = session.get_one(Event, (accepted.block, accepted.place + 1))
    return ForcedRequest(
        request=accepted.request or b"",
        kind="FORCED_TRADE" if asked.name == names.ASKED_TRADE else "FORCED_WITHDRAWAL",
        arguments=json.loads(asked.arguments),
        requested_at=block.time,
        deadline=int(json.loads(accepted.arguments)["deadline"]),
        block=block.number,
    )


# ---


def _events(*wanted: str) -> Any:
    """Of these names, in canonical blocks."""
    return select(Event).join(Block, Block.hash == Event.block).where(Block.canonical, Event.name.in_(wanted))


def _newest(session: Session, *wanted: str) -> Event | None:
    newest: Event | None = session.scalar(_events(*wanted).order_by(Block.number.desc(), Event.place.desc()).limit(1))
    return newest


def _is_under_way() -> ColumnElement[bool]:
    """Of a batch: neither abandoned, nor taken by the exchange in a canonical block."""
    taken = (
        select(Event.place)
        .join(Block, Block.hash == Event.block)
        .where(Block.canonical, Event.name == names.UPDATED, Event.batch_id == Batch.id)
    )
    return (Batch.state != ABANDONED) & ~exists(taken.correlate(Batch))

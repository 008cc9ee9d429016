"""Rows of an operator's store, as its components would have written them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy.orm import Session

from freehold.services.operator.tables import (
    Batch,
    Blob,
    Block,
    Entry,
    Event,
    Job,
    Movement,
    OrderLeaf,
    PositionLeaf,
    Received,
    Signature,
    Stage,
)
from prover.applications.perpetual.state import State

NO_HASH = bytes(32)
ROOT = -1


def digest(*parts: object) -> bytes:
    return sha256(repr(parts).encode()).digest()


def add_batch(
    session: Session, number: int, state: str = "executed", words: Sequence[int] = (), **fields: Any
) -> Batch:
    """Of the one before it. `stages`: when it came into each."""
    stages: Mapping[str, float] = fields.pop("stages", {})
    given = {
        "previous": None if number == ROOT else number - 1,
        "sequence_number": number + 1,
        "created_at": 1000.0,
        "system_time": 1000,
        "minimum_expiration": 10**6,
        "deadline": 10**9,
        "state_hash": NO_HASH,
        "words": json.dumps(list(words)),
        "facts": "[]",
        "n_transactions": 3,
        "n_steps": 100_000,
        **fields,
    }
    batch = Batch(id=number, state=state, **given)
    session.add(batch)
    session.flush()
    session.add_all(Stage(batch=number, name=name, at=at) for name, at in stages.items())
    session.flush()
    return batch


def add_root(session: Session, words: Sequence[int] = ()) -> Batch:
    return add_batch(session, ROOT, "final", words)


def add_state(session: Session, number: int, state: State) -> None:
    """All leaves of a state, as a batch's."""
    for position_id, position in state.positions.items():
        assets = {
            hex(asset.asset_id): {
                "balance": str(asset.balance),
                "cached_funding_index": str(asset.cached_funding_index),
            }
            for asset in position.assets
        }
        body = {
            "public_key": hex(position.public_key),
            "collateral_balance": str(position.collateral_balance),
            "assets": assets,
        }
        session.add(PositionLeaf(position_id=position_id, batch=number, body=json.dumps(body)))
    session.add_all(OrderLeaf(order_id=order, batch=number, fulfilled=used) for order, used in state.orders.items())
    session.flush()


def add_position(session: Session, number: int, position_id: int, collateral: int, key: int = 5) -> None:
    """Without assets; key 0 and no collateral make it empty."""
    body = {"public_key": hex(key), "collateral_balance": str(collateral), "assets": {}}
    session.add(PositionLeaf(position_id=position_id, batch=number, body=json.dumps(body)))
    session.flush()


def add_movement(session: Session, number: int, place: int, owner: int, position_id: int, amount: int) -> None:
    session.add(Movement(batch=number, place=place, owner_key=owner, position_id=position_id, amount=amount))
    session.flush()


def add_entry(session: Session, number: int, place: int, kind: str, origin: str = "user", **fields: Any) -> None:
    session.add(Entry(batch=number, place=place, kind=kind, origin=origin, **fields))
    session.flush()


def add_received(session: Session, tx_id: int, body: Mapping[str, Any], state: str = "received", **fields: Any) -> None:
    text = json.dumps(body, separators=(",", ":"), sort_keys=True)
    given = {"received_at": 900, **fields}
    session.add(Received(tx_id=tx_id, kind=body["type"], body=text, digest=digest(text), state=state, **given))
    session.flush()


def add_block(
    session: Session, number: int, time: int, branch: int = 0, parent: int | None = None, **fields: Any
) -> bytes:
    """Canonical on branch 0; on another one it is not, and `parent` is the branch of the block before it."""
    block = digest("block", number, branch)
    before = digest("block", number - 1, branch if parent is None else parent)
    given = {"canonical": branch == 0, **fields}
    session.add(Block(hash=block, number=number, parent=before, time=time, **given))
    session.flush()
    return block


def add_event(
    session: Session, block: bytes, place: int, name: str, arguments: Mapping[str, int], **columns: Any
) -> None:
    text = json.dumps({key: str(value) for key, value in arguments.items()})
    session.add(Event(block=block, place=place, name=name, arguments=text, transaction=NO_HASH, **columns))
    session.flush()


def add_forced_withdrawal(
    session: Session, block: bytes, place: int, owner: int, position_id: int, amount: int
) -> bytes:
    """The request's hash, made up."""
    request = digest("forced", owner, position_id, amount)
    arguments = {"starkKey": owner, "vaultId": position_id, "quantizedAmount": amount}
    columns = {"stark_key": owner, "position_id": position_id, "request": request}
    add_event(session, block, place, "LogForcedWithdrawalRequest", arguments, **columns)
    return request


def add_job(session: Session, number: int, state: str = "waiting", proof_bytes: int = 0, **fields: Any) -> None:
    proof = None
    if proof_bytes:
        proof = digest("proof", number)
        session.add(Blob(digest=proof, kind="proof", content=bytes(proof_bytes), created_at=0))
        session.flush()
    given = {"attempts": 1, "needs_bytes": 1 << 30, **fields}
    session.add(
        Job(
            key=digest("job", number),
            kind="exchange",
            batch=number,
            input=NO_HASH,
            output=NO_HASH,
            parameters="default",
            state=state,
            proof=proof,
            **given,
        )
    )
    session.flush()


def add_signature(session: Session, number: int, member: str, at: float) -> None:
    session.add(Signature(batch=number, member=member, claim=NO_HASH, signature=bytes(65), received_at=at))
    session.flush()

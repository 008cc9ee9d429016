"""The first row of an operator's store: the state with which it begins, and how a state's file becomes that one."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import insert, select

from freehold.errors import Refused
from freehold.files import read_json
from freehold.records import Place, read_state, write_state
from freehold.services.base.batch_data import position_body
from freehold.services.base.store import Store
from freehold.services.operator import batches
from freehold.services.operator.head import Head
from freehold.services.operator.tables import FINAL, Batch, CurrentPosition, OrderLeaf, PositionLeaf
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.errors import InputRefused
from prover.applications.perpetual.last_state import LastState
from prover.applications.perpetual.positions import leaves
from prover.applications.perpetual.state import State

BEFORE_THE_FIRST = -1
"""The batch that stands for the state of a new exchange."""


def is_begun(store: Store) -> bool:
    with store.unit() as session:
        return session.scalar(select(Batch.id).limit(1)) is not None


def begin(
    store: Store,
    config: GeneralConfig,
    state: State,
    sequence_number: int,
    now: float,
    batch_id: int = BEFORE_THE_FIRST,
) -> None:
    """`sequence_number` and `batch_id` are the exchange's; a new one has had no batch. Raises Refused, for a store that
    has begun."""
    if is_begun(store):
        raise Refused("the store has begun already: it is of an exchange whose batches are in it")
    head, shared = Head(config), state.shared()
    with store.unit() as session:
        session.add(
            Batch(
                id=batch_id,
                previous=None,
                state=FINAL,
                sequence_number=sequence_number,
                created_at=now,
                system_time=state.system_time,
                minimum_expiration=0,
                deadline=0,
                state_hash=state.hash(),
                words=batches.words_text(shared.words()),
                facts="[]",
                n_transactions=0,
                n_steps=0,
            )
        )
        session.flush()
        bodies = {key: position_body(position) for key, position in state.positions.items()}
        if bodies:
            session.execute(
                insert(PositionLeaf),
                [{"position_id": key, "batch": batch_id, "body": body} for key, body in bodies.items()],
            )
            session.execute(
                insert(CurrentPosition), [{"position_id": key, "body": body} for key, body in bodies.items()]
            )
        if state.orders:
            session.execute(
                insert(OrderLeaf),
                [{"order_id": key, "batch": batch_id, "fulfilled": used} for key, used in state.orders.items()],
            )
        head.position_tree.write(session, dict(zip(state.positions, leaves(state.positions.values()), strict=True)))
        head.order_tree.write(session, state.orders)


def set_first_state(place: Place, exported: Path, on_chain: bytes) -> State:
    """The state's file beside the record is replaced by `exported`, which may lack the configuration, as what a
    committee's member exports does: that stays the file's. Raises Refused for a state other than the one on chain, or
    one without its orders.
    """
    config, before = read_state(place.state_file)
    document = read_json(exported)
    if isinstance(document, dict) and "config" not in document:
        document = {"config": config.model_dump(mode="json"), "state": document.get("state")}
    try:
        _, state = LastState.parsed(document)
    except InputRefused as error:
        raise Refused(f"{exported} is no state of this exchange: {error}") from error
    if not state.knows_orders:
        raise Refused(f"{exported} is no state to begin with: it has no orders, as what a rollup publishes has none")
    if state.hash() != on_chain:
        raise Refused(
            f"{exported} has the state 0x{state.hash().hex()}, the exchange is at 0x{on_chain.hex()}: give the newest"
        )
    if state.hash() != before.hash():
        write_state(place.state_file.with_name(f"state-{before.hash().hex()[:8]}.json"), config, before)
        place.write_state(config, state)
    return state

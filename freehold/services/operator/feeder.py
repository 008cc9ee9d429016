"""The feeder gateway: what happened in each batch, for explorers.

A transaction that was rejected while its batch was filled is shown as one that was replaced by none. What the operator
itself made has no id of a client: it has 2^52 + batch * 2^20 + place, which no gapless sequence comes to, and which
every reader of JSON keeps exactly while batches are below 2^32.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query
from fastapi.responses import JSONResponse, Response
from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session

from freehold.services.base.batch_data import ROOT_BATCH
from freehold.services.base.doors import Limits, application, prefixes, refusal
from freehold.services.base.store import Store
from freehold.services.base.wire import NotReadable, root_text
from freehold.services.operator import batches, wire
from freehold.services.operator.lease import is_reachable
from freehold.services.operator.tables import ABANDONED, Batch, Entry, Received
from prover.applications.ledger.units import CollateralId
from prover.applications.perpetual import transactions as rules

OWN_IDS, OWN_IDS_IN_BATCH = 1 << 52, 1 << 20
TRANSACTION: TypeAdapter[rules.Transaction] = TypeAdapter(rules.Transaction)


def own_id(batch_id: int, place: int) -> int:
    """Of a transaction that the operator made."""
    return OWN_IDS + batch_id * OWN_IDS_IN_BATCH + place


class Feeder:
    """Raises NotReadable under INVALID_BATCH_ID for a batch that is not there."""

    def __init__(self, store: Store, collateral: CollateralId) -> None:
        self.store, self.collateral = store, collateral

    def batch_info(self, batch_id: int) -> dict[str, Any]:
        with self.store.unit() as session:
            batch = _known(session, batch_id)
            before = session.get_one(Batch, batch.previous)
            old, new = batches.shared_state_of(before), batches.shared_state_of(batch)
            return {
                "previous_batch_id": batch.previous,
                "sequence_number": batch.sequence_number,
                "time_created": str(int(batch.created_at)),
                "previous_position_root": root_text(old.positions_root),
                "previous_order_root": root_text(old.orders_root),
                "position_root": root_text(new.positions_root),
                "order_root": root_text(new.orders_root),
                "txs_info": [self._shown(session, entries) for entries in _sent(session, batch_id)],
            }

    def last_batch_id(self) -> int:
        """Of those that were not abandoned; from it `prev_batch_id` leads through all of them."""
        with self.store.unit() as session:
            batch = batches.newest(session, ABANDONED)
        return ROOT_BATCH if batch is None else batch.id

    def prev_batch_id(self, batch_id: int) -> int:
        with self.store.unit() as session:
            previous = _known(session, batch_id).previous
        assert previous is not None
        return previous

    def enclosing_ids(self, batch_id: int) -> list[int]:
        """The least and the greatest id of a client's transaction in it, of the operator's where there is none."""
        with self.store.unit() as session:
            _known(session, batch_id)
            entries = [entries[0] for entries in _sent(session, batch_id)]
        clients = [entry.tx_id for entry in entries if entry.tx_id is not None]
        ids = clients or [own_id(batch_id, entry.place) for entry in entries]
        return [min(ids), max(ids)] if ids else []

    def _shown(self, session: Session, entries: Sequence[Entry]) -> dict[str, Any]:
        entry, rejected = entries[0], any(entry.code is not None for entry in entries)
        if entry.tx_id is None:
            tx_id, transaction = own_id(entry.batch, entry.place), self._own(entry)
        else:
            tx_id, transaction = entry.tx_id, json.loads(session.get_one(Received, entry.tx_id).body)
        return {
            "original_tx_id": tx_id,
            "original_tx": transaction,
            "was_replaced": rejected,
            "alt_txs": [] if rejected else None,
        }

    def _own(self, entry: Entry) -> dict[str, Any]:
        assert entry.body is not None
        transaction = TRANSACTION.validate_json(entry.body)
        return dict(wire.to_document(wire.of_rules(transaction, self.collateral)))


def _known(session: Session, batch_id: int) -> Batch:
    batch = batches.executed(session, batch_id)
    if batch is None:
        raise NotReadable("INVALID_BATCH_ID", f"there is no batch {batch_id}")
    return batch


def _sent(session: Session, batch_id: int) -> Iterator[list[Entry]]:
    """The entries of each transaction as it was sent: of several in one, as many."""
    entries = session.scalars(select(Entry).where(Entry.batch == batch_id).order_by(Entry.place))
    for _, same in groupby(entries, key=lambda entry: (entry.tx_id, entry.place if entry.tx_id is None else None)):
        yield list(same)


def door(feeder: Feeder, limits: Limits | None = None) -> FastAPI:
    parts = [(prefix, calls_of(feeder)) for prefix in prefixes("feeder_gateway")]
    return application("Freehold's feeder gateway", limits or Limits(), parts)


Asked = Annotated[int, Query(ge=-1, lt=1 << 63)]


def calls_of(feeder: Feeder) -> APIRouter:
    calls = APIRouter()

    def answer(ask: Callable[[int], Any], batch_id: int) -> JSONResponse:
        """Clients look for `code` in an answer of 200."""
        try:
            return JSONResponse(ask(batch_id))
        except NotReadable as refused:
            return refusal(refused.code, str(refused), 200)

    @calls.get("/is_alive")
    async def is_alive() -> str:
        return "feeder gateway is alive!"

    @calls.get("/is_ready")
    def is_ready() -> Response:
        if not is_reachable(feeder.store):
            return refusal("API_FUNCTION_TEMPORARILY_DISABLED", "the store cannot be reached", 503)
        return JSONResponse("feeder gateway is ready!")

    @calls.get("/get_batch_info")
    def get_batch_info(batch_id: Asked) -> JSONResponse:
        return answer(feeder.batch_info, batch_id)

    @calls.get("/get_prev_batch_id")
    def get_prev_batch_id(batch_id: Asked) -> JSONResponse:
        return answer(feeder.prev_batch_id, batch_id)

    @calls.get("/get_batch_enclosing_ids")
    def get_batch_enclosing_ids(batch_id: Asked) -> JSONResponse:
        return answer(feeder.enclosing_ids, batch_id)

    @calls.get("/get_last_batch_id")
    def get_last_batch_id() -> int:
        return feeder.last_batch_id()

    return calls

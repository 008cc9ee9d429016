"""The availability gateway: a batch's data to the committee's members, their signatures back.

A signature is kept only if it is a member's, of this batch's claim. What was accepted once is accepted again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection
from time import time
from typing import Annotated

import structlog
from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from freehold.services.base.batch_data import BatchData, BatchId, SharedStateData
from freehold.services.base.claims import is_signature
from freehold.services.base.doors import Limits, Tls, application, prefixes, refusal
from freehold.services.base.store import Store
from freehold.services.base.wire import NotReadable, WireObject, read, read_json, root_text
from freehold.services.operator import batches
from freehold.services.operator.settings import AvailabilitySettings
from freehold.services.operator.tables import OrderLeaf, PositionLeaf, Signature

log = structlog.get_logger(__name__)
ACCEPTED = "signature accepted"
HexText = Annotated[str, Field(pattern=r"^(0x)?([0-9a-fA-F]{2})+$", max_length=1 << 10)]


class Approval(WireObject):
    """The body of `approve_new_roots`."""

    batch_id: BatchId
    signature: HexText
    member_key: HexText
    claim_hash: HexText


class Availability:
    """`members` gives the names of those who may sign now (`services/base/claims.py`), of either kind."""

    def __init__(self, store: Store, members: Callable[[], Collection[str]], clock: Callable[[], float] = time) -> None:
        self.store, self.members, self.clock = store, members, clock
        self._told_of = 0

    def batch_data(self, batch_id: int) -> BatchData:
        with self.store.unit() as session:
            batch = batches.executed(session, batch_id)
            if batch is None:
                self._note_ahead(session, batch_id)
                return BatchData(update=None)
            shared = batches.shared_state_of(batch)
            positions = session.scalars(select(PositionLeaf).where(PositionLeaf.batch == batch_id))
            orders = session.scalars(select(OrderLeaf).where(OrderLeaf.batch == batch_id))
            update = {
                "prev_batch_id": batch.previous,
                "position_root": root_text(shared.positions_root),
                "order_root": root_text(shared.orders_root),
                "positions": {str(leaf.position_id): json.loads(leaf.body) for leaf in positions},
                "orders": {str(leaf.order_id): {"fulfilled_amount": str(leaf.fulfilled)} for leaf in orders},
            }
        return read(BatchData, {"update": update})

    def _note_ahead(self, session: Session, batch_id: int) -> None:
        """Members ask for the id after their last: one that is beyond the next has seen more than the store has."""
        last = batches.newest(session)
        if last is not None and batch_id > max(last.id + 1, self._told_of):
            self._told_of = batch_id
            log.error("a member has seen batches that are not in the store", seen=batch_id - 1, newest=last.id)

    def shared_state(self, batch_id: int) -> SharedStateData:
        with self.store.unit() as session:
            batch = batches.executed(session, batch_id)
            return SharedStateData(words=None if batch is None else [str(word) for word in batches.shared_words(batch)])

    def created(self, batch_id: int) -> str:
        """When the batch was made, in seconds. Raises NotReadable."""
        with self.store.unit() as session:
            batch = batches.executed(session, batch_id)
        if batch is None:
            raise NotReadable("INVALID_BATCH_ID", f"there is no batch {batch_id}")
        return str(batch.created_at)

    def order_tree_height(self) -> int:
        """Raises NotReadable before the operator has a state."""
        with self.store.unit() as session:
            batch = batches.newest(session)
        if batch is None:
            raise NotReadable("API_FUNCTION_TEMPORARILY_DISABLED", "there is no state yet")
        return batches.shared_state_of(batch).orders_height

    def approve(self, request: bytes) -> None:
        """Keeps a member's signature. Raises NotReadable under the published name of what is wrong."""
        given = read_json(Approval, request)
        member = "0x" + given.member_key.removeprefix("0x").lower()
        claim, signature = (bytes.fromhex(text.removeprefix("0x")) for text in (given.claim_hash, given.signature))
        expected = self._claim(given.batch_id)
        if claim != expected:
            log.warning(
                "claims differ", batch=given.batch_id, member=member, claim=expected.hex(), member_claim=claim.hex()
            )
            raise NotReadable("INVALID_CLAIM_HASH", f"the claim of batch {given.batch_id} is {expected.hex()}")
        if member not in self.members():
            log.warning("no member", batch=given.batch_id, member=member)
            raise NotReadable("INVALID_COMMITTEE_MEMBER", f"{member} is no member")
        if not is_signature(member, claim, signature):
            log.warning("no signature", batch=given.batch_id, member=member)
            raise NotReadable("INVALID_SIGNATURE", f"the signature is not {member}'s of this claim")
        self._keep(Signature(batch=given.batch_id, member=member, claim=claim, signature=signature))

    def _claim(self, batch_id: int) -> bytes:
        with self.store.unit() as session:
            batch = batches.executed(session, batch_id)
        if batch is None:
            raise NotReadable("INVALID_BATCH_ID", f"there is no batch {batch_id}")
        return batches.claim_of(batch)

    def _keep(self, signature: Signature) -> None:
        """The first one of a member is kept: another of the same claim says no more."""
        batch, member = signature.batch, signature.member
        signature.received_at = self.clock()
        try:
            with self.store.unit() as session:
                if session.get(Signature, (batch, member)) is not None:
                    return
                session.add(signature)
        except IntegrityError:  # at the same time by another request
            return
        log.info("signed", batch=batch, member=member)


def door(availability: Availability, settings: AvailabilitySettings) -> tuple[FastAPI, Limits, Tls | None]:
    """The application, and with what it is to be served. Raises Refused."""
    token = settings.token.get_secret_value() if settings.token else None
    limits = Limits(token=token)
    tls = Tls.of(settings.tls_certificate, settings.tls_key, settings.tls_members)
    parts = [(prefix, _calls(availability)) for prefix in prefixes("availability_gateway")]
    return application("Freehold's availability gateway", limits, parts), limits, tls


Asked = Annotated[int, Query(ge=-1, lt=1 << 63)]


def _calls(availability: Availability) -> APIRouter:
    calls = APIRouter()

    @calls.get("/is_alive")
    async def is_alive() -> str:
        return "availability gateway is alive!"

    @calls.get("/get_batch_data")
    def get_batch_data(batch_id: Asked) -> JSONResponse:
        return JSONResponse(availability.batch_data(batch_id).model_dump(mode="json"))

    @calls.get("/_get_shared_state")
    def get_shared_state(batch_id: Asked) -> JSONResponse:
        return JSONResponse(availability.shared_state(batch_id).model_dump(mode="json"))

    @calls.get("/_get_batch_created")
    def get_batch_created(batch_id: Asked) -> Response:
        try:
            return PlainTextResponse(availability.created(batch_id))
        except NotReadable as refused:
            return refusal(refused.code, str(refused))

    @calls.get("/order_tree_height")
    def order_tree_height() -> Response:
        try:
            return JSONResponse(availability.order_tree_height())
        except NotReadable as refused:
            return refusal(refused.code, str(refused))

    @calls.post("/approve_new_roots")
    async def approve_new_roots(request: Request) -> Response:
        try:
            await asyncio.to_thread(availability.approve, await request.body())
        except NotReadable as refused:
            return refusal(refused.code, str(refused))
        return PlainTextResponse(ACCEPTED)

    return calls

"""Intake: takes signed transactions in. An answer of TRANSACTION_RECEIVED is the promise that they are stored.

Requests that arrive together are checked together: their signatures in one call of the kernel, their rows in one
commit.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from time import time
from typing import Any

import structlog
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from freehold.services.base.store import Store
from freehold.services.base.wire import NotReadable, read_json
from freehold.services.operator import wire
from freehold.services.operator.tables import Received
from prover.algebra import ecdsa
from prover.applications.ledger.units import CollateralId
from prover.applications.perpetual import transactions as rules

log = structlog.get_logger(__name__)
ACCEPTED = "TRANSACTION_RECEIVED"
RECEIVED = "received"
HOUR = 3600
LARGEST_GROUP = 256
"""Requests that are checked and committed together."""


@dataclass(frozen=True)
class Terms:
    """What is asked of every transaction. `min_signature_life` in seconds: a late batch must still be provable."""

    collateral: CollateralId
    min_signature_life: int = 7 * 24 * HOUR


@dataclass(frozen=True)
class Answer:
    """`code` is a published name. `message` says what is wrong."""

    code: str
    tx_id: int | None = None
    message: str = ""

    @property
    def is_accepted(self) -> bool:
        return self.code == ACCEPTED


@dataclass(frozen=True)
class Checked:
    """A request that can be stored once its signatures are found valid."""

    tx_id: int
    kind: str
    body: str
    digest: bytes
    signatures: tuple[ecdsa.Signed, ...]

    def row(self) -> dict[str, Any]:
        return {"tx_id": self.tx_id, "kind": self.kind, "body": self.body, "digest": self.digest}


class Intake:
    """One for each store. `clock` gives seconds since the epoch."""

    def __init__(self, store: Store, terms: Terms, clock: Callable[[], float] = time) -> None:
        self.store, self.terms, self.clock = store, terms, clock
        self.closed: str | None = None
        """Why nothing is taken in just now."""
        self._first = 0

    def take(self, requests: Sequence[bytes]) -> list[Answer]:
        """Answers each request; what is accepted is committed when this returns."""
        if self.closed is not None:
            return [Answer("API_FUNCTION_TEMPORARILY_DISABLED", None, self.closed)] * len(requests)
        outcomes = [self._checked(request) for request in requests]
        signatures = [one for outcome in outcomes if isinstance(outcome, Checked) for one in outcome.signatures]
        valid = dict(zip(signatures, ecdsa.verify_all(signatures), strict=True))
        for place, outcome in enumerate(outcomes):
            if isinstance(outcome, Checked) and not all(valid[one] for one in outcome.signatures):
                outcomes[place] = Answer("INVALID_SIGNATURE", outcome.tx_id, "a signature is not its key's")
        with self.store.unit() as session:
            answers = self._stored(session, outcomes)
        for answer in answers:
            log.info("transaction", tx_id=answer.tx_id, code=answer.code, reason=answer.message)
        return answers

    def first_unused(self) -> int:
        """The first id whose predecessors all exist."""
        with self.store.unit() as session:
            self._first = _first_unused(session, self._first)
            return self._first

    def _checked(self, request: bytes) -> Checked | Answer:
        tx_id: int | None = None
        try:
            added = read_json(wire.AddTransaction, request)
            tx_id = added.tx_id
            transactions = [wire.to_rules(single) for single in wire.singles(added.tx)]
            quotes = [quote for single in wire.singles(added.tx) for quote in _quotes(single)]
            for transaction in transactions:
                self._check_orders(transaction)
        except NotReadable as refused:
            return Answer(refused.code, tx_id, str(refused))
        orders = [order for transaction in transactions for order in transaction.signed_orders()]
        body = json.dumps(wire.to_document(added.tx), separators=(",", ":"), sort_keys=True)
        signatures = [
            ecdsa.Signed(
                order.message_hash(self.terms.collateral), order.signature_r, order.signature_s, order.public_key
            )
            for order in orders
        ]
        signatures += [ecdsa.Signed(quote.message_hash(), quote.r, quote.s, quote.signer_key) for quote in quotes]
        return Checked(added.tx_id, added.tx.type, body, sha256(body.encode()).digest(), tuple(signatures))

    def _check_orders(self, transaction: rules.Transaction) -> None:
        """Raises NotReadable."""
        earliest = int(self.clock() + self.terms.min_signature_life) // HOUR
        for order in transaction.signed_orders():
            if order.expiration_timestamp < earliest:
                text = f"expires at hour {order.expiration_timestamp}, must be valid until {earliest}"
                raise NotReadable("ORDER_OVERDUE", text)
            named = getattr(order, "collateral_asset_id", getattr(order, "asset_id", self.terms.collateral))
            if named != self.terms.collateral:
                raise NotReadable("INVALID_COLLATERAL_ASSET_ID", f"{named:#x} is not the collateral")

    def _stored(self, session: Session, outcomes: Sequence[Checked | Answer]) -> list[Answer]:
        """The answer to each, once what is new among them is in the unit of work."""
        checked = [outcome for outcome in outcomes if isinstance(outcome, Checked)]
        known = _digests(session, [one.tx_id for one in checked])
        rows: list[dict[str, Any]] = []
        answers = []
        for outcome in outcomes:
            if isinstance(outcome, Answer):
                answers.append(outcome)
            elif outcome.tx_id not in known:
                known[outcome.tx_id] = outcome.digest
                rows.append({**outcome.row(), "state": RECEIVED, "received_at": int(self.clock())})
                answers.append(Answer(ACCEPTED, outcome.tx_id))
            elif known[outcome.tx_id] == outcome.digest:
                answers.append(Answer(ACCEPTED, outcome.tx_id))
            else:
                answers.append(Answer("INVALID_TRANSACTION_ID", outcome.tx_id, "the id is another transaction's"))
        if rows:
            session.execute(insert(Received), rows)
        return answers


def _digests(session: Session, ids: Sequence[int]) -> dict[int, bytes]:
    """Of the transactions that have these ids."""
    if not ids:
        return {}
    rows = session.execute(select(Received.tx_id, Received.digest).where(Received.tx_id.in_(ids)))
    return {tx_id: digest for tx_id, digest in rows}


def _quotes(single: wire.Single) -> Sequence[rules.PriceSignature]:
    if not isinstance(single, wire.OraclePricesTick):
        return ()
    return [quote for price in single.oracle_prices.values() for quote in price.signatures()]


def _first_unused(session: Session, known: int) -> int:
    """Ids are taken from 0 on: the first gap is where an id differs from its place. All below `known` are used."""
    expected = known
    later = select(Received.tx_id).where(Received.tx_id >= known).order_by(Received.tx_id)
    for tx_id in session.scalars(later.execution_options(yield_per=1000)):
        if tx_id != expected:
            break
        expected += 1
    return expected


class Groups:
    """Gathers requests that are in flight together and has each group taken in by a thread."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self._waiting: asyncio.Queue[tuple[bytes, asyncio.Future[Answer]]] = asyncio.Queue()

    async def add(self, request: bytes) -> Answer:
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        await self._waiting.put((request, answer))
        return await answer

    async def run(self) -> None:
        """Until it is cancelled. A failure of the store is the answer of all who waited for it."""
        while True:
            group = [await self._waiting.get()]
            while len(group) < LARGEST_GROUP and not self._waiting.empty():
                group.append(self._waiting.get_nowait())
            try:
                answers = await asyncio.to_thread(self.intake.take, [request for request, _ in group])
            except Exception:
                log.exception("store", requests=len(group))
                refusal = Answer("API_FUNCTION_TEMPORARILY_DISABLED", None, "nothing was stored; send it again")
                answers = [refusal] * len(group)
            for (_, waiting), answer in zip(group, answers, strict=True):
                if not waiting.done():
                    waiting.set_result(answer)

"""The member: asks for batch after batch, applies each to its own books, signs what it found true and keeps it.

It never skips an id. Whatever fails (a gateway that is silent, lies, or refuses the signature) is logged, and the same
is asked again. It signs only after everything is stored; killed at any point, it goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from importlib import import_module
from threading import Event
from time import monotonic, time
from typing import TypeVar

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from freehold.errors import Refused
from freehold.services.base.batch_data import Update
from freehold.services.base.claims import ClaimSigner
from freehold.services.base.store import Store
from freehold.services.committee.books import Books
from freehold.services.committee.gateway import Gateway, GatewayFails
from freehold.services.committee.settings import MemberSettings
from freehold.services.committee.tables import Batch, Evidence, Origin
from prover.applications.perpetual.errors import OutputMalformed
from prover.applications.perpetual.facts import claim_of_roots
from prover.applications.perpetual.state import SharedState

log = structlog.get_logger(__name__)
Rule = Callable[[int, Update], str | None]
"""A rule of the member's own: batch id and update in; why it will not sign, or None."""
PREVIOUS, POSITIONS_ROOT, ORDERS_ROOT = "previous batch", "positions root", "orders root"
OUTSIDE, OWN_RULE, OTHER_UPDATE = "outside the tree", "own rule", "other update"
WORD = 1 << 256
Told = TypeVar("Told")


class UpdateRefused(Exception):
    """What a gateway showed is not signed. `kind` is one of the words above."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind = kind


class Member:
    """One for each store, which must have an origin (`beginning.py`). Gateways are asked in order."""

    def __init__(
        self,
        store: Store,
        gateways: Sequence[Gateway],
        signer: ClaimSigner,
        rules: Sequence[Rule] = (),
        clock: Callable[[], float] = time,
    ) -> None:
        self.store, self.gateways, self.signer, self.rules, self.clock = store, gateways, signer, rules, clock

    def step(self) -> bool:
        """Sends what is signed and not accepted, or takes the next batch. Whether there was something to do and it was
        done; failures are logged."""
        with self.store.unit() as session:
            unsent = _first_unsent(session)
            next_id = _last_id(session) + 1
        if unsent is not None:
            return self._any(unsent.id, lambda gateway: self._send(gateway, unsent))
        return self._any(next_id, lambda gateway: self._take(gateway, next_id))

    def audit(self) -> bool:
        """Asks every gateway again for the newest batch that was signed. False, and evidence, if one shows another."""
        with self.store.unit() as session:
            last = session.get_one(Batch, _last_id(session))
        if last.digest is None:
            return True
        same = True
        for gateway in self.gateways:
            try:
                update, text = gateway.batch_data(last.id)
            except GatewayFails as failure:
                log.warning("gateway", batch=last.id, reason=str(failure))
                continue
            if update is None:
                log.warning("signed batch is gone", batch=last.id, gateway=gateway.url)
            elif digest_of(update) != last.digest:
                same = False
                reason = f"{last.digest.hex()} was signed, {digest_of(update).hex()} is shown"
                self._refuse(gateway, last.id, update, text, UpdateRefused(OTHER_UPDATE, reason))
        return same

    def run(self, settings: MemberSettings, stop: Event) -> None:
        """Until `stop` is set."""
        next_audit = 0.0
        while not stop.is_set():
            worked = self.step()
            if not worked and monotonic() >= next_audit:
                self.audit()
                next_audit = monotonic() + settings.audit
            if not worked:
                stop.wait(settings.poll)

    def _any(self, batch_id: int, act: Callable[[Gateway], bool]) -> bool:
        """Of the first gateway with which it succeeds."""
        for gateway in self.gateways:
            try:
                if act(gateway):
                    return True
            except GatewayFails as failure:
                log.warning("gateway", batch=batch_id, reason=str(failure))
            except UpdateRefused:
                continue  # told and kept where it was refused
        return False

    def _take(self, gateway: Gateway, batch_id: int) -> bool:
        update, text = gateway.batch_data(batch_id)
        if update is None:
            return False
        words, created = _told(gateway.shared_state, batch_id), _told(gateway.created, batch_id)
        try:
            for rule in self.rules:
                if (reason := rule(batch_id, update)) is not None:
                    raise UpdateRefused(OWN_RULE, reason)
            with self.store.unit() as session:
                batch = self._applied(session, batch_id, update)
                batch.created = created
                batch.words = _fitting(batch, Books(session), words)
        except UpdateRefused as refused:
            self._refuse(gateway, batch_id, update, text, refused)
            raise
        log.info("kept", batch=batch_id, positions=len(update.positions), orders=len(update.orders))
        return True

    def _applied(self, session: Session, batch_id: int, update: Update) -> Batch:
        """The batch with its leaves in the books. Raises UpdateRefused."""
        before = session.get(Batch, update.prev_batch_id)
        if before is None:  # ids are taken in order: what is here is before
            raise UpdateRefused(PREVIOUS, f"there is no batch {update.prev_batch_id} before {batch_id}")
        books = Books(session)
        books.move_to(before.id)
        batch = Batch(
            id=batch_id,
            previous=before.id,
            sequence_number=before.sequence_number + 1,
            positions_root=update.position_root,
            orders_root=update.order_root,
            claim=claim_for(books.origin, update.position_root, update.order_root, before.sequence_number + 1),
            digest=digest_of(update),
            received_at=self.clock(),
        )
        positions = {key: data.position() for key, data in update.positions.items()}
        orders = {key: data.fulfilled_amount for key, data in update.orders.items()}
        try:
            roots = books.add(batch, positions, orders)
        except ValueError as error:
            raise UpdateRefused(OUTSIDE, str(error)) from error
        shown = (POSITIONS_ROOT, roots[0], update.position_root), (ORDERS_ROOT, roots[1], update.order_root)
        for kind, found, claimed in shown:
            if found != claimed:
                raise UpdateRefused(kind, f"the leaves lead to {found:064x}, {claimed:064x} is claimed")
        return batch

    def _send(self, gateway: Gateway, batch: Batch) -> bool:
        signature = self.signer.sign(batch.claim)
        gateway.approve(batch.id, signature, self.signer.member, batch.claim)
        with self.store.unit() as session:
            kept = session.get_one(Batch, batch.id)
            kept.signature, kept.sent_at = signature, self.clock()
        log.info("signed", batch=batch.id, claim=batch.claim.hex(), member=self.signer.member)
        return True

    def _refuse(self, gateway: Gateway, batch_id: int, update: Update, text: str, refused: UpdateRefused) -> None:
        log.error("refused", batch=batch_id, gateway=gateway.url, kind=refused.kind, reason=str(refused))
        digest = digest_of(update)
        with self.store.unit() as session:
            if session.get(Evidence, (batch_id, digest)) is None:
                session.add(
                    Evidence(
                        batch=batch_id,
                        digest=digest,
                        kind=refused.kind,
                        reason=str(refused),
                        body=text,
                        gateway=gateway.url,
                        at=self.clock(),
                    )
                )


def digest_of(update: Update) -> bytes:
    """The same for every spelling of an update."""
    return sha256(json.dumps(update.model_dump(mode="json"), sort_keys=True, separators=(",", ":")).encode()).digest()


def claim_for(origin: Origin, positions_root: int, orders_root: int, sequence_number: int) -> bytes:
    """What is signed of a state of this exchange."""
    positions, orders = (positions_root, origin.positions_height), (orders_root, origin.orders_height)
    return claim_of_roots(positions, orders, sequence_number % WORD)


def rules_of(settings: MemberSettings) -> list[Rule]:
    """Raises Refused, naming what cannot be imported."""
    return [_imported(name) for name in settings.rules]


def _imported(name: str) -> Rule:
    module, _, function = name.partition(":")
    try:
        rule: Rule = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise Refused(f"the rule {name} cannot be imported: {error}") from error
    return rule


def _last_id(session: Session) -> int:
    last: int | None = session.scalar(select(func.max(Batch.id)))
    if last is None:
        raise Refused("the store has no beginning: `freehold committee init` makes one")
    return last


def _first_unsent(session: Session) -> Batch | None:
    unsent = select(Batch).where(Batch.sent_at.is_(None), Batch.previous.is_not(None)).order_by(Batch.id)
    return session.scalars(unsent.limit(1)).first()


def _told(ask: Callable[[int], Told], batch_id: int) -> Told | None:
    """What only some gateways tell, and nothing hangs on."""
    try:
        return ask(batch_id)
    except GatewayFails as failure:
        log.info("not told", batch=batch_id, reason=str(failure))
        return None


def _fitting(batch: Batch, books: Books, words: Sequence[int] | None) -> str | None:
    """The words, if they are of a state with these roots. They are no part of the claim: others are only not kept."""
    if words is None:
        return None
    try:
        shared = SharedState.read(words)
    except OutputMalformed as error:
        log.warning("words", batch=batch.id, reason=str(error))
        return None
    expected = (batch.positions_root, books.origin.positions_height, batch.orders_root, books.origin.orders_height)
    if (shared.positions_root, shared.positions_height, shared.orders_root, shared.orders_height) != expected:
        log.warning("words", batch=batch.id, reason="they are of a state with other roots")
        return None
    return json.dumps(list(words), separators=(",", ":"))

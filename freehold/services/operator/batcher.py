"""Fills batches and seals them: the rules applied transaction by transaction, refused ones named and left out.

A batch is opened by ticks of prices and funding at its system time. Then come deposits; forced requests, by their
deadlines; liquidations; then what users sent, by their ids, of which none is passed over. What is sealed is
executed and stored in one unit of work: leaves, content, the program's input and the order of its proof.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from freehold.services.base.wire import NotReadable, read_json
from freehold.services.operator import batches, blobs, wire
from freehold.services.operator.batches import BEFORE_BLOCK
from freehold.services.operator.filling import Condition, Draft, Filling, TooManySteps
from freehold.services.operator.head import Head, Opened
from freehold.services.operator.lease import Writer
from freehold.services.operator.settings import BatchSettings
from freehold.services.operator.surroundings import OpenRequest, PendingDeposit, Surroundings
from freehold.services.operator.tables import EXECUTED, Entry, Movement, Received, Stage
from freehold.services.operator.tables import Batch as BatchRow
from freehold.services.operator.upkeep import Liquidator, liquidations, opening
from prover.algebra import ecdsa
from prover.applications.ledger.units import Hours, Seconds
from prover.applications.perpetual.batch import Batch
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.errors import RuleBroken
from prover.applications.perpetual.facts import update_words
from prover.applications.perpetual.program_input import touched_orders, touched_positions
from prover.applications.perpetual.signing import Signer
from prover.applications.perpetual.transactions import Deposit, Transaction
from prover.applications.perpetual.units import PositionId

log = structlog.get_logger(__name__)
HOUR, DAY = 3_600, 86_400
AT_ONCE = 100
"""User transactions that are read, and whose signatures are looked at, together."""
LEAST_LIFE = DAY
"""Seconds that a batch must be provable for, by the expirations of what is in it."""
TIME_LAG = 4 * HOUR
"""How old a batch's system time may be when the exchange takes it: `TIME_LAG_BOUND` of StateUpdate.sol."""
RECEIVED, BATCHED, REJECTED = "received", "batched", "rejected"
TOO_LARGE = "TOO_MANY_STEPS"
"""The code of a transaction of several that not even a batch of its own can hold."""

PUBLISHED = {
    "ORDER_EXPIRED": "ORDER_OVERDUE",
    "POSITION_ID": "OUT_OF_RANGE_POSITION_ID",
    "TRADE_SIDES": "INVALID_ORDER_IS_BUYING_PROPERTY",
    "TRADE_ASSETS": "INVALID_ORDER_ASSETS",
    "CLOSES_NO_HOLDING": "INVALID_LIQUIDATE",
    "LIQUIDATION_PRICE": "INVALID_LIQUIDATE",
    "LIQUIDATION_SIZE": "INVALID_LIQUIDATE",
    "OUT_OF_RANGE_POSITIVE_AMOUNT": "OUT_OF_RANGE_AMOUNT",
}
"""Names of our rules that clients know under another one."""

StepLimit = Callable[[Session, int], int]
"""The most steps that a batch may have now, given the most that it may ever have."""
Subject = tuple[str, bytes | tuple[PositionId, ...]]
"""Origin, and what it is about: a forced request's hash, or positions."""
OrderProof = Callable[[Session, int, bytes, bytes, int, Seconds | None], None]
"""Orders a batch's proof: session, batch, digests of input and output words, steps, the deadline that it serves."""


@dataclass(frozen=True)
class Rejection:
    """Of a user's transaction, by its published name."""

    tx_id: int
    code: str
    reason: str


class Batcher:
    """One for each store. `clock` gives seconds since the epoch, for ages alone: the chain's time is the world's."""

    def __init__(
        self,
        config: GeneralConfig,
        writer: Writer,
        world: Surroundings,
        settings: BatchSettings,
        order_proof: OrderProof,
        clock: Callable[[], float],
        liquidator: Liquidator | None = None,
        step_limit: StepLimit = lambda _session, most: most,
    ) -> None:
        self.config, self.writer, self.world, self.settings = config, writer, world, settings
        self.order_proof, self.clock, self.liquidator = order_proof, clock, liquidator
        self.step_limit = step_limit
        self.head = Head(config)
        self.filling: Filling | None = None
        self.stuck_on: str | None = None
        """Why not even one transaction fits into a batch."""
        self._taken: set[PendingDeposit] = set()
        self._left_out: set[Subject] = set()
        self._refused: set[PendingDeposit | OpenRequest] = set()
        """What the rules refuse as the state is: not tried again until it is another."""
        self._seller = Signer(config.collateral_asset_id, Hours(0), int(clock()) & 0xFFFFFFFF)

    def leave_out(self, entry: Entry, transaction: Transaction) -> None:
        """What the operator put in itself and the program refuses: not tried again until another operator starts."""
        subject = (entry.origin, entry.request or transaction.position_ids())
        self._left_out.add(subject)
        log.error("left out of all batches", origin=entry.origin, kind=entry.kind, subject=_shown(subject[1]))

    def step(self) -> bool:
        """Takes what has come, and seals if it is time. Whether anything was done."""
        if self.head.follow(self.writer):
            self._forget()
        filling, is_full, rejections = self.filling, False, 0
        try:
            if filling is None:
                if not self._has_work():
                    return False
                filling = self.filling = self._open()
                self._take_own(filling)
            n_before = len(filling.places)
            rejections = self._take_users(filling)
        except TooManySteps as full:
            if filling is None or filling.is_empty:
                return self._fits_nowhere(full)
            is_full = True
        assert filling is not None
        if filling.is_empty:
            self._forget(refused=False)  # its prices would be old when something comes
            return rejections > 0
        if is_full or self._is_time(filling):
            self.seal()
            return True
        return rejections > 0 or len(filling.places) > n_before

    def _forget(self, refused: bool = True) -> None:
        self.filling = None
        self._taken.clear()
        if refused:
            self._refused.clear()

    def seal(self) -> int:
        """Executes and stores what is in the batch; its id."""
        filling = self.filling
        assert filling is not None
        with self.writer.unit() as session:
            transactions = [place.transaction for place in filling.places]
            opened = self._opened(session, filling, transactions)
            batch = filling.finish(opened.state)
            batch_id = self._store(session, filling, opened, batch)
        self.head.advance(opened, batch_id, batch.after)
        self.stuck_on = None
        self._forget()
        log.info("sealed", batch=batch_id, transactions=len(transactions), steps=filling.steps.total)
        return batch_id

    # --- opening

    def _has_work(self) -> bool:
        """And whether there is a place for it: batches that wait too long for the chain are too old for it."""
        with self.writer.store.unit() as session:
            standing = select(func.count()).select_from(BatchRow).where(BatchRow.state.in_(BEFORE_BLOCK))
            if (session.scalar(standing) or 0) >= self.settings.max_ahead:
                return False
            is_waiting = next(self._waiting(session, 1), None) is not None
        return is_waiting or any(self._new_requests()) or any(self._new_deposits())

    def _open(self) -> Filling:
        now = self.world.now()
        begins = opening(self.config, self.head.state().shared(), self.world.quotes(), now)
        expiration = Hours((begins.time + LEAST_LIFE) // HOUR)
        with self.writer.store.unit() as session:
            max_steps = self.step_limit(session, self.settings.max_steps)
        filling = Filling.open(self.config, self.head.state(), begins, expiration, max_steps, self.clock())
        self._seller.expiration = Hours(expiration + 24 * 7)
        return filling

    def _fits_nowhere(self, full: TooManySteps) -> bool:
        """Not even into a batch of its own. What a user put together is refused; anything smaller is no fault of its
        sender, and waits for larger proofs: told once, to a person."""
        draft = full.draft
        if draft.tx_id is not None and len(draft.transactions) > 1:
            log.error("a transaction fits nowhere", tx_id=draft.tx_id, reason=str(full))
            self._reject([Rejection(draft.tx_id, TOO_LARGE, str(full))])
            return True
        self._forget(refused=False)
        if self.stuck_on != str(full):
            kinds = ", ".join(transaction.type for transaction in draft.transactions)
            log.error("nothing can be proven", kinds=kinds, tx_id=draft.tx_id, reason=str(full))
        self.stuck_on = str(full)
        return False

    # --- filling

    def _take_own(self, filling: Filling) -> None:
        """What the operator itself puts in, before any user's. Raises TooManySteps where there is no room for more.

        Deposits first: whoever deposits and then asks by force asks for what is there. Only so many of them, so that
        nobody keeps requests out by deposits.
        """
        self._take_deposits(filling)
        self._take_requests(filling)
        self._take_liquidations(filling)

    def _take_requests(self, filling: Filling) -> None:
        n_served = 0
        for request in self._new_requests():
            is_urgent = request.deadline - self.world.now() < (request.deadline - request.requested_at) // 2
            if n_served >= self.settings.forced_at_once and not is_urgent:
                continue
            draft = Draft("forced", (request.transaction,), request=request.hash, deadline=request.deadline)
            broken = self._attempt(filling, draft)
            if broken is None:
                n_served += 1
            else:
                self._refused.add(request)
                log.error("a forced request cannot be served", request=request.hash.hex(), reason=str(broken))

    def _new_requests(self) -> Iterator[OpenRequest]:
        asked = (request for request in self.world.requests() if request not in self._refused)
        return (request for request in asked if ("forced", request.hash) not in self._left_out)

    def _take_deposits(self, filling: Filling) -> None:
        for deposit in islice(self._new_deposits(), self.settings.max_transactions):
            transaction = Deposit(public_key=deposit.stark_key, position_id=deposit.position_id, amount=deposit.amount)
            broken = self._attempt(filling, Draft("deposit", (transaction,)))
            if broken is None:
                self._taken.add(deposit)
            else:
                self._refused.add(deposit)
                log.warning("deposit refused", position=deposit.position_id, reason=str(broken))

    def _new_deposits(self) -> Iterator[PendingDeposit]:
        """Those that nobody asked back: such a one may be gone when the batch comes."""
        for deposit in self.world.deposits():
            is_out = ("deposit", (deposit.position_id,)) in self._left_out
            if deposit.cancelled_at is None and not is_out and deposit not in self._taken | self._refused:
                yield deposit

    def _take_liquidations(self, filling: Filling) -> None:
        if self.liquidator is None:
            return
        market = filling.carried.market
        for position_id in self.head.below_margin(market):
            if position_id in (self.liquidator.position_id, self.config.fee_position.position_id):
                continue
            position = filling.carried.position(position_id)
            for offer in liquidations(self.config, market, self.liquidator, position_id, position, self._seller):
                broken = self._attempt(filling, Draft("liquidation", (offer,)))
                if broken is None:
                    break
                log.warning("liquidation refused", position=position_id, reason=str(broken))

    def _take_users(self, filling: Filling) -> int:
        """The number of those that were rejected. Raises TooManySteps, when all before it are in."""
        room = min(AT_ONCE, self.settings.max_transactions - filling.n_users)
        with self.writer.store.unit() as session:
            rows = list(self._waiting(session, room))
        drafts = [self._draft(row) for row in rows]
        good = [draft for draft in drafts if isinstance(draft, Draft)]
        filling.know(list(self._signatures(transaction for draft in good for transaction in draft.transactions)))
        self._learn(filling, [transaction for draft in good for transaction in draft.transactions])
        rejections: list[Rejection] = []
        try:
            for row, draft in zip(rows, drafts, strict=True):
                rejection = draft if isinstance(draft, Rejection) else self._rejection(filling, draft)
                if rejection is not None:
                    rejections.append(rejection)
                    log.info("rejected", tx_id=row.tx_id, code=rejection.code, reason=rejection.reason)
        finally:
            self._reject(rejections)
        return len(rejections)

    def _waiting(self, session: Session, limit: int) -> Iterator[Received]:
        """The next transactions by id; a gap ends them, for what is missing comes first."""
        taken = [] if self.filling is None else [place.draft.tx_id for place in self.filling.places]
        last = max((tx_id for tx_id in taken if tx_id is not None), default=-1)
        rows = session.scalars(
            select(Received)
            .where(Received.state == RECEIVED, Received.tx_id > last)
            .order_by(Received.tx_id)
            .limit(limit)
        )
        for row in rows:
            if row.tx_id != last + 1 and row.tx_id and session.get(Received, row.tx_id - 1) is None:
                return
            last = row.tx_id
            yield row

    def _draft(self, row: Received) -> Draft | Rejection:
        singles = wire.singles(read_json(wire.AddTransaction, _as_added(row)).tx)
        try:
            transactions = tuple(wire.to_rules(single) for single in singles)
        except NotReadable as refused:
            return Rejection(row.tx_id, refused.code, str(refused))
        conditions = tuple(self._conditions(singles))
        for registry, fact in conditions:
            if not self.world.is_fact(registry, fact):
                reason = f"0x{registry.hex()} does not know the fact 0x{fact.hex()}"
                return Rejection(row.tx_id, "FACT_NOT_REGISTERED", reason)
        return Draft("user", transactions, row.tx_id, conditions=conditions)

    def _conditions(self, singles: Sequence[wire.Single]) -> Iterator[Condition]:
        for single in singles:
            if isinstance(single, wire.ConditionalTransfer):
                yield single.registry_and_fact()

    def _rejection(self, filling: Filling, draft: Draft) -> Rejection | None:
        broken = filling.attempt(draft, self.clock())
        if broken is None:
            return None
        assert draft.tx_id is not None
        return Rejection(draft.tx_id, PUBLISHED.get(broken.rule, broken.rule), str(broken))

    def _attempt(self, filling: Filling, draft: Draft) -> RuleBroken | None:
        self._learn(filling, draft.transactions)
        return filling.attempt(draft, self.clock())

    def _learn(self, filling: Filling, transactions: Sequence[Transaction]) -> None:
        """How much of their orders is used."""
        unknown = [key for key in touched_orders(self.config, transactions) if key not in filling.orders]
        if unknown:
            with self.writer.store.unit() as session:
                filling.orders.update(self.head.used(session, unknown))

    def _signatures(self, transactions: Iterator[Transaction]) -> Iterator[ecdsa.Signed]:
        collateral = self.config.collateral_asset_id
        for transaction in transactions:
            for order in transaction.signed_orders():
                message = order.message_hash(collateral)
                yield ecdsa.Signed(message, order.signature_r, order.signature_s, order.public_key)

    def _reject(self, rejections: Sequence[Rejection]) -> None:
        """At once: the batch in which they will be shown as rejected may come much later."""
        if not rejections:
            return
        with self.writer.unit() as session:
            for rejection in rejections:
                values = {"state": REJECTED, "code": rejection.code[:80], "reason": rejection.reason}
                session.execute(update(Received).where(Received.tx_id == rejection.tx_id).values(**values))

    # --- sealing

    def _is_time(self, filling: Filling) -> bool:
        if filling.first_at is None:
            return False
        age, settings = self.clock() - filling.first_at, self.settings
        if filling.n_users >= settings.max_transactions or age >= settings.max_age:
            return True
        return bool(filling.served()) and age >= min(settings.forced_max_wait, self._patience(filling))

    def _patience(self, filling: Filling) -> float:
        """How long forced requests may wait for company: a twentieth of the time that is left."""
        return max(0.0, (min(filling.deadlines()) - self.world.now()) / 20)

    def _opened(self, session: Session, filling: Filling, transactions: Sequence[Transaction]) -> Opened:
        positions = {*touched_positions(self.config, transactions), *filling.carried.positions}
        orders = {*touched_orders(self.config, transactions), *filling.carried.orders}
        return self.head.open(session, sorted(positions), sorted(orders))

    def _store(self, session: Session, filling: Filling, opened: Opened, batch: Batch) -> int:
        tip = self.head.tip
        assert tip is not None
        batch_id = 1 + int(session.scalar(select(func.max(BatchRow.id))) or 0)
        now, output = self.clock(), batch.output()
        given = blobs.put_json(session, "input", batch.program_input())
        wanted = blobs.put_json(session, "output", [str(word) for word in output])
        deadline = self._deadline(filling, batch)
        row = BatchRow(
            id=batch_id,
            previous=tip.batch,
            state=EXECUTED,
            sequence_number=tip.sequence_number + 1,
            created_at=now,
            system_time=batch.after.system_time,
            minimum_expiration=batch.minimum_expiration_timestamp,
            deadline=deadline,
            state_hash=batch.after.hash(),
            words=batches.words_text(batch.after.words()),
            facts=json.dumps([["0x" + registry.hex(), "0x" + fact.hex()] for registry, fact in filling.conditions]),
            n_transactions=len(filling.places),
            n_steps=filling.steps.total,
            input=given,
            output_words=wanted,
            update_words=blobs.put_json(session, "update", [str(word) for word in update_words(batch)]),
        )
        session.add(row)
        session.flush()
        session.add(Stage(batch=batch_id, name="opened", at=filling.opened_at))
        session.add(Stage(batch=batch_id, name=EXECUTED, at=now))
        self._store_content(session, batch_id, filling, batch)
        self.head.write(session, opened, batch_id, batch.after)
        obligation = min(filling.deadlines(), default=None)
        self.order_proof(session, batch_id, given, wanted, filling.steps.total, obligation)
        return batch_id

    def _deadline(self, filling: Filling, batch: Batch) -> int:
        expires = batch.minimum_expiration_timestamp * HOUR
        return min([expires, batch.after.system_time + TIME_LAG, *filling.deadlines()])

    def _store_content(self, session: Session, batch_id: int, filling: Filling, batch: Batch) -> None:
        rejected = list(
            session.scalars(
                select(Received).where(Received.state == REJECTED, Received.batch.is_(None)).order_by(Received.tx_id)
            )
        )
        outcomes = iter(batch.served)
        entries = [
            Entry(
                batch=batch_id,
                place=number,
                tx_id=place.draft.tx_id,
                origin=place.draft.origin,
                kind=place.transaction.type,
                body=place.body(outcomes),
                request=place.draft.request,
            )
            for number, place in enumerate(filling.places)
        ]
        entries += [
            Entry(batch=batch_id, place=number, tx_id=row.tx_id, origin="user", kind=row.kind, code=row.code)
            for number, row in enumerate(rejected, len(entries))
        ]
        session.add_all(entries)
        for row in rejected:
            row.batch = batch_id
        users = sorted({place.draft.tx_id for place in filling.places if place.draft.tx_id is not None})
        for start in range(0, len(users), AT_ONCE):
            ids = users[start : start + AT_ONCE]
            session.execute(update(Received).where(Received.tx_id.in_(ids)).values(state=BATCHED, batch=batch_id))
        session.add_all(
            Movement(
                batch=batch_id,
                place=number,
                owner_key=change.owner_key,
                position_id=change.position_id,
                amount=change.difference,
            )
            for number, change in enumerate(batch.modifications)
        )


def _shown(subject: bytes | tuple[PositionId, ...]) -> str:
    return "0x" + subject.hex() if isinstance(subject, bytes) else ", ".join(map(str, subject))


def _as_added(row: Received) -> bytes:
    return b'{"tx_id":%d,"tx":%s}' % (row.tx_id, row.body.encode())

"""Transactions of one account, each written down with its nonce and its signed bytes before it is first broadcast.

Whoever is stopped anywhere goes on from the rows: the same bytes are broadcast again, and one nonce has one winner. A
transaction that no block takes is replaced, at a higher fee; all attempts are watched. What is sent is for others to
say (`submitter.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from time import time

import structlog
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from freehold.ethereum.node import Header, Node, NodeRefuses, Receipt
from freehold.ethereum.signer import Signer
from freehold.services.operator import chain_view
from freehold.services.operator.fees import FeePolicy, Fees
from freehold.services.operator.lease import Writer
from freehold.services.operator.tables import ABANDONED, Batch, Block, ChainTx

log = structlog.get_logger(__name__)
NOTHING = "nothing"
MARGIN = 1.2
"""Of gas, above the estimate: what a call costs moves with the state."""
ALONE = 21_000
"""Gas of a transaction that does nothing."""
MAX_FAILURES = 3
"""Of one step in blocks, until a person must look."""

TOO_CHEAP = ("underpriced", "less than block base fee", "fee cap", "feetoolow")
"""How nodes say that a transaction pays too little."""


@dataclass(frozen=True)
class Step:
    """What a transaction is for."""

    batch: int
    purpose: str
    part: int
    to: str
    data: bytes


@dataclass
class Sender:
    """`resend_after`: blocks without a receipt until a transaction is replaced. `waits_for`: why nothing can be sent
    just now, for people; None if nothing is in the way."""

    node: Node
    writer: Writer
    signer: Signer
    chain_id: int
    policy: FeePolicy
    resend_after: int = 3
    clock: Callable[[], float] = time
    waits_for: str | None = None

    def balance(self) -> int:
        """Wei. Raises NodeFails."""
        return self.node.balance(self.signer.address)

    # --- a new transaction

    def is_under_way(self, session: Session, batch: int, purpose: str, part: int = 0) -> bool:
        rows = self._unsettled(session)
        return any((row.batch, row.purpose, row.part) == (batch, purpose, part) for row in rows)

    def send(self, step: Step) -> bool:
        """False if it is under way, or cannot be sent now. Raises Reverted where the contract would refuse it, and
        NodeFails."""
        with self.writer.store.unit() as session:
            if self.is_under_way(session, step.batch, step.purpose, step.part):
                return False
            failures = self._failures(session, step)
        if failures >= MAX_FAILURES:
            return self._wait(f"{step.purpose} of batch {step.batch} failed {failures} times: a person must look")
        head = self.node.head()
        fees = self.policy.usual(self.node, head.base_fee)
        if fees is None:
            return self._wait(f"the base fee is {head.base_fee} wei, at most {self.policy.most} are paid")
        gas = int(self.node.estimate(self.signer.address, step.to, step.data) * MARGIN)
        held = self.balance()
        if held < gas * fees.max_fee:
            return self._wait(f"{self.signer.address} has {held} wei, {gas * fees.max_fee} may be needed")
        nonce = self.node.nonce(self.signer.address)
        self.waits_for = None
        with self.writer.unit() as session:
            newest = session.scalar(select(func.max(ChainTx.nonce)).where(ChainTx.sender == self.signer.address))
            row = self._row(step, nonce if newest is None else max(nonce, newest + 1), 0, gas, fees)
            session.add(row)
        self._broadcast(row, head)
        return True

    def _failures(self, session: Session, step: Step) -> int:
        same = (ChainTx.batch == step.batch, ChainTx.purpose == step.purpose, ChainTx.part == step.part)
        failed = select(func.count()).select_from(ChainTx).where(*same, ChainTx.succeeded.is_(False), _is_in_block())
        return session.scalar(failed) or 0

    def _row(self, step: Step, nonce: int, attempt: int, gas: int, fees: Fees) -> ChainTx:
        signed = self.signer.sign(
            {
                "type": 2,
                "chainId": self.chain_id,
                "nonce": nonce,
                "to": step.to,
                "value": 0,
                "data": step.data,
                "gas": gas,
                "maxFeePerGas": fees.max_fee,
                "maxPriorityFeePerGas": min(fees.tip, fees.max_fee),
            }
        )
        return ChainTx(
            sender=self.signer.address,
            nonce=nonce,
            attempt=attempt,
            purpose=step.purpose,
            part=step.part,
            batch=step.batch,
            hash=signed.hash,
            raw=signed.raw,
            max_fee=fees.max_fee,
            tip=fees.tip,
        )

    def _broadcast(self, row: ChainTx, head: Header) -> None:
        """The row is committed. A node that refuses the transaction is asked again later."""
        told = {"batch": row.batch, "purpose": row.purpose, "nonce": row.nonce, "hash": row.hash.hex()}
        try:
            self.node.send(row.raw)
        except NodeRefuses as refused:
            self._wait(str(refused))
            if not any(words in refused.message.lower() for words in TOO_CHEAP):
                return  # else it is replaced in its turn, as if it had been taken
        with self.writer.unit() as session:
            kept = session.get_one(ChainTx, (row.sender, row.nonce, row.attempt))
            if kept.sent_in is None:
                kept.sent_at, kept.sent_in = self.clock(), head.number
        log.info("sent", attempt=row.attempt, max_fee=row.max_fee, **told)

    def _wait(self, why: str) -> bool:
        if why != self.waits_for:
            log.error("waits", cause=why)
        self.waits_for = why
        return False

    # --- those under way

    def watch(self) -> bool:
        """Looks for receipts of all attempts, broadcasts again what the node has lost, replaces what no block takes.

        True if one came into a block, fell out of one, or was replaced. Raises NodeFails.
        """
        with self.writer.store.unit() as session:
            rows = self._unsettled(session)
            top = chain_view.head(session)
        if not rows or top is None:
            return False
        moved = False
        for _, attempts in groupby(rows, key=lambda row: row.nonce):
            moved |= self._settle(list(attempts), top)
        return moved

    def _unsettled(self, session: Session) -> Sequence[ChainTx]:
        """All attempts of nonces of which none is in a canonical block, by nonce and attempt."""
        settled = select(ChainTx.nonce).where(ChainTx.sender == self.signer.address, _is_in_block())
        mine = select(ChainTx).where(ChainTx.sender == self.signer.address, ChainTx.nonce.not_in(settled))
        return session.scalars(mine.order_by(ChainTx.nonce, ChainTx.attempt)).all()

    def _settle(self, attempts: Sequence[ChainTx], top: Block) -> bool:
        for row in attempts:
            receipt = self.node.receipt(row.hash)
            if receipt is not None:
                return self._note(row, receipt)
        newest = attempts[-1]
        if self.node.nonce(self.signer.address, at=top.hash) > newest.nonce:
            self._note_lost(newest, top)
        elif any(row.block is not None for row in attempts):
            self._put_back(attempts, top)
        else:
            return self._push(newest, top)
        return True

    def _note(self, row: ChainTx, receipt: Receipt) -> bool:
        """True if it is news. A block that the watcher has not read yet is written down as well and counts later."""
        if row.block == receipt.block:
            return False
        with self.writer.unit() as session:
            kept = session.get_one(ChainTx, (row.sender, row.nonce, row.attempt))
            kept.block, kept.succeeded = receipt.block, receipt.succeeded
            kept.gas_used, kept.gas_price = receipt.gas_used, receipt.gas_price
        told = {"batch": row.batch, "purpose": row.purpose, "nonce": row.nonce, "gas": receipt.gas_used}
        (log.info if receipt.succeeded else log.error)("in a block", succeeded=receipt.succeeded, **told)
        return True

    def _note_lost(self, row: ChainTx, top: Block) -> None:
        log.error("nonce used elsewhere", nonce=row.nonce, batch=row.batch, purpose=row.purpose)
        with self.writer.unit() as session:
            kept = session.get_one(ChainTx, (row.sender, row.nonce, row.attempt))
            kept.block, kept.succeeded, kept.gas_used = top.hash, False, None

    def _put_back(self, attempts: Sequence[ChainTx], top: Block) -> None:
        """A reorganisation put it out of its block: it waits anew."""
        with self.writer.unit() as session:
            for row in attempts:
                kept = session.get_one(ChainTx, (row.sender, row.nonce, row.attempt))
                kept.block = kept.succeeded = kept.gas_used = kept.gas_price = None
                kept.sent_in = top.number
        log.warning("out of its block", batch=attempts[-1].batch, purpose=attempts[-1].purpose)
        self._again(attempts[-1])

    def _push(self, row: ChainTx, top: Block) -> bool:
        """The newest attempt, which is in no block. True if it was replaced."""
        if row.purpose != NOTHING and self._is_unwanted(row):
            return self._replace(row, Step(row.batch, NOTHING, 0, self.signer.address, b""), ALONE)
        if row.sent_in is None:
            self._broadcast(row, self.node.head())
        elif top.number - row.sent_in >= self.resend_after:
            sent = TypedTransaction.from_bytes(HexBytes(row.raw)).as_dict()
            to = to_checksum_address(bytes(sent["to"]))
            return self._replace(row, Step(row.batch, row.purpose, row.part, to, bytes(sent["data"])), int(sent["gas"]))
        elif not self.node.knows(row.hash):
            self._again(row)
        return False

    def _is_unwanted(self, row: ChainTx) -> bool:
        with self.writer.store.unit() as session:
            return session.get_one(Batch, row.batch).state == ABANDONED

    def _replace(self, row: ChainTx, step: Step, gas: int) -> bool:
        head = self.node.head()
        fees = self.policy.bumped(Fees(row.max_fee, row.tip), self.node, head.base_fee)
        if fees is None:
            self._wait(f"{row.purpose} of batch {row.batch} waits for a block: to pay more is above the most")
            if not self.node.knows(row.hash):
                self._again(row)
            return False
        replacement = self._row(step, row.nonce, row.attempt + 1, gas, fees)
        with self.writer.unit() as session:
            session.add(replacement)
        self._broadcast(replacement, head)
        return True

    def _again(self, row: ChainTx) -> None:
        """As it was signed. A node that refuses it now is offered it again, or a replacement."""
        try:
            self.node.send(row.raw)
        except NodeRefuses as refused:
            log.warning("not taken", batch=row.batch, purpose=row.purpose, nonce=row.nonce, cause=str(refused))


def _is_in_block() -> ColumnElement[bool]:
    return exists().where(Block.hash == ChainTx.block, Block.canonical)

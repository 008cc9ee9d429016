"""The submitter: brings batches on chain in their order, each step asked of the chain before it is paid for.

What the exchange would say to the update decides. It lacks a proof: the proof is sent, then the data, or who vouches
for it, whatever nobody has brought yet. It would refuse the batch: that is given up. It would take it: the update is
sent. All is asked of the state after the newest block that the watcher has read.
"""

from __future__ import annotations

from collections.abc import Callable
from time import time

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from freehold.errors import Refused
from freehold.ethereum.coding import Contract, Reverted
from freehold.ethereum.node import Node
from freehold.patience import NodeFails
from freehold.services.operator import batches, blobs, chain_view, lifecycle, refusals
from freehold.services.operator.contracts import Contracts
from freehold.services.operator.lease import Writer
from freehold.services.operator.sender import Sender, Step
from freehold.services.operator.tables import EXECUTED, Batch, Block, Stage
from prover.algebra.keccak import keccak_of_words
from prover.applications.ledger.facts import rollup_fact
from prover.cairo.proof_file import ProofFile
from prover.stark.errors import ProofMalformed
from prover.stark.proof import Proof

log = structlog.get_logger(__name__)


class Submitter:
    """`waits_for`: why the oldest batch does not go on, for people; None if nothing is in its way."""

    def __init__(
        self, node: Node, writer: Writer, contracts: Contracts, sender: Sender, clock: Callable[[], float] = time
    ) -> None:
        self.node, self.writer, self.contracts, self.sender, self.clock = node, writer, contracts, sender, clock
        self._refused: str | None = None
        self._asked_at: bytes | None = None

    @property
    def waits_for(self) -> str | None:
        return self._refused or self.sender.waits_for

    def step(self) -> bool:
        """True if something was sent, came into a block, or was given up."""
        try:
            moved = self.sender.watch()
            return self._advance() or moved
        except NodeFails as error:
            log.warning("node fails", cause=str(error))
            return False

    def _advance(self) -> bool:
        with self.writer.store.unit() as session:
            top, batch = chain_view.head(session), _oldest(session)
            if top is None or batch is None or batch.state == EXECUTED:
                return False
            if top.hash == self._asked_at and self.sender.is_under_way(session, batch.id, "update"):
                return False
            update = self.contracts.exchange.data("updateState", *batches.update_arguments(session, batch))
        self._asked_at = top.hash
        try:
            self.node.simulate(self.contracts.exchange.address, update, self.sender.signer.address, at=top.hash)
        except Reverted as refusal:
            return self._refusal(batch, refusal, top)
        self._refused = None
        self._note_proven(batch)
        return self._send(batch, "update", self.contracts.exchange, update)

    def _refusal(self, batch: Batch, refusal: Reverted, top: Block) -> bool:
        if refusal.name == refusals.NO_PROOF:
            sent, complete = self._bring_facts(batch, top)
            if complete:
                return self._wait(batch, f"all is proven that this operator knows of, and yet: {refusal}")
            return sent
        if refusals.is_passing(refusal):
            return self._wait(batch, str(refusal))
        with self.writer.unit() as session:
            rejected = refusals.culprits(session, batch, refusal)
            lifecycle.abandon(session, batch.id, str(refusal), self.clock(), rejected)
        self._refused = None
        return True

    def _wait(self, batch: Batch, why: str) -> bool:
        """Told once, and kept with the batch."""
        if why != self._refused:
            log.error("waits", batch=batch.id, cause=why)
            with self.writer.unit() as session:
                session.get_one(Batch, batch.id).error = why
        self._refused = why
        return False

    # --- facts

    def _bring_facts(self, batch: Batch, top: Block) -> tuple[bool, bool]:
        """Whether something was sent, and whether all facts that are known of are on chain."""
        if not self._is_valid(self.contracts.verifier, self._proof_fact(batch), top):
            proved = self._bring_proof(batch, top)
            vouched = self.contracts.committee is not None and self._bring_availability(batch, top)[0]
            return proved or vouched, False
        self._note_proven(batch)
        return self._bring_data(batch, top) if self.contracts.is_rollup else self._bring_availability(batch, top)

    def _is_valid(self, registry: Contract, fact: bytes, top: Block) -> bool:
        return bool(self.node.call(registry, "isValid", fact, at=top.hash))

    def _proof_fact(self, batch: Batch) -> bytes:
        with self.writer.store.unit() as session:
            output = batches.words_of(session, batch.output_words)
        return keccak_of_words([self.contracts.identity, int.from_bytes(keccak_of_words(output), "big")])

    def _note_proven(self, batch: Batch) -> None:
        with self.writer.store.unit() as session:
            if session.get(Stage, (batch.id, "fact")) is not None:
                return
        with self.writer.unit() as session:
            lifecycle.reach(session, batch.id, "fact", self.clock())

    def _bring_proof(self, batch: Batch, top: Block) -> bool:
        """One transaction for a proof of one part, else its header and then each part, whatever is not there yet."""
        proof = self._proof(batch)
        if proof is None:
            return False
        verifier, number, header = self.contracts.verifier, self.contracts.program_number, list(proof.header)
        if len(proof.parts) == 1:
            return self._send(batch, "fact", verifier, verifier.data("verify", number, header, proof.parts[0]))
        session, context = self.node.call(verifier, "contextOf", number, header, at=top.hash)
        pending = self.node.call(verifier, "pending", session, at=top.hash)
        if pending == 0:
            return self._send(batch, "fact", verifier, verifier.data("begin", number, header))
        sent = False
        for part, openings in enumerate(proof.parts):
            if pending >> part & 1:
                data = verifier.data("continueVerification", context, part, openings)
                sent |= self._send(batch, "part", verifier, data, part)
        return sent

    def _proof(self, batch: Batch) -> Proof | None:
        with self.writer.store.unit() as session:
            digest = batches.proof_of(session, batch.id)
            if digest is None:
                return None
            file = blobs.get(session, digest)
        try:
            return ProofFile.from_bytes(file).proof
        except ProofMalformed as error:
            self._wait(batch, f"the proof in the store is none: {error}")
            return None

    def _bring_data(self, batch: Batch, top: Block) -> tuple[bool, bool]:
        """A rollup's, in one page: the output beyond the main page. `updateState` takes that page, and of the data hash
        and size."""
        with self.writer.store.unit() as session:
            main = batches.words_of(session, batch.update_words)[:-2]
            data = batches.words_of(session, batch.output_words)[len(main) :]
        adapter = self.contracts.adapter
        if self._is_valid(adapter, rollup_fact(main, keccak_of_words(data), len(data)), top):
            return False, True
        return self._send(batch, "data", adapter, adapter.data("publish", main, data)), False

    def _bring_availability(self, batch: Batch, top: Block) -> tuple[bool, bool]:
        """The committee's signatures."""
        committee, members, claim = self.contracts.committee, self.contracts.members, batches.claim_of(batch)
        assert committee is not None and members is not None, "asked of a rollup"
        if self._is_valid(committee, claim, top):
            return False, True
        with self.writer.store.unit() as session:
            signatures = batches.signatures_of(session, batch)
        try:
            proof = members.proof(claim, signatures)
        except Refused as error:
            return self._wait(batch, str(error)), False
        data = committee.data("verifyAvailabilityProof", claim, proof)
        return self._send(batch, "availability", committee, data), False

    def _send(self, batch: Batch, purpose: str, contract: Contract, data: bytes, part: int = 0) -> bool:
        try:
            sent = self.sender.send(Step(batch.id, purpose, part, contract.address, data))
        except Reverted as refusal:  # somebody else brought it since the block that was asked, or it is wrong
            return self._wait(batch, f"{purpose}: {refusal}")
        if sent:
            self._refused = None
        return sent


def _oldest(session: Session) -> Batch | None:
    """The first that the exchange has not taken."""
    rows = session.scalars(select(Batch).where(Batch.state.in_(batches.OPEN)).order_by(Batch.id))
    return next((batch for batch in rows if chain_view.update_of(session, batch) is None), None)

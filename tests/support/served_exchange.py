"""An exchange on an anvil of its own, with an operator beside it: doubles take any proof, the committee is a real one.

What people do goes through `kit`, inside `people()`; what the operator does goes over HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import ape
from eth_account import Account

from freehold.chain.committee import BlsMember
from freehold.ethereum.signer import LocalKey
from freehold.records import Record
from freehold.services.operator import blobs, chain_view
from freehold.services.operator.contracts import Contracts, open_contracts
from freehold.services.operator.fees import FeePolicy
from freehold.services.operator.lease import Writer
from freehold.services.operator.lifecycle import Lifecycle
from freehold.services.operator.sender import Sender
from freehold.services.operator.submitter import Submitter
from freehold.services.operator.tables import Batch, ChainTx, Job, Signature
from freehold.services.operator.watcher import Watcher
from freehold.testing.kit import Kit
from freehold.testing.output_words import Output, SharedState, availability_claim
from freehold.testing.parameters import SMALL
from prover.algebra.keccak import keccak_of_words
from prover.cairo.proof_file import ProofFile
from prover.stark.proof import Proof
from tests.support.anvil import Anvil
from tests.support.operator_rows import batch_row, movement_rows

PROGRAM = 7
"""The number of the program, and in the double's hands its identity."""
GWEI = 10**9
POLICY = FeePolicy(most=500 * GWEI, bump=0.125)
BLS_SECRETS = (0xB15, 0xB16, 0xB17)


class ServedKit(Kit):
    """`committee`: "accounts", "bls", or None for a rollup. Two of three members must sign."""

    def __init__(self, project: Any, accounts: Any, chain: Any, committee: str | None = "accounts") -> None:
        self.committee_kind, self.members = committee, [accounts[7], accounts[8], accounts[9]]
        super().__init__(project, accounts, chain)

    def start(self) -> None:
        project = self.project
        self.proofs = self.governor.deploy(project.ObedientVerifier)
        adapter = project.RollupFactAdapter if self.committee_kind is None else project.ProgramFactAdapter
        self.verifier = self.governor.deploy(adapter, self.proofs, PROGRAM)
        if self.committee_kind == "bls":
            members = [BlsMember.of(secret) for secret in BLS_SECRETS]
            keys, proofs = [one.public_key for one in members], [one.possession for one in members]
            self.availability = self.governor.deploy(project.BlsCommittee, keys, proofs, 2)
        elif self.committee_kind == "accounts":
            self.availability = self.governor.deploy(project.Committee, [one.address for one in self.members], 2)
        super().start()

    def declare(self, words: list[int], after: SharedState | None = None) -> None:
        """Proved and, with `after`, vouched for by strangers to this operator."""
        self.proofs.declare(proof_fact(words), sender=self.stranger)
        if after is not None:
            claim = availability_claim(after, self.exchange.getSequenceNumber() + 1)
            signers = sorted(self.members[:2], key=lambda one: int(one.address, 16))
            signatures = b"".join(self.sign_raw(one, claim) for one in signers)
            self.availability.verifyAvailabilityProof(claim, signatures, sender=self.stranger)

    def record(self, chain_id: int) -> Record:
        return Record(
            exchange=self.exchange.address,
            chain_id=chain_id,
            verifier=self.proofs.address,
            program_number=PROGRAM,
            adapter=self.verifier.address,
            committee=None if self.committee_kind is None else self.availability.address,
        )


def connected(anvil: Anvil) -> Any:
    """Ape, to this node."""
    return ape.networks.ethereum.local.use_provider("foundry", provider_settings={"host": anvil.url})


@dataclass
class Served:
    """`start`: the first block in which users did something."""

    anvil: Anvil
    kit: ServedKit
    contracts: Contracts
    start: int

    @contextmanager
    def people(self) -> Iterator[ServedKit]:
        with connected(self.anvil):
            yield self.kit


def serve(anvil: Anvil, project: Any, accounts: Any, chain: Any, committee: str | None = "accounts") -> Served:
    with connected(anvil):
        kit = ServedKit(project, accounts, chain, committee)
        start = anvil.node.head().number + 1
        kit.register(kit.alice, kit.bob)
        record = kit.record(anvil.node.chain_id())
    return Served(anvil, kit, open_contracts(anvil.node, record), start)


@dataclass
class Operator:
    """The chain's side of one, with its store. `turn` is what the loop does; it never waits."""

    served: Served
    writer: Writer
    policy: FeePolicy = POLICY
    resend_after: int = 3
    finality: Any = 1_000
    node: Any = None
    watcher: Watcher = field(init=False)
    lifecycle: Lifecycle = field(init=False)
    sender: Sender = field(init=False)
    submitter: Submitter = field(init=False)

    def __post_init__(self) -> None:
        self.node = self.node or self.served.anvil.node
        contracts = self.served.contracts
        key = LocalKey(int(self.served.kit.operator.private_key, 16))
        self.watcher = Watcher(self.node, self.writer, contracts.exchange, self.served.start, self.finality, self.now)
        required = 0 if contracts.members is None else contracts.members.required
        self.lifecycle = Lifecycle(self.writer, required, self.now)
        chain_id = self.served.anvil.node.chain_id()
        self.sender = Sender(self.node, self.writer, key, chain_id, self.policy, self.resend_after, self.now)
        self.submitter = Submitter(self.node, self.writer, contracts, self.sender, self.now)

    def now(self) -> float:
        return float(self.served.anvil.node.head().time)

    def again(self) -> Operator:
        """Another process on the same store."""
        return replace(self)

    def turn(self) -> bool:
        moved = self.watcher.step()
        moved |= self.lifecycle.step()
        return self.submitter.step() or moved

    def read(self) -> None:
        """All that the chain has."""
        while self.watcher.step():
            pass

    def work(self, turns: int = 40) -> None:
        """Until nothing moves any more."""
        for _ in range(turns):
            if not self.turn():
                return
        raise AssertionError(f"still moving after {turns} turns")

    # --- rows

    def root(self) -> None:
        state = self.served.kit.state
        with self.writer.unit() as session:
            session.add(batch_row(-1, None, state.words(), state.hash(), self.sequence_number(), state="final"))

    def sequence_number(self) -> int:
        served = self.served
        return int(served.anvil.node.call(served.contracts.exchange, "getSequenceNumber"))

    def batch(self, batch_id: int, output: Output, previous: int | None = None, parts: int = 1, **fields: Any) -> None:
        """With a proof that the double takes. `data`: a rollup's words."""
        data = fields.pop("data", [])
        with self.writer.unit() as session:
            before = batch_id - 1 if previous is None else previous
            sequence = session.get_one(Batch, before).sequence_number + 1
            row = batch_row(batch_id, before, output.after.words(), output.after.hash(), sequence, **fields)
            row.system_time = fields.get("system_time", output.after.system_time)
            row.update_words = blobs.put_json(session, "update", output.words())
            words = output.main_words() + data
            row.output_words = blobs.put_json(session, "output", words)
            session.add(row)
            session.flush()
            session.add_all(movement_rows(batch_id, output.modifications))
            header = (int.from_bytes(proof_fact(words), "big"), parts)
            proof = Proof(header, tuple(bytes([part]) for part in range(parts)))
            file = blobs.put(session, "proof", ProofFile(PROGRAM, SMALL, proof).to_bytes())
            session.add(proof_job(batch_id, row.output_words, file))

    def ready(self, batch_id: int, output: Output, **fields: Any) -> None:
        """Proved and signed."""
        self.batch(batch_id, output, **fields)
        self.sign(batch_id, output.after)

    def sign(self, batch_id: int, after: SharedState, members: int = 2) -> None:
        kit = self.served.kit
        with self.writer.unit() as session:
            claim = availability_claim(after, session.get_one(Batch, batch_id).sequence_number)
            for member in kit.members[:members]:
                signed = Account.unsafe_sign_hash(claim, private_key=member.private_key)
                session.add(
                    Signature(
                        batch=batch_id,
                        member=member.address.lower(),
                        claim=claim,
                        signature=bytes(signed.signature),
                        received_at=0.0,
                    )
                )

    def state(self, batch_id: int) -> str:
        with self.writer.store.unit() as session:
            return session.get_one(Batch, batch_id).state

    def error(self, batch_id: int) -> str:
        with self.writer.store.unit() as session:
            return session.get_one(Batch, batch_id).error or ""

    def sent(self) -> list[ChainTx]:
        """In the order of nonces and attempts."""
        with self.writer.store.unit() as session:
            return list(session.query(ChainTx).order_by(ChainTx.nonce, ChainTx.attempt))

    def purposes(self) -> list[str]:
        return [row.purpose for row in self.sent()]

    def head(self) -> int:
        with self.writer.store.unit() as session:
            block = chain_view.head(session)
        return -1 if block is None else block.number


def proof_fact(output: list[int]) -> bytes:
    """Of all words that the program writes."""
    return keccak_of_words([PROGRAM, int.from_bytes(keccak_of_words(output), "big")])


def proof_job(batch_id: int, output: bytes, proof: bytes) -> Job:
    return Job(
        key=batch_id.to_bytes(32, "big"),
        kind="proof",
        batch=batch_id,
        input=output,
        output=output,
        parameters="fast",
        state="done",
        needs_bytes=0,
        max_attempts=3,
        proof=proof,
    )


def on_chain_id(operator: Operator) -> int:
    return int(operator.served.anvil.node.call(operator.served.contracts.exchange, "getLastBatchId"))


ALL = ["fact", "availability", "update"]
"""What a batch of a validium is brought on chain by, where its proof has one part."""


def state_hash(operator: Operator) -> bytes:
    return bytes(operator.served.anvil.node.call(operator.served.contracts.exchange, "sharedStateHash"))


def raise_fee(operator: Operator, blocks: int) -> None:
    """Blocks that no transaction of before can pay for."""
    anvil = operator.served.anvil
    for _ in range(blocks):
        anvil.next_base_fee(100 * GWEI)
        anvil.mine()

"""A batch's way on chain, step by step, whoever was stopped in between: each step asks the chain what is there.

The batch is a file: a configuration, a state and a batch (a case), or the batch alone, which then follows the last
state beside the exchange's record.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ape.api.accounts import AccountAPI
from ape.api.transactions import ReceiptAPI
from ape.contracts.base import ContractInstance

from freehold.chain.availability import Signature, availability_of
from freehold.chain.contracts import contract_at
from freehold.chain.deployed import Deployment
from freehold.chain.managers import chain, networks
from freehold.chain.verifier import submit_proof
from freehold.errors import Refused
from prover.algebra.keccak import keccak_of_words, words_to_bytes
from prover.applications.ledger.facts import condition_word, rollup_fact
from prover.applications.perpetual.batch import Batch
from prover.applications.perpetual.documents import Case, StateDocument
from prover.applications.perpetual.errors import InputRefused, RuleBroken
from prover.applications.perpetual.facts import application_data, availability_claim, update_words
from prover.cairo.proof_file import ProofFile
from prover.cairo.prove import key_of
from prover.cairo.statement import program_identity
from prover.codegen.shapes import EXCHANGE_BUILTINS
from prover.proving.batch import exchange_program
from prover.stark.errors import ProofMalformed
from prover.stark.parameters import Parameters
from prover.stark.proof import Proof

Condition = tuple[str, bytes]
"""Registry and fact of a conditional transfer."""


def read_batch(path: Path, deployment: Deployment) -> Batch:
    """Refuses what is no batch, and what the rules refuse."""
    try:
        document: Any = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Refused(f"{path} is not JSON: {' '.join(str(error).split())}") from error
    if isinstance(document, dict) and "prev_state" not in document:
        document = {
            "config": deployment.config.model_dump(mode="json"),
            "prev_state": StateDocument.of(deployment.state).model_dump(mode="json"),
            "batch": document.get("batch", document),
        }
    try:
        return Case.parsed(document).apply()
    except (InputRefused, RuleBroken) as error:
        raise Refused(f"{path}: {error}") from error


@dataclass(frozen=True)
class Delivery:
    """A batch, and where it goes."""

    deployment: Deployment
    batch: Batch
    conditions: tuple[Condition, ...] = ()

    @property
    def exchange(self) -> ContractInstance:
        return self.deployment.exchange

    def is_accepted(self) -> bool:
        """It was the last batch that the exchange took."""
        return bytes(self.exchange.sharedStateHash()) == self.batch.after.hash() != self.batch.before.hash()

    def is_proven(self) -> bool:
        verifier = self.deployment.verifier
        identity = verifier.programIdentity(self.deployment.program_number)
        output = int.from_bytes(keccak_of_words(self.batch.output()), "big")
        return bool(verifier.isValid(keccak_of_words([identity, output])))

    def claim(self) -> bytes:
        """What the committee signs."""
        return availability_claim(self.batch.after, self.exchange.getSequenceNumber() + 1)

    def needs_signatures(self) -> bool:
        committee = self.deployment.committee
        return committee is not None and not committee.isValid(self.claim())

    def refuse_what_cannot_follow(self) -> None:
        """The exchange would refuse it, whatever is proven."""
        exchange, batch = self.exchange, self.batch
        if exchange.isFrozen():
            raise Refused("the exchange is frozen: no batch is accepted any more")
        found = bytes(exchange.sharedStateHash())
        if found != batch.before.hash():
            raise Refused(f"the batch follows 0x{batch.before.hash().hex()}, the exchange stands at 0x{found.hex()}")
        if bytes(exchange.globalConfigurationHash()) != words_to_bytes([batch.config.hash()]):
            raise Refused("the batch is under another general configuration than the exchange's")
        for asset in batch.config.synthetic_assets:
            if bytes(exchange.configurationHash(asset.asset_id)) != words_to_bytes([asset.hash()]):
                raise Refused(f"asset {asset.asset_id:#x} has another configuration on chain, or none")
        hour = int(chain.pending_timestamp) // 3600
        if batch.minimum_expiration_timestamp < hour:
            raise Refused(f"the batch expired in hour {batch.minimum_expiration_timestamp}, this is hour {hour}")
        self._refuse_conditions()

    def _refuse_conditions(self) -> None:
        words = [condition_word(bytes.fromhex(registry[2:]), fact) for registry, fact in self.conditions]
        if list(self.batch.conditions) != words:
            raise Refused(
                f"the batch has {len(self.batch.conditions)} conditions, {len(words)} are named or others: give "
                "--condition REGISTRY FACT for each, in the batch's order"
            )
        for registry, fact in self.conditions:
            if not contract_at(registry, "the condition's registry", "Committee").isValid(fact):
                raise Refused(f"{registry} does not know the fact 0x{fact.hex()} yet")

    def send(
        self,
        operator: AccountAPI,
        proof: Callable[[], Proof],
        signatures: Sequence[Signature],
        batch_id: int | None = None,
        tell: Callable[[str, Sequence[ReceiptAPI]], None] = lambda what, receipts: None,
    ) -> None:
        """What is missing. `proof` is asked for only if nothing proved the batch before."""
        deployment, exchange, batch = self.deployment, self.exchange, self.batch
        if not self.is_proven():
            made = proof()
            tell("proof", submit_proof(operator, deployment.verifier, deployment.program_number, made))
        if deployment.committee is None:
            if not deployment.adapter.isValid(self.transition_fact()):
                tell("data", [deployment.adapter.publish(batch.main_words(), batch.data(), sender=operator)])
        elif self.needs_signatures():
            claim = self.claim()
            proof_of_data = availability_of(deployment.committee, claim, signatures)
            tell("availability", [deployment.committee.verifyAvailabilityProof(claim, proof_of_data, sender=operator)])
        previous = exchange.getLastBatchId()
        words = application_data(previous + 1 if batch_id is None else batch_id, previous, self.conditions)
        tell("state update", [exchange.updateState(update_words(batch), words, sender=operator)])

    def transition_fact(self) -> bytes:
        """Of a rollup whose data is one page."""
        data = self.batch.data()
        return rollup_fact(self.batch.main_words(), keccak_of_words(data), len(data))


def refuse_waiting(account: AccountAPI) -> None:
    """Transactions of the account that are in no block yet: what they do cannot be asked of the chain."""
    web3 = networks.provider.web3
    waiting = web3.eth.get_transaction_count(account.address, "pending") - account.nonce
    if waiting:
        raise Refused(f"{waiting} transactions of {account.address} are in no block yet: wait for them, then go on")


def read_proof(path: Path, parameters: Parameters) -> Proof:
    """Refuses the proof of another program, or under other parameters."""
    try:
        file = ProofFile.from_bytes(path.read_bytes())
    except (OSError, ProofMalformed) as error:
        raise Refused(f"{path} is no proof: {error}") from error
    if file.parameters != parameters:
        raise Refused(f"{path} has other parameters than the exchange's verifier")
    if file.identity != _identity(parameters):
        raise Refused(f"{path} is of another program")
    return file.proof


def proof_file(proof: Proof, parameters: Parameters) -> bytes:
    return ProofFile(_identity(parameters), parameters, proof).to_bytes()


def _identity(parameters: Parameters) -> int:
    return program_identity(key_of(EXCHANGE_BUILTINS, parameters).shape, exchange_program().data)

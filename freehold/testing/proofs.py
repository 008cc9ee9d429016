"""How a test's exchange learns that a batch was proven: from a registry double that is told so, or from a proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ape.api.accounts import AccountAPI
from ape.contracts.base import ContractInstance
from ape.managers.project import ProjectManager

from freehold.chain.contracts import deploy
from freehold.chain.deployed import Deployment
from freehold.chain.deployment import verifier_with_program
from freehold.chain.verifier import submit_proof
from freehold.testing.parameters import SMALL
from prover.algebra.keccak import keccak_of_words
from prover.applications.perpetual.batch import Batch
from prover.proving.batch import prove_batch
from prover.stark.parameters import Parameters


class Proofs(Protocol):
    """`parameters` name the statement that the exchange asks for; `show` brings a batch's fact on chain."""

    @property
    def parameters(self) -> Parameters: ...

    def deploy(
        self, project: ProjectManager, account: AccountAPI, parameters: Parameters
    ) -> tuple[ContractInstance, int]: ...

    def show(self, deployed: Deployment, batch: Batch, operator: AccountAPI) -> None: ...


@dataclass(frozen=True)
class Declared:
    """Nothing is proven: a double in the verifier's place believes what it is told. The rules in Python made it."""

    parameters: Parameters = SMALL

    def deploy(
        self, project: ProjectManager, account: AccountAPI, parameters: Parameters
    ) -> tuple[ContractInstance, int]:
        return deploy(account, project.ObedientRegistry), 1

    def show(self, deployed: Deployment, batch: Batch, operator: AccountAPI) -> None:
        words = [*batch.main_words(), *(batch.data() if deployed.committee is None else ())]
        proven = int.from_bytes(keccak_of_words(words), "big")
        deployed.verifier.declare(keccak_of_words([deployed.adapter.programHash(), proven]), sender=operator)


@dataclass(frozen=True)
class Proven:
    """Every batch is proven by the prover, checked by the verifier contract. SMALL takes seconds a batch."""

    parameters: Parameters = SMALL

    def deploy(
        self, project: ProjectManager, account: AccountAPI, parameters: Parameters
    ) -> tuple[ContractInstance, int]:
        return verifier_with_program(project, account, parameters)

    def show(self, deployed: Deployment, batch: Batch, operator: AccountAPI) -> None:
        proof = prove_batch(batch, self.parameters).proof
        submit_proof(operator, deployed.verifier, deployed.program_number, proof)

"""A verifier with small parameters, and a judge that puts a proof before Python and the EVM."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from ape.api import AccountAPI
from ape.contracts import ContractInstance

from freehold.chain.verifier import deploy_verifier, register_program
from freehold.testing.parameters import SMALL
from prover.cairo.program import Program
from prover.cairo.prove import verify_proof
from prover.stark.errors import StarkError
from prover.stark.proof import Proof
from tests.support.gas import error_names, execute

HEADER = {"HeaderLength", "NotBelowPrime"}
STATEMENT = {"HeightRefused", "AddressRefused", "OutputRefused", "DegreeTooLarge"}
OPENED = {"OpeningRefused", "OpenedWordNotBelowPrime", "PartTooShort"}
STEPS = {
    "ProofMalformed": HEADER | STATEMENT | OPENED,
    "StatementRefused": HEADER | STATEMENT,
    "LookupsUnbalanced": {"LookupsUnbalanced"},
    "PointRefused": {"PointRefused"},
    "OodsMismatch": {"OodsMismatch", "LookupMismatch"},
    "GrindingMissing": {"GrindingMissing"},
    "OpeningRefused": OPENED,
    "FoldMismatch": {"FoldMismatch"},
    "LeftOver": {"LeftOver", "HeaderLength"},
}
"""What Python names a refusal -> what the EVM may name it: it reads lengths and openings in another order."""


@dataclass(frozen=True)
class Judge:
    """Both verifiers for one program."""

    verifier: ContractInstance
    number: int
    program: Program
    account: AccountAPI
    provider: object

    def in_python(self, proof: Proof) -> str | None:
        """The name of the refusal, None for an accepted proof. Anything but a refusal by name is an error."""
        try:
            verify_proof(proof, self.program, SMALL)
        except StarkError as refusal:
            return type(refusal).__name__
        return None

    def in_the_evm(self, proof: Proof) -> str | None:
        """The same of the contract: a panic, an empty revert or an unknown error fails the test."""
        data = bytes(self.verifier.verify.encode_input(self.number, list(proof.header), proof.parts[0]))
        computation = execute(self.provider, self.account, self.verifier, data)
        if computation.is_success:
            return None
        names = error_names(self.verifier)
        output = bytes(computation.output)
        assert output[:4] in names, f"no named step: {output.hex()}, {computation.error!r}"
        return names[output[:4]]

    def refuses(self, proof: Proof) -> str:
        """Both refuse, at the same step, whose name in the EVM is returned."""
        python, evm = self.in_python(proof), self.in_the_evm(proof)
        assert python is not None and evm in STEPS[python], f"{python} in Python, {evm} in the EVM"
        return evm

    def accepts(self, proof: Proof) -> bool:
        return self.in_python(proof) is None and self.in_the_evm(proof) is None


@pytest.fixture(scope="session")
def prover_account(accounts):
    return accounts[0]


@pytest.fixture(scope="session")
def verifier(project, prover_account):
    return deploy_verifier(project, prover_account, SMALL, "HashShape")


@pytest.fixture(scope="session")
def number(verifier, prover_account, hashes_program):
    return register_program(prover_account, verifier, hashes_program)


@pytest.fixture(scope="session")
def judge(verifier, number, hashes_program, prover_account, chain):
    return Judge(verifier, number, hashes_program, prover_account, chain.provider)

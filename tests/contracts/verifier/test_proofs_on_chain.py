"""The same proof bytes in Python and in the EVM."""

import pytest
from small_proofs import SMALL

from prover.cairo.prove import verify_proof
from prover.stark.transcript import keccak256, words_to_bytes
from scripts._verifier import deploy_verifier, register_program, submit_proof


@pytest.fixture(scope="session")
def prover_account(accounts):
    return accounts[0]


@pytest.fixture(scope="session")
def verifier(project, prover_account):
    return deploy_verifier(project, prover_account, SMALL)


@pytest.fixture(scope="session")
def number(verifier, prover_account, hashes_program):
    return register_program(prover_account, verifier, hashes_program)


def fact_of(statement) -> bytes:
    output = keccak256(words_to_bytes(statement.output))
    return keccak256(statement.identity.to_bytes(32, "big") + output)


def test_the_same_proof_is_accepted_in_python_and_in_the_evm(
    verifier, number, prover_account, small_proof, hashes_program
):
    statement = verify_proof(small_proof, hashes_program, SMALL)
    assert verifier.programIdentity(number) == statement.identity
    assert not verifier.isValid(fact_of(statement))
    (receipt,) = submit_proof(prover_account, verifier, number, small_proof)
    assert verifier.isValid(fact_of(statement))
    print(receipt.gas_used)

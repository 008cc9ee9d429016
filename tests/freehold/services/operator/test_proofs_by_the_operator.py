"""A real proof, in several parts, is brought to a real verifier by the operator."""

from dataclasses import replace

import pytest

from freehold.chain.verifier import deploy_verifier, register_program
from freehold.ethereum.coding import Contract
from freehold.services.operator import blobs
from freehold.services.operator.tables import Batch, Job
from freehold.testing.parameters import SMALL
from prover.algebra.keccak import keccak_of_words
from prover.cairo.proof_file import ProofFile
from prover.cairo.prove import prove_run, verify_proof
from tests.support.served_exchange import Operator

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PARTS = replace(SMALL, part_queries=2)


@pytest.fixture
def verified(served, project, hashes_program):
    """The exchange's doubles but for the verifier, which knows one program."""
    with served.people() as kit:
        verifier = deploy_verifier(project, kit.governor, PARTS, "HashShape")
        number = register_program(kit.governor, verifier, hashes_program)
        identity = verifier.programIdentity(number)
    contract = Contract(verifier.address, "StarkVerifier")
    contracts = replace(served.contracts, verifier=contract, program_number=number, identity=identity)
    return replace(served, contracts=contracts)


def test_a_proof_in_three_parts_becomes_a_fact_of_the_verifier(verified, writer, hashes_run, hashes_program):
    operator = Operator(verified, writer)
    operator.root()
    operator.read()
    with verified.people() as kit:
        output = kit.output()
    operator.ready(0, output)
    proof = prove_run(hashes_run, PARTS)
    statement = verify_proof(proof, hashes_program, PARTS)
    with writer.unit() as session:
        session.get_one(Batch, 0).output_words = blobs.put_json(session, "output", list(statement.output))
        file = ProofFile(statement.identity, PARTS, proof).to_bytes()
        session.query(Job).one().proof = blobs.put(session, "proof", file)
    operator.work()
    assert operator.purposes() == ["fact", "availability", "part", "part", "part"]
    assert all(row.succeeded for row in operator.sent())
    output_hash = int.from_bytes(keccak_of_words(statement.output), "big")
    fact = keccak_of_words([statement.identity, output_hash])
    assert verified.anvil.node.call(verified.contracts.verifier, "isValid", fact)
    assert "all is proven that this operator knows of" in operator.submitter.waits_for
    assert operator.state(0) == "ready" and operator.error(0) == operator.submitter.waits_for

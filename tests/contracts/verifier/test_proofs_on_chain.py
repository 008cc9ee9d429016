"""The same proof bytes in Python and in the EVM."""

import json
from dataclasses import replace

import ape
import pytest

from freehold.chain.verifier import (
    data_contract,
    deploy_shape,
    deploy_verifier,
    parameter_words,
    register_program,
    submit_proof,
)
from freehold.testing.parameters import SMALL
from prover.algebra import ecdsa
from prover.algebra.field import PRIME
from prover.algebra.keccak import keccak256, words_to_bytes
from prover.cairo.program import Program
from prover.cairo.prove import prove_run, verify_proof
from prover.cairo.run import run_program
from prover.stark.parameters import MAX_LOG_DEGREE
from tests.support.gas import execute
from tests.support.paths import PROGRAMS


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
    assert receipt.gas_used < 6_000_000


def signed(private_key: int, message: int) -> dict[str, int]:
    """Input of `everything.cairo`."""
    r, s = ecdsa.sign(message, private_key)
    return {"key": ecdsa.public_key(private_key), "message": message, "r": r, "s": s}


@pytest.mark.parametrize(
    ("shape", "name", "program_input"),
    [("PlainShape", "instructions", None), ("AllBuiltinsShape", "everything", signed(3, 12345))],
)
def test_a_program_of_another_shape_is_proven_on_chain(project, prover_account, shape, name, program_input):
    program = Program.from_json(json.loads((PROGRAMS / f"{name}.json").read_text()))
    proof = prove_run(run_program(program, program_input), SMALL)
    verifier = deploy_verifier(project, prover_account, SMALL, shape)
    number = register_program(prover_account, verifier, program)
    submit_proof(prover_account, verifier, number, proof)
    assert verifier.isValid(fact_of(verify_proof(proof, program, SMALL)))


PARTS = replace(SMALL, part_queries=2)


@pytest.fixture(scope="session")
def parts_verifier(project, prover_account):
    return deploy_verifier(project, prover_account, PARTS, "HashShape")


def test_a_proof_in_three_parts_by_two_senders(parts_verifier, accounts, hashes_run, hashes_program):
    number = register_program(accounts[0], parts_verifier, hashes_program)
    proof = prove_run(hashes_run, PARTS)
    assert len(proof.parts) == 3
    fact = fact_of(verify_proof(proof, hashes_program, PARTS))
    header = list(proof.header)
    with ape.reverts(parts_verifier.SeveralParts, count=3):
        parts_verifier.verify(number, header, proof.parts[0], sender=accounts[0])
    receipt = parts_verifier.begin(number, header, sender=accounts[0])
    (event,) = receipt.decode_logs(parts_verifier.ProofBegun)
    parts_verifier.continueVerification(event.context, 2, proof.parts[2], sender=accounts[1])
    with ape.reverts(parts_verifier.PartNotPending, part=2):
        parts_verifier.continueVerification(event.context, 2, proof.parts[2], sender=accounts[0])
    with ape.reverts(parts_verifier.OpeningRefused):  # the wrong part's bytes
        parts_verifier.continueVerification(event.context, 0, proof.parts[1], sender=accounts[1])
    parts_verifier.continueVerification(event.context, 0, proof.parts[0], sender=accounts[0])
    assert not parts_verifier.isValid(fact)
    parts_verifier.continueVerification(event.context, 1, proof.parts[1], sender=accounts[1])
    assert parts_verifier.isValid(fact)


def test_a_proof_that_was_begun_is_not_begun_again(parts_verifier, accounts, chain, hashes_run, hashes_program):
    """Whoever sends it: it costs little, nothing is undone, and the parts that wait are those that waited."""
    numbers = [register_program(accounts[0], parts_verifier, hashes_program) for _ in range(2)]
    proof = prove_run(hashes_run, PARTS)
    header = list(proof.header)
    data = bytes(parts_verifier.begin.encode_input(numbers[0], header))
    first = execute(chain.provider, accounts[0], parts_verifier, data).get_gas_used()
    (event,) = parts_verifier.begin(numbers[0], header, sender=accounts[0]).decode_logs(parts_verifier.ProofBegun)
    parts_verifier.continueVerification(event.context, 2, proof.parts[2], sender=accounts[0])
    again = execute(chain.provider, accounts[1], parts_verifier, data)
    assert bytes(again.output) == bytes(event.session) and again.get_gas_used() < 50_000 < first
    for number in numbers:  # the same program under another number: the same session
        parts_verifier.begin(number, header, sender=accounts[1])
        assert parts_verifier.pending(event.session) == 0b011
    parts_verifier.continueVerification(event.context, 0, proof.parts[0], sender=accounts[1])
    parts_verifier.continueVerification(event.context, 1, proof.parts[1], sender=accounts[0])
    assert parts_verifier.isValid(fact_of(verify_proof(proof, hashes_program, PARTS)))


def test_a_submission_goes_on_where_another_ended(parts_verifier, accounts, hashes_run, hashes_program):
    number = register_program(accounts[0], parts_verifier, hashes_program)
    proof = prove_run(hashes_run, PARTS)
    session, context = parts_verifier.contextOf(number, list(proof.header))
    parts_verifier.begin(number, list(proof.header), sender=accounts[1])
    parts_verifier.continueVerification(context, 1, proof.parts[1], sender=accounts[1])
    assert parts_verifier.pending(session) == 0b101
    receipts = submit_proof(accounts[0], parts_verifier, number, proof)
    assert len(receipts) == 2 and parts_verifier.isValid(fact_of(verify_proof(proof, hashes_program, PARTS)))
    assert submit_proof(accounts[0], parts_verifier, number, proof) == []


def test_degrees_above_those_of_the_error_terms_are_refused(judge, small_proof):
    """Columns packed by four: a table of 2^23 rows has degree 2^25. At the bound a later step refuses."""
    memory = 1  # of the tables; its height is free
    for log_height, names in (
        (MAX_LOG_DEGREE + 1, {"HeightRefused"}),
        (MAX_LOG_DEGREE, {"DegreeTooLarge"}),
        (MAX_LOG_DEGREE - 1, {"DegreeTooLarge"}),
        (MAX_LOG_DEGREE - 2, {"HeaderLength", "LookupsUnbalanced", "NotBelowPrime"}),
    ):
        header = list(small_proof.header)
        header[memory] = log_height
        assert judge.refuses(replace(small_proof, header=tuple(header))) in names, log_height


def test_another_program_refuses_the_proof(verifier, prover_account, hashes_program, small_proof):
    changed = replace(hashes_program, data=(*hashes_program.data, 0))
    other = register_program(prover_account, verifier, changed)
    with ape.reverts(verifier.LookupsUnbalanced):
        verifier.verify.call(other, list(small_proof.header), small_proof.parts[0], sender=prover_account)
    with ape.reverts(verifier.UnknownProgram):
        verifier.verify.call(99, list(small_proof.header), small_proof.parts[0], sender=prover_account)


def test_what_is_no_program_is_not_registered(verifier, prover_account, hashes_program):
    def pages(words):
        return [prover_account.deploy(data_contract(words_to_bytes(words)))]

    words = list(hashes_program.data)
    for place, word, error in (
        (0, 1, "ProgramHead"),
        (1, 2, "ProgramHead"),
        (5, 1, "ProgramHead"),
        (9, PRIME, "ProgramWordOutOfRange"),
    ):
        wrong = [*words]
        wrong[place] = word
        with ape.reverts(getattr(verifier, error)):
            verifier.registerProgram(pages(wrong), sender=prover_account)
    with ape.reverts(verifier.ProgramLength, bytes_=0):
        verifier.registerProgram([], sender=prover_account)
    bare, (whole,) = prover_account.deploy(data_contract(b"")), pages(words)
    for page, held in ((bare, 1), ("0x" + "77" * 20, 0)):  # whose code, once it has some, nobody knows
        with ape.reverts(verifier.PageRefused, bytes_=held):
            verifier.registerProgram([whole, page], sender=prover_account)
    data = words_to_bytes(words)
    halves = [prover_account.deploy(data_contract(part)) for part in (data[:33], data[33:])]
    with ape.reverts(verifier.ProgramLength, bytes_=33):
        verifier.registerProgram(halves, sender=prover_account)
    verifier.registerProgram(pages(words), sender=prover_account)


def test_parameters_out_of_bounds_are_refused(project, prover_account):
    shape = deploy_shape(project, prover_account, "PlainShape")
    good = list(parameter_words(SMALL))
    assert prover_account.deploy(project.HeaderVerifier, shape, 0, tuple(good))
    for place, bad in ((0, 1), (1, 0), (2, 65), (5, 15), (7, 0)):
        wrong = [*good]
        wrong[place] = bad
        with pytest.raises(ape.exceptions.ContractLogicError):
            prover_account.deploy(project.HeaderVerifier, shape, 0, tuple(wrong))

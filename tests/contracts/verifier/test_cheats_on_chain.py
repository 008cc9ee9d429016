"""The cheating provers of `tests/support/cheats.py` before the contract: each is refused at a named step."""

from dataclasses import replace

import pytest

from freehold.chain.verifier import deploy_verifier, register_program
from freehold.testing.parameters import SMALL
from tests.support.cheats import ATTEMPTS, Cheat
from tests.support.forged_builtins import FORGERIES, Forgery, program_of


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=[attempt.name for attempt in ATTEMPTS])
def test_a_cheat_is_refused_on_chain(judge, attempt, hashes_run):
    assert judge.in_the_evm(attempt.make(hashes_run, SMALL)) == attempt.contract_error


def test_the_same_walk_without_a_cheat_is_accepted_on_chain(judge, hashes_run):
    assert judge.in_the_evm(Cheat(hashes_run, SMALL).prove()) is None


@pytest.fixture(scope="module")
def judges(judge, project, prover_account):
    """One for each program that a forger runs."""
    verifier = deploy_verifier(project, prover_account, SMALL, "ExchangeShape")
    program = program_of("one_signature")
    number = register_program(prover_account, verifier, program)
    return {"hashes": judge, "one_signature": replace(judge, verifier=verifier, number=number, program=program)}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_builtin_is_refused_on_chain(judges, forgery: type[Forgery]):
    assert judges[forgery.program].in_the_evm(forgery(SMALL).prove()) == forgery.contract_error

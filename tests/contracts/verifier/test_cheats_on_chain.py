"""The cheating provers of `tests/soundness/cheats.py` before the contract: each is refused at a named step."""

import pytest
from small_proofs import SMALL
from soundness.cheats import ATTEMPTS, Cheat


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=[attempt.name for attempt in ATTEMPTS])
def test_a_cheat_is_refused_on_chain(judge, attempt, hashes_run):
    assert judge.in_the_evm(attempt.make(hashes_run, SMALL)) == attempt.contract_error


def test_the_same_walk_without_a_cheat_is_accepted_on_chain(judge, hashes_run):
    assert judge.in_the_evm(Cheat(hashes_run, SMALL).prove()) is None

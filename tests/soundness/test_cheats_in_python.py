"""Every cheating prover is refused at the step that its idea runs into; an honest walk of the same class passes."""

import pytest
from small_proofs import SMALL
from soundness.cheats import ATTEMPTS, Cheat

from prover.cairo.prove import verify_proof


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=[attempt.name for attempt in ATTEMPTS])
def test_a_cheat_is_refused(attempt, hashes_run, hashes_program):
    with pytest.raises(attempt.error):
        verify_proof(attempt.make(hashes_run, SMALL), hashes_program, SMALL)


def test_the_same_walk_without_a_cheat_is_accepted(hashes_run, hashes_program):
    assert verify_proof(Cheat(hashes_run, SMALL).prove(), hashes_program, SMALL).output == hashes_run.output

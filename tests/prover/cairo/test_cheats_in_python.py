"""Every cheating prover is refused at the step that its idea runs into; an honest walk of the same class passes."""

import pytest

from freehold.testing.parameters import SMALL
from prover.cairo.prove import verify_proof
from tests.support.cheats import ATTEMPTS, Cheat
from tests.support.component_kit import Bench
from tests.support.forged_builtins import FORGERIES, program_of


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=[attempt.name for attempt in ATTEMPTS])
def test_a_cheat_is_refused(attempt, hashes_run, hashes_program):
    with pytest.raises(attempt.error):
        verify_proof(attempt.make(hashes_run, SMALL), hashes_program, SMALL)


def test_the_same_walk_without_a_cheat_is_accepted(hashes_run, hashes_program):
    assert verify_proof(Cheat(hashes_run, SMALL).prove(), hashes_program, SMALL).output == hashes_run.output


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_builtin_breaks_its_rule_and_no_other(forgery):
    cheat = forgery(SMALL)
    _, table = cheat.table(cheat.builtin)
    bench = Bench(table, cheat.builtin_columns(), cheat.statement.values(), dict(enumerate(cheat.run.memory)))
    assert bench.broken() == forgery.rules


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_builtin_is_refused(forgery):
    with pytest.raises(forgery.error):
        verify_proof(forgery(SMALL).prove(), program_of(forgery.program), SMALL)

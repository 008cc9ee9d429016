"""The Cairo program and the rules in Python, written apart from each other: same verdict, same words.

A refusal counts only if the program itself refuses: a hint that stumbles over its input is an error of the test.
"""

import pytest
from hypothesis import HealthCheck, given, settings

from prover.algebra.field import PRIME
from prover.applications.perpetual.documents import Case
from prover.applications.perpetual.output import ProgramOutput
from prover.cairo.errors import RunFailed
from prover.proving.batch import run_batch, run_exchange
from tests.support.every_kind import every_kind
from tests.support.forced_requests import WIDE, indices, positions, prices, requests
from tests.support.random_batches import Seeded, a_case, batches, compare
from tests.support.world import ALICE, BOB, BTC, ETH, SOL, apply, forced_trade, holds, world

RELAXED = settings(deadline=None, suppress_health_check=list(HealthCheck))


def program(case, batch):
    """The program as a runner: its words, or None where it refuses."""
    try:
        return list(run_exchange(case.program_input()).output)
    except RunFailed as failure:
        assert "a hint fails" not in str(failure) or "AdviceRefused" in str(failure), failure
        return None


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("start", range(0, 60, 20))
def test_random_batches(start, version):
    verdicts = [compare(a_case(Seeded(seed), version=version), program) for seed in range(start, start + 20)]
    assert any(verdicts) and not all(verdicts)


@pytest.mark.slow
@pytest.mark.parametrize("version", [1, 2])
def test_many_random_batches(version):
    cases = (a_case(Seeded(seed), max_transactions=8, version=version) for seed in range(10_000, 11_000))
    verdicts = [compare(case, program) for case in cases]
    assert 100 < sum(verdicts) < 900


@settings(RELAXED, max_examples=15)
@given(batches(version=1) | batches(version=2))
def test_drawn_batches(case):
    """The same from Hypothesis, which looks for the ends of numbers and shrinks what differs."""
    compare(case, program)


@settings(RELAXED, max_examples=40)
@given(positions(ALICE), positions(BOB), requests(), *[indices] * 3, *[prices] * 3)
def test_forced_requests_at_the_ends_of_all_numbers(first, second, request, i, j, k, p, q, r):
    """Edge 139: the program proves the same outcome, and never finds none."""
    state = world({7: first, 8: second}, WIDE, indices={BTC: i, ETH: j, SOL: k}, prices={BTC: p, ETH: q, SOL: r})
    assert compare(Case.of(apply(state, request, config=WIDE)), program)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("mode", [0, 1], ids=["validium", "rollup"])
def test_a_batch_of_every_kind(mode, version):
    batch = every_kind(mode, version)
    assert list(run_batch(batch).output) == batch.output()


@pytest.mark.parametrize("flag", [0, 1, 2, PRIME - 1])
def test_any_word_but_0_says_that_party_a_buys(flag):
    """The contract and the program take it so; whoever reads an output must too."""
    state = world({7: holds(ALICE, 1000), 8: holds(BOB, 1000)})
    request = forced_trade((ALICE, 7), (BOB, 8), True, 10, 10).model_copy(update={"is_party_a_buying_synthetic": flag})
    batch = Case.parsed(Case.of(apply(state, request)).model_dump(mode="json")).apply()
    assert list(run_batch(batch).output) == batch.output() == ProgramOutput.read(batch.output()).words()
    assert batch.after.position(7).balance(ETH) == (10 if flag else -10)

"""The forger of `tests/support/lifting_forger.py` is believed by the naive twin and refused by the verifier."""

import pytest

from prover.algebra.field import PRIME
from prover.stark import verifier
from prover.stark.errors import OpeningRefused
from prover.stark.transcript import Transcript
from tests.support.lifting_forger import FORGED, HONEST, LOG_H, PARAMETERS, N, Prover, naive_deep_sum, verify


@pytest.fixture
def naive(monkeypatch):
    """The twin in the place of the verifier."""
    monkeypatch.setattr(verifier, "deep_sum", naive_deep_sum)


def test_both_verifiers_accept_the_honest_prover(monkeypatch):
    assert verify(Prover(HONEST, naive=False).prove()) == 3
    monkeypatch.setattr(verifier, "deep_sum", naive_deep_sum)
    assert verify(Prover(HONEST, naive=True).prove()) == 3


def test_the_naive_twin_accepts_three_halves(naive):
    total = verify(Prover(FORGED, naive=True).prove(tries=1 << 10))
    assert 2 * total % PRIME == 3 and total > N, "no boolean column of n rows has this sum"


@pytest.mark.parametrize("plays_against_naive", [True, False])
def test_the_verifier_refuses_the_forger(plays_against_naive):
    """Whichever quotient is folded: at the queries that were chosen, the sum is not the value that was committed to."""
    proof = Prover(FORGED, naive=plays_against_naive).prove(tries=1 << 10)
    with pytest.raises(OpeningRefused, match="FRI layer 0"):
        verify(proof)


def believed(forger: Prover, positions: list[int], monkeypatch) -> int:
    """At how many positions the verifier in force would accept, were each the only query."""
    count = 0
    for position in positions:
        forger.lucky_nonce = lambda transcript, tries, position=position: (0, [position])
        monkeypatch.setattr(Transcript, "draw_positions", lambda self, *_, position=position: [position])
        try:
            verify(forger.prove())
            count += 1
        except OpeningRefused:
            pass
    return count


SAMPLE = range(0, 1 << LOG_H + PARAMETERS.log_blowup, 17)


def test_the_naive_twin_believes_the_forger_where_he_agrees(naive, monkeypatch):
    """At half of all positions, not at all: the twin does check."""
    forger = Prover(FORGED, naive=True)
    agreeing = [position for position in SAMPLE if forger.agrees(position)]
    assert abs(len(agreeing) / len(SAMPLE) - 1 / 2) < 1 / 20
    assert believed(forger, SAMPLE, monkeypatch) == believed(forger, agreeing, monkeypatch) == len(agreeing)


@pytest.mark.parametrize("plays_against_naive", [True, False])
def test_the_verifier_believes_the_forger_nowhere(plays_against_naive, monkeypatch):
    assert believed(Prover(FORGED, naive=plays_against_naive), SAMPLE, monkeypatch) == 0

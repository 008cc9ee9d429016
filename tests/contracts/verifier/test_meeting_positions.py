"""Query positions that coincide or stand side by side: opened once, and accepted in Python and in the EVM alike."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, pairwise

import pytest

from freehold.testing.parameters import SMALL
from prover import kernel
from prover.algebra.keccak import keccak256
from prover.cairo.prove import prove_run
from prover.cairo.shapes import shape_of
from prover.stark.layout import make_layout
from prover.stark.transcript import Transcript

LOG_DOMAIN = 20
"""log2 of the evaluation domain of the small proof, which the test checks."""

SHAPE = shape_of(("output", "pedersen", "range_check"))

Wanted = Callable[[list[int]], bool]


def grinder(wanted: Wanted, seen: list[list[int]]):
    """A grinding that goes on until the query positions are as `wanted`; they are added to `seen`."""

    def grind(prefix: bytes, bits: int) -> int:
        for nonce in count():
            state = keccak256(prefix + nonce.to_bytes(32, "big"))
            if state[0] >> 8 - bits:
                continue
            transcript = Transcript()
            transcript.state = state
            positions = transcript.draw_positions(SMALL.n_queries, LOG_DOMAIN)
            if wanted(positions):
                seen.append(positions)
                return nonce
        raise AssertionError("endless")

    return grind


def differences(positions: list[int]) -> list[int]:
    return [a ^ b for a, b in pairwise(positions)]


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(lambda positions: len(positions) < SMALL.n_queries, id="a position drawn twice"),
        pytest.param(lambda positions: 1 in differences(positions), id="siblings"),
        pytest.param(
            lambda positions: any(1 < d < 8 for d in differences(positions)), id="one leaf of the first layer"
        ),
    ],
)
def test_positions_that_meet(judge, hashes_run, monkeypatch, wanted):
    seen: list[list[int]] = []
    monkeypatch.setattr(kernel, "grind", grinder(wanted, seen))
    proof = prove_run(hashes_run, SMALL)
    heights = proof.header[: len(SHAPE.tables)]
    assert make_layout(SHAPE, heights, SMALL).log_degree + SMALL.log_blowup == LOG_DOMAIN
    assert wanted(seen[0])
    assert judge.accepts(proof)
    assert judge.refuses(type(proof)(proof.header, (proof.parts[0] + bytes(32),))) == "LeftOver"

"""Hypothesis against the contract: whatever is sent, it accepts the true statement or names the step that refused."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prover.algebra.field import PRIME
from prover.stark.proof import Proof

EXAMPLES = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORDS = st.one_of(
    st.sampled_from([0, 1, 5, 31, 33, 64, 255, 2**32, 2**64, PRIME - 1, PRIME, PRIME + 1, 2**255, 2**256 - 1]),
    st.integers(0, 2**256 - 1),
)
PLACES = st.integers(0, 10**6)
HEADER_EDITS = st.one_of(
    st.tuples(st.just("set"), PLACES, WORDS),
    st.tuples(st.just("insert"), PLACES, WORDS),
    st.tuples(st.just("delete"), PLACES, st.just(0)),
    st.tuples(st.just("cut"), PLACES, st.just(0)),
)
PART_EDITS = st.one_of(
    st.tuples(st.just("flip"), PLACES, st.integers(0, 7)),
    st.tuples(st.just("move"), PLACES, st.integers(1, 200)),
    st.tuples(st.just("delete"), PLACES, st.integers(1, 100)),
    st.tuples(st.just("repeat"), PLACES, st.integers(1, 100)),
    st.tuples(st.just("fill"), PLACES, st.integers(0, 255)),
)


def edit_header(header: list[int], edit: tuple[str, int, int]) -> list[int]:
    kind, place, word = edit
    place %= len(header) or 1
    if kind == "set":
        return [*header[:place], word, *header[place + 1 :]]
    if kind == "insert":
        return [*header[:place], word, *header[place:]]
    return header[:place] if kind == "cut" else [*header[:place], *header[place + 1 :]]


def edit_part(part: bytes, edit: tuple[str, int, int]) -> bytes:
    kind, place, much = edit
    place %= len(part) or 1
    before, after = part[:place], part[place:]
    if kind == "flip":
        return before + bytes([after[0] ^ 1 << much]) + after[1:] if after else part
    if kind == "move":
        return before + after[much:] + after[:much]
    if kind == "repeat":
        return before + after[:much] + after
    if kind == "fill":
        return before + bytes([much]) * len(after[:32]) + after[32:]
    return before + after[much:]


def judged(judge, proof: Proof, original: Proof) -> None:
    """Accepted exactly where Python accepts, and then it is the proof that was made."""
    evm = judge.in_the_evm(proof)
    if evm is None:
        assert proof == original
    else:
        assert judge.refuses(proof) == evm


@EXAMPLES
@given(edits=st.lists(HEADER_EDITS, min_size=1, max_size=3))
def test_any_header_is_refused_by_name(judge, small_proof, edits):
    header = list(small_proof.header)
    for edit in edits:
        header = edit_header(header, edit)
    judged(judge, replace(small_proof, header=tuple(header)), small_proof)


@EXAMPLES
@given(edits=st.lists(PART_EDITS, min_size=1, max_size=3))
def test_any_openings_are_refused_by_name(judge, small_proof, edits):
    (part,) = small_proof.parts
    for edit in edits:
        part = edit_part(part, edit)
    judged(judge, replace(small_proof, parts=(part,)), small_proof)


@EXAMPLES
@given(heights=st.lists(WORDS, min_size=6, max_size=6))
def test_any_heights_are_refused_by_name(judge, small_proof, heights):
    header = tuple(heights) + small_proof.header[6:]
    judged(judge, replace(small_proof, header=header), small_proof)

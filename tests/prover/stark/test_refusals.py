"""Refusals carry what they are about as values: callers act on them, and the sentence is made of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freehold.testing.parameters import SMALL
from prover import kernel
from prover.algebra.field import PRIME
from prover.cairo.prove import prove_run, verify_proof
from prover.cairo.statement import MAX_ADDRESS, MAX_OUTPUT, CairoStatement
from prover.stark.errors import (
    AccessUndefined,
    FractionUndefined,
    LookupsUnbalanced,
    ProofMalformed,
    StatementRefused,
)
from prover.stark.identities import check_degree, check_heights, check_lookups
from prover.stark.layout import make_layout
from prover.stark.lookups import interaction_columns
from prover.stark.parameters import MAX_LOG_DEGREE, Parameters
from prover.stark.proof import MAX_PARTS, ByteReader, Proof, WordReader
from prover.stark.shape import Shape
from prover.stark.tables import Table, TableBuilder

PROOF = Proof((1, 2, 3), (b"ab", b"c"))


def listing(name: str = "listing", log_height: int | None = None) -> Table:
    table = TableBuilder(name, log_height=log_height)
    table.provide(table.main("multiplicity"), 1, table.main("word"))
    return table.finish()


def refused(error: type, act, *arguments) -> tuple[int | None, int | None, str | None, str]:
    with pytest.raises(error) as refusal:
        act(*arguments)
    caught = refusal.value
    return caught.found, caught.bound, caught.table, str(caught)


@pytest.mark.parametrize(
    ("data", "found", "bound", "sentence"),
    [
        (b"", None, None, "not a proof file"),
        (PROOF.to_bytes()[:15], 15, 16, "the file has 15 bytes, its table of lengths ends at 16"),
        (PROOF.to_bytes()[:20], 20, 24, "the file has 20 bytes, its table of lengths ends at 24"),
        (PROOF.to_bytes()[:12] + (257).to_bytes(4, "big"), 257, MAX_PARTS, "257 parts, at most 256 are allowed"),
        (PROOF.to_bytes()[:-1], 122, 123, "the file has 122 bytes, its table of lengths says 123"),
        (PROOF.to_bytes() + b"\0", 124, 123, "the file has 124 bytes"),
    ],
    ids=["empty", "no counts", "lengths cut", "too many parts", "cut", "grown"],
)
def test_a_file_that_is_no_proof_says_which_length_is_wrong(data, found, bound, sentence):
    assert Proof.from_bytes(PROOF.to_bytes()) == PROOF
    *values, table, text = refused(ProofMalformed, Proof.from_bytes, data)
    assert (values, table) == ([found, bound], None) and text.startswith(sentence)


def test_a_short_header_and_a_short_part_say_what_they_lack():
    header, part = WordReader((1, 2, 3)), ByteReader(bytes(70), 25)
    assert header.take(2) == [1, 2] and part.words(1) == [0]
    assert refused(ProofMalformed, header.take, 2)[:2] == (3, 4)
    assert refused(ProofMalformed, part.words, 2) == (70, 96, None, "a part has 70 bytes, 96 are needed")
    assert header.take(1) == [3] and part.left() == 38


def test_a_height_out_of_bounds_names_its_table():
    shape = Shape("test", (listing("free"), listing("fixed", log_height=8)), ((), ()))
    greatest = MAX_LOG_DEGREE
    check_heights(shape, (6, 8))
    check_heights(shape, (greatest, 8))
    for heights, values in {
        (5, 8): (5, 6, "free"),
        (greatest + 1, 8): (greatest + 1, greatest, "free"),
        (6, 7): (7, 8, "fixed"),
        (6, 9): (9, 8, "fixed"),
    }.items():
        assert refused(StatementRefused, check_heights, shape, heights)[:3] == values


def test_a_degree_above_that_of_the_error_terms_is_refused():
    """Two columns packed by two double the height."""
    shape, parameters = Shape("test", (listing(),), ((),)), replace(SMALL, log_packing=(1, 1, 1))
    fits, too_large = (make_layout(shape, (log,), parameters) for log in (23, 24))
    assert fits.log_degree == MAX_LOG_DEGREE
    check_degree(fits)
    assert refused(StatementRefused, check_degree, too_large)[:2] == (25, MAX_LOG_DEGREE)


STATEMENT = CairoStatement(1, (2,), 100, 200, ("output",), ((50, 51),), (7,))


@pytest.mark.parametrize(
    ("change", "found", "bound"),
    [
        ({"initial_ap": MAX_ADDRESS}, MAX_ADDRESS, MAX_ADDRESS),
        ({"segments": ((MAX_ADDRESS - 1, MAX_ADDRESS),)}, MAX_ADDRESS, MAX_ADDRESS),
        ({"output": (PRIME,)}, PRIME, PRIME),
        ({"output": (7, 8)}, 2, 1),
        ({"segments": ((50, 49),)}, 1, -1),
    ],
    ids=["address", "segment", "output word", "output too long", "segment backwards"],
)
def test_a_public_word_out_of_bounds_is_named(change, found, bound):
    STATEMENT.check(())
    replace(STATEMENT, initial_ap=MAX_ADDRESS - 1, output=(PRIME - 1,)).check(())
    assert refused(StatementRefused, replace(STATEMENT, **change).check, ())[:2] == (found, bound)


@pytest.fixture(scope="module")
def parts_proof(hashes_run) -> tuple[Proof, Parameters]:
    parameters = replace(SMALL, part_queries=3)
    return prove_run(hashes_run, parameters), parameters


def test_a_proof_with_a_part_too_few_or_a_word_too_great_says_so(parts_proof, hashes_program):
    proof, parameters = parts_proof
    verify_proof(proof, hashes_program, parameters)
    n_tables, n_bounds = 6, 2 + 2 * 3
    root, length = n_tables + n_bounds + 1 + 3, n_tables + n_bounds
    for place, word, bound in ((root + 2, PRIME, PRIME), (length, MAX_OUTPUT + 1, MAX_OUTPUT)):
        header = (*proof.header[:place], word, *proof.header[place + 1 :])
        changed = Proof(header, proof.parts)
        assert refused(ProofMalformed, verify_proof, changed, hashes_program, parameters)[:2] == (word, bound)
    fewer = Proof(proof.header, proof.parts[:1])
    assert refused(ProofMalformed, verify_proof, fewer, hashes_program, parameters)[:2] == (1, 2)


def test_a_tuple_that_meets_the_challenge_is_refused_by_name():
    """gamma = tag + alpha * word in row 3: the fraction of that row has no value."""
    table, words = listing(), list(range(100, 164))
    columns = {("cell", 1, i): kernel.from_ints(column) for i, column in enumerate(([1] * 64, words))}
    interaction_columns(table, columns, {"alpha": 5, "gamma": 1 + 5 * 99}, 64)
    with pytest.raises(FractionUndefined, match="listing") as refusal:
        interaction_columns(table, columns, {"alpha": 5, "gamma": 1 + 5 * 103}, 64)
    assert refusal.value.table == "listing"


def test_a_public_access_that_meets_the_challenge_is_refused_by_name():
    """The verifier's own fraction of output word 7 at address 50."""
    alpha, tag = 5, next(iter(STATEMENT.accesses()))[0]
    gamma = tag + alpha * 50 + alpha**2 * 7
    with pytest.raises(LookupsUnbalanced):
        check_lookups(STATEMENT, [0], alpha, gamma + 1)
    with pytest.raises(AccessUndefined) as refusal:
        check_lookups(STATEMENT, [0], alpha, gamma)
    assert refusal.value.gamma == gamma

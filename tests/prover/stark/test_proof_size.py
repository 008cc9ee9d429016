"""The byte model counts what proofs have, and the chooser finds what the named sets are."""

from dataclasses import replace

import pytest

from freehold.testing.parameters import SMALL
from prover.cairo.prove import key_of
from prover.cairo.shapes import shape_of
from prover.cairo.sizes import typical_heights
from prover.cairo.witness import make_witness
from prover.stark.layout import make_layout
from prover.stark.optimise import Unreachable, choose, with_queries
from prover.stark.parameters import DEFAULT, NAMED, Parameters
from prover.stark.proof_size import expected_size, size_of
from prover.stark.prover import Prover
from prover.stark.work import work_of

BUILTINS = ("output", "pedersen", "range_check")


class Recorder(Prover):
    """Keeps the query positions."""

    def _open(self, positions, layers):
        self.positions = [*getattr(self, "positions", []), *positions]
        return super()._open(positions, layers)


def proven(run, parameters):
    """(prover with its positions, proof, words of the statement)"""
    _, statement, witness = make_witness(run)
    prover = Recorder(key_of(BUILTINS, parameters), statement, witness, lambda stage: None)
    return prover, prover.prove(), len(statement.words)


@pytest.mark.parametrize("part_queries", [2, 16])
def test_the_count_for_given_positions_is_exact(hashes_run, part_queries):
    parameters = replace(SMALL, part_queries=part_queries)
    prover, proof, words = proven(hashes_run, parameters)
    layout = make_layout(prover.shape, prover.log_heights, parameters)
    size = size_of(prover.shape, layout, parameters, words, prover.positions)
    assert size.bytes == 32 * len(proof.header) + sum(map(len, proof.parts))
    assert size.parts == len(proof.parts)


def test_the_expectation_is_within_three_percent_of_a_proof(hashes_run):
    parameters = replace(DEFAULT, grinding_bits=4)
    prover, proof, words = proven(hashes_run, parameters)
    expected = expected_size(prover.shape, prover.log_heights, parameters, words)
    found = 32 * len(proof.header) + sum(map(len, proof.parts))
    assert abs(expected.bytes - found) < 0.03 * found


def test_the_gas_of_calldata_is_within_one_percent_of_its_bytes(hashes_run):
    parameters = replace(DEFAULT, grinding_bits=4, part_queries=39)
    prover, proof, words = proven(hashes_run, parameters)
    layout = make_layout(prover.shape, prover.log_heights, parameters)
    size = size_of(prover.shape, layout, parameters, words, prover.positions)
    data = b"".join(word.to_bytes(32, "big") for word in proof.header) + proof.parts[0]
    small_words = 32 * sum(word < 1 << 64 for word in proof.header)
    gas = 21_000 + 40 * (len(data) - data.count(0)) + 10 * data.count(0)
    assert abs(size.calldata_gas() - 30 * small_words - gas) < 0.01 * gas


@pytest.mark.parametrize("name", ["default", "final"])
def test_named_sets_are_the_choosers(name):
    """`final` has the fewest bytes; `default` differs in packing alone, for a prover's sake."""
    shape = shape_of(BUILTINS)
    named: Parameters = NAMED[name]
    heights = typical_heights(shape, 16)
    chosen = choose(shape, heights, 12, 100, named.log_blowup, named.grinding_bits).parameters
    packing = named.log_packing if name == "default" else chosen.log_packing
    assert replace(chosen, log_packing=packing, part_queries=named.part_queries) == named
    assert with_queries(named, 100).n_queries == named.n_queries


@pytest.mark.parametrize("log_steps", [16, 18])
def test_default_pays_few_bytes_for_less_work(log_steps):
    """Taller columns make fewer bytes of rows, but more leaves: each costs the hashes of its row and of its node."""
    shape = shape_of(BUILTINS)
    heights = typical_heights(shape, log_steps)
    fewest = choose(shape, heights, 12, 100, DEFAULT.log_blowup, DEFAULT.grinding_bits)
    ours = expected_size(shape, heights, replace(DEFAULT, part_queries=DEFAULT.n_queries), 12)
    assert ours.bytes < 1.04 * fewest.size.bytes

    def permutations(parameters: Parameters) -> int:
        work = work_of(shape, make_layout(shape, heights, parameters), parameters, 0)
        return sum(stage.permutations for stage in work.values())

    assert permutations(DEFAULT) < 0.8 * permutations(fewest.parameters)


def test_bits_beyond_digests_are_unreachable():
    with pytest.raises(Unreachable, match="digests"):
        with_queries(DEFAULT, 101)
    with pytest.raises(Unreachable, match="200 queries"):
        with_queries(replace(DEFAULT, log_blowup=2, digest_bytes=32), 500)

"""The Poseidon component beside the plain permutation."""

import random

import pytest

from prover.algebra.field import PRIME
from prover.algebra.poseidon import permutation
from prover.cairo.components import poseidon
from prover.stark.expressions import MAIN
from tests.support import component_kit
from tests.support.component_kit import START, Bench, bench

RANDOM = random.Random(7)
EDGES = [(0, 0, 0), (1, 2, 2), (PRIME - 1,) * 3, (0, PRIME - 1, 1), (2**251, 2**192, 1)]


def honest(states) -> Bench:
    return bench(poseidon, "poseidon", [word for state in states for word in (*state, *permutation(state))])


def test_edges_have_a_witness():
    states = EDGES + [tuple(RANDOM.randrange(PRIME) for _ in range(3)) for _ in range(6)]
    made = honest(states)
    assert made.height == 16 * 32 and not made.violations()
    assert list(made.trace.memory_uses[START : START + 66]) == [1] * 66


def test_the_constants_that_the_elimination_leaves_are_those_of_the_rounds():
    assert len(made := poseidon.full_constants()) == 32 and made[24:] == [0] * 8
    assert poseidon.partial_constants(83) == (0, 0, 0)


def test_its_columns_share_one_physical_column():
    """All are read at many offsets; apart from each other they would cost an opened word a query each."""
    assert {column.packing_class for column in poseidon.build().columns[MAIN]} == {2}


@pytest.mark.parametrize("cell", range(6))
def test_a_wrong_word_is_refused(cell):
    words = [*EDGES[1], *permutation(EDGES[1])]
    words[cell] += 1
    made = bench(poseidon, "poseidon", words)
    assert {name for name, _ in made.violations()} == {"lookup 1"}


def test_every_cell_of_a_block_is_fixed_but_the_unread_ones():
    made = honest([EDGES[1], EDGES[2], (5, 6, 7)])
    free = component_kit.unnoticed(made, range(96))
    assert free == {(name, row) for name in made.columns for row in range(96) if poseidon.unread(row, name)}

"""Poseidon against known values."""

import json

from prover.algebra import poseidon
from prover.algebra.field import PRIME
from tests.support.paths import VECTORS

RECORDED = json.loads((VECTORS / "poseidon.json").read_text())


def test_constants_permutation_and_hash():
    assert [hex(word) for word in poseidon.round_constants()[0]] == RECORDED["first_constants"]
    assert [hex(word) for word in poseidon.permutation((0, 0, 0))] == RECORDED["permutation_of_zeros"]
    assert hex(poseidon.poseidon(1, 2)) == RECORDED["hash_of_1_2"]


def test_hashes_of_any_length_are_padded_by_a_one():
    assert poseidon.poseidon_many([]) == poseidon.permutation((1, 0, 0))[0]
    a, b, c = poseidon.permutation((5, PRIME - 1, 0))
    assert poseidon.poseidon_many([5, PRIME - 1]) == poseidon.permutation(((a + 1) % PRIME, b, c))[0]
    assert poseidon.poseidon_many([5]) == poseidon.permutation((5, 1, 0))[0] != poseidon.poseidon_single(5)

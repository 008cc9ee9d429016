"""Every builtin's table proves exactly the cells between its start and its stop."""

from __future__ import annotations

import pytest

from prover.algebra import curve, ecdsa
from prover.algebra.pedersen import pedersen as pedersen_hash
from prover.algebra.poseidon import permutation
from prover.cairo.instances import CELLS
from prover.cairo.shapes import BUILTINS
from tests.support.component_kit import START, Bench, bench

SIGNATURE = ecdsa.sign(99, 5)
G = curve.GENERATOR
INSTANCES = {
    "range_check": [7],
    "pedersen": [1, 2, pedersen_hash(1, 2)],
    "ecdsa": [ecdsa.public_key(5), 99],
    "bitwise": [12, 10, 8, 6, 14],
    "ec_op": [*G, *G, 0, *G],
    "poseidon": [1, 2, 3, *permutation((1, 2, 3))],
    "range_check96": [7],
    "add_mod": [5, 0, 0, 0, 300, 200, 1],
    "mul_mod": [5, 0, 0, 0, 300, 200, 1],
}
ELSEWHERE = {200: 0, 201: 4, 202: 8} | {300 + i: 0 for i in range(12)}


def three(name: str) -> Bench:
    signatures = {START + 2 * i: SIGNATURE for i in range(3)}
    return bench(BUILTINS[name][0], name, 3 * INSTANCES[name], signatures, ELSEWHERE)


def test_all_builtins_are_here():
    assert set(INSTANCES) == set(BUILTINS) - {"output"} == set(CELLS) - {"output"}


@pytest.mark.parametrize("name", INSTANCES)
def test_other_bounds_of_the_segment_are_refused(name):
    made, cells = three(name), CELLS[name]
    assert not made.violations() and len(INSTANCES[name]) == cells
    honest = dict(made.values)
    for end in ("start", "stop"):
        for change in (-cells, cells, 1):
            made.values = {**honest, f"{name}.{end}": honest[f"{name}.{end}"] + change}
            assert made.violations()
    for change in (-cells, cells):
        made.values = {key: word + change for key, word in honest.items()}
        assert made.violations()


@pytest.mark.parametrize("name", INSTANCES)
def test_only_the_cells_of_the_segment_are_read(name):
    made = three(name)
    used = range(START, START + len(3 * INSTANCES[name]))
    reads = made.trace.memory_uses
    assert all(reads[address] == 1 for address in used)
    assert all(not reads[address] or address in used or address in ELSEWHERE for address in range(len(reads)))

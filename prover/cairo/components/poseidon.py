"""The Poseidon builtin: one Hades permutation in 32 rows of four columns (docs/spec/components.md 4).

A cube has degree 3, so a full round needs its input state only and a partial round one cell, t_r: the third word with
its constant, before the cube. With u_r = t_r^3 the other two words can be eliminated:

    t_(r+3) = 2*t_(r+2) + 4*t_(r+1) + 8*u_r + 6*u_(r+1) - 2*u_(r+2) + K_r

where K_r gathers the constants of rounds r + 1 to r + 3. `t_r` stands in column `partial_(r mod 3)`, row `4 + r div 3`;
`full` holds, three rows a round, the inputs of the first four full rounds (rows 0..11), of the last four (12..23) and
the output (24..26). Rows 0..2 of `partial_0` and `partial_1`, idle otherwise, hold addresses and the enabled bit.

Every cell follows from the inputs: the prover chooses nothing.
"""

from __future__ import annotations

import numpy as np

from prover import kernel
from prover.algebra.field import PRIME
from prover.algebra.poseidon import HALF_FULL_ROUNDS, PARTIAL_ROUNDS, is_full, permutation, round_constants
from prover.cairo.components.io_strip import Instances, instances_of
from prover.cairo.components.tags import MEMORY
from prover.cairo.instances import CELLS
from prover.cairo.trace import Trace, felts
from prover.kernel import Felts
from prover.stark.expressions import Expression
from prover.stark.tables import (
    Table,
    TableBuilder,
    block_row_but_last,
    block_rows,
    block_rows_but,
    first_block_row,
    last_block_row,
)

BLOCK = 32
LAST = BLOCK - 1
N_CELLS = CELLS["poseidon"]
PARTIAL_ROW = 4
"""The row of t_0."""
OUTPUT_ROW = 24
JOIN_ROW = 9
"""Input row of the last full round before the partial ones."""
FULL_ROWS = (0, 3, 6, 12, 15, 18, 21)
"""Input rows of the full rounds that a full round or the output follows."""
ZERO_STATE = (0, 0, 0)


def partial_constants(number: int) -> tuple[int, int, int]:
    """Those of partial round `number`; zeros from 83 on, so that t_83 is the third word after them all."""
    return round_constants()[HALF_FULL_ROUNDS + number] if number < PARTIAL_ROUNDS else (0, 0, 0)


def recurrence_constant(r: int) -> int:
    """K_r."""
    (_, _, kz1), (kx1, ky1, _) = partial_constants(r + 1), partial_constants(r + 1)
    (kx2, ky2, kz2), (_, _, kz3) = partial_constants(r + 2), partial_constants(r + 3)
    return (kz3 - 2 * kz2 - 4 * kz1 + kx2 + ky2 + 2 * kx1 - 2 * ky1) % PRIME


def full_constants() -> list[int]:
    """For each row of `full` the constant that its word is given."""
    full = [constants for number, constants in enumerate(round_constants()) if is_full(number)]
    words = [word for constants in full for word in constants]
    return words + [0] * (BLOCK - len(words))


def build() -> Table:
    t = TableBuilder("poseidon", block=BLOCK)
    p0, p1, p2 = (t.main(f"partial_{i}", apart="state") for i in range(3))
    q = t.main("full", apart="state")
    recurrences = [
        t.periodic([recurrence_constant(3 * (row - PARTIAL_ROW) + i) if 4 <= row < LAST else 0 for row in range(BLOCK)])
        for i in range(3)
    ]
    round_constant = t.periodic(full_constants())
    address_row = t.rows_where(0, 1, 2)

    _partial_rounds(t, [p0, p1, p2], recurrences)
    added = [q[i] + round_constant[i] for i in range(3)]
    after = _mixed(*(_cube(word) for word in added))
    for i, word in enumerate(after):
        t.constrain(f"full round: word {i}", q[3 + i] - word, block_rows(*FULL_ROWS))
    _into_partial_rounds(t, [column[PARTIAL_ROW - JOIN_ROW] for column in (p0, p1, p2)], after)
    _out_of_partial_rounds(t, p0, p1, p2, [q[12 + i - LAST] for i in range(3)])
    _addresses(t, p0, p1)
    t.look_up(address_row * p1, MEMORY, p0, q)
    t.look_up(address_row * p1, MEMORY, p0 + 3, q[OUTPUT_ROW])
    return t.finish()


def _cube(word: Expression) -> Expression:
    return word * word * word


def _mixed(a: Expression, b: Expression, c: Expression) -> tuple[Expression, Expression, Expression]:
    return 3 * a + b + c, a - b + c, a + b - 2 * c


def _partial_rounds(t: TableBuilder, partial: list[Expression], constants: list[Expression]) -> None:
    cells = [*partial, *(column[1] for column in partial)]
    for i in range(3):
        a, b, c, following = cells[i : i + 4]
        expected = 2 * c + 4 * b + 8 * _cube(a) + 6 * _cube(b) - 2 * _cube(c) + constants[i]
        t.constrain(f"partial rounds: {i} mod 3", following - expected, block_rows_but(*range(PARTIAL_ROW), LAST))


def _into_partial_rounds(t: TableBuilder, cells: list[Expression], state: tuple[Expression, ...]) -> None:
    """t_0, t_1, t_2 from the state after the first full rounds."""
    row = block_rows(JOIN_ROW)
    (kx0, ky0, kz0), (kx1, ky1, kz1), (_, _, kz2) = (partial_constants(r) for r in range(3))
    t0, t1, t2 = cells
    x, y, z = state
    t.constrain("partial rounds: first", t0 - (z + kz0), row)
    t.constrain("partial rounds: second", t1 - (x + y + kx0 + ky0 - 2 * _cube(t0) + kz1), row)
    third = 4 * (x + kx0) + 2 * _cube(t0) - 2 * _cube(t1) + kx1 + ky1 + kz2
    t.constrain("partial rounds: third", t2 - third, row)


def _out_of_partial_rounds(
    t: TableBuilder, p0: Expression, p1: Expression, p2: Expression, state: list[Expression]
) -> None:
    """The state after partial round 82 from t_81, t_82 and t_83.

    With (a, b) the first two words of round 82 after its constants and (a', b') those of round 81: a + b = t_83 +
    2*u_82, a' + b' = t_82 - kz + 2*u_81, and a + b in terms of the round before gives a'.
    """
    row = block_rows(LAST)
    kx, ky, kz = partial_constants(PARTIAL_ROUNDS - 1)
    quarter = pow(4, -1, PRIME)
    total = p2 + 2 * _cube(p1)
    total_before = p1 - kz + 2 * _cube(p0)
    a_before = quarter * (total - 2 * _cube(p0) - kx - ky)
    a = 2 * a_before + total_before + _cube(p0) + kx
    for i, word in enumerate((2 * a + total + _cube(p1), 2 * a - total + _cube(p1), p2)):
        t.constrain(f"after the partial rounds: word {i}", state[i] - word, row)


def _addresses(t: TableBuilder, address: Expression, enabled: Expression) -> None:
    """As the io strip's (io_strip.py), with the outputs three cells after the inputs."""
    t.constrain("enabled is boolean", enabled * (enabled - 1), block_rows(0))
    t.constrain("enabled is one bit a block", enabled[1] - enabled, block_rows(0, 1))
    t.constrain("cells follow each other", address[1] - address - 1, block_rows(0, 1))
    t.constrain("begins at the segment's start", address - t.public("start"), first_block_row(0))
    following = address + N_CELLS * enabled
    t.constrain("an enabled block moves on", address[BLOCK] - following, block_row_but_last(0, BLOCK))
    t.constrain("ends at the segment's stop", following - t.public("stop"), last_block_row(0, BLOCK))


def unread(row: int, column: str) -> bool:
    """Cells that no formula reads: free and harmless."""
    row %= BLOCK
    if column == "full":
        return row >= OUTPUT_ROW + 3
    return row == 3 or (column == "partial_2" and row < 3)


# --- witness


def fill(trace: Trace) -> Felts:
    """(4, 32 * instances, 4): the segment's instances in order, then disabled ones of the zero state."""
    instances = instances_of(trace, "poseidon", N_CELLS)
    words = instances.read(trace, list(kernel.from_ints([*ZERO_STATE, *permutation(ZERO_STATE)])))
    partial = np.zeros((3, len(instances), BLOCK, 4), dtype=np.uint64)
    full = np.zeros((len(instances), BLOCK, 4), dtype=np.uint64)
    state = [np.ascontiguousarray(words[:, i]) for i in range(3)]
    full_row, number = 0, 0
    for round_number, constants in enumerate(round_constants()):
        if is_full(round_number):
            _store(full, full_row, state)
            full_row += 3
        state = [kernel.add(word, constant) for word, constant in zip(state, kernel.from_ints(constants), strict=True)]
        if not is_full(round_number):
            partial[number % 3, :, PARTIAL_ROW + number // 3] = state[2]
            number += 1
        state = _round(state, is_full(round_number))
        if number == PARTIAL_ROUNDS:
            partial[number % 3, :, PARTIAL_ROW + number // 3] = state[2]
            number += 1
    _store(full, full_row, state)
    _fill_addresses(partial, instances)
    return np.concatenate([partial, full[None]]).reshape(4, -1, 4)


def _store(full: Felts, row: int, state: list[Felts]) -> None:
    for i, word in enumerate(state):
        full[:, row + i] = word


def _round(state: list[Felts], full: bool) -> list[Felts]:
    """Cubes and matrix."""
    a, b, c = (kernel.mul(kernel.mul(w, w), w) if full or i == 2 else w for i, w in enumerate(state))
    total = kernel.add(kernel.add(a, b), c)
    twice_c = kernel.add(c, c)
    return [
        kernel.add(total, kernel.add(a, a)),
        kernel.sub(total, kernel.add(b, b)),
        kernel.sub(total, kernel.add(twice_c, c)),
    ]


def _fill_addresses(partial: Felts, instances: Instances) -> None:
    for row in range(3):
        partial[0, :, row] = felts(instances.addresses + row)
        partial[1, :, row] = felts(instances.enabled)

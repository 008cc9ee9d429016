"""The Pedersen builtin: one hash in 32 rows, one 8-bit window of each input a row (docs/spec/components.md 3).

Row i handles window `31 - i` of x, then of y. Windows 0..30 cut the low 248 bits, window 31 the top 4. Each row adds
two points of the window table: with accumulator `A_(j-1)`, table point `(px, q)` and slope `l` the chord rule gives
`U = l^2 - x(A_(j-1)) - px` and `y(A_j) = -q - l * (U - px)`. Neither the accumulator's y nor the table point's x is a
column: px follows from the slope, and the joins say that the y one slope leaves is the y the next one needs.

Equal x in an addition would leave the slope free. It needs `A_(j-1) = +-P_j`; the left side contains the shift point
exactly once and the right side not at all, so it hands over a logarithm relation among S, P0..P3, which nobody knows.
No constraint excludes it.
"""

from __future__ import annotations

import numpy as np

from prover import kernel
from prover.algebra import curve
from prover.cairo.components import pedersen_windows
from prover.cairo.components.digits import TOP, byte_prefixes
from prover.cairo.components.io_strip import Instances, Strip, instances_of
from prover.cairo.components.tags import PEDERSEN_WINDOWS, RANGE_CHECK_16
from prover.cairo.instances import CELLS
from prover.cairo.trace import Trace, felts
from prover.kernel import Digests, Felts
from prover.stark.expressions import Expression
from prover.stark.tables import Table, TableBuilder, block_rows, block_rows_but

BLOCK = 32
N_CELLS = CELLS["pedersen"]
LAST = BLOCK - 1
PREFIX_ROW = 7
"""After this row a prefix holds the high 60 bits."""
X_CHAIN, X_INVERSE, Y_CHAIN, Y_INVERSE = 7, 12, 13, 18
"""Rows of `aux`: TOP - hi(x) and its 16-bit chain (5 rows), its inverse, the same for y; then the io strip."""
STRIP = Strip(BLOCK, first=23, cells=N_CELLS)

COLUMNS = (
    "x_prefix", "y_prefix", "x_sum", "x_slope", "x_point_y", "y_sum", "y_slope", "y_point_y", "aux",
)  # fmt: skip
CHAIN_ROWS = tuple(range(X_CHAIN, X_CHAIN + 4)) + tuple(range(Y_CHAIN, Y_CHAIN + 4))


def start_point() -> curve.Point:
    """The accumulator's start: the shift point less what the ones in `digit + 1` add."""
    total = curve.SHIFT
    for low, high in ((curve.P0, curve.P1), (curve.P2, curve.P3)):
        ones = sum(1 << 8 * window for window in range(31))
        spare = curve.add(curve.multiply(low, ones), high)
        total = curve.finite(curve.add(total, curve.negate(spare)))
    return total


def build() -> Table:
    t = TableBuilder("pedersen", block=BLOCK)
    sx, sy, u1, l1, q1, u2, l2, q2 = (t.main(name) for name in COLUMNS[:-1])
    aux = t.main("aux", apart="aux")
    first = t.rows_where(0)
    window = t.periodic([PEDERSEN_WINDOWS + LAST - row for row in range(BLOCK)])
    io_row = t.rows_where(*STRIP.address_rows)
    chain_row = t.rows_where(*CHAIN_ROWS)

    start = start_point()
    u0 = u2[-1] + first * (start.x - u2[-1])
    px1 = l1 * l1 - u0 - u1
    px2 = l2 * l2 - u1 - u2
    _additions(t, start, u1, l1, q1, u2, l2, q2, u0)
    _canonical(t, sx, sy, u2, aux)
    STRIP.constrain(t, aux)

    x_digit = sx - 256 * (1 - first) * sx[-1]
    y_digit = sy - 256 * (1 - first) * sy[-1]
    t.look_up(1, window, x_digit, px1, q1)
    t.look_up(1, window + BLOCK, y_digit, px2, q2)
    STRIP.look_up(t, aux, io_row)
    t.look_up(chain_row, RANGE_CHECK_16, aux - (1 << 16) * aux[1])
    return t.finish()


def _additions(
    t: TableBuilder,
    start: curve.Point,
    u1: Expression,
    l1: Expression,
    q1: Expression,
    u2: Expression,
    l2: Expression,
    q2: Expression,
    u0: Expression,
) -> None:
    px_first = l1 * l1 - start.x - u1
    t.constrain("the first slope leaves the start point", q1 + l1 * (start.x - px_first) - start.y, block_rows(0))
    t.constrain(
        "the slope of x's point meets that of y's",
        q1 + q2 + l1 * (2 * u1 + u0 - l1 * l1) + l2 * (2 * u1 + u2 - l2 * l2),
    )
    u_before, l_before, q_before = u2[-1], l2[-1], q2[-1]
    t.constrain(
        "the slope of y's point meets the next row's",
        q_before + q1 + l_before * (2 * u_before + u1[-1] - l_before * l_before) + l1 * (2 * u_before + u1 - l1 * l1),
        block_rows_but(0),
    )


def _canonical(t: TableBuilder, sx: Expression, sy: Expression, u2: Expression, aux: Expression) -> None:
    """Both inputs below p: `d = TOP - hi` is in [0, 2^64), and d = 0 only for p - 1."""
    t.constrain("d of x", aux - (TOP - sx), block_rows(PREFIX_ROW))
    t.constrain("d of y", aux[Y_CHAIN - PREFIX_ROW] - (TOP - sy), block_rows(PREFIX_ROW))
    t.constrain("the chains of d end", aux, block_rows(X_CHAIN + 4, Y_CHAIN + 4))
    x_cell, y_cell, result_cell = (STRIP.value_row(cell) for cell in range(N_CELLS))
    for name, chain, inverse, word in (
        ("x", X_CHAIN, X_INVERSE, x_cell),
        ("y", Y_CHAIN, Y_INVERSE, y_cell),
    ):
        d, d_inverse = aux[chain - PREFIX_ROW], aux[inverse - PREFIX_ROW]
        is_top = (aux[word - PREFIX_ROW] + 1) * (1 - d * d_inverse)
        t.constrain(f"{name} is p - 1 where d is 0", is_top, block_rows(PREFIX_ROW))
    t.constrain("the strip holds x", aux[x_cell - LAST] - sx, block_rows(LAST))
    t.constrain("the strip holds y", aux[y_cell - LAST] - sy, block_rows(LAST))
    t.constrain("the strip holds the hash", aux[result_cell - LAST] - u2, block_rows(LAST))


def unread(row: int, column: str) -> bool:
    """Cells that no formula reads: free and harmless."""
    used = {*range(X_CHAIN, Y_INVERSE + 1), *STRIP.rows}
    return column == "aux" and row % BLOCK not in used


def fill(trace: Trace) -> Felts:
    """(9, 32 * instances, 4): the segment's instances in order, then disabled ones that hash (0, 0)."""
    instances = instances_of(trace, "pedersen", N_CELLS)
    words = instances.read(trace, list(kernel.from_ints([0, 0, curve.SHIFT.x])))
    inputs = [np.ascontiguousarray(words[:, i]) for i in (0, 1)]
    digits = [kernel.to_bytes(column) for column in inputs]
    trace.window_uses += pedersen_windows.count_uses(digits)

    made = kernel.empty((len(COLUMNS), BLOCK * len(instances), 4))
    for column, bytes_of_input in zip(made, digits, strict=False):
        byte_prefixes(bytes_of_input, out=column)
    kernel.pedersen_steps(np.ascontiguousarray(words[:, :2]), out=made[2:8])
    _fill_aux(trace, digits, instances, words, made[8].reshape(-1, BLOCK, 4))
    return made


def _fill_aux(trace: Trace, digits: list[Digests], instances: Instances, words: Felts, aux: Felts) -> None:
    """aux (instances, 32, 4): the chains of d, their inverses, and the io strip."""
    aux[:] = 0
    for column, chain, inverse in ((digits[0], X_CHAIN, X_INVERSE), (digits[1], Y_CHAIN, Y_INVERSE)):
        high = np.ascontiguousarray(column[:, :8]).view(">u8").reshape(-1).astype(np.uint64)
        distance = np.uint64(TOP) - high
        for limb in range(4):
            aux[:, chain + limb] = felts(distance >> np.uint64(16 * limb))
            trace.check_range_16(distance >> np.uint64(16 * limb) & np.uint64(0xFFFF))
        whole = aux[:, chain]
        zero = distance == 0
        safe = np.where(zero[:, None], kernel.from_ints([1]), whole)
        aux[:, inverse] = np.where(zero[:, None], np.uint64(0), kernel.inverse(safe))
    STRIP.fill(aux, instances, words)

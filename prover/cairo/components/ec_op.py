"""The ec_op builtin: cells Px, Py, Qx, Qy, m, Rx, Ry with R = P + m*Q; 256 rows (docs/spec/components.md 6).

P and Q must be on the curve; m is any felt. With the shift point S and B = S + Q, digits of m from the high end:

    A_0 = 2S,  A' = 2A + (bit ? B : S) for 252 rows,  which ends at C + m*Q,  C = (3*2^252 - 1)*S
    V = A + P,  R = V - C

The added point is never infinity. m is canonical: `d = TOP - hi(m)` is a 64-bit number, and d = 0 only for m = p - 1
(docs/spec/components.md 2), so `m + p` is not another reading. What could leave a slope free:

case                                     outcome
Q = +-S; A meets S or B; A = +-P         an inverse each: no witness. They need Q or P tied to S, whose logarithm to
                                         other points nobody knows, but a hostile program can write such a Q
V = +-C                                  an inverse. V = C is `P + m*Q` infinite: no affine result exists
the second addition of a step            curve_chain.py
m*Q infinite (m = 0, m = n)              fine: A = C, R = P

By induction every A is on the curve and equals its integer combination. StarkWare's chain, from the low bit, fails on
other inputs (where the running sum meets a doubling of Q); such an instance has a result here, and the right one.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from prover import kernel
from prover.algebra import curve
from prover.algebra.curve import BETA, GENERATOR, SHIFT
from prover.cairo.components import curve_chain
from prover.cairo.components.curve_chain import DoubleAdd, Points, chord, constant, inverse_where, negative
from prover.cairo.components.digits import TOP, binary_digit, bit_prefixes, bits_of, first_rows
from prover.cairo.components.io_strip import Strip, instances_of
from prover.cairo.components.tags import RANGE_CHECK_16
from prover.cairo.errors import InstanceNotProvable
from prover.cairo.instances import CELLS
from prover.cairo.trace import Trace, felts
from prover.kernel import Bools, Digests, Felts
from prover.stark.expressions import Expression
from prover.stark.tables import Table, TableBuilder, block_rows

BLOCK = 256
N_CELLS = CELLS["ec_op"]
STEPS = 252
LAST = STEPS - 1
"""The row whose constraints close the instance."""
STRIP = Strip(BLOCK, first=231, cells=N_CELLS)
COLUMNS = ("x", "l1", "l2", "inverse", "m_prefix", "Bx", "By", "aux")
LONG_COLUMNS = ("x", "m_prefix")
"""Used in one row more than there are steps."""

HIGH_ROW = 60
"""Here the prefix of m holds its high 60 bits, and `aux` d, its chain of four 16-bit steps, and its inverse."""
CHAIN_ROWS = tuple(range(HIGH_ROW, HIGH_ROW + 4))
INVERSE_ROW = HIGH_ROW + 5
AUX_END = {"slope_V": -21, "Vx": -22, "slope_R": -23, "i": -24, "slope_B": -25, "iB": -26}
"""Cells of `aux` that the last row reads, besides the strip."""

START = curve.finite(curve.add(SHIFT, SHIFT))
OFFSET = curve.finite(curve.multiply(SHIFT, 3 * 2**STEPS - 1))
"""C"""


def build() -> Table:
    t = TableBuilder("ec_op", block=BLOCK)
    cells = {name: t.main(name, apart="aux" if name == "aux" else "") for name in COLUMNS}
    address_row, chain_row = t.rows_where(*STRIP.address_rows), t.rows_where(*CHAIN_ROWS)
    aux, bx, by = (cells[name] for name in ("aux", "Bx", "By"))

    bit = binary_digit(t, "m prefix", cells["m_prefix"], BLOCK, STEPS)
    for name, column in (("Bx", bx), ("By", by)):
        t.constrain(f"{name} stays", column[1] - column, first_rows(BLOCK, LAST))
    point_x, point_y = SHIFT.x + bit * (bx - SHIFT.x), SHIFT.y + bit * (by - SHIFT.y)
    steps = DoubleAdd(cells["x"], cells["l1"], cells["l2"], cells["inverse"], point_x, point_y)
    t.constrain("start: x", steps.x - START.x, block_rows(0))
    t.constrain("start: y", steps.twice_y - 2 * START.y, block_rows(0))
    steps.constrain(t, BLOCK, STEPS)
    _canonical(t, cells["m_prefix"], aux)
    _ends(t, cells, steps)
    STRIP.constrain(t, aux)
    STRIP.look_up(t, aux, address_row)
    t.look_up(chain_row, RANGE_CHECK_16, aux - (1 << 16) * aux[1])
    return t.finish()


def _canonical(t: TableBuilder, prefix: Expression, aux: Expression) -> None:
    row = block_rows(HIGH_ROW)
    m = aux[STRIP.value_row(4) - HIGH_ROW]
    t.constrain("d of m", aux - (TOP - prefix), row)
    t.constrain("the chain of d ends", aux, block_rows(HIGH_ROW + 4))
    t.constrain("m is p - 1 where d is 0", (m + 1) * (1 - aux * aux[INVERSE_ROW - HIGH_ROW]), row)


def _ends(t: TableBuilder, cells: dict[str, Expression], steps: DoubleAdd) -> None:
    """On the last row: the cells, P and Q on the curve, B from Q, and R from A, P and C."""
    row = block_rows(LAST)
    aux = cells["aux"]
    px, py, qx, qy, m, rx, ry = (aux[STRIP.value_row(cell) - LAST] for cell in range(N_CELLS))
    slope_v, vx, slope_r, inverse, slope_b, inverse_b = (aux[offset] for offset in AUX_END.values())
    ax, bx, by = steps.x[1], cells["Bx"], cells["By"]

    t.constrain("the multiplier", cells["m_prefix"][1] - m, row)
    for name, x, y in (("P", px, py), ("Q", qx, qy)):
        t.constrain(f"{name} is on the curve", y * y - x * x * x - x - BETA, row)
    t.constrain("Q is not +-S", (qx - SHIFT.x) * inverse_b - 1, row)
    t.constrain("B: slope", slope_b * (qx - SHIFT.x) - (qy - SHIFT.y), row)
    t.constrain("B: x", bx - (slope_b * slope_b - qx - SHIFT.x), row)
    t.constrain("B: y", by - (slope_b * (SHIFT.x - bx) - SHIFT.y), row)
    t.constrain("A is not +-P, V is not +-C", (ax - px) * (vx - OFFSET.x) * inverse - 1, row)
    t.constrain("V: slope", 2 * slope_v * (ax - px) - (steps.twice_y_after - 2 * py), row)
    t.constrain("V: x", vx - (slope_v * slope_v - ax - px), row)
    vy = slope_v * (px - vx) - py
    t.constrain("R: slope", slope_r * (vx - OFFSET.x) - (vy + OFFSET.y), row)
    t.constrain("R: x", rx - (slope_r * slope_r - vx - OFFSET.x), row)
    t.constrain("R: y", ry - (slope_r * (OFFSET.x - rx) + OFFSET.y), row)


def unread(row: int, column: str) -> bool:
    """Cells that no formula reads: free and harmless."""
    row %= BLOCK
    if column == "aux":
        return row not in {*range(HIGH_ROW, INVERSE_ROW + 1), *(LAST + o for o in AUX_END.values()), *STRIP.rows}
    return row > (STEPS if column in LONG_COLUMNS else LAST)


# --- witness


@cache
def dummy() -> Felts:
    """(7, 4): what disabled blocks show, G + 0*G = G."""
    return kernel.from_ints([*GENERATOR, *GENERATOR, 0, *GENERATOR])


def check(inputs: list[list[int]], share: int = 256) -> None:
    """Raises InstanceNotProvable for the first (Px, Py, Qx, Qy, m) without a witness."""
    for first in range(0, len(inputs), share):
        part = inputs[first : first + share]
        array = kernel.from_ints([word for words in part for word in words]).reshape(len(part), 5, 4)
        try:
            columns(array)
        except InstanceNotProvable as error:
            raise error.after(first) from error


def columns(inputs: Felts) -> Felts:
    """(8, m, 256, 4) columns, strip excepted, of (m, 5, 4) inputs. Raises InstanceNotProvable."""
    px, py, qx, qy = (np.ascontiguousarray(inputs[:, i]) for i in range(4))
    p, q = (px, py), (qx, qy)
    for name, point in (("P", p), ("Q", q)):
        _refuse(~_are_on_curve(point), f"{name} is not on the curve")
    count = len(inputs)
    digits = bits_of(inputs[:, 4], STEPS)
    shift = constant(SHIFT, count)
    slope_b, inverse_b, b, fine_b = chord(q, shift)
    _refuse(~fine_b, "Q is the shift point or its negative")
    made = kernel.zeros((len(COLUMNS), count, BLOCK, 4))
    points = np.stack([curve_chain.pairs(shift), curve_chain.pairs(b)])
    end, possible = kernel.double_add_chain(curve_chain.pairs(constant(START, count)), points, digits, made[:4])
    slope_v, inverse_v, v, fine_v = chord(curve_chain.halves(end), p)
    slope_r, inverse_r, _, fine_r = chord(v, negative(constant(OFFSET, count)))
    _refuse(~(possible & fine_v & fine_r), "an addition on its way meets equal points, or P + m*Q is infinite")

    rows = dict(zip(COLUMNS, made, strict=True))
    rows["m_prefix"][:, : STEPS + 1] = bit_prefixes(digits)
    rows["Bx"][:], rows["By"][:] = b[0][:, None], b[1][:, None]
    aux = made[COLUMNS.index("aux")]
    ends = (slope_v, v[0], slope_r, kernel.mul(inverse_v, inverse_r), slope_b, inverse_b)
    for offset, cells in zip(AUX_END.values(), ends, strict=True):
        aux[:, LAST + offset] = cells
    return made


def _refuse(bad: Bools, reason: str) -> None:
    for number in np.flatnonzero(bad):
        raise InstanceNotProvable("ec_op", int(number), reason)


def _are_on_curve(points: Points) -> Bools:
    x, y = points
    cube = kernel.mul(kernel.mul(x, x), x)
    difference = kernel.sub(kernel.mul(y, y), kernel.add(kernel.add(cube, x), kernel.from_ints([BETA])[0]))
    on_curve: Bools = ~difference.any(axis=1)
    return on_curve


def fill(trace: Trace) -> Felts:
    """(8, 256 * instances, 4): the segment's instances in order, then disabled ones. Raises InstanceNotProvable."""
    instances = instances_of(trace, "ec_op", N_CELLS)
    words = instances.read(trace, list(dummy()))
    made = columns(np.ascontiguousarray(words[:, :5]))
    aux = made[COLUMNS.index("aux")]
    _fill_distance(trace, kernel.to_bytes(np.ascontiguousarray(words[:, 4])), aux)
    STRIP.fill(aux, instances, words)
    return made.reshape(len(COLUMNS), -1, 4)


def _fill_distance(trace: Trace, multipliers: Digests, aux: Felts) -> None:
    """d = TOP - hi(m), its chain and its inverse; d is below 2^64 as m < p."""
    high = np.ascontiguousarray(multipliers[:, :8]).view(">u8").reshape(-1).astype(np.uint64)
    distance = np.uint64(TOP) - high
    for limb, row in enumerate(CHAIN_ROWS):
        aux[:, row] = felts(distance >> np.uint64(16 * limb))
        trace.check_range_16(distance >> np.uint64(16 * limb) & np.uint64(0xFFFF))
    aux[:, INVERSE_ROW] = inverse_where(np.ascontiguousarray(aux[:, HIGH_ROW]))[0]

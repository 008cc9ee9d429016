"""The ecdsa builtin: cell 0 holds a key's x-coordinate, cell 1 a message z; one signature in 256 rows.

Shown for each enabled instance: somebody knew r, s, a point Q with x-coordinate `key` (either y) and a point R with
x-coordinate r such that

    0 < z < 2^251,   0 < r < 2^251,   s != 0 mod n,   s*R = z*G + r*Q.

That is `r = x(w * (z*G + r*Q))`, r compared as an integer, with w = 1/s. The range `0 < w < 2^251` of the specification
adds nothing to s != 0: for w >= 2^251 the number n - w is below 2^251 and belongs to -R, which has the same x. So no
arithmetic modulo n is needed; s is only a multiplier, and r is at once coordinate and multiplier.

Free for the prover are the signature, the sign of R with that of s, and the parity of Q: a proof says that a signature
of z under the key or its negative is known, not which. Replay protection cannot rest on (r, s).

**The equation, times two.** With 2s = Ks, 2r = Kr + 1, 2z = Kz + 1 modulo n, where K = 2m + 1 is odd and below 2^252,
hence `2^251 + sum of +-2^i` with + where the bit of m is 1:

    chain   A_0 = T + R - Q,  A' = 2A + (sigma*R - rho*Q),  2^251 * T = S    ends at S + Ks*R - Kr*Q
    fixed   W_0 = S + (2^251 + 1)*G,  W' = W +- 2^(250-i)*G                  ends at S + 2z*G
    check   A = W + Q

The bits are those of s_half, r - 1 and z - 1: 251 rows, so r and z are not 0 and at most 2^251, which an inverse
excludes. The added point is `sigma*D` where the digits agree (`same`), `sigma*E` else; D = R - Q, E = R + Q.
A prefix of 251 bits is below p: no other integer of the same residue passes.

**Exceptional additions** ("free slope": equal x and equal y make the chord's equation 0 = 0):

case                                                   what excludes it
A meets P in the chain, or -P                          `(x - xP) * inverse = 1`; a key can be made to meet it
the second addition of a step                          curve_chain.py
R = +-Q: D or E infinity, or a free slope              r - key has an inverse
D = +-T at the start                                   Dx - Tx has an inverse
W = +-Q at the end                                     x(W) - key has an inverse
the fixed chain meets +-2^k*G                          only with a known logarithm of S to base G: no key or signature
                                                       takes part, all coefficients are known. No constraint
s = 0 mod n: Ks = n, the only odd multiple in range    2*s_half + 1 - n has an inverse
r = 2^251 or z = 2^251                                 an inverse each

So every point written is affine, on the curve by induction from R and Q, and equals its integer combination; the last
row is the equation between points. **Completeness:** refused though valid are R = +-Q (such a nonce gives the key
away), W = +-Q, and a chain that meets its own point. A key can be *made* to do so for one prepared message (Q = T/2);
`solve` tries R and -R, whose chains meet it at different digits. What is left is refused by the machine, which runs
`check` before it accepts a signature (builtins.py): nothing accepted is unprovable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from prover import kernel
from prover.algebra import curve
from prover.algebra.curve import BETA, GENERATOR, ORDER, SHIFT
from prover.algebra.ecdsa import MAX, public_key, sign
from prover.cairo.components import curve_chain
from prover.cairo.components.curve_chain import DoubleAdd, Points, chord, negative
from prover.cairo.components.digits import binary_digit, bit_prefixes, bits_of, first_rows
from prover.cairo.components.io_strip import Strip, instances_of
from prover.cairo.errors import InstanceNotProvable
from prover.cairo.instances import CELLS, Signature
from prover.cairo.trace import Trace
from prover.kernel import Bools, Felts, Ints
from prover.stark.expressions import Expression
from prover.stark.tables import Table, TableBuilder, block_rows

BLOCK = 256
N_CELLS = CELLS["ecdsa"]
STEPS = 251
LAST = STEPS - 1
"""The row whose constraints close the instance."""
STRIP = Strip(BLOCK, first=245, cells=N_CELLS)
COLUMNS = (
    "x", "l1", "l2", "inverse", "s_prefix", "r_prefix", "z_prefix", "same", "Ex", "Ey", "Dx", "Dy", "fixed_x",
    "fixed_y", "aux",
)  # fmt: skip
LONG_COLUMNS = ("x", "s_prefix", "r_prefix", "z_prefix", "fixed_x", "fixed_y")
"""Used in one row more than there are steps."""

AUX_END = {"Ry": -6, "Qy": -7, "slope_D": -8, "slope_E": -9, "i1": -10, "slope_end": -11, "i2": -12, "i3": -13}
"""Cells of `aux` that the last row reads, besides the strip: y of R and Q, slopes, inverses."""

START = curve.finite(curve.multiply(SHIFT, pow(2, -STEPS, ORDER)))
"""T, 2^251 of which are the shift point."""
FIXED_START = curve.finite(curve.add(SHIFT, curve.multiply(GENERATOR, 2**STEPS + 1)))


@cache
def fixed_points() -> tuple[curve.Point, ...]:
    """Row i adds or subtracts 2^(250 - i) * G."""
    points = [GENERATOR]
    while len(points) < STEPS:
        points.append(curve.finite(curve.add(points[-1], points[-1])))
    return tuple(reversed(points))


def build() -> Table:
    t = TableBuilder("ecdsa", block=BLOCK)
    cells = {name: t.main(name, apart="aux" if name == "aux" else "") for name in COLUMNS}
    gx, gy = (t.periodic([point[i] for point in fixed_points()] + [0] * (BLOCK - STEPS)) for i in (0, 1))
    address_row = t.rows_where(*STRIP.address_rows)
    aux, ex, ey, dx, dy = (cells[name] for name in ("aux", "Ex", "Ey", "Dx", "Dy"))

    sigma, rho, zeta = (
        2 * binary_digit(t, f"{word} prefix", cells[f"{word}_prefix"], BLOCK, STEPS) - 1 for word in "srz"
    )
    same = cells["same"]
    t.constrain("whether the digits of s and r agree", 2 * same - 1 - sigma * rho, first_rows(BLOCK, STEPS))
    for name, column in (("Ex", ex), ("Ey", ey), ("Dx", dx), ("Dy", dy)):
        t.constrain(f"{name} stays", column[1] - column, first_rows(BLOCK, STEPS - 1))
    point_x, point_y = ex + same * (dx - ex), sigma * (ey + same * (dy - ey))
    steps = DoubleAdd(cells["x"], cells["l1"], cells["l2"], cells["inverse"], point_x, point_y)
    steps.constrain(t, BLOCK, STEPS)
    _start(t, steps, aux, dx, dy)
    _fixed_chain(t, cells["fixed_x"], cells["fixed_y"], zeta, gx, gy)
    _ends(t, cells, steps)
    STRIP.constrain(t, aux)
    STRIP.look_up(t, aux, address_row)
    return t.finish()


def _start(t: TableBuilder, steps: DoubleAdd, aux: Expression, dx: Expression, dy: Expression) -> None:
    """A_0 = T + D, slope and inverse in the first two cells of `aux`."""
    run = dx - START.x
    first = block_rows(0)
    t.constrain("start: slope of T and D", aux * run - (dy - START.y), first)
    t.constrain("start: D is not +-T", run * aux[1] - 1, first)
    t.constrain("start: x", steps.x - (aux * aux - START.x - dx), first)
    t.constrain("start: y", steps.twice_y - 2 * (aux * (START.x - steps.x) - START.y), first)


def _fixed_chain(
    t: TableBuilder, x: Expression, y: Expression, zeta: Expression, gx: Expression, gy: Expression
) -> None:
    """W from its start through 251 additions of `zeta * (gx, gy)`: the chord rule times its denominators.

    With run = x - gx and rise = y - zeta*gy: (x' + x + gx) * run^2 = rise^2 and (y' + y) * run = rise * (x - x'). As
    zeta^2 = 1, rise^2 has degree 3.
    """
    run = x - gx
    rise_squared = y * y - 2 * zeta * gy * y + gy * gy
    t.constrain("fixed chain: first x", x - FIXED_START.x, block_rows(0))
    t.constrain("fixed chain: first y", y - FIXED_START.y, block_rows(0))
    rows = first_rows(BLOCK, STEPS)
    t.constrain("fixed chain: x", (x[1] + x + gx) * run * run - rise_squared, rows)
    t.constrain("fixed chain: y", (y[1] + y) * run - (y - zeta * gy) * (x - x[1]), rows)


def _ends(t: TableBuilder, cells: dict[str, Expression], steps: DoubleAdd) -> None:
    """On the last row: the cells, R and Q on the curve, D and E from them, ranges, and A = W + Q."""
    row = block_rows(LAST)
    aux = cells["aux"]
    qx, z = (aux[STRIP.value_row(cell) - LAST] for cell in range(N_CELLS))
    ry, qy, slope_d, slope_e, i1, slope, i2, i3 = (aux[offset] for offset in AUX_END.values())
    r, s_half = cells["r_prefix"][1] + 1, cells["s_prefix"][1]
    fixed_x, fixed_y = cells["fixed_x"][1], cells["fixed_y"][1]
    ex, ey, dx, dy = (cells[name] for name in ("Ex", "Ey", "Dx", "Dy"))

    t.constrain("the message", z - cells["z_prefix"][1] - 1, row)
    t.constrain("Q is on the curve", qy * qy - qx * qx * qx - qx - BETA, row)
    t.constrain("R is on the curve", ry * ry - r * r * r - r - BETA, row)
    for name, chord_slope, q_y, x, y in (("D", slope_d, -qy, dx, dy), ("E", slope_e, qy, ex, ey)):
        t.constrain(f"{name}: slope", chord_slope * (r - qx) - (ry - q_y), row)
        t.constrain(f"{name}: x", x - (chord_slope * chord_slope - r - qx), row)
        t.constrain(f"{name}: y", y - (chord_slope * (r - x) - ry), row)
    t.constrain("r is neither the key nor 2^251", (r - qx) * (r - MAX) * i1 - 1, row)
    t.constrain("z is not 2^251, s is not 0", (z - MAX) * (2 * s_half + 1 - ORDER) * i3 - 1, row)
    t.constrain("end: W is not +-Q", (fixed_x - qx) * i2 - 1, row)
    t.constrain("end: slope of W and Q", slope * (fixed_x - qx) - (fixed_y - qy), row)
    t.constrain("end: x of A and of W + Q", steps.x[1] - (slope * slope - fixed_x - qx), row)
    t.constrain("end: y of A and of W + Q", steps.twice_y_after - 2 * (slope * (qx - steps.x[1]) - qy), row)


def unread(row: int, column: str) -> bool:
    """Cells that no formula reads: free and harmless."""
    row %= BLOCK
    if column == "aux":
        return row not in {0, 1, *(LAST + offset for offset in AUX_END.values()), *STRIP.rows}
    return row > (STEPS if column in LONG_COLUMNS else LAST)


# --- witness


@dataclass(frozen=True)
class Equation:
    """A signature with its points: s_odd * R = 2z*G + (2r - 1)*Q + Q, s_odd = 2s mod n, odd and below 2^252."""

    q: curve.Point
    r: curve.Point
    message: int
    s_odd: int


@dataclass(frozen=True)
class Solution:
    """The columns (15, m, 256, 4), strip excepted, and which of the equations have them (m,)."""

    columns: Felts
    possible: Bools


@cache
def dummy() -> Signature:
    """What disabled blocks show."""
    return Signature(public_key(1), 1, *sign(1, 1))


def solve(signatures: Sequence[Signature]) -> Felts:
    """(15, m, 256, 4) columns, strip excepted. Raises InstanceNotProvable with the number of the first bad one."""
    options = _equations(signatures)
    solution = _columns([option[0] for option in options])
    columns = solution.columns
    for number in np.flatnonzero(~solution.possible):
        others = [_columns([other]) for other in options[number][1:]]
        found = next((other.columns for other in others if other.possible[0]), None)
        if found is None:
            raise InstanceNotProvable("ecdsa", int(number), "an addition on its way meets equal points")
        columns[:, number] = found[:, 0]
    return columns


def check(signatures: Sequence[Signature], share: int = 256) -> None:
    """Raises InstanceNotProvable for the first one without a witness. Works through `share` at a time."""
    for first in range(0, len(signatures), share):
        try:
            solve(signatures[first : first + share])
        except InstanceNotProvable as error:
            raise error.after(first) from error


_known: dict[Signature, list[Equation]] = {}
"""Of recent signatures: the machine has checked those whose columns are filled next."""
KEPT = 1 << 14


def _equations(signatures: Sequence[Signature]) -> list[list[Equation]]:
    """For each signature its equation for R and for -R. Raises InstanceNotProvable for what is no signature."""
    numbers = {one: number for number, one in reversed(list(enumerate(signatures)))}
    if len(_known) + len(numbers) > KEPT:
        _known.clear()
    missing = [(number, one) for one, number in numbers.items() if one not in _known]
    if missing:
        _known.update(_solved(sorted(missing, key=lambda pair: pair[0])))
    return [_known[one] for one in signatures]


def _solved(signatures: list[tuple[int, Signature]]) -> dict[Signature, list[Equation]]:
    """By numbers that refusals name."""
    for number, one in signatures:
        _check_ranges(number, one)
    keys = kernel.from_ints([one.key for _, one in signatures])
    cubes = kernel.mul(kernel.mul(keys, keys), keys)
    roots, found = kernel.square_roots(kernel.add(kernel.add(cubes, keys), kernel.from_ints([BETA])[0]))
    for place in np.flatnonzero(~found):
        number, one = signatures[place]
        raise InstanceNotProvable("ecdsa", number, f"the key {one.key:#x} is on no point of the curve")
    qs = [curve.Point(one.key, y) for (_, one), y in zip(signatures, kernel.to_ints(roots), strict=True)]
    inverses = [(one, pow(one.s, -1, ORDER)) for _, one in signatures]
    of_g = _multiples([GENERATOR] * len(qs), [one.message * w % ORDER for one, w in inverses])
    of_q = _multiples(qs, [one.r * w % ORDER for one, w in inverses])
    return {
        one: _with_parity(number, one, q, zg, rq)
        for (number, one), q, zg, rq in zip(signatures, qs, of_g, of_q, strict=True)
    }


def _check_ranges(number: int, one: Signature) -> None:
    for name, word, limit in (("message", one.message, MAX), ("r", one.r, MAX), ("s", one.s, ORDER)):
        if not 0 < word < limit:
            raise InstanceNotProvable("ecdsa", number, f"{name} {word:#x} is not in (0, {limit:#x})")
    if not 0 < pow(one.s, -1, ORDER) < MAX:
        raise InstanceNotProvable("ecdsa", number, f"1/s of s {one.s:#x} is not in (0, {MAX:#x})")


def _multiples(points: list[curve.Point], scalars: list[int]) -> list[curve.Point]:
    """None of them is infinity: the scalars are not 0 modulo the order."""
    array = kernel.from_ints([word for point in points for word in point]).reshape(-1, 2, 4)
    results, _ = kernel.curve_multiples(array, scalars)
    words = kernel.to_ints(results.reshape(-1, 4))
    return [curve.Point(*words[i : i + 2]) for i in range(0, len(words), 2)]


def _with_parity(number: int, one: Signature, q: curve.Point, zg: curve.Point, rq: curve.Point) -> list[Equation]:
    """zg, rq: w*z*G and w*r*Q. R is their sum or, if the key's other point was meant, their difference."""
    for point, multiple in ((q, rq), (curve.negate(q), curve.negate(rq))):
        result = curve.add(zg, multiple)
        if result is not None and result.x == one.r:
            found = []
            for r_point, s in ((result, one.s), (curve.negate(result), -one.s)):
                twice = 2 * s % ORDER
                s_odd = twice if twice % 2 else twice + ORDER
                if s_odd < 2 * MAX:
                    found.append(Equation(point, r_point, one.message, s_odd))
            return found
    raise InstanceNotProvable(
        "ecdsa", number, f"r {one.r:#x}, s {one.s:#x} do not sign {one.message:#x} under {one.key:#x}"
    )


def _points(points: Iterable[curve.Point]) -> Points:
    pairs = list(points)
    return kernel.from_ints([point.x for point in pairs]), kernel.from_ints([point.y for point in pairs])


def _columns(equations: Sequence[Equation]) -> Solution:
    m = len(equations)
    q, r = _points(one.q for one in equations), _points(one.r for one in equations)
    halves = kernel.from_ints([word for one in equations for word in (one.s_odd >> 1, one.r.x - 1, one.message - 1)])
    digits = bits_of(halves, STEPS)
    prefixes = bit_prefixes(digits).reshape(m, 3, STEPS + 1, 4)
    sigma, rho, zeta = (digits.reshape(m, 3, STEPS)[:, i] for i in range(3))

    slope_d, inverse_rq, d, apart = chord(r, negative(q))
    slope_e, _, e, _ = chord(r, q)
    slope_start, inverse_start, start, starts = chord(curve_chain.constant(START, m), d)
    same = sigma == rho
    columns = kernel.zeros((len(COLUMNS), m, BLOCK, 4))
    rows = dict(zip(COLUMNS, columns, strict=True))
    points = np.stack([curve_chain.pairs(point) for point in (negative(e), e, negative(d), d)])
    _, steps_possible = kernel.double_add_chain(curve_chain.pairs(start), points, 2 * same + sigma, columns[:4])
    fixed = columns[COLUMNS.index("fixed_x") :][:2]
    kernel.add_chain(*_fixed_chain_points(), ~zeta, fixed)
    w = np.ascontiguousarray(fixed[0][:, STEPS]), np.ascontiguousarray(fixed[1][:, STEPS])
    slope_end, inverse_end, _, ends = chord(w, q)

    for index, name in enumerate(("s_prefix", "r_prefix", "z_prefix")):
        rows[name][:, : STEPS + 1] = prefixes[:, index]
    rows["same"][:, :STEPS] = kernel.from_ints([0, 1])[same.astype(int)]
    for name, cells in (("Ex", e[0]), ("Ey", e[1]), ("Dx", d[0]), ("Dy", d[1])):
        rows[name][:] = cells[:, None]
    # The chord of start and D divides by Tx - Dx, the constraint by Dx - Tx.
    aux = rows["aux"]
    aux[:, 0], aux[:, 1] = slope_start, kernel.sub(np.zeros_like(inverse_start), inverse_start)
    bounds = _inverses_of_bounds(equations)
    i1 = kernel.mul(inverse_rq, bounds[0])
    for name, cells in zip(AUX_END, (r[1], q[1], slope_d, slope_e, i1, slope_end, inverse_end, bounds[1]), strict=True):
        aux[:, LAST + AUX_END[name]] = cells
    return Solution(columns, apart & starts & steps_possible & ends)


@cache
def _fixed_chain_points() -> tuple[Felts, Felts]:
    """Start and points of the fixed chain, (2, 4) and (251, 2, 4). That it meets one needs no look, see above."""
    points = [word for point in fixed_points() for word in point]
    return kernel.from_ints(list(FIXED_START)), kernel.from_ints(points).reshape(-1, 2, 4)


def _inverses_of_bounds(equations: Sequence[Equation]) -> tuple[Felts, Felts]:
    """1 / (r - 2^251) and 1 / ((z - 2^251) * (s_odd - n)), 0 where a bound is met."""
    of_r = kernel.from_ints([one.r.x - MAX for one in equations])
    of_z_and_s = kernel.from_ints([(one.message - MAX) * (one.s_odd - ORDER) for one in equations])
    return curve_chain.inverse_where(of_r)[0], curve_chain.inverse_where(of_z_and_s)[0]


def fill(trace: Trace) -> Felts:
    """(15, 256 * instances, 4): the segment's instances in order, then disabled ones. Raises InstanceNotProvable."""
    instances = instances_of(trace, "ecdsa", N_CELLS)
    spare = dummy()
    words = instances.read(trace, list(kernel.from_ints([spare.key, spare.message])))
    columns = solve(_signatures(trace, instances.addresses[instances.enabled], len(instances)))
    STRIP.fill(columns[COLUMNS.index("aux")], instances, words)
    return columns.reshape(len(COLUMNS), -1, 4)


def _signatures(trace: Trace, addresses: Ints, count: int) -> list[Signature]:
    known, memory = trace.run.signatures, trace.run.memory
    signatures = []
    for number, address in enumerate(map(int, addresses)):
        if address not in known:
            raise InstanceNotProvable("ecdsa", number, "the run gives no signature for it")
        signatures.append(Signature(memory[address] or 0, memory[address + 1] or 0, *known[address]))
    return signatures + [dummy()] * (count - len(signatures))

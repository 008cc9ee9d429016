"""The Stark curve y^2 = x^3 + x + beta, its order and its fixed points (docs/spec/perpetual-state.md 1.2)."""

from __future__ import annotations

from typing import NamedTuple

from prover import kernel
from prover.algebra.field import PRIME
from prover.kernel import pedersen_points

ALPHA = 1
BETA = 0x6F21413EFBE40DE150E596D72F7A8C5609AD26C15C915C1F4CDFCB99CEE9E89
ORDER = 0x800000000000010FFFFFFFFFFFFFFFFB781126DCAE7B2321E66A241ADC64D2F


class Point(NamedTuple):
    """An affine point; infinity is None wherever a point may be missing."""

    x: int
    y: int


SHIFT = Point(*pedersen_points.SHIFT)
GENERATOR = Point(
    0x1EF15C18599971B7BECED415A40F0C7DEACFD9B0D1819E03D723D8BC943CFCA,
    0x5668060AA49730B7BE4801DF46EC62DE53ECD11ABE43A32873000C36E8DC1F,
)
P0, P2 = (Point(*words) for words in pedersen_points.LOW)
P1, P3 = (Point(*words) for words in pedersen_points.HIGH)
"""Pedersen's: for the low 248 bits and the high 4 of the first input, then of the second."""


def negate(point: Point | None) -> Point | None:
    return point and Point(point.x, -point.y % PRIME)


def is_on_curve(point: Point) -> bool:
    return (point.y * point.y - point.x**3 - ALPHA * point.x - BETA) % PRIME == 0


def add(a: Point | None, b: Point | None) -> Point | None:
    """The complete group law; None is infinity."""
    if a is None or b is None:
        return a or b
    if a.x == b.x:
        if (a.y + b.y) % PRIME == 0:
            return None
        slope = (3 * a.x * a.x + ALPHA) * pow(2 * a.y, -1, PRIME) % PRIME
    else:
        slope = (a.y - b.y) * pow(a.x - b.x, -1, PRIME) % PRIME
    x = (slope * slope - a.x - b.x) % PRIME
    return Point(x, (slope * (a.x - x) - a.y) % PRIME)


def multiply(point: Point | None, scalar: int) -> Point | None:
    """By the kernel; its plain twin is `prover.kernel.reference.curve_multiple`."""
    if point is None:
        return None
    multiples, finite = kernel.curve_multiples(kernel.from_ints(list(point)).reshape(1, 2, 4), [scalar % ORDER])
    return Point(*kernel.to_ints(multiples[0])) if finite[0] else None


def lift_x(x: int) -> Point | None:
    """The point with this x and the smaller y, or None where x is on no point."""
    y = square_root(x * x * x + ALPHA * x + BETA)
    return None if y is None else Point(x, y)


def square_root(number: int) -> int | None:
    """The smaller square root, or None. By the kernel; its plain twin is `prover.kernel.reference.square_root`."""
    roots, found = kernel.square_roots(kernel.from_ints([number]))
    return kernel.to_ints(roots)[0] if found[0] else None

"""The Stark curve y^2 = x^3 + x + beta, its order and its fixed points (docs/spec/perpetual-state.md 1.2)."""

from __future__ import annotations

from typing import NamedTuple

from prover import kernel
from prover.algebra.field import PRIME

ALPHA = 1
BETA = 0x6F21413EFBE40DE150E596D72F7A8C5609AD26C15C915C1F4CDFCB99CEE9E89
ORDER = 0x800000000000010FFFFFFFFFFFFFFFFB781126DCAE7B2321E66A241ADC64D2F


class Point(NamedTuple):
    """An affine point; infinity is None wherever a point may be missing."""

    x: int
    y: int


SHIFT = Point(
    0x49EE3EBA8C1600700EE1B87EB599F16716B0B1022947733551FDE4050CA6804,
    0x3CA0CFE4B3BC6DDF346D49D06EA0ED34E621062C0E056C1D0405D266E10268A,
)
GENERATOR = Point(
    0x1EF15C18599971B7BECED415A40F0C7DEACFD9B0D1819E03D723D8BC943CFCA,
    0x5668060AA49730B7BE4801DF46EC62DE53ECD11ABE43A32873000C36E8DC1F,
)
P0 = Point(
    0x234287DCBAFFE7F969C748655FCA9E58FA8120B6D56EB0C1080D17957EBE47B,
    0x3B056F100F96FB21E889527D41F4E39940135DD7A6C94CC6ED0268EE89E5615,
)
P1 = Point(
    0x4FA56F376C83DB33F9DAB2656558F3399099EC1DE5E3018B7A6932DBA8AA378,
    0x3FA0984C931C9E38113E0C0E47E4401562761F92A7A23B45168F4E80FF5B54D,
)
P2 = Point(
    0x4BA4CC166BE8DEC764910F75B45F74B40C690C74709E90F3AA372F0BD2D6997,
    0x40301CF5C1751F4B971E46C4EDE85FCAC5C59A5CE5AE7C48151F27B24B219C,
)
P3 = Point(
    0x54302DCB0E6CC1C6E44CCA8F61A63BB2CA65048D53FB325D36FF12C49A58202,
    0x1B77B3E37D13504B348046268D8AE25CE98AD783C25561A879DCC77E99C2426,
)


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

"""The Stark curve y^2 = x^3 + x + beta, its order and its fixed points (docs/spec/perpetual-state.md 1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, overload

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


@overload
def negate(point: Point) -> Point: ...
@overload
def negate(point: Point | None) -> Point | None: ...
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


def finite(point: Point | None) -> Point:
    """The same, where it is known not to be infinity. Raises ValueError for what is."""
    if point is None:
        raise ValueError("the point is infinity")
    return point


def multiply(point: Point | None, scalar: int) -> Point | None:
    """By the kernel; its plain twin is `prover.kernel.reference.curve_multiple`."""
    return multiply_all([point], [scalar])[0]


def multiply_all(points: Sequence[Point | None], scalars: Sequence[int]) -> list[Point | None]:
    """Each point times its scalar."""
    places = [place for place, point in enumerate(points) if point is not None]
    words = [word for point in points if point is not None for word in point]
    multiples, finite = kernel.curve_multiples(
        kernel.from_ints(words).reshape(len(places), 2, 4), [scalars[place] % ORDER for place in places]
    )
    coordinates = kernel.to_ints(multiples.reshape(-1, 4))
    found: list[Point | None] = [None] * len(points)
    for place, x, y, is_finite in zip(places, coordinates[::2], coordinates[1::2], finite, strict=True):
        found[place] = Point(x, y) if is_finite else None
    return found


def joint_multiples(
    base: Point, points: Sequence[Point], base_scalars: Sequence[int], scalars: Sequence[int]
) -> list[tuple[int | None, int | None]]:
    """x of a * base + b * point and of a * base - b * point, None at infinity; scalars are in [0, n)."""
    words = kernel.from_ints([word for point in points for word in point]).reshape(-1, 2, 4)
    sums, finite = kernel.joint_multiples(base, words, base_scalars, scalars)
    xs = [
        x if is_finite else None for x, is_finite in zip(kernel.to_ints(sums.reshape(-1, 4)), finite.flat, strict=True)
    ]
    return list(zip(xs[::2], xs[1::2], strict=True))


def lift_all(xs: Sequence[int]) -> list[Point | None]:
    """`lift_x` of each."""
    ys, found = kernel.square_roots(kernel.from_ints([(x * x * x + ALPHA * x + BETA) % PRIME for x in xs]))
    return [Point(x, y) if has_root else None for x, y, has_root in zip(xs, kernel.to_ints(ys), found, strict=True)]


def lift_x(x: int) -> Point | None:
    """The point with this x and the smaller y, or None where x is on no point."""
    y = square_root(x * x * x + ALPHA * x + BETA)
    return None if y is None else Point(x, y)


def square_root(number: int) -> int | None:
    """The smaller square root, or None. By the kernel; its plain twin is `prover.kernel.reference.square_root`."""
    roots, found = kernel.square_roots(kernel.from_ints([number]))
    return kernel.to_ints(roots)[0] if found[0] else None

"""The Stark curve in bulk: square roots, multiples, the chains of additions that curve components show."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prover.kernel.arguments import KernelError, checked, pointer
from prover.kernel.arrays import Bools, Felts, empty
from prover.kernel.fields import from_ints
from prover.kernel.library import LIBRARY

SCALARS_BELOW = 1 << 252
"""Of joint multiples."""


def square_roots(values: Felts) -> tuple[Felts, Bools]:
    """(n, 4) to the smaller root of each, 0 where there is none, and which have one (n,)."""
    values = checked(values, "values", 2)
    out, found = np.empty_like(values), np.empty(len(values), dtype=np.uint8)
    LIBRARY.fh_square_roots(pointer(out), pointer(found), pointer(values), len(values))
    return out, found.astype(bool)


def curve_multiples(points: Felts, scalars: Sequence[int]) -> tuple[Felts, Bools]:
    """(m, 2, 4) points times scalars in [0, 2^256): (m, 2, 4), (0, 0) at infinity, and which are finite (m,)."""
    points = checked(points, "points", 3)
    if points.shape != (len(scalars), 2, 4):
        raise KernelError(f"{len(scalars)} scalars for points of shape {points.shape}")
    data = _words(scalars)
    out, finite = np.empty_like(points), np.empty(len(points), dtype=np.uint8)
    LIBRARY.fh_curve_multiples(pointer(out), pointer(finite), pointer(points), pointer(data), len(points))
    return out, finite.astype(bool)


def _words(scalars: Sequence[int]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join([scalar.to_bytes(32, "big") for scalar in scalars]), dtype=np.uint8)


@cache
def base_table(base: tuple[int, int]) -> Felts:
    """Multiples of a finite point of the curve by windows of 8 bits, (32, 256, 2, 4): 512 KiB, which are kept.

    Entry d of window i is d * 2^(8 i) times the point; the first of each is zero.
    """
    table, point = empty((32, 256, 2, 4)), from_ints(list(base)).reshape(2, 4)
    LIBRARY.fh_base_table(pointer(table), pointer(point))
    return table


def joint_multiples(
    base: tuple[int, int], points: Felts, base_scalars: Sequence[int], scalars: Sequence[int]
) -> tuple[Felts, Bools]:
    """x of a * base + b * point and of a * base - b * point, (m, 2, 4), 0 at infinity, and which are finite (m, 2).

    `points` (m, 2, 4) are finite ones of the curve; a in `base_scalars` and b in `scalars` are in [0, 2^252). What is
    made of the base is kept. Raises KernelError for other scalars, and where there is not one for each point.
    """
    points, m = checked(points, "points", 3), len(scalars)
    if points.shape != (m, 2, 4) or len(base_scalars) != m:
        raise KernelError(f"{len(base_scalars)} and {m} scalars for points of shape {points.shape}")
    for scalar in (*base_scalars, *scalars):
        if not 0 <= scalar < SCALARS_BELOW:
            raise KernelError(f"the scalar {scalar:#x} is not in [0, 2^252)")
    out, finite = empty((m, 2, 4)), np.empty((m, 2), dtype=np.uint8)
    arrays = (out, finite, base_table(base), points, _words(base_scalars), _words(scalars))
    LIBRARY.fh_joint_multiples(*(pointer(array) for array in arrays), m)
    return out, finite.astype(bool)


def double_add_chain(start: Felts, points: Felts, choices: NDArray[Any], out: Felts) -> tuple[Felts, Bools]:
    """`A' = 2A + P` for m instances: the last A, (m, 2, 4), and where no addition lacked a slope, (m,).

    `start` (m, 2, 4); P is one of `points` (k, m, 2, 4) as `choices` (m, steps) say; `out` (4, m, more rows than steps,
    4) gets x of A, slope of A and P, slope of A and A + P, and 1 / (x(A) - x(P)), x in one row more than the others.
    """
    start, points, out = checked(start, "start", 3), checked(points, "points", 4), checked(out, "out", 4)
    digits = np.ascontiguousarray(choices, dtype=np.uint8)
    m, steps = digits.shape
    if start.shape != (m, 2, 4) or points.shape[1:] != (m, 2, 4) or out.shape[:2] != (4, m) or out.shape[2] <= steps:
        raise KernelError(f"shapes {start.shape}, {points.shape}, {digits.shape} and {out.shape} do not fit together")
    if digits.size and digits.max() >= len(points):
        raise KernelError(f"a choice of {digits.max()} among {len(points)} points")
    end, possible = empty((m, 2, 4)), np.empty(m, dtype=np.uint8)
    LIBRARY.fh_double_add_chain(
        *(pointer(array) for array in (out, end, possible, start, points, digits)), m, steps, out.shape[2]
    )
    return end, possible.astype(bool)


def add_chain(start: Felts, points: Felts, minus: Bools, out: Felts) -> Bools:
    """`A' = A + P`, or `A - P` where `minus` (m, steps): where no addition lacked a slope, (m,).

    All instances begin at `start` (2, 4) and add the same `points` (steps, 2, 4); `out` (2, m, more rows than steps, 4)
    gets x and y of A before each step and after the last.
    """
    start, points, out = checked(start, "start", 2), checked(points, "points", 3), checked(out, "out", 4)
    signs = np.ascontiguousarray(minus, dtype=np.uint8)
    m, steps = signs.shape
    if start.shape != (2, 4) or points.shape != (steps, 2, 4) or out.shape[:2] != (2, m) or out.shape[2] <= steps:
        raise KernelError(f"shapes {start.shape}, {points.shape}, {signs.shape} and {out.shape} do not fit together")
    possible = np.empty(m, dtype=np.uint8)
    LIBRARY.fh_add_chain(*(pointer(array) for array in (out, possible, start, points, signs)), m, steps, out.shape[2])
    return possible.astype(bool)

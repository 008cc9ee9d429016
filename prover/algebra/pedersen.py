"""The Pedersen hash: one at a time in plain Python, by 8-bit windows, and in bulk by the kernel.

h(a, b) is the x-coordinate of `S + a_low*P0 + a_high*P1 + b_low*P2 + b_high*P3`, low the low 248 bits and high the top
4. The results of recent single hashes are kept.
"""

from collections.abc import Sequence
from functools import cache, lru_cache

from prover import kernel
from prover.algebra import curve
from prover.algebra.field import PRIME

WINDOW_BITS = 8
FEW = 4
"""Up to so many hashes are made one by one: a call of the kernel inverts once for each of its 64 steps."""


@cache
def _window(half: int, window: int) -> tuple[curve.Point | None, ...]:
    """digit -> digit * 2^(8*window) * P."""
    low, high = ((curve.P0, curve.P1), (curve.P2, curve.P3))[half]
    base = high if window == 31 else curve.multiply(low, 1 << WINDOW_BITS * window)
    points: list[curve.Point | None] = [None]
    for _ in range(15 if window == 31 else 255):
        points.append(curve.add(points[-1], base))
    return tuple(points)


@lru_cache(maxsize=1 << 18)
def pedersen(a: int, b: int) -> int:
    """Raises ValueError for inputs that are no field elements."""
    if not (0 <= a < PRIME and 0 <= b < PRIME):
        raise ValueError("pedersen takes numbers below p")
    points = [_window(half, w)[word >> WINDOW_BITS * w & 0xFF] for half, word in enumerate((a, b)) for w in range(32)]
    return _affine_x(points)


def pedersen_pairs(lefts: Sequence[int], rights: Sequence[int]) -> list[int]:
    """h(lefts[i], rights[i]) for every i. Raises ValueError for inputs that are no field elements."""
    if len(lefts) <= FEW:
        return [pedersen(left, right) for left, right in zip(lefts, rights, strict=True)]
    words = [word for pair in zip(lefts, rights, strict=True) for word in pair]
    if min(words) < 0 or max(words) >= PRIME:
        raise ValueError("pedersen takes numbers below p")
    return kernel.to_ints(kernel.pedersen(kernel.from_ints(words).reshape(-1, 2, 4)))


def _affine_x(points: list[curve.Point | None]) -> int:
    """x of S plus the points: mixed additions in Jacobian coordinates, one inversion."""
    x, y, z = curve.SHIFT.x, curve.SHIFT.y, 1
    for point in points:
        if point is None:
            continue
        zz = z * z % PRIME
        difference = (point.x * zz - x) % PRIME
        rise = (point.y * zz * z - y) % PRIME
        square = difference * difference % PRIME
        cube = square * difference % PRIME
        scaled = x * square % PRIME
        x = (rise * rise - cube - 2 * scaled) % PRIME
        y = (rise * (scaled - x) - y * cube) % PRIME
        z = z * difference % PRIME
    inverse = pow(z, -1, PRIME)
    return x * inverse * inverse % PRIME

"""The Pedersen hash: one at a time in plain Python, by 8-bit windows, and in bulk by the kernel.

h(a, b) is the x-coordinate of `S + a_low*P0 + a_high*P1 + b_low*P2 + b_high*P3`, low the low 248 bits and high the top
4. The results of recent single hashes are kept.
"""

from collections.abc import Sequence
from functools import cache, lru_cache

from prover import kernel
from prover.algebra import curve
from prover.algebra.field import PRIME


@lru_cache(maxsize=1 << 18)
def pedersen(a: int, b: int) -> int:
    """Raises ValueError for inputs that are no field elements."""
    if not (0 <= a < PRIME and 0 <= b < PRIME):
        raise ValueError("pedersen takes numbers below p")
    points = [_window(half, w)[word >> WINDOW_BITS * w & 0xFF] for half, word in enumerate((a, b)) for w in range(32)]
    return _affine_x(points)


def pedersen_pairs(lefts: Sequence[int], rights: Sequence[int]) -> list[int]:
    """h(lefts[i], rights[i]) for every i. Raises ValueError for inputs that are no field elements."""
    words = [word for pair in zip(lefts, rights, strict=True) for word in pair]
    if not words:
        return []
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

"""The Pedersen hash in plain Python, by 8-bit windows, with the results of recent hashes kept.

h(a, b) is the x-coordinate of `S + a_low*P0 + a_high*P1 + b_low*P2 + b_high*P3`, low the low 248 bits and high the top
4. The kernel hashes in bulk; this is for one hash at a time.
"""

from functools import cache, lru_cache

from prover.algebra import curve
from prover.algebra.field import PRIME

WINDOW_BITS = 8


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

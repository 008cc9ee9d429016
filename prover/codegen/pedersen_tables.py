"""The window tables of the escape verifier's Pedersen hash (contracts/registry/PedersenHash.sol).

102 windows of 5 bits, 51 for each input; entry d of window k is offset_k plus the points of d's set bits, x then y,
32 bytes each. Offsets: (2^102 - 1) * S for k = 0, -2^k * S after it.
"""

from __future__ import annotations

from functools import cache

from prover.algebra import curve
from prover.algebra.keccak import keccak256

WINDOW_BITS = 5
WINDOWS_PER_INPUT = 51
N_WINDOWS = 2 * WINDOWS_PER_INPUT
INPUT_BITS = 252
LOW_BITS = 248
PAGE_BYTES = 24_000


def bit_points(half: int) -> list[curve.Point]:
    """The point that each bit of an input adds, from the low bit on."""
    points = []
    for base, count in (((curve.P0, curve.P2)[half], LOW_BITS), ((curve.P1, curve.P3)[half], INPUT_BITS - LOW_BITS)):
        point = base
        for _ in range(count):
            points.append(point)
            point = curve.add(point, point)
    return points


@cache
def tables() -> bytes:
    points = bit_points(0), bit_points(1)
    data = b""
    negated = curve.negate(curve.SHIFT)
    for window in range(N_WINDOWS):
        offset = curve.multiply(negated, 1 << window) if window else curve.multiply(curve.SHIFT, (1 << N_WINDOWS) - 1)
        half, place = divmod(window, WINDOWS_PER_INPUT)
        own = points[half][WINDOW_BITS * place : WINDOW_BITS * (place + 1)]
        for digit in range(1 << WINDOW_BITS):
            point = offset
            for bit, addend in enumerate(own):
                if digit >> bit & 1:
                    point = curve.add(point, addend)
            data += point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
    return data


def pages() -> list[bytes]:
    """The content of each data contract."""
    data = tables()
    return [data[i : i + PAGE_BYTES] for i in range(0, len(data), PAGE_BYTES)]


def tables_hash() -> bytes:
    return keccak256(tables())

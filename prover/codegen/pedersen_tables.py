"""The window tables of the escape verifier's Pedersen hash (contracts/escape/PedersenHash.sol).

A hash is S + sum of b_i * A_i over the 504 bits of both inputs. With signs s_i = 2 * b_i - 1 this is C + sum of
s_i * A_i / 2, where C = S + sum of A_i / 2 and halving is by the group's odd order. Seven bits are a window; a window
with its top sign -1 is the negated window of the opposite signs, so a table holds the 64 points with top sign +1:
entry e has the signs of the bits of e, low bit first. 72 windows, low bits of the left input first. For the sake of the
contract's additions an entry is -x, then y in even windows and -y in odd ones, 32 bytes each.

Twelve data contracts hold all but the last 12 bytes; the last word stands in the contract.
"""

from __future__ import annotations

from functools import cache, reduce

from prover.algebra import curve
from prover.algebra.field import PRIME
from prover.algebra.keccak import keccak256

WINDOW_BITS = 7
INPUT_BITS = 252
LOW_BITS = 248
PAGE_BYTES = 24_575
"""The limit of code but for the STOP byte."""
PAGES = 12
HALF = (curve.ORDER + 1) // 2


def half_points() -> list[curve.Point]:
    """A_i / 2 for every bit of the left input, then of the right one, low bits first."""
    points = []
    for base, count in (
        (curve.P0, LOW_BITS),
        (curve.P1, INPUT_BITS - LOW_BITS),
        (curve.P2, LOW_BITS),
        (curve.P3, INPUT_BITS - LOW_BITS),
    ):
        point = curve.multiply(base, HALF)
        for _ in range(count):
            points.append(point)
            point = curve.add(point, point)
    return points


def window(halves: list[curve.Point]) -> list[curve.Point]:
    """The 64 points of a window; setting bit i turns its sign and adds A_i."""
    *low, top = halves
    entries = [reduce(curve.add, [curve.negate(half) for half in low], top)]
    for index in range(1, 1 << len(low)):
        bit = index.bit_length() - 1
        whole = curve.add(low[bit], low[bit])
        entries.append(curve.add(entries[index - (1 << bit)], whole))
    return entries


@cache
def tables() -> bytes:
    halves = half_points()
    data = b""
    for number, start in enumerate(range(0, len(halves), WINDOW_BITS)):
        for point in window(halves[start : start + WINDOW_BITS]):
            y = PRIME - point.y if number % 2 else point.y
            data += (PRIME - point.x).to_bytes(32, "big") + y.to_bytes(32, "big")
    return data


@cache
def beginning() -> curve.Point:
    """C, where the sum begins."""
    return reduce(curve.add, half_points(), curve.SHIFT)


def pages() -> list[bytes]:
    """The content of each data contract."""
    data = tables()
    return [data[i * PAGE_BYTES : (i + 1) * PAGE_BYTES] for i in range(PAGES)]


def last_word() -> int:
    """Of the tables, which the pages do not hold whole."""
    return int.from_bytes(tables()[-32:], "big")


def tables_hash() -> bytes:
    return keccak256(tables())

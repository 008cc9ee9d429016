"""Pedersen hashes in bulk and one at a time, and their witness."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache

import numpy as np

from prover.kernel import pedersen_points
from prover.kernel.arguments import KernelError, checked, pointer, result_array
from prover.kernel.arrays import Felts, empty
from prover.kernel.curves import curve_multiples
from prover.kernel.fields import from_ints
from prover.kernel.library import LIBRARY
from prover.kernel.pedersen_points import Point

INFINITE_HASH = "a hash is at infinity"
HALF_OF_ONE = 0x4000000000000087FFFFFFFFFFFFFFFDBC08936E573D9190F335120D6E32698
"""The inverse of 2 modulo the curve's order."""


class HashTable:
    """The windows of a Pedersen hash, (42, 2^11, 2, 4), and the point it starts from, (2, 4); see pedersen.h."""

    def __init__(self, shift: Point, points: Sequence[Point]) -> None:
        """For the shift point and P0 .. P3. Raises KernelError where a sum of theirs has no affine form."""
        given = from_ints([word for point in points for word in point]).reshape(-1, 2, 4)
        halves, _ = curve_multiples(given, [HALF_OF_ONE] * len(points))
        constants = np.concatenate([from_ints(list(shift)).reshape(1, 2, 4), halves])
        windows, start = empty((42, 1 << 11, 2, 4)), empty((2, 4))
        self.windows, self.start = pointer(windows), pointer(start)
        if LIBRARY.fh_pedersen_table(self.windows, self.start, pointer(constants)):
            raise KernelError("the points of a hash are related: sums of them meet each other or infinity")


@cache
def hash_table() -> HashTable:
    """Of the published points."""
    low, high = pedersen_points.LOW, pedersen_points.HIGH
    return HashTable(pedersen_points.SHIFT, [low[0], high[0], low[1], high[1]])


@cache
def _proof_windows() -> tuple[Felts, Felts]:
    points = [word for row in pedersen_points.window_rows() for word in row[2:]]
    return from_ints(points), from_ints(pedersen_points.start_point())


def pedersen_steps(pairs: Felts, out: Felts | None = None) -> Felts:
    """(m, 2, 4) inputs to the witness of their hashes by 8-bit windows, (6, 32 * m, 4), 32 rows for each.

    Row i, columns 0 to 2: x after the addition for window 31 - i of the first input, its slope, y of the point added;
    columns 3 to 5: the same for the second input, whose addition follows. Raises KernelError for a slope that is not
    determined.
    """
    pairs = checked(pairs, "pairs", 3)
    result = result_array(out, (6, 32 * len(pairs), 4))
    table, start = _proof_windows()
    if LIBRARY.fh_pedersen_steps(pointer(result), pointer(pairs), pointer(table), pointer(start), len(pairs)):
        raise KernelError("an addition of a hash meets two points of one x")
    return result


def pedersen(pairs: Felts, table: HashTable | None = None) -> Felts:
    """(m, 2, 4) inputs to (m, 4) hashes. Raises KernelError for a hash at infinity."""
    pairs, table = checked(pairs, "pairs", 3), table or hash_table()
    out = empty((len(pairs), 4))
    if LIBRARY.fh_pedersen(pointer(out), pointer(pairs), table.windows, table.start, len(pairs)):
        raise KernelError(INFINITE_HASH)
    return out


def pedersen_single(x: int, y: int, table: HashTable | None = None) -> int:
    """The hash of one pair of numbers below p. Raises KernelError for a hash at infinity."""
    out, table = ctypes.create_string_buffer(32), table or hash_table()
    pair = x.to_bytes(32, "big") + y.to_bytes(32, "big")
    if LIBRARY.fh_pedersen_single(out, pair, table.windows, table.start):
        raise KernelError(INFINITE_HASH)
    return int.from_bytes(out.raw, "big")

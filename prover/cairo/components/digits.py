"""Decompositions that a block walks through from the high digit: prefixes, one digit more in each row."""

from __future__ import annotations

import numpy as np

from prover import kernel
from prover.algebra.field import PRIME
from prover.stark.expressions import Expression
from prover.stark.tables import Rows, TableBuilder, block_rows, block_rows_but

TOP = PRIME >> 192
"""p = TOP * 2^192 + 1: the high part of a canonical felt is below TOP, or equal with a low part of 0."""


def first_rows(block: int, count: int) -> Rows:
    return block_rows_but(*range(count, block))


def binary_digit(t: TableBuilder, name: str, prefix: Expression, block: int, steps: int) -> Expression:
    """The bit that `prefix` takes in with each row, from 0 on, in the first `steps` rows of a block."""
    bit = prefix[1] - 2 * prefix
    t.constrain(f"{name} begins at 0", prefix, block_rows(0))
    t.constrain(f"{name} grows by bits", bit * (bit - 1), first_rows(block, steps))
    return bit


# --- witness


def byte_prefixes(digits: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """(m, 32) big-endian bytes to (m * 32, 4). Row i: the number made of the first i + 1 bytes."""
    m, share = len(digits), 1 << 11
    made = kernel.empty((m * 32, 4)) if out is None else out
    for first in range(0, m, share):
        some = digits[first : first + share]
        rows = np.zeros((len(some), 32, 32), dtype=np.uint8)
        for row in range(32):
            rows[:, row, 31 - row :] = some[:, : row + 1]
        kernel.from_bytes(rows.reshape(-1, 32), out=made[32 * first : 32 * (first + len(some))])
    return made


def bits_of(numbers: np.ndarray, n_bits: int) -> np.ndarray:
    """(m, n_bits) bits of (m, 4) field elements, high first."""
    return np.unpackbits(kernel.to_bytes(np.ascontiguousarray(numbers)), axis=1)[:, 256 - n_bits :].astype(bool)


def bit_prefixes(digits: np.ndarray) -> np.ndarray:
    """(m, n) bits to (m, n + 1, 4): the number that the first i of them make."""
    m, n = digits.shape
    rows = np.zeros((m, n + 1, 4), dtype=np.uint64)
    units = kernel.from_ints([0, 1])
    for i in range(n):
        now = np.ascontiguousarray(rows[:, i])
        rows[:, i + 1] = kernel.add(kernel.add(now, now), units[digits[:, i].astype(int)])
    return rows

"""Keccak-256 in bulk: rows of columns, Merkle layers, extensions hashed coset by coset, grinding."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np

from prover.kernel.arguments import (
    KernelError,
    checked,
    checked_digests,
    column_height,
    digest_count,
    log_size,
    pointer,
    pointers,
)
from prover.kernel.arrays import Digests, Felts, empty
from prover.kernel.fields import from_ints
from prover.kernel.library import LIBRARY


def hash_rows(columns: Sequence[Felts], digest_bytes: int, out: Digests | None = None) -> Digests:
    """(n, 32): Keccak-256 of each row's elements as 32-byte big-endian words, bytes after the first ones zeroed."""
    return _hash(columns, 1, column_height(columns), digest_bytes, out)


def hash_runs(values: Felts, log_run: int, digest_bytes: int, out: Digests | None = None) -> Digests:
    """(n, 4) to (n / 2^log_run, 32): the same of each run of 2^log_run neighbours."""
    run, n = 1 << log_run, len(checked(values, "values", 2))
    if n % run:
        raise KernelError(f"{n} values are not whole runs of {run}")
    return _hash([values[i:] for i in range(run)], run, n // run, digest_bytes, out)


def _hash(columns: Sequence[Felts], stride: int, n: int, digest_bytes: int, out: Digests | None) -> Digests:
    out = empty((n, 32), np.uint8) if out is None else checked_digests(out, "out", n)
    LIBRARY.fh_hash_rows(pointer(out), pointers(columns), len(columns), stride, n, digest_count(digest_bytes))
    return out


class Extension:
    """Packed columns of 2^log_n coefficients, made ready to be extended to many cosets.

    Columns are lists of slots as in `evaluate_packed`, each with a number of its own.
    """

    def __init__(self, columns: Sequence[Sequence[Felts | None]], log_n: int) -> None:
        log_slots = [log_size(len(slots), "a column's list of slots") for slots in columns]
        for slots, log in zip(columns, log_slots, strict=True):
            if any(len(checked(slot, "a slot", 2)) != 1 << log_n - log for slot in slots if slot is not None):
                raise KernelError(f"{1 << log} slots must share {1 << log_n} coefficients equally")
        self._log_n, self._width = log_n, len(columns)
        self._slots = [slot for slots in columns for slot in slots]  # the kernel looks into them
        logs = np.array(log_slots, dtype=np.int32)
        self._free, self._hash = LIBRARY.fh_extension_free, LIBRARY.fh_extension_hash
        self._handle = LIBRARY.fh_extension(pointers(self._slots), pointer(logs), len(columns), log_n)

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._free(self._handle)

    def hash_rows(self, shift: int, digest_bytes: int, part: int = 0, log_parts: int = 0, log_run: int = 0) -> Digests:
        """`hash_rows` of the values on shift * H, by position, or of one of 2^log_parts equal parts of them.

        Parts (eight at most) take less working memory at a time. One column may have `hash_runs` of 2^log_run instead.
        """
        if log_run and self._width != 1:
            raise KernelError(f"{self._width} columns have no runs of 2^{log_run}")
        log_size = self._log_n - log_parts - log_run
        if log_size < 0 or not 0 <= log_parts <= 3 or not 0 <= part < 1 << log_parts:
            raise KernelError(f"2^{self._log_n} values have no part {part} of 2^{log_parts} in runs of 2^{log_run}")
        out = empty((1 << log_size, 32), np.uint8)
        number = pointer(from_ints([shift]))
        self._hash(pointer(out), self._handle, number, part, log_parts, log_run, digest_count(digest_bytes))
        return out


def merkle_layer(children: Digests, rows: Digests | None, digest_bytes: int) -> Digests:
    """(2n, 32) to (n, 32): keccak(left || right || row), or keccak(left || right) where `rows` is None."""
    for name, array, count in (("children", children, len(children)), ("rows", rows, len(children) // 2)):
        if array is not None and (array.dtype != np.uint8 or array.shape != (count, 32)):
            raise KernelError(f"{name} must be uint8 ({count}, 32); it is {array.dtype} {array.shape}")
    children = np.ascontiguousarray(children)
    rows = None if rows is None else np.ascontiguousarray(rows)
    out = empty((len(children) // 2, 32), np.uint8)
    row_pointer = ctypes.c_void_p() if rows is None else pointer(rows)
    LIBRARY.fh_merkle_layer(pointer(out), pointer(children), row_pointer, len(out), digest_count(digest_bytes))
    return out


def keccak256(data: bytes) -> bytes:
    out = ctypes.create_string_buffer(32)
    LIBRARY.fh_keccak(out, data, len(data))
    return out.raw


def grind(prefix: bytes, bits: int) -> int:
    """The smallest nonce such that keccak256(prefix || nonce as 32 bytes) begins with `bits` zero bits."""
    if len(prefix) != 64 or not 0 <= bits <= 63:
        raise KernelError(f"grinding takes 64 bytes and at most 63 bits; got {len(prefix)} and {bits}")
    nonce: int = LIBRARY.fh_grind(prefix, bits)
    return nonce

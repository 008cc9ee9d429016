"""What callers hand over: checks of arrays, and pointers to them."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np

from prover.kernel.arrays import empty


class KernelError(ValueError):
    """An argument that the kernel cannot take; the message names it."""


def checked(array: np.ndarray, name: str, ndim: int) -> np.ndarray:
    if array.dtype != np.uint64 or array.ndim != ndim or array.shape[-1] != 4:
        raise KernelError(
            f"{name} must be uint64 of {ndim} dimensions, the last of 4; it is {array.dtype} {array.shape}"
        )
    if not array.flags.c_contiguous:
        raise KernelError(f"{name} must be contiguous")
    return array


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    """Keeps the array alive for as long as the pointer: a temporary must outlast the call that reads it."""
    made = ctypes.c_void_p(array.ctypes.data)
    made.array = array  # which `plain.py` works on
    return made


def pointers(arrays: Sequence[np.ndarray | None]) -> ctypes.Array:
    """An absent array is a null pointer."""
    addresses = (None if array is None else array.ctypes.data for array in arrays)
    made = (ctypes.c_void_p * len(arrays))(*addresses)
    made.arrays = arrays
    return made


def log_size(n: int, name: str) -> int:
    if n < 1 or n & (n - 1):
        raise KernelError(f"{name} has {n} elements, which is no power of two")
    return n.bit_length() - 1


def result_array(out: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
    if out is None:
        return empty(shape)
    if checked(out, "out", len(shape)).shape != shape:
        raise KernelError(f"out has shape {out.shape}, must have {shape}")
    return out


def digest_count(count: int) -> int:
    if not 0 < count <= 32:
        raise KernelError(f"digest_bytes is {count}, must lie in [1, 32]")
    return count


def checked_digests(array: np.ndarray, name: str, count: int) -> np.ndarray:
    if array.dtype != np.uint8 or array.shape != (count, 32) or not array.flags.c_contiguous:
        raise KernelError(f"{name} must be contiguous uint8 ({count}, 32); it is {array.dtype} {array.shape}")
    return array


def column_height(columns: Sequence[np.ndarray]) -> int:
    heights = {len(checked(column, "a column", 2)) for column in columns}
    if len(heights) != 1:
        raise KernelError(f"columns have heights {sorted(heights)}, must have one")
    return heights.pop()

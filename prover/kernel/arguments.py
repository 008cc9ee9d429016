"""What callers hand over: checks of arrays, and pointers to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prover.kernel.arrays import Digests, Felts, empty
from prover.kernel.pointers import Pointer, Pointers


class KernelError(ValueError):
    """An argument that the kernel cannot take; the message names it."""


def checked(array: Felts, name: str, ndim: int) -> Felts:
    if array.dtype != np.uint64 or array.ndim != ndim or array.shape[-1] != 4:
        raise KernelError(
            f"{name} must be uint64 of {ndim} dimensions, the last of 4; it is {array.dtype} {array.shape}"
        )
    if not array.flags.c_contiguous:
        raise KernelError(f"{name} must be contiguous")
    return array


def pointer(array: NDArray[Any]) -> Pointer:
    made = Pointer(array.ctypes.data)
    made.array = array
    return made


def pointers(arrays: Sequence[NDArray[Any] | None]) -> Pointers:
    return Pointers(arrays)


def log_size(n: int, name: str) -> int:
    if n < 1 or n & (n - 1):
        raise KernelError(f"{name} has {n} elements, which is no power of two")
    return n.bit_length() - 1


def result_array(out: Felts | None, shape: tuple[int, ...]) -> Felts:
    if out is None:
        return empty(shape)
    if checked(out, "out", len(shape)).shape != shape:
        raise KernelError(f"out has shape {out.shape}, must have {shape}")
    return out


def digest_count(count: int) -> int:
    if not 0 < count <= 32:
        raise KernelError(f"digest_bytes is {count}, must lie in [1, 32]")
    return count


def checked_digests(array: Digests, name: str, count: int) -> Digests:
    if array.dtype != np.uint8 or array.shape != (count, 32) or not array.flags.c_contiguous:
        raise KernelError(f"{name} must be contiguous uint8 ({count}, 32); it is {array.dtype} {array.shape}")
    return array


def column_height(columns: Sequence[Felts]) -> int:
    heights = {len(checked(column, "a column", 2)) for column in columns}
    if len(heights) != 1:
        raise KernelError(f"columns have heights {sorted(heights)}, must have one")
    return heights.pop()

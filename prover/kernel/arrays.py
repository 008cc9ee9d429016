"""Big arrays in memory that the kernel keeps: fresh pages cost as much as the work that is done in them."""

from __future__ import annotations

import ctypes
import math
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from prover.kernel.library import LIBRARY, in_use

Felts = NDArray[np.uint64]
"""Field elements (..., 4), as the package's docstring says."""
Digests = NDArray[np.uint8]
"""Hashes (n, 32)."""
Bools = NDArray[np.bool_]
"""Which of many are so."""
Ints = NDArray[np.int64]
"""Small numbers: counts, addresses, places."""
Item = TypeVar("Item", bound=np.generic)

SMALLEST = 1 << 20
"""Bytes from which an array is big."""


class _Memory:
    """One block; goes back when the last array that looks into it is gone."""

    def __init__(self, size: int) -> None:
        held = ctypes.c_size_t(size)
        self._start = LIBRARY.fh_take(ctypes.byref(held))
        if self._start is None:
            raise MemoryError(f"no memory for an array of {size:,} bytes")
        self._size = held.value
        self._give = LIBRARY.fh_give
        self.__array_interface__: dict[str, Any] = {
            "shape": (size,),
            "typestr": "|u1",
            "data": (self._start, False),
            "version": 3,
        }

    def __del__(self) -> None:
        if getattr(self, "_start", None):
            self._give(self._start, self._size)


@overload
def empty(shape: tuple[int, ...]) -> Felts: ...
@overload
def empty(shape: tuple[int, ...], dtype: type[Item]) -> NDArray[Item]: ...
def empty(shape: tuple[int, ...], dtype: type[np.generic] = np.uint64) -> NDArray[Any]:
    """Like `np.empty`: contents are whatever they were."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size < SMALLEST or in_use() == "reference":
        return np.empty(shape, dtype=dtype)
    return np.asarray(_Memory(size)).view(dtype).reshape(shape)


def zeros(shape: tuple[int, ...]) -> Felts:
    array = empty(shape)
    array.fill(0)
    return array

"""Pointers that keep their arrays alive: what `arguments.py` makes and `plain.py` works on."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray


class Pointer(ctypes.c_void_p):
    """To an array's first element. A temporary must outlast the call that reads it."""

    array: NDArray[Any]


class Pointers:
    """To several arrays' first elements; an absent array is a null pointer."""

    def __init__(self, arrays: Sequence[NDArray[Any] | None]) -> None:
        addresses = (None if array is None else array.ctypes.data for array in arrays)
        self.arrays = arrays
        self._as_parameter_ = (ctypes.c_void_p * len(arrays))(*addresses)

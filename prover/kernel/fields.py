"""Vectors of field elements: numbers in and out, elementwise arithmetic, sums over columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prover.kernel.arguments import KernelError, checked, column_height, pointer, pointers, result_array
from prover.kernel.arrays import Digests, Felts, empty
from prover.kernel.library import LIBRARY
from prover.prime import PRIME


def from_bytes(data: Digests, out: Felts | None = None) -> Felts:
    """(n, 32) big-endian bytes of numbers below p to (n, 4)."""
    if data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != 32:
        raise KernelError(f"bytes must be uint8 (n, 32); they are {data.dtype} {data.shape}")
    data = np.ascontiguousarray(data)
    result = result_array(out, (len(data), 4))
    LIBRARY.fh_from_bytes(pointer(result), pointer(data), len(data))
    return result


def to_bytes(array: Felts) -> Digests:
    """(n, 4) to (n, 32) big-endian bytes."""
    array = checked(array, "array", 2)
    out = empty((len(array), 32), np.uint8)
    LIBRARY.fh_to_bytes(pointer(out), pointer(array), len(array))
    return out


def from_words(numbers: NDArray[Any], out: Felts | None = None) -> Felts:
    """(n,) non-negative integers below 2^64 to (n, 4)."""
    if numbers.ndim != 1 or numbers.dtype.kind not in "iub":
        raise KernelError(f"numbers must be integers of one dimension; they are {numbers.dtype} {numbers.shape}")
    numbers = np.ascontiguousarray(numbers, dtype=np.uint64)
    result = result_array(out, (len(numbers), 4))
    LIBRARY.fh_from_words(pointer(result), pointer(numbers), len(numbers))
    return result


def from_ints(numbers: Sequence[int]) -> Felts:
    """Integers, reduced mod p, to (n, 4)."""
    data = b"".join([(number % PRIME).to_bytes(32, "big") for number in numbers])
    return from_bytes(np.frombuffer(data, dtype=np.uint8).reshape(-1, 32))


def to_ints(array: Felts) -> list[int]:
    data = to_bytes(array).tobytes()
    return [int.from_bytes(data[i : i + 32], "big") for i in range(0, len(data), 32)]


def _elementwise(function: Callable[..., None], a: Felts, b: Felts, out: Felts | None) -> Felts:
    single_a, single_b = a.ndim == 1, b.ndim == 1
    shape = b.shape if single_a else a.shape
    for name, array, single in (("a", a, single_a), ("b", b, single_b)):
        checked(array, name, 1 if single else len(shape))
        if not single and array.shape != shape:
            raise KernelError(f"shapes {a.shape} and {b.shape} differ")
    result = result_array(out, shape)
    n = result.size // 4
    function(pointer(result), pointer(a), int(not single_a), pointer(b), int(not single_b), n)
    return result


def add(a: Felts, b: Felts, out: Felts | None = None) -> Felts:
    """Elementwise; one operand may be a single element (4,)."""
    return _elementwise(LIBRARY.fh_add, a, b, out)


def sub(a: Felts, b: Felts, out: Felts | None = None) -> Felts:
    return _elementwise(LIBRARY.fh_sub, a, b, out)


def mul(a: Felts, b: Felts, out: Felts | None = None) -> Felts:
    return _elementwise(LIBRARY.fh_mul, a, b, out)


def inverse(a: Felts, out: Felts | None = None) -> Felts:
    """(n, 4) inverses; `out` may be `a`. Raises ZeroDivisionError if an element is zero."""
    result = result_array(out, checked(a, "a", 2).shape)
    if LIBRARY.fh_inverse(pointer(result), pointer(a), len(a)):
        raise ZeroDivisionError("zero has no inverse")
    return result


def powers(base: int, start: int, n: int) -> Felts:
    """(n, 4): start * base^i."""
    out = empty((n, 4))
    constants = from_ints([base, start])
    LIBRARY.fh_powers(pointer(out), pointer(constants[0]), pointer(constants[1]), n)
    return out


def linear_combination(columns: Sequence[Felts], weights: Felts) -> Felts:
    """(n, 4): sum of weights[i] * columns[i]."""
    height = column_height(columns)
    if len(checked(weights, "weights", 2)) != len(columns):
        raise KernelError(f"{len(weights)} weights for {len(columns)} columns")
    out = empty((height, 4))
    LIBRARY.fh_linear_combination(pointer(out), pointers(columns), pointer(weights), len(columns), height)
    return out


def running_sum(terms: Felts, out: Felts | None = None) -> int:
    """Row i of `out` becomes the sum of terms before i less i times their mean: cyclic sums. Returns the total.

    `out` defaults to `terms` itself.
    """
    result = result_array(terms if out is None else out, checked(terms, "terms", 2).shape)
    total = empty((1, 4))
    LIBRARY.fh_running_sum(pointer(result), pointer(total), pointer(terms), len(terms))
    return to_ints(total)[0]

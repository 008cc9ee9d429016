"""The native kernel: field vectors, transforms, hashes, the vector machine, Pedersen in bulk.

Arrays are numpy uint64 of shape (..., 4): little-endian limbs in Montgomery form with R = 2^256, below p at every
boundary. `reference.py` has a plain twin of each function. Work is split over all cores (FREEHOLD_THREADS limits
them) and runs without the interpreter's lock.
"""

from __future__ import annotations

import ctypes
import enum
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import numpy as np

from prover.kernel import pedersen_points
from prover.kernel.arrays import Digests as Digests
from prover.kernel.arrays import Felts as Felts
from prover.kernel.arrays import Ints as Ints
from prover.kernel.arrays import empty as empty
from prover.kernel.arrays import zeros as zeros
from prover.kernel.library import LIBRARY
from prover.kernel.pedersen_points import Point

PRIME = 2**251 + 17 * 2**192 + 1
_ROOT_192 = pow(3, (PRIME - 1) >> 192, PRIME)


class KernelError(ValueError):
    """An argument that the kernel cannot take; the message names it."""


class Op(enum.IntEnum):
    """Instructions of the vector machine, as (op, target, a, b)."""

    LOAD = 0  # register <- column a, b rows later (cyclic, b of either sign)
    CONST = 1  # register <- constant a
    ADD = 2
    SUB = 3
    MUL = 4
    STORE = 5  # output <- register a


@contextmanager
def backend(name: str) -> Iterator[str]:
    """Use the "scalar" or the "vector" path for a while; yields the one in use, scalar where there is no other."""
    if name not in ("scalar", "vector"):
        raise KernelError(f"there is no path {name!r}: scalar or vector")
    before = LIBRARY.fh_features()
    LIBRARY.fh_use_vectors(name == "vector")
    try:
        yield "vector" if LIBRARY.fh_features() else "scalar"
    finally:
        LIBRARY.fh_use_vectors(before)


def _checked(array: np.ndarray, name: str, ndim: int) -> np.ndarray:
    if array.dtype != np.uint64 or array.ndim != ndim or array.shape[-1] != 4:
        raise KernelError(
            f"{name} must be uint64 of {ndim} dimensions, the last of 4; it is {array.dtype} {array.shape}"
        )
    if not array.flags.c_contiguous:
        raise KernelError(f"{name} must be contiguous")
    return array


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    """Keeps the array alive for as long as the pointer: a temporary must outlast the call that reads it."""
    pointer = ctypes.c_void_p(array.ctypes.data)
    pointer.array = array
    return pointer


def _pointers(arrays: Sequence[np.ndarray | None]) -> ctypes.Array:
    """An absent array is a null pointer."""
    addresses = (None if array is None else array.ctypes.data for array in arrays)
    pointers = (ctypes.c_void_p * len(arrays))(*addresses)
    pointers.arrays = arrays
    return pointers


def _log_size(n: int, name: str) -> int:
    if n < 1 or n & (n - 1):
        raise KernelError(f"{name} has {n} elements, which is no power of two")
    return n.bit_length() - 1


def _out(out: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
    if out is None:
        return empty(shape)
    if _checked(out, "out", len(shape)).shape != shape:
        raise KernelError(f"out has shape {out.shape}, must have {shape}")
    return out


# --- numbers in and out


def from_bytes(data: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """(n, 32) big-endian bytes of numbers below p to (n, 4)."""
    if data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != 32:
        raise KernelError(f"bytes must be uint8 (n, 32); they are {data.dtype} {data.shape}")
    data = np.ascontiguousarray(data)
    result = _out(out, (len(data), 4))
    LIBRARY.fh_from_bytes(_pointer(result), _pointer(data), len(data))
    return result


def to_bytes(array: np.ndarray) -> np.ndarray:
    """(n, 4) to (n, 32) big-endian bytes."""
    array = _checked(array, "array", 2)
    out = empty((len(array), 32), np.uint8)
    LIBRARY.fh_to_bytes(_pointer(out), _pointer(array), len(array))
    return out


def from_words(numbers: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """(n,) non-negative integers below 2^64 to (n, 4)."""
    if numbers.ndim != 1 or numbers.dtype.kind not in "iub":
        raise KernelError(f"numbers must be integers of one dimension; they are {numbers.dtype} {numbers.shape}")
    numbers = np.ascontiguousarray(numbers, dtype=np.uint64)
    result = _out(out, (len(numbers), 4))
    LIBRARY.fh_from_words(_pointer(result), _pointer(numbers), len(numbers))
    return result


def from_ints(numbers: Sequence[int]) -> np.ndarray:
    """Integers, reduced mod p, to (n, 4)."""
    data = b"".join([(number % PRIME).to_bytes(32, "big") for number in numbers])
    return from_bytes(np.frombuffer(data, dtype=np.uint8).reshape(-1, 32))


def to_ints(array: np.ndarray) -> list[int]:
    data = to_bytes(array).tobytes()
    return [int.from_bytes(data[i : i + 32], "big") for i in range(0, len(data), 32)]


# --- elementwise


def _elementwise(function, a: np.ndarray, b: np.ndarray, out: np.ndarray | None) -> np.ndarray:
    single_a, single_b = a.ndim == 1, b.ndim == 1
    shape = b.shape if single_a else a.shape
    for name, array, single in (("a", a, single_a), ("b", b, single_b)):
        _checked(array, name, 1 if single else len(shape))
        if not single and array.shape != shape:
            raise KernelError(f"shapes {a.shape} and {b.shape} differ")
    result = _out(out, shape)
    n = result.size // 4
    function(_pointer(result), _pointer(a), int(not single_a), _pointer(b), int(not single_b), n)
    return result


def add(a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Elementwise; one operand may be a single element (4,)."""
    return _elementwise(LIBRARY.fh_add, a, b, out)


def sub(a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    return _elementwise(LIBRARY.fh_sub, a, b, out)


def mul(a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    return _elementwise(LIBRARY.fh_mul, a, b, out)


def inverse(a: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """(n, 4) inverses; `out` may be `a`. Raises ZeroDivisionError if an element is zero."""
    result = _out(out, _checked(a, "a", 2).shape)
    if LIBRARY.fh_inverse(_pointer(result), _pointer(a), len(a)):
        raise ZeroDivisionError("zero has no inverse")
    return result


def powers(base: int, start: int, n: int) -> np.ndarray:
    """(n, 4): start * base^i."""
    out = empty((n, 4))
    constants = from_ints([base, start])
    LIBRARY.fh_powers(_pointer(out), _pointer(constants[0]), _pointer(constants[1]), n)
    return out


# --- transforms


def evaluate_coset(
    coefficients: np.ndarray, shift: int, bit_reversed: bool = True, out: np.ndarray | None = None
) -> np.ndarray:
    """(m, n, 4) coefficients to values on shift * H_n.

    Index q holds the point shift * product of omega_(i+1) over the set bits i of q, or shift * omega_n^q.
    """
    coefficients = _checked(coefficients, "coefficients", 3)
    return evaluate_packed([[column] for column in coefficients], shift, bit_reversed, out)


def evaluate_packed(
    slots: Sequence[Sequence[np.ndarray | None]], shift: int, bit_reversed: bool = True, out: np.ndarray | None = None
) -> np.ndarray:
    """m polynomials of k slots, each (n, 4) coefficients or None for zeros, to (m, k*n, 4) values on shift * H_(k*n).

    Coefficient i of slot j is the polynomial's coefficient k*i + j. Order as in `evaluate_coset`.
    """
    counts = {len(polynomial) for polynomial in slots}
    height = _column_height([slot for polynomial in slots for slot in polynomial if slot is not None])
    if len(counts) != 1:
        raise KernelError(f"polynomials have {sorted(counts)} slots, must have one number")
    log_slots = _log_size(counts.pop(), "a polynomial's list of slots")
    log_n = log_slots + _log_size(height, "a column")
    result = _out(out, (len(slots), 1 << log_n, 4))
    LIBRARY.fh_evaluate_coset(
        _pointers(list(result)),
        _pointers([slot for polynomial in slots for slot in polynomial]),
        len(slots),
        log_slots,
        log_n,
        _pointer(from_ints([shift])),
        int(not bit_reversed),
    )
    return result


def interpolate_coset(
    values: np.ndarray, shift: int, bit_reversed: bool = True, out: np.ndarray | None = None
) -> np.ndarray:
    """The inverse of `evaluate_coset`; `out` may be `values`."""
    values = _checked(values, "values", 3)
    result = _out(out, values.shape)
    LIBRARY.fh_interpolate_coset(
        _pointers(list(result)),
        _pointers(list(values)),
        len(values),
        _log_size(values.shape[1], "a column"),
        _pointer(from_ints([pow(shift, -1, PRIME)])),
        int(not bit_reversed),
    )
    return result


def interpolate(values: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """(m, n, 4) values in natural row order on H_n to coefficients."""
    return interpolate_coset(values, 1, bit_reversed=False, out=out)


BUTTERFLIES = 1 << 11
"""Butterflies in a round of `butterflies`."""


def butterflies(rounds: int) -> None:
    """Butterflies in the first cache and nothing else: what `freehold bench prove` measures transforms by."""
    LIBRARY.fh_butterflies(rounds)


# --- hashes


def _digest_bytes(count: int) -> int:
    if not 0 < count <= 32:
        raise KernelError(f"digest_bytes is {count}, must lie in [1, 32]")
    return count


def hash_rows(columns: Sequence[np.ndarray], digest_bytes: int, out: np.ndarray | None = None) -> np.ndarray:
    """(n, 32): Keccak-256 of each row's elements as 32-byte big-endian words, bytes after the first ones zeroed."""
    return _hash(columns, 1, _column_height(columns), digest_bytes, out)


def hash_runs(values: np.ndarray, log_run: int, digest_bytes: int, out: np.ndarray | None = None) -> np.ndarray:
    """(n, 4) to (n / 2^log_run, 32): the same of each run of 2^log_run neighbours."""
    run, n = 1 << log_run, len(_checked(values, "values", 2))
    if n % run:
        raise KernelError(f"{n} values are not whole runs of {run}")
    return _hash([values[i:] for i in range(run)], run, n // run, digest_bytes, out)


class Extension:
    """Packed columns of 2^log_n coefficients, made ready to be extended to many cosets.

    Columns are lists of slots as in `evaluate_packed`, each with a number of its own.
    """

    def __init__(self, columns: Sequence[Sequence[np.ndarray | None]], log_n: int) -> None:
        log_slots = [_log_size(len(slots), "a column's list of slots") for slots in columns]
        for slots, log in zip(columns, log_slots, strict=True):
            if any(len(_checked(slot, "a slot", 2)) != 1 << log_n - log for slot in slots if slot is not None):
                raise KernelError(f"{1 << log} slots must share {1 << log_n} coefficients equally")
        self._log_n, self._width = log_n, len(columns)
        self._slots = [slot for slots in columns for slot in slots]  # the kernel looks into them
        logs = np.array(log_slots, dtype=np.int32)
        self._free = LIBRARY.fh_extension_free
        self._handle = LIBRARY.fh_extension(_pointers(self._slots), _pointer(logs), len(columns), log_n)

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._free(self._handle)

    def hash_rows(
        self, shift: int, digest_bytes: int, part: int = 0, log_parts: int = 0, log_run: int = 0
    ) -> np.ndarray:
        """`hash_rows` of the values on shift * H, by position, or of one of 2^log_parts equal parts of them.

        Parts (eight at most) take less working memory at a time. One column may have `hash_runs` of 2^log_run instead.
        """
        if log_run and self._width != 1:
            raise KernelError(f"{self._width} columns have no runs of 2^{log_run}")
        log_size = self._log_n - log_parts - log_run
        if log_size < 0 or not 0 <= log_parts <= 3 or not 0 <= part < 1 << log_parts:
            raise KernelError(f"2^{self._log_n} values have no part {part} of 2^{log_parts} in runs of 2^{log_run}")
        out = empty((1 << log_size, 32), np.uint8)
        number = _pointer(from_ints([shift]))
        digest_bytes = _digest_bytes(digest_bytes)
        LIBRARY.fh_extension_hash(_pointer(out), self._handle, number, part, log_parts, log_run, digest_bytes)
        return out


def _hash(columns: Sequence[np.ndarray], stride: int, n: int, digest_bytes: int, out: np.ndarray | None) -> np.ndarray:
    out = empty((n, 32), np.uint8) if out is None else _digests(out, "out", n)
    LIBRARY.fh_hash_rows(_pointer(out), _pointers(columns), len(columns), stride, n, _digest_bytes(digest_bytes))
    return out


def _digests(array: np.ndarray, name: str, count: int) -> np.ndarray:
    if array.dtype != np.uint8 or array.shape != (count, 32) or not array.flags.c_contiguous:
        raise KernelError(f"{name} must be contiguous uint8 ({count}, 32); it is {array.dtype} {array.shape}")
    return array


def merkle_layer(children: np.ndarray, rows: np.ndarray | None, digest_bytes: int) -> np.ndarray:
    """(2n, 32) to (n, 32): keccak(left || right || row), or keccak(left || right) where `rows` is None."""
    for name, array, count in (("children", children, len(children)), ("rows", rows, len(children) // 2)):
        if array is not None and (array.dtype != np.uint8 or array.shape != (count, 32)):
            raise KernelError(f"{name} must be uint8 ({count}, 32); it is {array.dtype} {array.shape}")
    children = np.ascontiguousarray(children)
    rows = None if rows is None else np.ascontiguousarray(rows)
    out = empty((len(children) // 2, 32), np.uint8)
    row_pointer = ctypes.c_void_p() if rows is None else _pointer(rows)
    LIBRARY.fh_merkle_layer(_pointer(out), _pointer(children), row_pointer, len(out), _digest_bytes(digest_bytes))
    return out


def keccak256(data: bytes) -> bytes:
    out = ctypes.create_string_buffer(32)
    LIBRARY.fh_keccak(out, data, len(data))
    return out.raw


def grind(prefix: bytes, bits: int) -> int:
    """The smallest nonce such that keccak256(prefix || nonce as 32 bytes) begins with `bits` zero bits."""
    if len(prefix) != 64 or not 0 <= bits <= 63:
        raise KernelError(f"grinding takes 64 bytes and at most 63 bits; got {len(prefix)} and {bits}")
    return LIBRARY.fh_grind(prefix, bits)


# --- columns


def _column_height(columns: Sequence[np.ndarray]) -> int:
    heights = {len(_checked(column, "a column", 2)) for column in columns}
    if len(heights) != 1:
        raise KernelError(f"columns have heights {sorted(heights)}, must have one")
    return heights.pop()


def run_program(
    instructions: np.ndarray,
    n_registers: int,
    constants: np.ndarray,
    columns: Sequence[np.ndarray],
    outputs: Sequence[np.ndarray],
) -> None:
    """Run the vector machine over n = 2^k rows in natural order; `instructions` (k, 4) int32, `outputs` (n, 4) each.

    A column whose height divides n is repeated.
    """
    _checked(constants, "constants", 2)
    height = _column_height(outputs)
    _log_size(height, "an output")
    heights = [len(_checked(column, "a column", 2)) for column in columns]
    for length in heights:
        if length == 0 or height % length:
            raise KernelError(f"columns and outputs differ in height: {length} and {height}")
    _check_program(instructions, n_registers, len(constants), heights, len(outputs))
    LIBRARY.fh_run_program(
        _pointer(instructions),
        len(instructions),
        n_registers,
        _pointer(constants),
        len(constants),
        _pointers(columns),
        _pointer(np.array(heights, dtype=np.uint64)),
        len(heights),
        height,
        _pointers(outputs),
    )


def _check_program(
    instructions: np.ndarray, n_registers: int, n_constants: int, heights: Sequence[int], n_outputs: int
) -> None:
    if instructions.dtype != np.int32 or instructions.ndim != 2 or instructions.shape[1] != 4:
        raise KernelError(f"instructions must be int32 (k, 4); they are {instructions.dtype} {instructions.shape}")
    for op, target, a, b in instructions.tolist():
        limits = {
            Op.LOAD: ((target, n_registers), (a, len(heights))),
            Op.CONST: ((target, n_registers), (a, n_constants)),
            Op.STORE: ((target, n_outputs), (a, n_registers)),
        }.get(op, ((target, n_registers), (a, n_registers), (b, n_registers)))
        if not 0 <= op <= Op.STORE or any(not 0 <= number < limit for number, limit in limits):
            raise KernelError(f"instruction {(op, target, a, b)} is out of range")


def linear_combination(columns: Sequence[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """(n, 4): sum of weights[i] * columns[i]."""
    height = _column_height(columns)
    if len(_checked(weights, "weights", 2)) != len(columns):
        raise KernelError(f"{len(weights)} weights for {len(columns)} columns")
    out = empty((height, 4))
    LIBRARY.fh_linear_combination(_pointer(out), _pointers(columns), _pointer(weights), len(columns), height)
    return out


def evaluate_at(columns: Sequence[np.ndarray], points: Sequence[int], log_coset: int = 0) -> np.ndarray:
    """Coefficients of m polynomials, (n, 4) each, at z points: (m, z * 2^log_coset, 4).

    With `log_coset`, up to 3, each point x stands for the coset x * H of 2^log_coset points, in the order of positions;
    that costs no more than one point where n is a multiple of 8.
    """
    if not 0 <= log_coset <= 3:
        raise KernelError(f"log_coset is {log_coset}, must lie in [0, 3]")
    n = _column_height(columns)
    out = empty((len(columns), len(points) << log_coset, 4))
    LIBRARY.fh_evaluate_at(
        _pointer(out), _pointers(list(columns)), len(columns), n, _pointer(from_ints(points)), len(points), log_coset
    )
    return out


def divide_out(columns: Sequence[np.ndarray], y: int) -> np.ndarray:
    """m polynomials (n, 4) to their quotients by Y - y, (m, n, 4): remainders dropped, top coefficients zero."""
    n = _column_height(columns)
    out = empty((len(columns), n, 4))
    LIBRARY.fh_divide_out(_pointers(list(out)), _pointers(list(columns)), len(columns), n, _pointer(from_ints([y])))
    return out


def running_sum(terms: np.ndarray, out: np.ndarray | None = None) -> int:
    """Row i of `out` becomes the sum of terms before i less i times their mean: cyclic sums. Returns the total.

    `out` defaults to `terms` itself.
    """
    result = _out(terms if out is None else out, _checked(terms, "terms", 2).shape)
    total = empty((1, 4))
    LIBRARY.fh_running_sum(_pointer(result), _pointer(total), _pointer(terms), len(terms))
    return to_ints(total)[0]


# --- Pedersen


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
        self.windows, self.start = _pointer(windows), _pointer(start)
        if LIBRARY.fh_pedersen_table(self.windows, self.start, _pointer(constants)):
            raise KernelError("the points of a hash are related: sums of them meet each other or infinity")


@cache
def hash_table() -> HashTable:
    """Of the curve's fixed points."""
    low, high = pedersen_points.LOW, pedersen_points.HIGH
    return HashTable(pedersen_points.SHIFT, [low[0], high[0], low[1], high[1]])


@cache
def _proof_windows() -> tuple[np.ndarray, np.ndarray]:
    points = [word for row in pedersen_points.window_rows() for word in row[2:]]
    return from_ints(points), from_ints(pedersen_points.start_point())


def pedersen_steps(pairs: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """(m, 2, 4) inputs to the witness of their hashes by 8-bit windows, (6, 32 * m, 4), 32 rows for each.

    Row i, columns 0 to 2: x after the addition for window 31 - i of the first input, its slope, y of the point added;
    columns 3 to 5: the same for the second input, whose addition follows. Raises KernelError for a slope that is not
    determined.
    """
    pairs = _checked(pairs, "pairs", 3)
    result = _out(out, (6, 32 * len(pairs), 4))
    table, start = _proof_windows()
    if LIBRARY.fh_pedersen_steps(_pointer(result), _pointer(pairs), _pointer(table), _pointer(start), len(pairs)):
        raise KernelError("an addition of a hash meets two points of one x")
    return result


def pedersen(pairs: np.ndarray, table: HashTable | None = None) -> np.ndarray:
    """(m, 2, 4) inputs to (m, 4) hashes. Raises KernelError for a hash at infinity."""
    pairs, table = _checked(pairs, "pairs", 3), table or hash_table()
    out = empty((len(pairs), 4))
    if LIBRARY.fh_pedersen(_pointer(out), _pointer(pairs), table.windows, table.start, len(pairs)):
        raise KernelError(INFINITE_HASH)
    return out


def pedersen_single(x: int, y: int, table: HashTable | None = None) -> int:
    """The hash of one pair of numbers below p. Raises KernelError for a hash at infinity."""
    out, table = ctypes.create_string_buffer(32), table or hash_table()
    pair = x.to_bytes(32, "big") + y.to_bytes(32, "big")
    if LIBRARY.fh_pedersen_single(out, pair, table.windows, table.start):
        raise KernelError(INFINITE_HASH)
    return int.from_bytes(out.raw, "big")


# --- the curve


def square_roots(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 4) to the smaller root of each, 0 where there is none, and which have one (n,)."""
    values = _checked(values, "values", 2)
    out, found = np.empty_like(values), np.empty(len(values), dtype=np.uint8)
    LIBRARY.fh_square_roots(_pointer(out), _pointer(found), _pointer(values), len(values))
    return out, found.astype(bool)


def curve_multiples(points: np.ndarray, scalars: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """(m, 2, 4) points times scalars in [0, 2^256): (m, 2, 4), (0, 0) at infinity, and which are finite (m,)."""
    points = _checked(points, "points", 3)
    if points.shape != (len(scalars), 2, 4):
        raise KernelError(f"{len(scalars)} scalars for points of shape {points.shape}")
    data = np.frombuffer(b"".join(scalar.to_bytes(32, "big") for scalar in scalars), dtype=np.uint8)
    out, finite = np.empty_like(points), np.empty(len(points), dtype=np.uint8)
    LIBRARY.fh_curve_multiples(_pointer(out), _pointer(finite), _pointer(points), _pointer(data), len(points))
    return out, finite.astype(bool)


def double_add_chain(
    start: np.ndarray, points: np.ndarray, choices: np.ndarray, out: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`A' = 2A + P` for m instances: the last A, (m, 2, 4), and where no addition lacked a slope, (m,).

    `start` (m, 2, 4); P is one of `points` (k, m, 2, 4) as `choices` (m, steps) say; `out` (4, m, more rows than steps,
    4) gets x of A, slope of A and P, slope of A and A + P, and 1 / (x(A) - x(P)), x in one row more than the others.
    """
    start, points, out = _checked(start, "start", 3), _checked(points, "points", 4), _checked(out, "out", 4)
    choices = np.ascontiguousarray(choices, dtype=np.uint8)
    m, steps = choices.shape
    if start.shape != (m, 2, 4) or points.shape[1:] != (m, 2, 4) or out.shape[:2] != (4, m) or out.shape[2] <= steps:
        raise KernelError(f"shapes {start.shape}, {points.shape}, {choices.shape} and {out.shape} do not fit together")
    if choices.size and choices.max() >= len(points):
        raise KernelError(f"a choice of {choices.max()} among {len(points)} points")
    end, possible = empty((m, 2, 4)), np.empty(m, dtype=np.uint8)
    LIBRARY.fh_double_add_chain(
        *(_pointer(array) for array in (out, end, possible, start, points, choices)), m, steps, out.shape[2]
    )
    return end, possible.astype(bool)


def add_chain(start: np.ndarray, points: np.ndarray, minus: np.ndarray, out: np.ndarray) -> np.ndarray:
    """`A' = A + P`, or `A - P` where `minus` (m, steps): where no addition lacked a slope, (m,).

    All instances begin at `start` (2, 4) and add the same `points` (steps, 2, 4); `out` (2, m, more rows than steps, 4)
    gets x and y of A before each step and after the last.
    """
    start, points, out = _checked(start, "start", 2), _checked(points, "points", 3), _checked(out, "out", 4)
    minus = np.ascontiguousarray(minus, dtype=np.uint8)
    m, steps = minus.shape
    if start.shape != (2, 4) or points.shape != (steps, 2, 4) or out.shape[:2] != (2, m) or out.shape[2] <= steps:
        raise KernelError(f"shapes {start.shape}, {points.shape}, {minus.shape} and {out.shape} do not fit together")
    possible = np.empty(m, dtype=np.uint8)
    LIBRARY.fh_add_chain(*(_pointer(array) for array in (out, possible, start, points, minus)), m, steps, out.shape[2])
    return possible.astype(bool)

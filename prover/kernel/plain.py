"""The kernel's C interface in plain Python: what works where no compiled kernel is found.

Each function takes what ctypes would hand to its namesake in kernel.cpp, pedersen.cpp or curve_chains.cpp: pointers
that know their arrays (`arguments.py`), numbers and bytes. Arrays become lists of integers, and `reference.py` does
the work where its way is no worse than plain Python's best; the rest has a faster one here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from prover.kernel import reference
from prover.kernel.pedersen_points import Point
from prover.prime import PRIME

Ints = list[int]
Pointer = Any
"""Of `arguments.pointer` or `arguments.pointers`."""

_R = (1 << 256) % PRIME
_R_INVERSE = pow(_R, -1, PRIME)


def _load(array: np.ndarray) -> Ints:
    data = array.tobytes()
    return [int.from_bytes(data[i : i + 32], "little") * _R_INVERSE % PRIME for i in range(0, len(data), 32)]


def _store(array: np.ndarray, numbers: Sequence[int]) -> None:
    """`array` is contiguous."""
    data = b"".join([(number * _R % PRIME).to_bytes(32, "little") for number in numbers])
    array.reshape(-1, 4)[:] = np.frombuffer(data, dtype=np.uint64).reshape(-1, 4)


def _store_digests(array: np.ndarray, digests: Sequence[bytes]) -> None:
    array[:] = np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, 32)


def _pairs(array: np.ndarray) -> list[Point]:
    numbers = _load(array)
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def fh_features() -> int:
    return 0


# --- fields


def _elementwise(operation: Callable[[Ints, Ints], Ints]) -> Callable[..., None]:
    def function(out: Pointer, a: Pointer, step_a: int, b: Pointer, step_b: int, n: int) -> None:
        left, right = (_load(p.array) * (1 if step else n) for p, step in ((a, step_a), (b, step_b)))
        _store(out.array, operation(left, right))

    return function


fh_add, fh_sub, fh_mul = _elementwise(reference.add), _elementwise(reference.sub), _elementwise(reference.mul)


def _times(a: int, b: int) -> int:
    return a * b % PRIME


def _inverses(numbers: Ints) -> Ints | None:
    """With one inversion; None where there is a zero."""
    products = list(itertools.accumulate(numbers, _times, initial=1))
    if products[-1] == 0:
        return None
    running, inverses = pow(products.pop(), -1, PRIME), [0] * len(numbers)
    for i in range(len(numbers) - 1, -1, -1):
        inverses[i] = running * products[i] % PRIME
        running = running * numbers[i] % PRIME
    return inverses


def fh_inverse(out: Pointer, a: Pointer, n: int) -> int:
    inverses = _inverses(_load(a.array))
    if inverses is not None:
        _store(out.array, inverses)
    return int(inverses is None)


def _powers(base: int, start: int, n: int) -> Ints:
    return list(itertools.islice(itertools.accumulate(itertools.repeat(base), _times, initial=start), n))


def fh_powers(out: Pointer, base: Pointer, start: Pointer, n: int) -> None:
    _store(out.array, _powers(*_load(base.array), *_load(start.array), n))


def fh_from_words(out: Pointer, numbers: Pointer, n: int) -> None:
    _store(out.array, numbers.array.tolist())


def fh_from_bytes(out: Pointer, data: Pointer, n: int) -> None:
    whole = data.array.tobytes()
    _store(out.array, [int.from_bytes(whole[i : i + 32], "big") for i in range(0, len(whole), 32)])


def fh_to_bytes(out: Pointer, a: Pointer, n: int) -> None:
    _store_digests(out.array, [number.to_bytes(32, "big") for number in _load(a.array)])


def fh_linear_combination(out: Pointer, columns: Pointer, weights: Pointer, m: int, n: int) -> None:
    total = [0] * n
    for column, weight in zip(columns.arrays, _load(weights.array), strict=True):
        total = [t + weight * x for t, x in zip(total, _load(column), strict=True)]
    _store(out.array, total)


def fh_running_sum(out: Pointer, total: Pointer, terms: Pointer, n: int) -> None:
    numbers = _load(terms.array)
    whole = sum(numbers) % PRIME
    mean = whole * pow(n, -1, PRIME) % PRIME
    _store(out.array, list(itertools.accumulate([x - mean for x in numbers[:-1]], initial=0)))
    _store(total.array, [whole])


# --- polynomials


def _descend(coefficients: Ints, inverse: bool = False) -> Ints:
    """Remainders modulo X^(2m) - c^2 to those modulo X^m - c and X^m + c, down to the values on H, by position."""
    n = len(coefficients)
    nodes, values, half = _node_points(n.bit_length() - 2, inverse), coefficients, n // 2
    while half:
        for node in range(n // (2 * half)):
            c, first = nodes[node], 2 * half * node
            low, high = values[first : first + half], values[first + half : first + 2 * half]
            product = [c * v % PRIME for v in high]
            values[first : first + half] = [u + p for u, p in zip(low, product, strict=True)]
            values[first + half : first + 2 * half] = [u - p for u, p in zip(low, product, strict=True)]
        half //= 2
    return [value % PRIME for value in values]


def _node_points(log_n: int, inverse: bool) -> Ints:
    """T[j], the product of omega_(i+2) over the set bits i of j < 2^log_n."""
    points = [1]
    for bit in range(log_n):
        root = reference.root_of_unity(bit + 2)
        points += [point * (pow(root, -1, PRIME) if inverse else root) % PRIME for point in points]
    return points


def _reordered(values: Ints) -> Ints:
    """From natural order to bit-reversed, or back."""
    return [values[place] for place in reference.bit_reversed_places(len(values))]


def _packed(slots: Sequence[np.ndarray | None], log_n: int) -> Ints:
    """Coefficients of several columns, in turn."""
    height = (1 << log_n) // len(slots)
    columns = [[0] * height if slot is None else _load(slot) for slot in slots]
    return [number for row in zip(*columns, strict=True) for number in row]


def _evaluated(coefficients: Ints, shift: int) -> Ints:
    """On shift * H, by position."""
    return _descend(reference.mul(coefficients, _powers(shift, 1, len(coefficients))))


def fh_evaluate_coset(
    out: Pointer, slots: Pointer, m: int, log_slots: int, log_n: int, shift: Pointer, natural: int
) -> None:
    for number, target in enumerate(out.arrays):
        packed = _packed(slots.arrays[number << log_slots : number + 1 << log_slots], log_n)
        values = _evaluated(packed, *_load(shift.array))
        _store(target, _reordered(values) if natural else values)


def fh_interpolate_coset(
    out: Pointer, values: Pointer, m: int, log_n: int, inverse_shift: Pointer, natural: int
) -> None:
    """Values on H in natural order are coefficients of what has n times the coefficients for values at 1 / omega^i."""
    scales = _powers(*_load(inverse_shift.array), pow(1 << log_n, -1, PRIME), 1 << log_n)
    for target, source in zip(out.arrays, values.arrays, strict=True):
        numbers = _load(source)
        found = _descend(numbers if natural else _reordered(numbers), inverse=True)
        _store(target, reference.mul(_reordered(found), scales))


def fh_evaluate_at(out: Pointer, columns: Pointer, m: int, n: int, points: Pointer, z: int, log_coset: int) -> None:
    turns = reference.coset_points(1 << log_coset, 1, bit_reversed=True)
    places = [x * turn % PRIME for x in _load(points.array) for turn in turns]
    for target, column in zip(out.array, columns.arrays, strict=True):
        _store(target, reference.evaluate_at(_load(column), places))


def fh_divide_out(out: Pointer, columns: Pointer, m: int, n: int, y: Pointer) -> None:
    for target, column in zip(out.arrays, columns.arrays, strict=True):
        _store(target, reference.divide_out(_load(column), *_load(y.array)))


def fh_butterflies(rounds: int) -> None:
    low, high = [1] * 32, [1] * 32
    for _ in range(64 * rounds):
        product = [3 * v % PRIME for v in high]
        low, high = reference.add(low, product), reference.sub(low, product)


# --- hashes


def fh_hash_rows(out: Pointer, columns: Pointer, n_columns: int, stride: int, n: int, digest_bytes: int) -> None:
    table = [_load(column[: (n - 1) * stride + 1 : stride]) for column in columns.arrays]
    _store_digests(out.array, reference.hash_rows(table, digest_bytes))


class _Extension:
    def __init__(self, columns: list[Ints]) -> None:
        self.columns = columns


def fh_extension(slots: Pointer, log_slots: Pointer, m: int, log_n: int) -> _Extension:
    slots_left = iter(slots.arrays)
    return _Extension(
        [_packed(list(itertools.islice(slots_left, 1 << log)), log_n) for log in log_slots.array.tolist()]
    )


def fh_extension_free(extension: _Extension) -> None:
    extension.columns.clear()


def fh_extension_hash(
    out: Pointer, extension: _Extension, shift: Pointer, part: int, log_parts: int, log_run: int, digest_bytes: int
) -> None:
    table = [_evaluated(column, *_load(shift.array)) for column in extension.columns]
    share = len(table[0]) >> log_parts
    table = [values[part * share : (part + 1) * share] for values in table]
    if log_run:
        table = [table[0][i :: 1 << log_run] for i in range(1 << log_run)]
    _store_digests(out.array, reference.hash_rows(table, digest_bytes))


def fh_merkle_layer(out: Pointer, children: Pointer, rows: Pointer, n: int, digest_bytes: int) -> None:
    """`rows` is a null pointer where there are none, and knows no array."""
    below, row_hashes = ([row.tobytes() for row in getattr(p, "array", ())] for p in (children, rows))
    _store_digests(out.array, reference.merkle_layer(below, row_hashes or None, digest_bytes))


def fh_keccak(out: Any, data: bytes, size: int) -> None:
    out.raw = reference.keccak256(data)


def fh_grind(prefix: bytes, bits: int) -> int:
    return reference.grind(prefix, bits)


# --- the vector machine


def fh_run_program(
    instructions: Pointer,
    length: int,
    n_registers: int,
    constants: Pointer,
    n_constants: int,
    columns: Pointer,
    heights: Pointer,
    n_columns: int,
    n: int,
    outputs: Pointer,
) -> None:
    program = [tuple(instruction) for instruction in instructions.array.tolist()]
    table = [_load(column) for column in columns.arrays]
    results = reference.run_program(program, n_registers, _load(constants.array), table, len(outputs.arrays), n)
    for target, result in zip(outputs.arrays, results, strict=True):
        _store(target, result)


# --- Pedersen, as pedersen.h explains it

_BITS, _INPUT_BITS, _HIGH_BITS, _BATCH = 12, 252, 4, 4096
_ENTRIES = 1 << _BITS - 1

Jacobian = tuple[int, int, int]
"""(x / z^2, y / z^3), infinity where z is 0."""


def fh_pedersen_table(windows: Pointer, start: Pointer, points: Pointer) -> int:
    shift, *halves = _pairs(points.array)
    bases = [base for low, high in (halves[:2], halves[2:]) for base in _half_bases(low, high)]
    total: Point | None = shift
    for base in bases:
        total = reference.curve_sum(total, base)
    made = [_window(bases[first : first + _BITS]) for first in range(0, len(bases), _BITS)]
    if total is None or None in made:
        return 1
    windows.entries = made
    _store(windows.array, [word for window in made for entry in window for word in entry])
    _store(start.array, total)
    return 0


def _half_bases(low: Point, high: Point) -> list[Point]:
    """B_i / 2 of one input's bits, from halves of its two points."""
    bases = [low]
    for bit in range(1, _INPUT_BITS):
        bases.append(high if bit == _INPUT_BITS - _HIGH_BITS else reference.curve_sum(bases[-1], bases[-1]))
    return bases


def _window(bases: list[Point]) -> list[Point] | None:
    """The last base plus or minus each other one, where a set bit means plus; None where a sum has no affine form."""
    *others, last = bases
    least: Point | None = last
    for x, y in others:
        least = reference.curve_sum(least, (x, -y % PRIME))
    entries = None if least is None else [least]
    for base in others:
        twice = reference.curve_sum(base, base)
        more = entries and twice and _sums(entries, [twice] * len(entries))
        entries = more and entries + more
    return entries


def _sums(points: Sequence[Point], others: Sequence[Point]) -> list[Point] | None:
    """Pair by pair, with one inversion; None where two have the same x."""
    inverses = _inverses([x - other_x for (x, _), (other_x, _) in zip(points, others, strict=True)])
    if inverses is None:
        return None
    sums = []
    for (x, y), (other_x, other_y), inverse in zip(points, others, inverses, strict=True):
        slope = (y - other_y) * inverse % PRIME
        next_x = (slope * slope - x - other_x) % PRIME
        sums.append((next_x, (slope * (x - next_x) - y) % PRIME))
    return sums


def _entries(windows: Pointer) -> list[list[Point]]:
    """The table's numbers, read once."""
    if not hasattr(windows, "entries"):
        windows.entries = [_pairs(window) for window in windows.array]
    return windows.entries


def _added(window: list[Point], digit: int) -> Point:
    """What a window of bits adds: by its top bit an entry or the negative of one."""
    if digit & _ENTRIES:
        return window[digit ^ _ENTRIES]
    x, y = window[digit ^ _ENTRIES - 1]
    return x, PRIME - y


def _digits(pair: Point) -> Ints:
    return [word >> bit & (1 << _BITS) - 1 for word in pair for bit in range(0, _INPUT_BITS, _BITS)]


def _hashes(pairs: Sequence[Point], entries: list[list[Point]], start: Point) -> list[int | None]:
    """A batch; hash by hash where an addition meets equal x. None at infinity."""
    sums: list[Point] | None = [start] * len(pairs)
    for window, digits in zip(entries, zip(*map(_digits, pairs), strict=True), strict=True):
        sums = _sums(sums, [_added(window, digit) for digit in digits])
        if sums is None:
            return [_complete_hash(pair, entries, start) for pair in pairs]
    return [x for x, _ in sums]


def _complete_hash(pair: Point, entries: list[list[Point]], start: Point) -> int | None:
    """By the complete law, with one inversion at the end; None at infinity."""
    total: Jacobian = (*start, 1)
    for window, digit in zip(entries, _digits(pair), strict=True):
        total = _plus(total, _added(window, digit))
    point = _affine(total)
    return point and point[0]


def _plus(a: Jacobian, b: Point) -> Jacobian:
    x, y, z = a
    if z == 0:
        return (*b, 1)
    zz = z * z % PRIME
    run, rise = (b[0] * zz - x) % PRIME, (b[1] * zz % PRIME * z - y) % PRIME
    if run == 0:
        return _doubled(a) if rise == 0 else (1, 1, 0)
    square = run * run % PRIME
    cube, scaled = square * run % PRIME, x * square % PRIME
    next_x = (rise * rise - cube - 2 * scaled) % PRIME
    return next_x, (rise * (scaled - next_x) - y * cube) % PRIME, z * run % PRIME


def _doubled(a: Jacobian) -> Jacobian:
    x, y, z = a
    yy, zz = y * y % PRIME, z * z % PRIME
    s, m = 4 * x * yy % PRIME, (3 * x * x + zz * zz) % PRIME
    next_x = (m * m - 2 * s) % PRIME
    return next_x, (m * (s - next_x) - 8 * yy * yy) % PRIME, 2 * y * z % PRIME


def fh_pedersen(out: Pointer, pairs: Pointer, windows: Pointer, start: Pointer, m: int) -> int:
    entries, (first,), inputs = _entries(windows), _pairs(start.array), _pairs(pairs.array)
    hashes: list[int | None] = []
    for begin in range(0, m, _BATCH):
        hashes += _hashes(inputs[begin : begin + _BATCH], entries, first)
    if None in hashes:
        return 1
    _store(out.array, hashes)
    return 0


def fh_pedersen_single(out: Any, pair: bytes, windows: Pointer, start: Pointer) -> int:
    words = int.from_bytes(pair[:32], "big"), int.from_bytes(pair[32:], "big")
    found = _complete_hash(words, _entries(windows), *_pairs(start.array))
    if found is not None:
        out.raw = found.to_bytes(32, "big")
    return int(found is None)


def fh_pedersen_steps(out: Pointer, pairs: Pointer, table: Pointer, start: Pointer, m: int) -> int:
    try:
        steps = [step for pair in _pairs(pairs.array) for step in reference.pedersen_steps(*pair)]
    except ValueError:  # of `pow`: an addition met equal x
        return 1
    columns = [[cells[column] for cells in steps[half::2]] for half in (0, 1) for column in range(3)]
    _store(out.array, [cell for column in columns for cell in column])
    return 0


# --- the curve


def fh_square_roots(out: Pointer, found: Pointer, values: Pointer, n: int) -> None:
    roots = [reference.square_root(number) for number in _load(values.array)]
    found.array[:] = [root is not None for root in roots]
    _store(out.array, [root or 0 for root in roots])


def fh_curve_multiples(out: Pointer, finite: Pointer, points: Pointer, scalars: Pointer, m: int) -> None:
    pairs = zip(_pairs(points.array), _scalars(scalars), strict=True)
    multiples = [_affine(_multiple(point, scalar)) for point, scalar in pairs]
    finite.array[:] = [multiple is not None for multiple in multiples]
    _store(out.array, [word for multiple in multiples for word in multiple or (0, 0)])


def fh_base_table(table: Pointer, point: Pointer) -> None:
    (step,) = _pairs(point.array)
    for window in table.array:
        entries = [step]
        while len(entries) < len(window):
            entries.append(_sum(entries[-1], step))
        *kept, step = entries
        _store(window, [0, 0, *(word for entry in kept for word in entry)])


def _sum(a: Point, b: Point) -> Point:
    total = reference.curve_sum(a, b)
    assert total is not None, "multiples below the order"
    return total


def fh_joint_multiples(
    out: Pointer, finite: Pointer, table: Pointer, points: Pointer, base_scalars: Pointer, scalars: Pointer, m: int
) -> None:
    (base,) = _pairs(table.array[0, 1])
    sums: list[Point | None] = []
    for point, a, b in zip(_pairs(points.array), _scalars(base_scalars), _scalars(scalars), strict=True):
        first, term = _multiple(base, a), _affine(_multiple(point, b))
        sums += [_affine(first if term is None else _plus(first, (term[0], sign * term[1]))) for sign in (1, -1)]
    finite.array.reshape(-1)[:] = [total is not None for total in sums]
    _store(out.array, [0 if total is None else total[0] for total in sums])


def _scalars(pointer: Pointer) -> list[int]:
    return [int.from_bytes(scalar.tobytes(), "big") for scalar in pointer.array.reshape(-1, 32)]


def _multiple(point: Point, scalar: int) -> Jacobian:
    total: Jacobian = (1, 1, 0)
    for bit in f"{scalar:b}":
        total = _doubled(total)
        if bit == "1":
            total = _plus(total, point)
    return total


def _affine(a: Jacobian) -> Point | None:
    x, y, z = a
    if z == 0:
        return None
    inverse = pow(z, -1, PRIME)
    return x * inverse * inverse % PRIME, y * inverse * inverse % PRIME * inverse % PRIME


def fh_double_add_chain(
    out: Pointer,
    end: Pointer,
    possible: Pointer,
    start: Pointer,
    points: Pointer,
    choices: Pointer,
    m: int,
    steps: int,
    stride: int,
) -> None:
    starts, tables = _pairs(start.array), [_pairs(table) for table in points.array]
    ends: list[Point] = []
    for i, chosen in enumerate(choices.array.tolist()):
        rows, last, fine = reference.double_add_chain(starts[i], [table[i] for table in tables], chosen)
        ends.append(last)
        possible.array[i] = fine
        for column, cells in enumerate(zip(*rows, strict=True)):
            _store(out.array[column, i, :steps], cells)
        _store(out.array[0, i, steps : steps + 1], last[:1])
    _store(end.array, [word for point in ends for word in point])


def fh_add_chain(
    out: Pointer, possible: Pointer, start: Pointer, points: Pointer, minus: Pointer, m: int, steps: int, stride: int
) -> None:
    (first,), added = _pairs(start.array), _pairs(points.array)
    for i, signs in enumerate(minus.array.tolist()):
        rows, fine = reference.add_chain(first, added, [bool(sign) for sign in signs])
        possible.array[i] = fine
        for column, cells in enumerate(zip(*rows, strict=True)):
            _store(out.array[column, i, : steps + 1], cells)

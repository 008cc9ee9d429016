"""Plain twins of the kernel's functions, on lists of integers below p. Slow and obvious; tests hold the two equal."""

from __future__ import annotations

from collections.abc import Sequence

from Crypto.Hash import keccak

from prover.kernel import pedersen_points
from prover.prime import PRIME

GENERATOR = 3
Ints = list[int]


def add(a: Ints, b: Ints) -> Ints:
    return [(x + y) % PRIME for x, y in zip(a, b, strict=True)]


def sub(a: Ints, b: Ints) -> Ints:
    return [(x - y) % PRIME for x, y in zip(a, b, strict=True)]


def mul(a: Ints, b: Ints) -> Ints:
    return [x * y % PRIME for x, y in zip(a, b, strict=True)]


def inverse(a: Ints) -> Ints:
    """Raises ZeroDivisionError for a zero."""
    if 0 in a:
        raise ZeroDivisionError("zero has no inverse")
    return [pow(x, -1, PRIME) for x in a]


def powers(base: int, start: int, n: int) -> Ints:
    return [start * pow(base, i, PRIME) % PRIME for i in range(n)]


def root_of_unity(log_n: int) -> int:
    """omega_log_n, of order 2^log_n."""
    return pow(GENERATOR, (PRIME - 1) >> log_n, PRIME)


def bit_reversed_places(n: int) -> Ints:
    """Of n = 2^k places."""
    log_n = n.bit_length() - 1
    return [int(f"{i:0{log_n}b}"[::-1], 2) if log_n else i for i in range(n)]


def coset_points(n: int, shift: int, bit_reversed: bool) -> Ints:
    """shift * omega_n^i, or in the order of positions."""
    root = root_of_unity(n.bit_length() - 1)
    return [shift * pow(root, i, PRIME) % PRIME for i in (bit_reversed_places(n) if bit_reversed else range(n))]


def evaluate_at(coefficients: Ints, points: Sequence[int]) -> Ints:
    """One polynomial by Horner's rule."""
    values = []
    for x in points:
        total = 0
        for coefficient in reversed(coefficients):
            total = (total * x + coefficient) % PRIME
        values.append(total)
    return values


def evaluate_coset(coefficients: Ints, shift: int, bit_reversed: bool = True) -> Ints:
    """One polynomial on shift * H_n, by the definition."""
    return evaluate_at(coefficients, coset_points(len(coefficients), shift, bit_reversed))


def interpolate_coset(values: Ints, shift: int, bit_reversed: bool = True) -> Ints:
    """Lagrange's formula on a subgroup: c_k = shift^-k / n * sum of value_i * point_i^-k."""
    n = len(values)
    points = coset_points(n, 1, bit_reversed)
    scale = pow(n, -1, PRIME)
    return [
        sum(v * pow(x, -k, PRIME) for v, x in zip(values, points, strict=True)) * scale * pow(shift, -k, PRIME) % PRIME
        for k in range(n)
    ]


def keccak256(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()


def _truncate(digest: bytes, digest_bytes: int) -> bytes:
    return digest[:digest_bytes] + bytes(32 - digest_bytes)


def hash_rows(columns: list[Ints], digest_bytes: int) -> list[bytes]:
    rows = zip(*columns, strict=True)
    return [_truncate(keccak256(b"".join(x.to_bytes(32, "big") for x in row)), digest_bytes) for row in rows]


def merkle_layer(children: list[bytes], rows: list[bytes] | None, digest_bytes: int) -> list[bytes]:
    return [
        _truncate(keccak256(children[2 * i] + children[2 * i + 1] + (rows[i] if rows else b"")), digest_bytes)
        for i in range(len(children) // 2)
    ]


def grind(prefix: bytes, bits: int) -> int:
    nonce = 0
    while int.from_bytes(keccak256(prefix + nonce.to_bytes(32, "big")), "big") >> 256 - bits:
        nonce += 1
    return nonce


def run_program(
    instructions: list[tuple[int, int, int, int]],
    n_registers: int,
    constants: Ints,
    columns: list[Ints],
    n_outputs: int,
    height: int,
) -> list[Ints]:
    """The vector machine, row by row; op numbers as in `prover.kernel.Op`. Shorter columns repeat."""
    outputs = [[0] * height for _ in range(n_outputs)]
    for row in range(height):
        registers = [0] * n_registers
        for op, target, a, b in instructions:
            if op == 0:
                registers[target] = columns[a][(row + b) % len(columns[a])]
            elif op == 1:
                registers[target] = constants[a]
            elif op == 5:
                outputs[target][row] = registers[a]
            else:
                x, y = registers[a], registers[b]
                registers[target] = (x + y if op == 2 else x - y if op == 3 else x * y) % PRIME
    return outputs


def linear_combination(columns: list[Ints], weights: Ints) -> Ints:
    return [sum(w * x for w, x in zip(weights, row, strict=True)) % PRIME for row in zip(*columns, strict=True)]


def divide_out(coefficients: Ints, y: int) -> Ints:
    """Long division by Y - y, remainder dropped."""
    remainder, quotient = list(coefficients), [0] * len(coefficients)
    for i in range(len(coefficients) - 1, 0, -1):
        quotient[i - 1] = remainder[i]
        remainder[i - 1] = (remainder[i - 1] + y * remainder[i]) % PRIME
    return quotient


def running_sum(terms: Ints) -> tuple[Ints, int]:
    total = sum(terms) % PRIME
    mean = total * pow(len(terms), -1, PRIME) % PRIME
    return [(sum(terms[:i]) - i * mean) % PRIME for i in range(len(terms))], total


def pedersen_steps(x: int, y: int) -> list[tuple[int, int, int]]:
    """(x after the addition, slope, y of the point added) for the 64 windows, high first, x and y in turn."""
    rows = pedersen_points.window_rows()
    point, steps = pedersen_points.start_point(), []
    for window in range(31, -1, -1):
        for half, word in enumerate((x, y)):
            digit = word >> 8 * window & 0xFF
            _, _, qx, qy = rows[(32 * half + window) * 256 + digit]
            slope = (point[1] - qy) * pow(point[0] - qx, -1, PRIME) % PRIME
            next_x = (slope * slope - point[0] - qx) % PRIME
            point = next_x, (slope * (point[0] - next_x) - point[1]) % PRIME
            steps.append((next_x, slope, qy))
    return steps


def pedersen(x: int, y: int) -> int:
    return pedersen_steps(x, y)[-1][0]


def square_root(number: int) -> int | None:
    """Cipolla's algorithm: the smaller root, or None."""
    if number == 0:
        return 0
    if pow(number, (PRIME - 1) // 2, PRIME) != 1:
        return None
    t = next(t for t in range(1, PRIME) if pow(t * t - number, (PRIME - 1) // 2, PRIME) == PRIME - 1)
    square = (t * t - number) % PRIME
    result, base, exponent = (1, 0), (t, 1), (PRIME + 1) // 2
    while exponent:
        if exponent & 1:
            result = _times_in_extension(result, base, square)
        base, exponent = _times_in_extension(base, base, square), exponent >> 1
    return min(result[0], PRIME - result[0])


def _times_in_extension(a: tuple[int, int], b: tuple[int, int], square: int) -> tuple[int, int]:
    return (a[0] * b[0] + a[1] * b[1] * square) % PRIME, (a[0] * b[1] + a[1] * b[0]) % PRIME


def curve_multiple(point: tuple[int, int], scalar: int) -> tuple[int, int] | None:
    """None at infinity."""
    result = None
    for bit in f"{scalar:b}":
        result = curve_sum(result, result)
        if bit == "1":
            result = curve_sum(result, point)
    return result


def joint_multiples(
    base: tuple[int, int], point: tuple[int, int], a: int, b: int
) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """a * base + b * point and a * base - b * point; None at infinity."""
    first, term = curve_multiple(base, a), curve_multiple(point, b)
    return curve_sum(first, term), curve_sum(first, term and (term[0], -term[1] % PRIME))


def chord(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int, tuple[int, int]]:
    """(slope, inverse of the difference in x, sum); inverse and slope are 0 where x is equal."""
    inverse = pow(a[0] - b[0], PRIME - 2, PRIME)
    slope = (a[1] - b[1]) * inverse % PRIME
    x = (slope * slope - a[0] - b[0]) % PRIME
    return slope, inverse, (x, (slope * (a[0] - x) - a[1]) % PRIME)


def double_add_chain(
    start: tuple[int, int], points: list[tuple[int, int]], choices: list[int]
) -> tuple[list[tuple[int, int, int, int]], tuple[int, int], bool]:
    """One instance: (x, l1, l2, inverse) of each step, the end, whether every addition had a slope."""
    a, rows, possible = start, [], True
    for choice in choices:
        p = points[choice]
        l1, inverse, (sum_x, _) = chord(a, p)
        l2 = (2 * a[1] * pow(a[0] - sum_x, PRIME - 2, PRIME) - l1) % PRIME
        possible &= a[0] != p[0] and a[0] != sum_x
        rows.append((a[0], l1, l2, inverse))
        x = (l2 * l2 - a[0] - sum_x) % PRIME
        a = x, (l2 * (a[0] - x) - a[1]) % PRIME
    return rows, a, possible


def add_chain(
    start: tuple[int, int], points: list[tuple[int, int]], minus: list[bool]
) -> tuple[list[tuple[int, int]], bool]:
    """One instance: the points before each step and after the last, whether every addition had a slope."""
    rows, possible = [start], True
    for (x, y), is_minus in zip(points, minus, strict=True):
        possible &= rows[-1][0] != x
        rows.append(chord(rows[-1], (x, -y % PRIME if is_minus else y))[2])
    return rows, possible


def curve_sum(a: tuple[int, int] | None, b: tuple[int, int] | None) -> tuple[int, int] | None:
    """The complete law; None is infinity."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % PRIME == 0:
        return None
    return pedersen_points.add(a, b)

"""Each kernel function beside its plain twin."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prover import kernel
from prover.algebra.curve import ORDER
from prover.kernel import PRIME, Op, reference

EDGES = [0, 1, 2, PRIME - 1, PRIME - 2, 2**251, 2**192, 2**192 - 1, (2**256 - 1) % PRIME, 2**64 - 1]
felt = st.one_of(st.sampled_from(EDGES), st.integers(0, PRIME - 1))
felts = st.lists(felt, min_size=1, max_size=40)
log_size = st.integers(0, 7)
few = settings(max_examples=25, deadline=None)


@pytest.fixture(scope="module", autouse=True, params=["reference", "scalar", "vector"])
def path(request):
    """Every test runs on every backend; the vector one needs AVX-512 IFMA."""
    with kernel.backend(request.param) as found:
        if found != request.param:
            pytest.skip("this processor has no AVX-512 IFMA")
        yield found


def columns(draw_from: st.SearchStrategy[int], height: int, count: int) -> st.SearchStrategy[list[list[int]]]:
    return st.lists(st.lists(draw_from, min_size=height, max_size=height), min_size=count, max_size=count)


@given(felts)
@few
def test_numbers_survive_the_way_in_and_out(numbers):
    assert kernel.to_ints(kernel.from_ints(numbers)) == numbers


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=40))
@few
def test_words(numbers):
    assert kernel.to_ints(kernel.from_words(np.array(numbers, dtype=np.uint64))) == numbers


@given(st.lists(st.tuples(felt, felt), min_size=1, max_size=40))
@few
def test_elementwise_operations(pairs):
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    for name in ("add", "sub", "mul"):
        result = getattr(kernel, name)(kernel.from_ints(a), kernel.from_ints(b))
        assert kernel.to_ints(result) == getattr(reference, name)(a, b), name
        single = getattr(kernel, name)(kernel.from_ints(a), kernel.from_ints(b[:1])[0])
        assert kernel.to_ints(single) == getattr(reference, name)(a, b[:1] * len(a)), name


@given(st.lists(felt.filter(bool), min_size=1, max_size=40))
@few
def test_inverse(numbers):
    assert kernel.to_ints(kernel.inverse(kernel.from_ints(numbers))) == reference.inverse(numbers)


@pytest.mark.parametrize("n", [8, 32, 56, 5000])
def test_inverses_of_many(n):
    numbers = [1, PRIME - 1, 2**251, *range(5, n + 2)]
    assert kernel.to_ints(kernel.inverse(kernel.from_ints(numbers))) == reference.inverse(numbers)


@pytest.mark.parametrize("place", [0, 1, 39])
def test_inverse_of_zero_is_refused(place):
    numbers = [7] * 40
    numbers[place] = 0
    with pytest.raises(ZeroDivisionError):
        kernel.inverse(kernel.from_ints(numbers))


@given(felt, felt, st.integers(1, 50))
@few
def test_powers(base, start, n):
    assert kernel.to_ints(kernel.powers(base, start, n)) == reference.powers(base, start, n)


@pytest.mark.parametrize("n", [255, 256, 257, 2049, 5000])
def test_powers_across_pieces(n):
    assert kernel.to_ints(kernel.powers(PRIME - 3, 2**251, n)) == reference.powers(PRIME - 3, 2**251, n)


@given(st.data(), log_size, felt.filter(bool), st.booleans())
@few
def test_transforms(data, log_n, shift, bit_reversed):
    (coefficients,) = data.draw(columns(felt, 1 << log_n, 1))
    values = kernel.evaluate_coset(kernel.from_ints(coefficients)[None], shift, bit_reversed)
    assert kernel.to_ints(values[0]) == reference.evaluate_coset(coefficients, shift, bit_reversed)
    back = kernel.interpolate_coset(values, shift, bit_reversed)
    assert kernel.to_ints(back[0]) == coefficients
    assert reference.interpolate_coset(kernel.to_ints(values[0]), shift, bit_reversed) == coefficients


@pytest.mark.parametrize("log_n", [3, 8, 11, 14])
def test_row_hashes_of_an_extension(log_n, path):
    """The same as extending and hashing in two steps; columns of one, two and four slots, one of them absent."""
    if path == "reference" and log_n > 11:
        pytest.skip("long, and nothing changes with the length")
    n = 1 << log_n
    whole = kernel.powers(3, 5, 3 * n).reshape(3, n, 4)
    packed = [[whole[0]], [whole[1][: n // 2].copy(), whole[2][: n // 2].copy()]]
    quarters = [whole[2][i * n // 4 : (i + 1) * n // 4].copy() for i in range(3)]
    packed.append([*quarters, None])
    values = [kernel.evaluate_packed([slots], 7)[0] for slots in packed]
    assert (kernel.Extension(packed, log_n).hash_rows(7, 25) == kernel.hash_rows(values, 25)).all()
    whole_hashes = kernel.hash_rows(values, 25)
    for log_parts in range(4):
        parts = [kernel.Extension(packed, log_n).hash_rows(7, 25, i, log_parts) for i in range(1 << log_parts)]
        assert (np.concatenate(parts) == whole_hashes).all()
    for log_run in (0, 1, 3):
        hashes = kernel.Extension(packed[1:2], log_n).hash_rows(7, 25, log_run=log_run)
        assert (hashes == kernel.hash_runs(values[1], log_run, 25)).all()


@pytest.mark.parametrize("log_n", [5, 7, 8, 9, 10, 11])
@pytest.mark.parametrize("log_run", [4, 5])
def test_long_runs_of_short_extensions(log_n, log_run):
    """Longer than a block of the second pass among them."""
    column = [[kernel.powers(3, PRIME - 1, 1 << log_n)]]
    (values,) = kernel.evaluate_packed(column, 7)
    hashes = kernel.Extension(column, log_n).hash_rows(7, 25, log_run=log_run)
    assert (hashes == kernel.hash_runs(values, log_run, 25)).all()


@pytest.mark.parametrize("log_n", [11, 14])
@pytest.mark.parametrize("filled", [1, 2, 3, 5, 8])
def test_extension_of_columns_with_absent_slots(log_n, filled):
    """Absent ones at the end cost nothing; one before a filled one is zeros like any other."""
    n = (1 << log_n) // 8
    slots = [kernel.powers(3 + i, 5, n) for i in range(filled)] + [None] * (8 - filled)
    if filled == 5:
        slots[1] = None
    zeros = [kernel.zeros((n, 4)) if slot is None else slot for slot in slots]
    packed = [slots, [kernel.powers(11, PRIME - 1, 8 * n)]]
    values = [kernel.evaluate_packed([zeros], 7)[0], kernel.evaluate_packed([packed[1]], 7)[0]]
    assert (kernel.Extension(packed, log_n).hash_rows(7, 25) == kernel.hash_rows(values, 25)).all()


@pytest.mark.parametrize("log_n", [8, 9, 12, 13])
@pytest.mark.parametrize("bit_reversed", [True, False])
@pytest.mark.parametrize("pattern", ["random", "largest", "sparse"])
def test_long_transforms(log_n, bit_reversed, pattern):
    """Sizes that take both passes; the slow twin is asked at a few places."""
    n = 1 << log_n
    coefficients = {
        "random": kernel.powers(5, 7, n),
        "largest": kernel.powers(1, PRIME - 1, n),
        "sparse": kernel.from_ints([PRIME - 1] + [0] * (n - 1)),
    }[pattern]
    numbers = kernel.to_ints(coefficients)
    for shift in (1, 11):
        values = kernel.evaluate_coset(coefficients[None], shift, bit_reversed)
        points = reference.coset_points(n, shift, bit_reversed)
        for place in (0, 1, 2, n // 2 - 1, n // 2, n - 1):
            expected = reference.evaluate_at(numbers, points[place : place + 1])
            assert kernel.to_ints(values[0, place : place + 1]) == expected
        assert (kernel.interpolate_coset(values, shift, bit_reversed)[0] == coefficients).all()


@pytest.mark.slow
@pytest.mark.parametrize("log_n", [23, 24])
def test_the_longest_transforms(log_n, path):
    """Where lazy values grow to their bound, and beyond, where they are reduced between the passes."""
    if path != "vector":
        pytest.skip("no bounds to meet")
    n = 1 << log_n
    coefficients = kernel.powers(1, PRIME - 1, n)
    values = kernel.evaluate_coset(coefficients[None], 11)[0]
    places = [0, 1, n // 2, n - 1]
    points = [11 * x % PRIME for x in _points(log_n, places)]
    assert kernel.to_ints(values[places]) == kernel.to_ints(kernel.evaluate_at([coefficients], points)[0])
    parts = [kernel.Extension([[coefficients]], log_n).hash_rows(11, 25, part, 1) for part in (0, 1)]
    assert (np.concatenate(parts) == kernel.hash_rows([values], 25)).all()


def _points(log_n: int, places: list[int]) -> list[int]:
    """Of H_n by position."""
    points = []
    for place in places:
        points.append(1)
        for bit in range(log_n):
            if place >> bit & 1:
                points[-1] = points[-1] * pow(reference.GENERATOR, (PRIME - 1) >> bit + 1, PRIME) % PRIME
    return points


@given(st.data(), st.integers(0, 4), st.integers(0, 6), felt.filter(bool))
@few
def test_packed_transforms(data, log_slots, log_height, shift):
    slots = data.draw(columns(felt, 1 << log_height, 1 << log_slots))
    absent = data.draw(st.integers(0, (1 << log_slots) - 1))
    slots = [slot if index <= absent else [0] * len(slot) for index, slot in enumerate(slots)]
    arrays = [kernel.from_ints(slot) if index <= absent else None for index, slot in enumerate(slots)]
    values = kernel.evaluate_packed([arrays, arrays], shift)
    whole = [slot[i] for i in range(1 << log_height) for slot in slots]
    points = reference.coset_points(len(whole), shift, True)
    place = data.draw(st.integers(0, len(whole) - 1))
    assert kernel.to_ints(values[1, place : place + 1]) == reference.evaluate_at(whole, points[place : place + 1])
    assert (values[0] == kernel.evaluate_coset(kernel.from_ints(whole)[None], shift)[0]).all()


@given(st.data(), st.integers(1, 12), st.integers(1, 40), st.integers(1, 32))
@few
def test_row_hashes(data, height, width, digest_bytes):
    table = data.draw(columns(felt, height, width))
    hashes = kernel.hash_rows([kernel.from_ints(column) for column in table], digest_bytes)
    assert [row.tobytes() for row in hashes] == reference.hash_rows(table, digest_bytes)


@given(st.data(), st.integers(1, 12), st.integers(0, 4), st.integers(1, 32))
@few
def test_hashes_of_runs(data, height, log_run, digest_bytes):
    values = data.draw(st.lists(felt, min_size=height << log_run, max_size=height << log_run))
    hashes = kernel.hash_runs(kernel.from_ints(values), log_run, digest_bytes)
    table = [values[i :: 1 << log_run] for i in range(1 << log_run)]
    assert [row.tobytes() for row in hashes] == reference.hash_rows(table, digest_bytes)


@given(st.data(), st.integers(1, 8), st.booleans(), st.integers(1, 32))
@few
def test_merkle_layers(data, n, with_rows, digest_bytes):
    digest = st.binary(min_size=32, max_size=32)
    children = data.draw(st.lists(digest, min_size=2 * n, max_size=2 * n))
    rows = data.draw(st.lists(digest, min_size=n, max_size=n)) if with_rows else None

    def array(words):
        return np.frombuffer(b"".join(words), dtype=np.uint8).reshape(-1, 32)

    layer = kernel.merkle_layer(array(children), None if rows is None else array(rows), digest_bytes)
    assert [node.tobytes() for node in layer] == reference.merkle_layer(children, rows, digest_bytes)


@given(st.binary(max_size=500))
@few
def test_keccak(data):
    assert kernel.keccak256(data) == reference.keccak256(data)


@given(st.binary(min_size=64, max_size=64), st.integers(0, 8))
@few
def test_grinding(prefix, bits):
    assert kernel.grind(prefix, bits) == reference.grind(prefix, bits)


def machine_program(draw, n_registers: int, n_sources: int) -> list[tuple[int, int, int, int]]:
    """Random instructions over registers that all begin loaded, every register stored at the end."""
    register = st.integers(0, n_registers - 1)
    program = [(Op.LOAD, r, draw(st.integers(0, n_sources - 1)), draw(st.integers(-9, 9))) for r in range(n_registers)]
    op = st.sampled_from([Op.ADD, Op.SUB, Op.MUL, Op.ADD, Op.SUB, Op.CONST, Op.LOAD])
    for _ in range(draw(st.integers(0, 60))):
        kind, target, a, b = draw(op), draw(register), draw(register), draw(register)
        program.append((kind, target, a % 2 if kind in (Op.CONST, Op.LOAD) else a, b))
    return program + [(Op.STORE, r, r, 0) for r in range(n_registers)]


@given(st.data(), st.integers(0, 7))
@settings(max_examples=40, deadline=None)
def test_vector_machine(data, log_height):
    height = 1 << log_height
    period = 1 << data.draw(st.integers(0, log_height))
    table = data.draw(columns(felt, height, 1)) + data.draw(columns(felt, period, 1))
    constants = data.draw(st.lists(felt, min_size=2, max_size=2))
    program = machine_program(data.draw, 4, 2)
    outputs = np.empty((4, height, 4), dtype=np.uint64)
    kernel.run_program(
        np.array(program, dtype=np.int32),
        4,
        kernel.from_ints(constants),
        [kernel.from_ints(column) for column in table],
        outputs,
    )
    assert [kernel.to_ints(out) for out in outputs] == reference.run_program(program, 4, constants, table, 4, height)


@pytest.mark.parametrize("op", [Op.ADD, Op.SUB])
def test_long_sums_in_the_vector_machine_stay_in_bounds(op):
    """Doubling a register 400 times, and a product now and then."""
    program = [(Op.LOAD, 0, 0, 0), (Op.LOAD, 1, 0, 1), (Op.SUB, 2, 1, 0)]
    for step in range(400):
        program.append((op, 0, 0, 2) if step % 3 else (Op.ADD, 0, 0, 0))
        program.append((Op.SUB, 2, 2, 0))
        if step % 50 == 49:
            program.append((Op.MUL, 2, 2, 0))
    program.append((Op.STORE, 0, 0, 0))
    column = [PRIME - 1, 0, 1, PRIME - 2, 2**251, 2**192, 5, 7]
    output = np.empty((1, 8, 4), dtype=np.uint64)
    kernel.run_program(np.array(program, dtype=np.int32), 3, kernel.from_ints([0]), [kernel.from_ints(column)], output)
    assert kernel.to_ints(output[0]) == reference.run_program(program, 3, [0], [column], 1, 8)[0]


def test_a_program_that_reaches_outside_is_refused():
    program = np.array([(Op.LOAD, 0, 1, 0), (Op.STORE, 0, 0, 0)], dtype=np.int32)
    with pytest.raises(kernel.KernelError, match="out of range"):
        kernel.run_program(
            program, 1, kernel.from_ints([0]), [kernel.from_ints([1])], np.empty((1, 1, 4), dtype=np.uint64)
        )


@given(st.data(), st.integers(1, 20), st.integers(1, 5))
@few
def test_linear_combination(data, height, width):
    table = data.draw(columns(felt, height, width))
    weights = data.draw(st.lists(felt, min_size=width, max_size=width))
    result = kernel.linear_combination([kernel.from_ints(c) for c in table], kernel.from_ints(weights))
    assert kernel.to_ints(result) == reference.linear_combination(table, weights)


@pytest.mark.parametrize("n", [8, 248, 256, 264, 1024])
@pytest.mark.parametrize("count", [1, 2, 3, 8, 9, 17])
def test_evaluation_at_many_points(n, count):
    """Blocks of coefficients, whole and not; points by pairs, alone and in groups of eight."""
    coefficients, points = reference.powers(7, PRIME - 1, n), [PRIME - 1, *range(2**250, 2**250 + count - 1)]
    result = kernel.evaluate_at([kernel.from_ints(coefficients)], points)
    assert kernel.to_ints(result[0]) == reference.evaluate_at(coefficients, points)


@given(felts, st.lists(felt, min_size=1, max_size=3))
@few
def test_evaluation_at_points(coefficients, points):
    result = kernel.evaluate_at([kernel.from_ints(coefficients)], points)
    assert kernel.to_ints(result[0]) == reference.evaluate_at(coefficients, points)


@pytest.mark.parametrize("n", [64, 1 << 8, (1 << 14) + 8, 1 << 15])
def test_evaluation_of_long_polynomials(n):
    columns = [kernel.powers(5, 7, n), kernel.powers(1, PRIME - 1, n)]
    points = [0, 1, PRIME - 1, 3, 2**250]
    for column, values in zip(columns, kernel.evaluate_at(columns, points), strict=True):
        assert kernel.to_ints(values) == reference.evaluate_at(kernel.to_ints(column), points)


@pytest.mark.parametrize("log_coset", [1, 2, 3])
@pytest.mark.parametrize("n", [5, 64, (1 << 14) + 8])
def test_evaluation_on_cosets(log_coset, n):
    column, points = kernel.powers(5, PRIME - 2, n), [1, 7, PRIME - 1]
    values = kernel.to_ints(kernel.evaluate_at([column], points, log_coset)[0])
    places = [x for point in points for x in reference.coset_points(1 << log_coset, point, True)]
    assert values == reference.evaluate_at(kernel.to_ints(column), places)


@given(st.data(), felt)
@few
def test_division(data, y):
    table = data.draw(columns(felt, 16, 2))
    result = kernel.divide_out([kernel.from_ints(column) for column in table], y)
    assert [kernel.to_ints(q) for q in result] == [reference.divide_out(column, y) for column in table]


@pytest.mark.parametrize("n", [4096, 4352, 3 * 4352 + 5])
@pytest.mark.parametrize("y", [0, 1, PRIME - 1, 3**100])
def test_division_of_long_polynomials(n, y):
    column = kernel.powers(5, PRIME - 2, n)
    (result,) = kernel.divide_out([column], y)
    assert kernel.to_ints(result) == reference.divide_out(kernel.to_ints(column), y)


@given(felts)
@few
def test_running_sum(terms):
    array = kernel.from_ints(terms)
    total = kernel.running_sum(array)
    assert (kernel.to_ints(array), total) == reference.running_sum(terms)


@pytest.mark.parametrize("wrong", [np.zeros((3, 3), dtype=np.uint64), np.zeros((3, 4), dtype=np.int64)])
def test_wrong_arrays_are_refused_with_their_shape(wrong):
    with pytest.raises(kernel.KernelError, match="must be uint64"):
        kernel.to_bytes(wrong)


@given(st.lists(st.one_of(felt, felt.map(lambda x: x * x % PRIME)), min_size=1, max_size=10))
@few
def test_square_roots(numbers):
    roots, found = kernel.square_roots(kernel.from_ints(numbers))
    ours = [root if exists else None for root, exists in zip(kernel.to_ints(roots), found, strict=True)]
    assert ours == [reference.square_root(number) for number in numbers]


scalar = st.one_of(
    st.sampled_from([0, 1, 2, ORDER - 1, ORDER, ORDER + 1, 2 * ORDER, 2**256 - 1]), st.integers(0, 2**256 - 1)
)


@given(st.lists(st.tuples(st.integers(1, ORDER - 1), scalar), min_size=1, max_size=4))
@few
def test_curve_multiples(pairs):
    points = [reference.curve_multiple(reference.pedersen_points.SHIFT, k) for k, _ in pairs]
    array = kernel.from_ints([word for point in points for word in point]).reshape(-1, 2, 4)
    results, finite = kernel.curve_multiples(array, [k for _, k in pairs])
    ours = [tuple(kernel.to_ints(point)) if exists else None for point, exists in zip(results, finite, strict=True)]
    assert ours == [reference.curve_multiple(point, k) for point, (_, k) in zip(points, pairs, strict=True)]


def test_curve_multiples_need_a_scalar_for_each_point():
    with pytest.raises(kernel.KernelError, match="2 scalars for points of shape"):
        kernel.curve_multiples(kernel.from_ints([1, 2]).reshape(1, 2, 4), [1, 2])


BASE = reference.pedersen_points.SHIFT
small_scalar = st.one_of(st.sampled_from([0, 1, 2, 8, 9, ORDER - 1, ORDER, 2**252 - 1]), st.integers(0, 2**252 - 1))


@given(st.lists(st.tuples(st.integers(1, 9) | st.integers(1, ORDER - 1), small_scalar, small_scalar), max_size=20))
@settings(max_examples=10, deadline=None)
def test_joint_multiples(triples):
    """Of small multiples of the base, so that sums meet equal points, opposite ones and infinity."""
    points = curve_points([k for k, _, _ in triples])
    sums, finite = kernel.joint_multiples(
        BASE, array_of(points), [a for _, a, _ in triples], [b for _, _, b in triples]
    )
    found = [x if exists else None for x, exists in zip(kernel.to_ints(sums.reshape(-1, 4)), finite.flat, strict=True)]
    expected = [reference.joint_multiples(BASE, point, a, b) for point, (_, a, b) in zip(points, triples, strict=True)]
    assert found == [total and total[0] for pair in expected for total in pair]


@pytest.mark.parametrize(
    ("k", "a", "b", "finite"),
    [
        (1, 0, 0, [False, False]),
        (1, 5, 5, [True, False]),
        (1, 5, ORDER - 5, [False, True]),
        (5, 5, 1, [True, False]),
        (5, 0, 1, [True, True]),
        (5, 1, 0, [True, True]),
        (1, ORDER, ORDER, [False, False]),
        (7, 7 * 9, 9, [True, False]),
    ],
)
def test_joint_multiples_where_points_meet(k, a, b, finite):
    (point,) = curve_points([k])
    sums, found = kernel.joint_multiples(BASE, array_of([point] * 9), [a] * 9, [b] * 9)
    assert found.tolist() == [finite] * 9
    expected = [total[0] if total else 0 for total in reference.joint_multiples(BASE, point, a, b)]
    assert kernel.to_ints(sums.reshape(-1, 4)) == expected * 9


def test_a_base_table_has_each_multiple():
    kernel.curves.base_table.cache_clear()
    table = kernel.curves.base_table(BASE)
    for window, digit in ((0, 1), (0, 2), (0, 255), (1, 1), (17, 200), (31, 15), (31, 255)):
        assert tuple(kernel.to_ints(table[window, digit])) == reference.curve_multiple(BASE, digit << 8 * window)
    assert not table[:, 0].any()


def test_joint_multiples_need_scalars_below_2_to_252_for_each_point():
    points = array_of(curve_points([1]))
    with pytest.raises(kernel.KernelError, match="2 and 1 scalars for points of shape"):
        kernel.joint_multiples(BASE, points, [1, 2], [1])
    for a, b in ((2**252, 1), (1, 2**252), (-1, 1)):
        with pytest.raises(kernel.KernelError, match=r"is not in \[0, 2\^252\)"):
            kernel.joint_multiples(BASE, points, [a], [b])


def curve_points(scalars: list[int]) -> list[tuple[int, int]]:
    return [reference.curve_multiple(reference.pedersen_points.SHIFT, k) for k in scalars]


def array_of(points: list[tuple[int, int]]) -> np.ndarray:
    return kernel.from_ints([word for point in points for word in point]).reshape(-1, 2, 4)


@pytest.mark.parametrize("m", [1, 9, 300])
def test_chains_of_doublings_and_additions(m):
    """Instance 0 meets its own point in the first step, and is marked."""
    steps = 5
    start, one, two = (curve_points([start + 3 * i for i in range(min(m, 9))]) for start in (100, 1, 202))
    start, one, two = (points + points[-1:] * (m - len(points)) for points in (start, one, two))
    start[0] = one[0]
    choices = np.array([[(i + step) % 2 for step in range(steps)] for i in range(m)])
    out = kernel.zeros((4, m, steps + 2, 4))
    end, possible = kernel.double_add_chain(array_of(start), np.stack([array_of(one), array_of(two)]), choices, out)
    for i in {0, min(m - 1, 4), m - 1}:
        rows, last, fine = reference.double_add_chain(start[i], [one[i], two[i]], choices[i].tolist())
        assert bool(possible[i]) == fine == (i != 0)
        cells = [kernel.to_ints(np.ascontiguousarray(column)) for column in out[:, i]]
        assert [tuple(column[step] for column in cells) for step in range(steps)] == rows
        assert cells[0][steps] == last[0] and tuple(kernel.to_ints(end[i])) == last
    assert not out[1:, :, steps:].any()


@pytest.mark.parametrize("m", [1, 9, 300])
def test_chains_of_additions(m):
    """Step 3 adds what stands there already, if all steps before it added."""
    start, *points = curve_points([50, 3, 5, 7, 65, 11])
    minus = np.array([[i >> step & 1 for step in range(5)] for i in range(m)])
    out = kernel.zeros((2, m, 6, 4))
    possible = kernel.add_chain(array_of([start])[0], array_of(points), minus, out)
    for i in {0, min(m - 1, 5), m - 1}:
        rows, fine = reference.add_chain(start, points, [bool(bit) for bit in minus[i]])
        assert bool(possible[i]) == fine == (i % 8 != 0)
        xs, ys = (kernel.to_ints(np.ascontiguousarray(column)) for column in out[:, i])
        assert list(zip(xs, ys, strict=True)) == rows


def test_chains_whose_shapes_do_not_fit_are_refused():
    points = array_of(curve_points([1, 2]))
    with pytest.raises(kernel.KernelError, match="do not fit together"):
        kernel.double_add_chain(points, points[None], np.zeros((2, 3)), kernel.zeros((4, 2, 3, 4)))
    with pytest.raises(kernel.KernelError, match="a choice of 1 among 1 points"):
        kernel.double_add_chain(points, points[None], np.ones((2, 3)), kernel.zeros((4, 2, 4, 4)))
    with pytest.raises(kernel.KernelError, match="do not fit together"):
        kernel.add_chain(points[0], points, np.zeros((4, 3)), kernel.zeros((2, 4, 5, 4)))

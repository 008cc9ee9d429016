"""Pedersen hashes of the kernel beside their plain twin, and additions of points with equal x, which the fixed
points never meet: points with known logarithms stand in for them."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prover import kernel
from prover.algebra import curve
from prover.algebra.pedersen import pedersen, pedersen_pairs
from prover.kernel import PRIME, HashTable, KernelError, reference

EDGES = [0, 1, 2, PRIME - 1, PRIME - 2, 2**251, 2**248, 2**248 - 1, 2**252 % PRIME, 2**12 - 1, 2**11]
felt = st.one_of(st.sampled_from(EDGES), st.integers(0, PRIME - 1))
LOW, INPUT_BITS, WINDOW, ORDER = 248, 252, 12, curve.ORDER


@pytest.fixture(scope="module", autouse=True, params=["reference", "scalar", "vector"])
def path(request):
    """Every test runs on every backend; the vector one needs AVX-512 IFMA."""
    with kernel.backend(request.param) as found:
        if found != request.param:
            pytest.skip("this processor has no AVX-512 IFMA")
        yield found


def array(pairs: list[tuple[int, int]]) -> np.ndarray:
    return kernel.from_ints([word for pair in pairs for word in pair]).reshape(-1, 2, 4)


def hashes(pairs: list[tuple[int, int]], table: HashTable | None = None) -> list[int]:
    return kernel.to_ints(kernel.pedersen(array(pairs), table))


@given(st.lists(st.tuples(felt, felt), min_size=1, max_size=20))
@settings(max_examples=10, deadline=None)
def test_hashes(pairs):
    assert hashes(pairs) == [reference.pedersen(x, y) for x, y in pairs]


@pytest.mark.parametrize("count", [7, 8, 9, 31, 32, 33])
def test_every_number_of_hashes(count):
    """Vectors take eight, four chains of them share an inversion, and pieces are shared out to cores."""
    numbers = [*EDGES, *kernel.to_ints(kernel.powers(3, 7, 2 * count))][: 2 * count]
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    assert hashes(pairs) == [reference.pedersen(x, y) for x, y in pairs]


def test_many_hashes_are_the_same_as_single_ones():
    """More than a batch, so that batches meet."""
    numbers = kernel.powers(3, 5, 2 * 9001)
    many = kernel.to_ints(kernel.pedersen(numbers.reshape(-1, 2, 4)))
    plain = kernel.to_ints(numbers)
    for place in (0, 1, 4095, 4096, 8191, 8192, 9000):
        assert many[place] == kernel.pedersen_single(*plain[2 * place : 2 * place + 2])


@given(st.tuples(felt, felt))
@settings(max_examples=20, deadline=None)
def test_a_single_hash(pair):
    assert kernel.pedersen_single(*pair) == reference.pedersen(*pair)


@pytest.mark.parametrize("count", [1, 5, 8, 13, 520])
def test_the_witness_of_a_hash(count):
    """x, slope and y of each addition, in the columns of the proof."""
    numbers = [*EDGES, *kernel.to_ints(kernel.powers(3, 7, 2 * count))][: 2 * count]
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    columns = kernel.pedersen_steps(array(pairs)).reshape(2, 3, count, 32, 4)
    for number in {0, count // 2, count - 1}:
        steps = kernel.to_ints(columns[:, :, number].transpose(2, 0, 1, 3).reshape(-1, 4))
        assert steps == [word for step in reference.pedersen_steps(*pairs[number]) for word in step]


def test_the_half_is_a_half():
    assert 2 * kernel.HALF_OF_ONE % ORDER == 1


# Points with known logarithms: P0 .. P3 and the shift point are multiples of the generator.

LOGARITHMS = (1, 3**160 % ORDER, 5**110 % ORDER, 7**90 % ORDER)
BASES = [
    (1 << bit) * low if bit < LOW else (1 << bit - LOW) * high
    for low, high in (LOGARITHMS[:2], LOGARITHMS[2:])
    for bit in range(INPUT_BITS)
]
"""What each bit of the inputs adds."""


def multiple(scalar: int) -> curve.Point | None:
    return reference.curve_multiple(curve.GENERATOR, scalar % ORDER)


def bits(x: int, y: int) -> list[int]:
    return [word >> bit & 1 for word in (x, y) for bit in range(INPUT_BITS)]


def logarithm(shift: int, x: int, y: int) -> int:
    """Of the point whose x is the hash."""
    return (shift + sum(bit * base for bit, base in zip(bits(x, y), BASES, strict=True))) % ORDER


def table(shift: int) -> HashTable:
    return _table(shift, kernel.in_use())


@cache
def _table(shift: int, backend: str) -> HashTable:
    """Of this backend's making."""
    return HashTable(multiple(shift), [multiple(one) for one in LOGARITHMS])


def shift_that_meets(x: int, y: int, windows: int) -> int:
    """The shift with which the sum before window `windows` is the point that this window adds for (x, y)."""
    signed = [(2 * bit - 1) * base * kernel.HALF_OF_ONE for bit, base in zip(bits(x, y), BASES, strict=True)]
    start_less_shift = sum(BASES) * kernel.HALF_OF_ONE
    first, last = WINDOW * windows, WINDOW * (windows + 1)
    return (sum(signed[first:last]) - sum(signed[:first]) - start_less_shift) % ORDER


OTHERS = [(number * number, 3 * number) for number in range(1, 20)]
MET = (0x123456789ABCDEF0 << 180 | 77, 2**251)


@pytest.mark.parametrize("windows", [0, 1, 20, 21, 41])
@pytest.mark.parametrize("place", [0, 7, 19])
def test_a_sum_that_meets_its_own_point_is_doubled(windows, place):
    shift = shift_that_meets(*MET, windows)
    pairs = [*OTHERS[:place], MET, *OTHERS[place:]]
    assert hashes(pairs, table(shift)) == [multiple(logarithm(shift, x, y))[0] for x, y in pairs]
    assert kernel.pedersen_single(*MET, table(shift)) == multiple(logarithm(shift, *MET))[0]


def test_a_sum_that_passes_through_infinity():
    """The first window's negative is met: the window's bits are turned round."""
    shift, turned = shift_that_meets(*MET, 0), (MET[0] ^ (1 << WINDOW) - 1, MET[1])
    pairs = [*OTHERS, turned]
    assert hashes(pairs, table(shift)) == [multiple(logarithm(shift, x, y))[0] for x, y in pairs]


def test_a_hash_at_infinity_is_refused():
    shift = -logarithm(0, *MET) % ORDER
    with pytest.raises(KernelError, match="a hash is at infinity"):
        hashes([*OTHERS, MET], table(shift))
    with pytest.raises(KernelError, match="a hash is at infinity"):
        kernel.pedersen_single(*MET, table(shift))
    assert hashes(OTHERS, table(shift)) == [multiple(logarithm(shift, x, y))[0] for x, y in OTHERS]


def test_a_start_at_infinity_is_refused():
    with pytest.raises(KernelError, match="related"):
        table(-sum(BASES) * kernel.HALF_OF_ONE)


def test_related_points_are_refused():
    """P1 = 2^248 * P0 continues P0's bits and is fine; P1 = 2^240 * P0 repeats some within a window."""
    for bit, fine in ((LOW, True), (240, False)):
        points = [multiple(one) for one in (1, 1 << bit, *LOGARITHMS[2:])]
        if fine:
            HashTable(multiple(9), points)
            continue
        with pytest.raises(KernelError, match="related"):
            HashTable(multiple(9), points)


# Pairs of integers.


@pytest.mark.parametrize("count", [3, 40, 400])
def test_pairs_and_single_hashes_agree(count):
    lefts, rights = list(range(count)), [PRIME - 1 - number for number in range(count)]
    found = pedersen_pairs(lefts, rights)
    assert found == [pedersen(left, right) for left, right in zip(lefts, rights, strict=True)]
    assert found[0] == reference.pedersen(0, PRIME - 1)


@pytest.mark.parametrize("bad", [-1, PRIME])
@pytest.mark.parametrize("count", [1, 50])
def test_numbers_that_are_no_felts_are_refused(bad, count):
    with pytest.raises(ValueError, match="below p"):
        pedersen_pairs([5] * count, [*[6] * (count - 1), bad])
    with pytest.raises(ValueError, match="below p"):
        pedersen(bad, 0)

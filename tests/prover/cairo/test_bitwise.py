"""The bitwise component beside Python's integers, and the forgeries its docstring names."""

import random

import pytest

from prover.algebra.field import PRIME
from prover.cairo.components import bitwise, tags
from prover.cairo.components.bitwise import LAST, SCALE, STRIP
from prover.cairo.errors import CellOutOfRange
from prover.stark.tables import TableBuilder
from tests.support import component_kit
from tests.support.component_kit import START, Bench, bench

RANDOM = random.Random(7)
TOP = 1 << 251
EDGES = [0, 1, TOP - 1, TOP - 2, TOP // 2, (1 << 248) - 1, 1 << 248, int("5" * 62, 16), int("A" * 62, 16)]


def cells(x: int, y: int) -> list[int]:
    return [x, y, x & y, x ^ y, x | y]


def honest(*pairs: tuple[int, int]) -> Bench:
    return bench(bitwise, "bitwise", [word for pair in pairs for word in cells(*pair)])


def test_edges_have_a_witness():
    pairs = [(x, y) for x in EDGES for y in EDGES[:4]]
    pairs += [(RANDOM.randrange(TOP), RANDOM.randrange(TOP)) for _ in range(20)]
    made = honest(*pairs)
    assert made.height == 64 * 32 and not made.violations()


def test_a_witness_counts_what_it_looks_up():
    made = honest((TOP - 1, 255), (0, 0), (1, 1))
    assert made.trace.byte_uses.sum() == made.height
    assert made.trace.byte_uses[(7 << 8) + 0] == 1 and made.trace.byte_uses[(255 << 8) + 255] == 1
    assert made.trace.range_check_uses[7 * SCALE] == 1 and made.trace.range_check_uses[0] == 2 * made.height // 32 - 1
    assert list(made.trace.memory_uses[START : START + 15]) == [1] * 15


@pytest.mark.parametrize("x", [TOP, PRIME - 1])
def test_an_input_of_252_bits_is_refused_with_its_address(x):
    with pytest.raises(CellOutOfRange, match=f"address {START + 5} .* not below 2\\^251"):
        honest((TOP - 1, 1), (x, 0))
    with pytest.raises(CellOutOfRange, match=f"address {START + 6} "):
        honest((TOP - 1, 1), (0, x))


def written(x_bytes: list[int], y_bytes: list[int], both: list[int]) -> Bench:
    """A block with these digits, the first ones possibly no bytes, and a memory to match."""
    made = honest((0, 0))
    columns = made.columns
    ends = []
    for name, digits in (("x_prefix", x_bytes), ("y_prefix", y_bytes), ("and_prefix", both)):
        prefix = 0
        for row, digit in enumerate(digits):
            prefix = (256 * prefix + digit) % PRIME
            columns[name][row] = prefix
        ends.append(prefix)
    x, y, a = ends
    columns["aux"][0], columns["aux"][1] = x_bytes[0] % PRIME, y_bytes[0] % PRIME
    for cell, word in enumerate((x, y, a, x + y - 2 * a, x + y - a)):
        columns["aux"][STRIP.value_row(cell)] = made.memory[START + cell] = word % PRIME
    return made


def digits_of(number: int) -> list[int]:
    return list(number.to_bytes(32, "big"))


@pytest.mark.parametrize("x", [TOP, PRIME + 1])
def test_a_number_of_252_bits_is_refused(x):
    """Even where it stands for a small felt: p + 1 would be another reading of 1."""
    made = written(digits_of(x), digits_of(1), digits_of(x & 1))
    assert made.violations() == {("lookup 2", 0)}


def fraction_in_the_first_digit() -> Bench:
    """First digits j / 2^13: scaled they are 16-bit numbers, but they are no bytes.

    x = 0 and y = 2^243 are then read as x = y = j * 2^235 + ..., and what the AND's column holds is free.
    """
    j = 5
    fraction = j * pow(SCALE, -1, PRIME) % PRIME
    rest = [0] * 31
    return written([fraction, *rest], [0, *rest], [fraction, *rest])


def test_the_first_digit_is_looked_up_as_it_is():
    """The broken twin, which looks up the scaled digit alone, accepts x AND 0 = x for a large x."""
    made = fraction_in_the_first_digit()
    x, y, both = (made.memory[START + i] for i in range(3))
    assert (y, both) == (0, x) and x
    assert made.violations() == {("lookup 4", 0)}
    twin = Bench(scaled_digit_twin(), made.trees, made.values, made.memory)
    assert not twin.violations()


def scaled_digit_twin():
    """bitwise.build with the byte lookup left out in the first row, where only the scaled digit is checked."""
    kept = TableBuilder.look_up

    def look_up(self, multiplicity, tag, *entry):
        if tag == tags.BITWISE_BYTES:
            multiplicity = self.rows_where(*range(1, bitwise.BLOCK))
        kept(self, multiplicity, tag, *entry)

    TableBuilder.look_up = look_up
    try:
        return bitwise.build()
    finally:
        TableBuilder.look_up = kept


@pytest.mark.parametrize("cell", [2, 3, 4])
def test_a_wrong_result_is_refused(cell):
    words = cells(0b1100, 0b1010)
    words[cell] += 1
    made = bench(bitwise, "bitwise", words)
    assert {row for _, row in made.violations()} == {LAST}


def test_every_cell_of_a_block_is_fixed_but_the_unread_ones():
    made = honest((RANDOM.randrange(TOP), RANDOM.randrange(TOP)), (0, TOP - 1), (3, 5))
    free = component_kit.unnoticed(made, range(64), deltas=(1, PRIME - 1, 1 << 8))
    assert free == {(name, row) for name in made.columns for row in range(64) if bitwise.unread(row, name)}

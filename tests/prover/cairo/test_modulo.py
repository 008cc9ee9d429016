"""The components add_mod, mul_mod and range_check96 beside Python's integers."""

import random

import pytest

from prover.algebra.field import PRIME
from prover.cairo.components import add_mod, modulo, mul_mod, range_check, range_check_96
from prover.cairo.errors import CellOutOfRange, InstanceNotProvable
from prover.cairo.instances import ModuloInstance, words_of
from tests.support import component_kit
from tests.support.component_kit import START, Bench, bench, twin_without

RANDOM = random.Random(7)
TOP = 2**384 - 1
COMPONENTS = {"add_mod": add_mod, "mul_mod": mul_mod}
VALUES, OFFSETS = 2000, 1000


def made_of(name: str, chains: list[list[ModuloInstance]]) -> Bench:
    """Each chain as one circuit; operands of instance i stand at offsets 12 * i + 0, 4, 8."""
    cells, elsewhere, number = [], {}, 0
    for chain in chains:
        first = number
        for left, one in zip(range(len(chain), 0, -1), chain, strict=True):
            cells += [*words_of(one.p), VALUES, OFFSETS + 3 * number, left]
            for i, operand in enumerate((one.a, one.b, one.c)):
                offset = 12 * number + 4 * i
                elsewhere[OFFSETS + 3 * number + i] = offset
                elsewhere |= {VALUES + offset + j: word for j, word in enumerate(words_of(operand))}
            number += 1
        assert number > first
    return bench(COMPONENTS[name], name, cells, elsewhere=elsewhere)


def sums(p: int, *pairs: tuple[int, int]) -> list[ModuloInstance]:
    return [ModuloInstance(p, a, b, a + b - p if a + b >= max(p, 2**384) else a + b) for a, b in pairs]


def products(p: int, *pairs: tuple[int, int]) -> list[ModuloInstance]:
    return [ModuloInstance(p, a, b, a * b % p if p else a * b) for a, b in pairs]


def random_pairs(count: int, top: int) -> list[tuple[int, int]]:
    return [(RANDOM.randrange(top), RANDOM.randrange(top)) for _ in range(count)]


ALTERNATING = sum((2**96 - 1) << 192 * i for i in range(2))


def test_edges_of_sums_have_a_witness():
    chains = [
        sums(TOP, (TOP, TOP), (TOP, TOP - 1), (0, 0), (ALTERNATING, TOP - ALTERNATING + 1)),
        sums(0, (5, 6)),
        [ModuloInstance(101, 60, 70, 29), ModuloInstance(101, 60, 70, 130), ModuloInstance(101, 150, 150, 199)],
        [ModuloInstance(2**96, 2**96 - 1, 1, 0), ModuloInstance(2**96, 0, 0, 0)],
        [ModuloInstance(1, 1, 0, 0)],
        [ModuloInstance(5, 2**96, 0, 2**96 - 5)],
        sums(2**383 - 31, *random_pairs(20, 2**383)),
    ]
    made = made_of("add_mod", chains)
    assert not made.violations()
    carries = {carry for name, column in made.columns.items() if name.startswith("carry") for carry in column}
    assert carries == {0, 1, PRIME - 1}


def test_edges_of_products_have_a_witness():
    chains = [
        products(TOP, (TOP, TOP), (TOP - 1, TOP), (0, TOP), (ALTERNATING, TOP)),
        products(0, (5, 6)),
        products(2**383 - 31, *random_pairs(20, 2**383)),
        [ModuloInstance(101, 60, 70, 4200 - 101 * k) for k in (0, 1, 41)],
        [ModuloInstance(1, 2**192, 2**191, 0)],
    ]
    made = made_of("mul_mod", chains)
    assert not made.violations()
    assert not made_of("mul_mod", [products(2**384 - 317, *random_pairs(40, 2**384 - 317))]).violations()


@pytest.mark.parametrize(
    ("name", "one"),
    [
        ("add_mod", ModuloInstance(101, 150, 150, 98)),  # two times p
        ("add_mod", ModuloInstance(101, 60, 70, 30)),
        ("mul_mod", ModuloInstance(101, 6, 7, 143)),  # k = -1
        ("mul_mod", ModuloInstance(101, 6, 7, 41)),
        ("mul_mod", ModuloInstance(1, TOP, TOP, 0)),  # k past 2^384
        ("mul_mod", ModuloInstance(0, 5, 6, 31)),
    ],
)
def test_a_wrong_result_has_no_witness(name, one):
    good = ModuloInstance(101, 1, 1, 2) if name == "add_mod" else ModuloInstance(101, 1, 1, 1)
    with pytest.raises(InstanceNotProvable, match=f"{name} instance 1 cannot be proven"):
        made_of(name, [[good], [one]])


def test_a_word_of_97_bits_has_no_witness():
    cells = [101, 0, 0, 0, VALUES, OFFSETS, 1]
    elsewhere = {OFFSETS: 0, OFFSETS + 1: 4, OFFSETS + 2: 8} | {VALUES + i: 0 for i in range(12)}
    assert not bench(add_mod, "add_mod", cells, elsewhere=elsewhere).violations()
    with pytest.raises(InstanceNotProvable, match="0x1000000000000000000000000 is not below 2\\^96"):
        bench(add_mod, "add_mod", cells, elsewhere={**elsewhere, VALUES + 1: 2**96})


def test_k_is_a_bit():
    """a + b = c + 2p is no sum modulo p."""
    made = made_of("add_mod", [[ModuloInstance(101, 150, 150, 199)]])
    made.columns["k"][0], made.columns["c0"][0], made.memory[VALUES + 8] = 2, 98, 98
    assert made.violations() == {("k is boolean", 0)}


def test_a_carry_cannot_wrap_around_the_field():
    """Any result can be had with carries that are no small integers."""
    made = made_of("mul_mod", [products(101, (6, 7))])
    columns = made.columns
    columns["c0"][0], made.memory[VALUES + 8] = 43, 43
    carry = -pow(2**96, -1, PRIME)
    for j in range(1, 7):
        for limb in range(1, 7):
            columns[f"carry_{j}_limb_{limb}"][0] = 0
        columns[f"carry_{j}_limb_0"][0] = (carry + mul_mod.BIAS) % PRIME
        carry = carry * pow(2**96, -1, PRIME) % PRIME
    assert made.broken() == {"lookup 2", "product column 6"}


def test_an_instance_that_leaves_its_chain_is_refused():
    chain = sums(101, (1, 2), (3, 4), (5, 6))
    for cell, name in enumerate(modulo.CELL_NAMES):
        made = made_of("add_mod", [chain])
        made.columns[name][1] += 1
        made.memory[START + 7 + cell] += 1
        assert (f"{name} in a chain", 0) in made.violations()


def test_a_gap_between_enabled_rows_would_break_a_chain_unseen():
    """The broken twin: a disabled row lets the next instance begin anew, though the one before has n = 2."""
    made = made_of("add_mod", [sums(101, (1, 2)), sums(103, (3, 4))])
    for name, column in made.columns.items():
        column[2], column[1] = column[1], 0
        column[1] = {"address": column[2], "n": 1}.get(name, 0)
    made.columns["n"][0] = made.memory[START + 6] = 2
    assert made.violations() == {("enabled rows come first", 1)}
    assert not twin_without(made, "enabled rows come first").violations()


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_cell_of_an_enabled_row_is_fixed(name):
    make = sums if name == "add_mod" else products
    made = made_of(name, [make(2**383 - 31, (TOP // 3, TOP // 2), (2**382, 2**382)), make(101, (3, 4))])
    assert not component_kit.unnoticed(made, range(3), deltas=(1, PRIME - 1, 1 << 16))
    free = {column for column, _ in component_kit.unnoticed(made, [3, made.height - 1])}
    assert not free & {"address", "enabled"}


@pytest.mark.parametrize(
    ("component", "name", "bits"), [(range_check, "range_check", 128), (range_check_96, "range_check96", 96)]
)
def test_range_checks(component, name, bits):
    cells = [0, 1, 2**bits - 1, 2 ** (bits - 1), *(RANDOM.randrange(2**bits) for _ in range(100))]
    made = bench(component, name, cells)
    assert made.height == 128 and not made.violations()
    assert not component_kit.unnoticed(made, [0, 2, 103], deltas=(1, PRIME - 1, 1 << 16))
    for word in (2**bits, 2**192, PRIME - 1):
        with pytest.raises(CellOutOfRange, match=f"{name} cell at address {START + 1} .* not below 2\\^{bits}"):
            bench(component, name, [1, word])


def test_a_limb_of_17_bits_is_refused():
    made = bench(range_check, "range_check", [1 << 16])
    made.columns["limb_1"][0], made.columns["limb_0"][0] = 0, 1 << 16
    assert made.violations() == {("lookup 2", 0)}

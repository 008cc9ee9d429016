"""The Pedersen component beside the plain hash, and the forgeries that its window table and canonical inputs stop."""

import json
import random

import pytest

from prover.algebra import curve
from prover.algebra.curve import Point
from prover.algebra.field import PRIME
from prover.algebra.pedersen import pedersen as plain
from prover.cairo.components import pedersen, tags
from prover.cairo.components.digits import TOP
from prover.cairo.components.pedersen import STRIP
from prover.kernel.pedersen_points import window_rows
from tests.support import component_kit
from tests.support.component_kit import START, Bench, bench
from tests.support.forged_pedersen import digits_of, entry, forged_block
from tests.support.paths import VECTORS

RECORDED = json.loads((VECTORS / "stark_curve_and_pedersen.json").read_text())
RANDOM = random.Random(7)
EDGES = [0, 1, PRIME - 1, PRIME - 2, 2**251 - 1, 2**251, 2**251 + 1, (TOP - 1) << 192, TOP << 192]


def honest(*pairs: tuple[int, int]) -> Bench:
    return bench(pedersen, "pedersen", [word for pair in pairs for word in (*pair, plain(*pair))])


def test_edges_and_published_hashes_have_a_witness():
    pairs = [(x, y) for x in EDGES for y in (0, PRIME - 1, RANDOM.randrange(PRIME))]
    for vector in RECORDED["pedersen"]:
        x, y, result = (int(vector[name], 16) for name in ("input_1", "input_2", "output"))
        assert plain(x, y) == result
        pairs.append((x, y))
    made = honest(*pairs)
    assert not made.violations()
    assert made.trace.window_uses.sum() == 2 * made.height


# --- a prover who may choose digits and points


def written(x: list[int], y: list[int], points: dict[tuple[int, int], Point] | None = None) -> Bench:
    """One block with these digits; `points[half, row]` where it is not the digit's own. Memory to match."""
    made, block = honest((0, 0)), forged_block(x, y, points)
    columns = made.columns
    for name, words in block.columns.items():
        columns[name][:32] = words
    for row, word in block.chains.items():
        columns["aux"][row] = word
    for cell, word in enumerate((*block.inputs, block.result)):
        columns["aux"][STRIP.value_row(cell)] = made.memory[START + cell] = word
    return made


def test_what_is_written_by_hand_is_what_the_component_fills():
    x, y = 12345, PRIME - 1
    made = written(digits_of(x), digits_of(y))
    assert not made.violations() and made.memory[START + 2] == plain(x, y)


@pytest.mark.parametrize("number", [0, 5, 2**192, 2**250])
@pytest.mark.parametrize("half", [0, 1])
def test_a_number_plus_p_is_not_another_reading_of_it(number, half):
    """Below 2^252 the digits of x + p pass the windows; its high part is TOP with x + 1 not 0, or past TOP."""
    assert number + PRIME < 1 << 252
    inputs = [digits_of(7), digits_of(7)]
    inputs[half] = digits_of(number + PRIME)
    names = {f"{'xy'[half]} is p - 1 where d is 0"} if number < 1 << 192 else {"lookup 2"}
    assert written(*inputs).broken() == names


def test_the_window_is_a_term_of_its_own():
    """Digit 256 + e of window 3 stands for the same number as a carry into window 4, but not for the same point.

    The broken twin looks digits up by one key, 256 * window + digit, and accepts the forged hash.
    """
    number = 0x0102030405060708
    digits = digits_of(number)
    row, e = 31 - 3, digits[31 - 3]
    digits[row], digits[row - 1] = 256 + e, digits[row - 1] - 1
    made = written(digits, digits_of(7), {(0, row): entry(0, 4, e)})
    assert made.memory[START] == number and made.memory[START + 2] != plain(number, 7)
    tag = tags.PEDERSEN_WINDOWS + 3
    assert made.violations() == {(f"lookup {tag}", row)}
    assert one_key_accepts(made)


def one_key_accepts(made: Bench) -> bool:
    by_key = {256 * tag + digit: (x, y) for tag, digit, x, y in window_rows()}

    def listed(found: tuple[int, ...]) -> bool:
        tag, digit, *point = found
        return by_key.get(256 * tag + digit) == tuple(point)

    twin = Bench(made.table, made.trees, made.values, made.memory)
    kept = dict(component_kit.LISTED)
    component_kit.LISTED.update({tags.PEDERSEN_WINDOWS + window: listed for window in range(64)})
    try:
        return not twin.violations()
    finally:
        component_kit.LISTED.update(kept)


def test_a_borrowed_digit_is_refused():
    """Digit -1, made up by the next window, is in no window."""
    digits = digits_of(0x10000)
    digits[31 - 1], digits[31 - 2] = 256, 0
    made = written(digits, digits_of(7), {(0, 30): entry(0, 1, 255)})
    assert {name for name, _ in made.violations()} == {f"lookup {tags.PEDERSEN_WINDOWS + 1}"}


def test_a_nibble_above_15_is_refused():
    """The top window has 16 entries; 2^252 would be another reading of a felt."""
    assert any(name == f"lookup {tags.PEDERSEN_WINDOWS + 31}" for name, _ in nibble(16).violations())
    assert not nibble(7).violations()


def nibble(digit: int) -> Bench:
    digits = [digit, *[0] * 31]
    return written(digits, digits_of(7), {(0, 0): curve.multiply(curve.P1, digit + 1)})


def test_an_instance_enabled_twice_is_refused():
    made = honest((1, 2))
    made.columns["aux"][STRIP.first] = 2
    assert ("enabled is boolean", STRIP.first) in made.violations()


def test_a_wrong_hash_is_refused():
    made = bench(pedersen, "pedersen", [1, 2, plain(1, 2) + 1])
    assert made.violations() == {("the strip holds the hash", 31)}


def test_every_cell_of_a_block_is_fixed_but_the_unread_ones():
    """The inverse of d is free where d is 0, which is so for p - 1 alone."""
    made = honest((RANDOM.randrange(PRIME), RANDOM.randrange(PRIME)), (PRIME - 1, 3))
    free = component_kit.unnoticed(made, range(64))
    expected = {(name, row) for name in made.columns for row in range(64) if pedersen.unread(row, name)}
    assert free == expected | {("aux", 32 + pedersen.X_INVERSE)}

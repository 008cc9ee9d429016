"""The ec_op component beside affine arithmetic, and each exceptional case of its docstring."""

import random

import pytest

from prover.algebra import curve
from prover.algebra.curve import GENERATOR, ORDER, SHIFT, Point
from prover.algebra.field import PRIME
from prover.cairo.components import ec_op
from prover.cairo.components.ec_op import AUX_END, LAST, OFFSET, STRIP
from prover.cairo.errors import InstanceNotProvable
from prover.cairo.instances import ec_op_result
from tests.support import component_kit
from tests.support.component_kit import START, Bench, bench, free_slope, twin_without

RANDOM = random.Random(7)
MULTIPLIERS = [0, 1, 2, 3, ORDER - 1, ORDER, ORDER + 1, PRIME - 1, PRIME - 2, 2**251 - 1, 2**251, 2**192 - 1]
P, Q = curve.multiply(GENERATOR, 11), curve.multiply(GENERATOR, 13)


def cells(p: Point, q: Point, m: int) -> list[int]:
    return [*p, *q, m, *(curve.add(p, curve.multiply(q, m)) or (0, 0))]


def forged(monkeypatch, p: Point, q: Point, m: int) -> Bench:
    """The witness of a prover who goes on where there is none, with 0 for the inverse of 0."""
    monkeypatch.setattr(ec_op, "_refuse", lambda bad, reason: None)
    return bench(ec_op, "ec_op", cells(p, q, m))


def test_edges_have_a_witness():
    """P = Q, which StarkWare's chain does not take for m = 1, is among them."""
    instances = [(P, Q, m) for m in [*MULTIPLIERS, RANDOM.randrange(PRIME)]] + [(P, P, 1), (P, curve.negate(P), 2)]
    made = bench(ec_op, "ec_op", [word for instance in instances for word in cells(*instance)])
    assert made.height == 16 * 256 and not made.violations()
    assert list(made.trace.memory_uses[START : START + 105]) == [1] * 105
    for p, q, m in instances:
        assert ec_op_result(p, q, m) == curve.add(p, curve.multiply(q, m))


@pytest.mark.parametrize(
    ("instance", "cause"),
    [
        ((Point(1, 1), Q, 5), "P is not on the curve"),
        ((P, Point(Q.x, Q.y + 1), 5), "Q is not on the curve"),
        ((P, SHIFT, 5), "Q is the shift point"),
        ((P, curve.multiply(SHIFT, 4), 2**250), "meets equal points"),
        ((curve.multiply(Q, -5), Q, 5), "P \\+ m\\*Q is infinite"),
    ],
)
def test_instances_without_a_witness_are_named(instance, cause):
    good = cells(P, Q, 5)[:5]
    p, q, m = instance
    with pytest.raises(InstanceNotProvable, match=f"ec_op instance 1 cannot be proven: .*{cause}"):
        ec_op.check([good, [*p, *q, m]])
    ec_op.check([good])


def test_a_chain_that_meets_the_added_point_is_refused(monkeypatch):
    """Q = 4S: A_1 = 5S = B. The twin without the inverse accepts a wrong result."""
    q, m = curve.multiply(SHIFT, 4), 2**250 + 5
    made = forged(monkeypatch, P, q, m)
    columns, b = made.columns, curve.add(SHIFT, q)
    end = free_slope(columns, 1, b.y, lambda row: b if m >> LAST - row & 1 else SHIFT, ec_op.STEPS)
    result = finish(made, end)
    assert result != Point(*cells(P, q, m)[5:])
    assert made.violations() == {("A and P differ in x", 1)}
    assert not twin_without(made, "A and P differ in x").violations()


def finish(made: Bench, end: Point) -> Point:
    """From a chain's end to a result, in columns and memory."""
    aux = made.columns["aux"]
    v_slope, v = chord(end, P)
    r_slope, r = chord(v, curve.negate(OFFSET))
    inverse = pow((end.x - P.x) * (v.x - OFFSET.x), -1, PRIME)
    for name, word in (("slope_V", v_slope), ("Vx", v.x), ("slope_R", r_slope), ("i", inverse)):
        aux[LAST + AUX_END[name]] = word
    for cell, word in ((5, r.x), (6, r.y)):
        aux[STRIP.value_row(cell)] = made.memory[START + cell] = word
    return r


def chord(a: Point, b: Point) -> tuple[int, Point]:
    """Also for a point off the curve."""
    slope = (a.y - b.y) * pow(a.x - b.x, -1, PRIME) % PRIME
    x = (slope * slope - a.x - b.x) % PRIME
    return slope, Point(x, (slope * (a.x - x) - a.y) % PRIME)


@pytest.mark.parametrize(
    ("case", "constraint"),
    [
        ("Q = S", "Q is not +-S"),
        ("Q = -S", "Q is not +-S"),
        ("P = A", "A is not +-P, V is not +-C"),
        ("V = C", "A is not +-P, V is not +-C"),
        ("V = -C", "A is not +-P, V is not +-C"),
    ],
)
def test_equal_points_are_refused(monkeypatch, case, constraint):
    p, q, m = {
        "Q = S": (P, SHIFT, 5),
        "Q = -S": (P, curve.negate(SHIFT), 5),
        "P = A": (curve.add(OFFSET, curve.multiply(Q, 5)), Q, 5),
        "V = C": (curve.multiply(Q, -5), Q, 5),
        "V = -C": (curve.add(curve.multiply(OFFSET, -2), curve.multiply(Q, -5)), Q, 5),
    }[case]
    assert (constraint, LAST) in forged(monkeypatch, p, q, m).violations()


@pytest.mark.parametrize("name", ["P", "Q"])
def test_a_point_off_the_curve_is_refused(monkeypatch, name):
    p, q = (Point(P.x, P.y + 1), Q) if name == "P" else (P, Point(Q.x, Q.y + 1))
    made = forged(monkeypatch, P, Q, 5)
    again = bench(ec_op, "ec_op", [*p, *q, 5, *made.memory_words(5, 7)])
    assert (f"{name} is on the curve", LAST) in again.violations()


@pytest.mark.parametrize("m", [0, 5, 2**192, 2**250])
def test_m_plus_p_is_not_another_reading_of_m(monkeypatch, m):
    """Its high part is TOP with m + 1 not 0, or past TOP, where d is no 64-bit number."""
    honest = ec_op.bits_of

    def bits_of(numbers, n_bits):
        """Those of m + p in the first block."""
        bits = honest(numbers, n_bits)
        bits[0] = [digit == "1" for digit in f"{m + PRIME:0252b}"]
        return bits

    monkeypatch.setattr(ec_op, "bits_of", bits_of)
    other = curve.add(P, curve.multiply(Q, m + PRIME))
    made = bench(ec_op, "ec_op", [*P, *Q, m, *other])
    aux = made.columns["aux"]
    distance = (ec_op.TOP - (m + PRIME >> 192)) % PRIME
    for limb, row in enumerate(ec_op.CHAIN_ROWS):
        aux[row] = distance * pow(1 << 16 * limb, -1, PRIME) % PRIME
    aux[ec_op.HIGH_ROW + 4] = 0
    aux[ec_op.INVERSE_ROW] = pow(distance, -1, PRIME) if distance else 0
    names = {"m is p - 1 where d is 0"} if distance == 0 else {"lookup 2"}
    assert made.broken() == names


@pytest.mark.parametrize("cell", [5, 6])
def test_a_wrong_result_is_refused(cell):
    words = cells(P, Q, 5)
    words[cell] += 1
    assert {row for _, row in bench(ec_op, "ec_op", words).violations()} == {LAST}


def test_every_cell_of_a_block_is_fixed_but_the_unread_ones():
    """The inverse of d is free where d is 0, which is so for m = p - 1 alone."""
    made = bench(ec_op, "ec_op", cells(P, Q, RANDOM.randrange(PRIME)) + cells(P, Q, PRIME - 1))
    free = component_kit.unnoticed(made, range(512))
    expected = {(name, row) for name in made.columns for row in range(512) if ec_op.unread(row, name)}
    assert free == expected | {("aux", 256 + ec_op.INVERSE_ROW)}

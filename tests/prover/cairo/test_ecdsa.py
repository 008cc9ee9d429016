"""The ecdsa component: honest signatures at the edges, and every forgery of its docstring refused for its reason."""

import json
import random

import numpy as np
import pytest

from prover import kernel
from prover.algebra import curve
from prover.algebra import ecdsa as plain
from prover.algebra.curve import GENERATOR, ORDER, SHIFT, Point
from prover.algebra.field import PRIME
from prover.cairo.components import ecdsa
from prover.cairo.components.ecdsa import COLUMNS, STRIP, Equation
from prover.cairo.components.io_strip import Instances
from prover.cairo.errors import InstanceNotProvable
from prover.cairo.instances import Signature
from tests.support import component_kit
from tests.support.component_kit import START, Bench, bench, free_slope, twin_without
from tests.support.paths import VECTORS

RECORDED = json.loads((VECTORS / "stark_curve_and_pedersen.json").read_text())
RANDOM = random.Random(7)
TOP = 1 << 251


def signed(private_key: int, message: int) -> Signature:
    return Signature(plain.public_key(private_key), message, *plain.sign(message, private_key))


def honest(signatures: list[Signature]) -> Bench:
    cells = [word for one in signatures for word in (one.key, one.message)]
    given = {START + 2 * i: (one.r, one.s) for i, one in enumerate(signatures)}
    return bench(ecdsa, "ecdsa", cells, given)


def forged(q: Point, r: Point, message: int, s_odd: int) -> Bench:
    """The witness of an equation that need not hold: what a prover gets who goes on regardless."""
    columns = ecdsa._columns([Equation(q, r, message, s_odd)]).columns
    words = kernel.from_ints([q.x, message]).reshape(1, 2, 4)
    strip = Instances(np.array([START]), np.array([True]), 2)
    STRIP.fill(columns[COLUMNS.index("aux")], strip, words)
    trees = [[], [kernel.to_ints(column) for column in columns.reshape(len(COLUMNS), -1, 4)]]
    values = {"ecdsa.start": START, "ecdsa.stop": START + 2}
    return Bench(ecdsa.build(), trees, values, {START: q.x, START + 1: message})


def odd(s: int) -> int:
    twice = 2 * s % ORDER
    return twice if twice % 2 else twice + ORDER


def with_s(s: int, message: int) -> tuple[Point, Point]:
    """Q, R such that s*R = message*G + x(R)*Q; whoever knows R's logarithm can choose s first."""
    while True:
        k = RANDOM.randrange(1, ORDER)
        r = curve.multiply(GENERATOR, k)
        if r.x < TOP and odd(s) < 1 << 252:
            return curve.multiply(GENERATOR, (s * k - message) * pow(r.x, -1, ORDER)), r


MESSAGES = [1, 2, 2**250, TOP - 1, TOP - 2, RANDOM.randrange(TOP)]
KEYS = [2, 3, ORDER - 1, ORDER - 2, TOP, RANDOM.randrange(ORDER)]


@pytest.fixture(scope="module")
def edges() -> list[Signature]:
    pairs = [(KEYS[-1], message) for message in MESSAGES] + [(key, MESSAGES[-1]) for key in KEYS]
    return [signed(*pair) for pair in pairs]


def test_edge_signatures_have_a_witness_and_are_valid_elsewhere(edges):
    """12 signatures and 4 disabled blocks; both parities of y occur among the keys."""
    pytest.importorskip("starkware.crypto.signature.signature")
    from starkware.crypto.signature.signature import verify

    assert {curve.multiply(GENERATOR, key).y % 2 for key in KEYS} == {0, 1}
    for one in edges[::3]:
        assert verify(one.message, one.r, one.s, one.key) and plain.verify(one.message, one.r, one.s, one.key)
    assert not honest(edges).violations()


def test_a_witness_counts_its_memory_accesses(edges):
    made = honest(edges[:3])
    assert list(made.trace.memory_uses[START : START + 6]) == [1] * 6


@pytest.mark.parametrize("name", ["ecdsa_rfc6979", "ecdsa_named"])
def test_published_signatures_have_a_witness(name):
    signatures = []
    for vector in RECORDED[name]:
        key = vector.get("public_key") or hex(plain.public_key(int(vector["private_key"], 16)))
        words = (key, vector["message_hash"], vector["r"], vector["s"])
        signatures.append(Signature(*(int(word, 16) for word in words)))
    ecdsa.check(signatures)
    for one in signatures:
        with pytest.raises(InstanceNotProvable, match="do not sign"):
            ecdsa.check([Signature(one.key, one.message ^ 1, one.r, one.s)])


@pytest.mark.parametrize("s", [1, 2, ORDER - 1, ORDER - 2, (ORDER - 1) // 2, (ORDER + 1) // 2, 2**250, TOP - 1, TOP])
def test_any_s_but_zero_is_shown(s):
    """Where 2s, made odd, passes 2^252, -R takes its place."""
    q, r = with_s(s if odd(s) < 1 << 252 else ORDER - s, 12345)
    made = forged(q, r, 12345, odd(s if odd(s) < 1 << 252 else ORDER - s))
    assert not made.violations()


def test_an_s_with_a_large_inverse_is_the_same_statement_and_refused_by_the_machine():
    s = pow(5, -1, ORDER)
    q, r = with_s(s, 41)
    ecdsa.check([Signature(q.x, 41, r.x, s)])
    assert pow(ORDER - s, -1, ORDER) >= TOP
    with pytest.raises(InstanceNotProvable, match="1/s"):
        ecdsa.check([Signature(q.x, 41, r.x, ORDER - s)])
    assert not forged(q, curve.negate(r), 41, odd(ORDER - s)).violations()


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"message": 0}, "message 0x0"),
        ({"message": TOP}, "message"),
        ({"r": 0}, "r 0x0"),
        ({"r": TOP}, "r 0x8"),
        ({"s": 0}, "s 0x0"),
        ({"s": ORDER}, "s 0x8"),
        ({"message": 89}, "do not sign"),
        ({"key": 5}, "on no point"),
        ({"key": GENERATOR.x}, "do not sign"),
    ],
)
def test_what_is_no_signature_is_named(change, cause):
    good = signed(77, 88)
    with pytest.raises(InstanceNotProvable, match=f"ecdsa instance 1 cannot be proven: .*{cause}"):
        ecdsa.check([good, Signature(**{**good.__dict__, **change})])


# --- exceptional additions: with the constraint the forgery is refused, and that constraint alone names it


HALF_START = curve.multiply(ecdsa.START, (ORDER + 1) // 2)


def test_a_chain_that_meets_the_added_point_is_refused():
    """Q = T/2 and digits +, -: A_0 = T + R - Q = R + Q is the point to add, so the first slope is free."""
    for k in range(1, 50):
        r = curve.multiply(GENERATOR, k)
        if r.x < TOP // 2:  # the top digit of r - 1 is -
            break
    made = forged(HALF_START, r, 5, TOP + 1)
    free_slope(made.columns, 0, _added(made.columns, 0)[1], lambda row: _added(made.columns, row), ecdsa.STEPS)
    assert ("A and P differ in x", 0) in made.violations()
    assert not any(row < 250 for _, row in twin_without(made, "A and P differ in x").violations())


def _added(columns, row: int) -> tuple[int, int]:
    which = "D" if columns["same"][row] else "E"
    sign = 2 * (columns["s_prefix"][row + 1] - 2 * columns["s_prefix"][row]) - 1
    return columns[f"{which}x"][row], sign * columns[f"{which}y"][row] % PRIME


def test_a_key_made_to_meet_its_own_point_is_served_by_the_other_sign_of_r():
    """Anyone can sign some message under Q = T/2: with R = u*G + v*Q, w = v / r and z = u / w."""
    for u in range(1, 60):
        r = curve.add(curve.multiply(GENERATOR, u), curve.multiply(HALF_START, 7))
        w = 7 * pow(r.x, -1, ORDER) % ORDER
        one = Signature(HALF_START.x, u * pow(w, -1, ORDER) % ORDER, r.x, pow(w, -1, ORDER))
        if not (r.x < TOP and w < TOP and one.message < TOP):
            continue
        (options,) = ecdsa._equations([one])
        if not ecdsa._columns(options[:1]).possible[0]:
            assert plain.verify(one.message, one.r, one.s, one.key)
            ecdsa.check([one])
            return
    pytest.fail("no such signature among those tried")


def test_a_start_at_its_own_point_is_refused():
    q = curve.multiply(GENERATOR, 9)
    made = forged(q, curve.add(q, ecdsa.START), 5, odd(3))
    assert ("start: D is not +-T", 0) in made.violations()
    assert not any(name.startswith("start: slope") for name, _ in made.violations())


@pytest.mark.parametrize("sign", [1, -1])
def test_a_nonce_that_equals_the_key_is_refused(sign):
    q = next(p for p in (curve.multiply(GENERATOR, k) for k in range(2, 50)) if p.x < TOP)
    made = forged(q, q if sign == 1 else curve.negate(q), 5, odd(3))
    assert ("r is neither the key nor 2^251", ecdsa.LAST) in made.violations()


@pytest.mark.parametrize("sign", [1, -1])
def test_an_end_at_the_key_is_refused(sign):
    message = 41
    w = curve.add(SHIFT, curve.multiply(GENERATOR, 2 * message))
    q = w if sign == 1 else curve.negate(w)
    made = forged(q, curve.multiply(GENERATOR, 3), message, odd(3))
    assert ("end: W is not +-Q", ecdsa.LAST) in made.violations()


def test_an_s_of_zero_is_refused():
    """0*R = z*G + r*Q holds for any R with the key Q = -z/r * G."""
    message, r = 41, next(p for p in (curve.multiply(GENERATOR, k) for k in range(2, 50)) if p.x < TOP)
    q = curve.multiply(GENERATOR, -message * pow(r.x, -1, ORDER))
    assert_only("z is not 2^251, s is not 0", forged(q, r, message, ORDER))


def test_a_message_of_2_to_251_is_refused():
    q, r = with_s(3, TOP)
    assert_only("z is not 2^251, s is not 0", forged(q, r, TOP, odd(3)))


def test_an_r_of_2_to_251_is_refused():
    """It is the x-coordinate of a point."""
    r = curve.lift_x(TOP)
    q = curve.multiply(curve.add(curve.multiply(r, 3), curve.multiply(GENERATOR, -41)), pow(r.x, -1, ORDER))
    assert_only("r is neither the key nor 2^251", forged(q, r, 41, odd(3)))


def assert_only(name: str, made: Bench) -> None:
    """The named constraint refuses, and its twin without it accepts."""
    assert made.violations() == {(name, ecdsa.LAST)}
    assert not twin_without(made, name).violations()


def test_a_message_of_zero_is_refused():
    """Of -1, which z - 1 would be, only its low 251 bits can be shown."""
    q, r = with_s(3, 0)
    made = forged(q, r, PRIME, odd(3))
    assert made.memory[START + 1] % PRIME == 0
    assert made.violations() >= {("the message", ecdsa.LAST)}


def test_wrong_words_are_refused():
    q, r = with_s(3, 41)
    assert not forged(q, r, 41, odd(3)).violations()
    ends = {"end: x of A and of W + Q", "end: y of A and of W + Q"}
    assert forged(q, r, 41, odd(5)).broken() == ends
    assert forged(q, r, 42, odd(3)).broken() == ends
    assert forged(q, curve.add(r, r), 41, odd(3)).broken() == ends
    assert forged(curve.add(q, q), r, 41, odd(3)).broken() == ends


@pytest.mark.parametrize(("point", "name"), [("Q", "Q is on the curve"), ("R", "R is on the curve")])
def test_a_point_off_the_curve_is_refused(point, name):
    q, r = with_s(3, 41)
    q, r = (Point(q.x, q.y + 1), r) if point == "Q" else (q, Point(r.x, r.y + 1))
    assert (name, ecdsa.LAST) in forged(q, r, 41, odd(3)).violations()


def test_a_digit_of_two_is_refused():
    made = honest([signed(77, 88)])
    prefix = made.columns["z_prefix"]
    digits = [prefix[row + 1] - 2 * prefix[row] for row in range(250)]
    row = next(row for row in range(1, 250) if digits[row - 1 : row + 1] == [1, 0])  # 10 is also 02
    prefix[row] -= 1
    assert ("z prefix grows by bits", row) in made.violations([row - 1, row])


def test_two_signs_and_two_keys_cannot_be_told_apart_and_need_not():
    """The statement: some signature of z under the key or its negative is known."""
    q, r = with_s(3, 41)
    for point, s in ((r, 3), (curve.negate(r), ORDER - 3)):
        if odd(s) < 1 << 252:
            assert not forged(q, point, 41, odd(s)).violations()


def test_every_cell_of_a_block_is_fixed_but_the_unread_ones():
    made = honest([signed(77, 88)])
    free = component_kit.unnoticed(made, range(256))
    expected = {(name, row) for name in made.columns for row in range(256) if ecdsa.unread(row, name)}
    assert free == expected

"""Signatures that are checked together are accepted as the equation says of each alone, in plain Python."""

from hypothesis import given, settings
from hypothesis import strategies as st

from prover.algebra import ecdsa
from prover.algebra.curve import GENERATOR, ORDER
from prover.algebra.ecdsa import MAX, Signed
from prover.algebra.field import PRIME
from prover.kernel import reference

KEYS = (1, 2, 0x1234567, ORDER - 1)


def accepts(signed: Signed) -> bool:
    """x(w * (message * G +- r * Q)) is r, with every number in its range."""
    if not (0 < signed.message < MAX and 0 < signed.r < MAX and 0 < signed.s < ORDER):
        return False
    w, x = pow(signed.s, -1, ORDER), signed.stark_key
    y = reference.square_root((x**3 + x + ecdsa.curve.BETA) % PRIME) if 0 <= x < PRIME else None
    if y is None or w >= MAX:
        return False
    base, term = reference.curve_multiple(GENERATOR, signed.message), reference.curve_multiple((x, y), signed.r)
    totals = [reference.curve_sum(base, term), reference.curve_sum(base, term and (term[0], -term[1] % PRIME))]
    results = [reference.curve_multiple(total, w) for total in totals if total is not None]
    return signed.r in [result[0] for result in results if result is not None]


def signed_by(key: int, message: int) -> Signed:
    return Signed(message, *ecdsa.sign(message, key), ecdsa.public_key(key))


@st.composite
def changed(draw) -> Signed:
    """A signature, or one with a number that is another: an edge, one more, or its negative."""
    signed = signed_by(draw(st.sampled_from(KEYS)), draw(st.integers(1, MAX - 1)))
    name = draw(st.sampled_from([None, *Signed._fields]))
    if name is None:
        return signed
    before = getattr(signed, name)
    after = [0, 1, 2, MAX - 1, MAX, ORDER - 1, ORDER, PRIME - 1, PRIME, -before, before + 1, before + PRIME]
    return signed._replace(**{name: draw(st.sampled_from([*after, before + ORDER, ORDER - before, -1, 2**256]))})


@given(st.lists(changed(), max_size=6))
@settings(max_examples=25, deadline=None)
def test_all_at_once_are_as_each_alone(signatures):
    assert ecdsa.verify_all(signatures) == [accepts(signed) for signed in signatures]


def test_a_signature_is_accepted_among_others_that_are_not():
    good = signed_by(7, 99)
    others = [good._replace(message=98), good._replace(r=0), good._replace(s=ORDER), good._replace(stark_key=PRIME)]
    assert ecdsa.verify_all([*others, good, *others]) == [False] * 4 + [True] + [False] * 4


def test_sums_that_are_infinity_are_no_signature():
    """message * G is r * Q, or its negative: one of the two sums has no x, the other is checked."""
    key, r = 5, 1000
    for message in (5 * r, 10 * r):
        signed = Signed(message, r, 3, ecdsa.public_key(key))
        assert ecdsa.verify_all([signed]) == [accepts(signed)] == [False]
    negative = Signed(r, r, 3, ecdsa.public_key(ORDER - 1))
    assert ecdsa.verify_all([negative]) == [accepts(negative)] == [False]


def test_a_key_that_is_on_no_point_accepts_nothing():
    x = next(x for x in range(2, 99) if reference.square_root((x**3 + x + ecdsa.curve.BETA) % PRIME) is None)
    assert ecdsa.verify_all([signed_by(7, 99)._replace(stark_key=x)]) == [False]


def test_the_bound_of_r_holds():
    """A key that the equation gives for a chosen r; nobody needs its secret to show it."""
    message, s, accepted = 99, 2, {}
    for first in (5, MAX):
        r = next(x for x in range(first, first + 99) if reference.square_root((x**3 + x + ecdsa.curve.BETA) % PRIME))
        point = (r, reference.square_root((r**3 + r + ecdsa.curve.BETA) % PRIME))
        minus = reference.curve_multiple(GENERATOR, ORDER - message)
        total = reference.curve_sum(reference.curve_multiple(point, s), minus)
        key, _ = reference.curve_multiple(total, pow(r, -1, ORDER))
        signed = Signed(message, r, s, key)
        assert ecdsa.verify_all([signed]) == [accepts(signed)]
        accepted[r < MAX] = ecdsa.verify_all([signed])[0]
    assert accepted == {True: True, False: False}


def test_the_bound_of_one_over_s_holds():
    """A signature with k = w, r = x(k * G): valid by the equation, refused where w is 2^251 and more."""
    key, found = 3, set()
    for k in range(1, 40):
        r = reference.curve_multiple(GENERATOR, k)[0]
        w = (ORDER - k) if k % 2 else k
        message = (k * pow(w, -1, ORDER) - r * key) % ORDER
        if not (0 < message < MAX and 0 < r < MAX):
            continue
        signed = Signed(message, r, pow(w, -1, ORDER), ecdsa.public_key(key))
        assert ecdsa.verify_all([signed]) == [accepts(signed)]
        found.add((w < MAX, ecdsa.verify_all([signed])[0]))
    assert found >= {(True, True), (False, False)}

"""What an instance of a builtin is and means, on plain integers.

The machine deduces and checks cells by it, the components prove it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prover import kernel
from prover.algebra import curve

CELLS = {
    "output": 1,
    "pedersen": 3,
    "range_check": 1,
    "ecdsa": 2,
    "bitwise": 5,
    "ec_op": 7,
    "poseidon": 6,
    "range_check96": 1,
    "add_mod": 7,
    "mul_mod": 7,
}
"""Memory cells of one instance; inputs come first (docs/builtins.md)."""


@dataclass(frozen=True)
class Signature:
    """What an instance of ecdsa is to show: `key` signed `message`. (r, s) are in no memory cell."""

    key: int
    message: int
    r: int
    s: int


def ec_op_result(p: curve.Point, q: curve.Point, m: int) -> curve.Point | None:
    """P + m*Q, None at infinity; the points are on the curve."""
    multiples, finite = kernel.curve_multiples(kernel.from_ints(list(q)).reshape(1, 2, 4), [m % curve.ORDER])
    return curve.add(p, curve.Point(*kernel.to_ints(multiples[0])) if finite[0] else None)


N_WORDS = 4
WORD_BITS = 96


@dataclass(frozen=True)
class ModuloInstance:
    """p, a, b and c as integers."""

    p: int
    a: int
    b: int
    c: int


def integer(words: Sequence[int]) -> int:
    return sum(word << WORD_BITS * i for i, word in enumerate(words))


def words_of(number: int) -> list[int]:
    return [number >> WORD_BITS * i & (1 << WORD_BITS) - 1 for i in range(N_WORDS)]


def add_mod_quotient(one: ModuloInstance) -> int | None:
    """k with a + b = c + k*p, or None where there is none."""
    difference = one.a + one.b - one.c
    return 0 if difference == 0 else 1 if difference == one.p else None


def mul_mod_quotient(one: ModuloInstance) -> int | None:
    """k with a * b = c + k*p, or None where there is none below 2^384."""
    difference = one.a * one.b - one.c
    if difference == 0:
        return 0
    if one.p == 0 or difference % one.p or not 0 < difference // one.p < 1 << WORD_BITS * N_WORDS:
        return None
    return difference // one.p

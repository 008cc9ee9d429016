"""The add_mod builtin: a + b = c + k*p with a bit k; one instance a row (modulo.py).

Word by word, `a_i + b_i - c_i - k*p_i + t_i = 2^96 * t_(i+1)` with carries t in {-1, 0, 1}, the first and the last 0.
With words below 2^96 each side is far below the field's p in size, so the equations hold between integers, and their
sum with powers of 2^96 is the claim. c need not be below p.
"""

from __future__ import annotations

import numpy as np

from prover import kernel
from prover.cairo.components import modulo
from prover.cairo.instances import N_WORDS, WORD_BITS, ModuloInstance, add_mod_quotient, words_of
from prover.cairo.trace import Trace
from prover.kernel import Felts
from prover.stark.expressions import Operand
from prover.stark.tables import Table, TableBuilder


def build() -> Table:
    t = TableBuilder("add_mod")
    p, a, b, c = modulo.constrain(t)
    k = t.main("k")
    carries = [t.main(f"carry_{i}") for i in range(1, N_WORDS)]
    t.constrain("k is boolean", k * (k - 1))
    for i, carry in enumerate(carries, start=1):
        t.constrain(f"carry {i} is -1, 0 or 1", carry * carry * carry - carry)
    chain: list[Operand] = [0, *carries, 0]
    for i in range(N_WORDS):
        difference = a[i] + b[i] - c[i] - k * p[i] + chain[i]
        t.constrain(f"word {i}", difference - (1 << WORD_BITS) * chain[i + 1])
    return t.finish()


def cells(one: ModuloInstance, k: int) -> list[int]:
    """k and the carries."""
    a, b, c, p = (words_of(number) for number in (one.a, one.b, one.c, one.p))
    found, carry = [k], 0
    for i in range(N_WORDS - 1):
        carry = (a[i] + b[i] - c[i] - k * p[i] + carry) >> WORD_BITS
        found.append(carry)
    return found


KIND = modulo.Kind("add_mod", add_mod_quotient, "a + b - c is neither 0 nor p", cells)


def fill(trace: Trace) -> Felts:
    """(28, n, 4). Raises InstanceNotProvable."""
    columns, rows = modulo.fill(trace, KIND)
    return np.stack([*columns, *(kernel.from_ints(list(column)) for column in zip(*rows, strict=True))])

"""The mul_mod builtin: a * b = c + k*p with k below 2^384; one instance a row (modulo.py).

With a_i, b_i, k_i, p_i, c_i the words, the columns of the product are

    D_j = sum over i + l = j of (a_i * b_l - k_i * p_l) - c_j,    D_j + t_j = 2^96 * t_(j+1),  j = 0..6,  t_0 = t_7 = 0

k's words are sums of six 16-bit limbs, a carry is a sum of seven less 2^111. Where the other words are below 2^96 too,
`|D_j + t_j|` is below 2^195 and `|2^96 * t|` below 2^208: the equations hold between integers, and their sum with
powers of 2^96 is the claim. The honest carries are below 2^99 in size. c need not be below p.
"""

from __future__ import annotations

import numpy as np

from prover.cairo.components import modulo
from prover.cairo.components.tags import RANGE_CHECK_16
from prover.cairo.instances import N_WORDS, WORD_BITS, ModuloInstance, mul_mod_quotient, words_of
from prover.cairo.trace import Trace
from prover.kernel import Felts
from prover.stark.expressions import Expression, Operand, total
from prover.stark.tables import Table, TableBuilder

LIMB_BITS = 16
WORD_LIMBS, CARRY_LIMBS = 6, 7
BIAS = 1 << LIMB_BITS * CARRY_LIMBS - 1
N_CARRIES = 2 * N_WORDS - 2


def build() -> Table:
    t = TableBuilder("mul_mod")
    p, a, b, c = modulo.constrain(t)
    k = [_number(t, f"k{i}", WORD_LIMBS) for i in range(N_WORDS)]
    chain: list[Operand] = [0, *(_number(t, f"carry_{j}", CARRY_LIMBS) - BIAS for j in range(1, N_CARRIES + 1)), 0]
    for j in range(N_CARRIES + 1):
        zero = chain[j] - c[j] if j < N_WORDS else chain[j]
        for i in range(max(0, j - N_WORDS + 1), min(j, N_WORDS - 1) + 1):
            zero = zero + a[i] * b[j - i] - k[i] * p[j - i]
        t.constrain(f"product column {j}", zero - (1 << WORD_BITS) * chain[j + 1])
    return t.finish()


def _number(t: TableBuilder, name: str, limbs: int) -> Expression:
    """A number of 16-bit limbs, which are columns."""
    columns = [t.main(f"{name}_limb_{i}") for i in range(limbs)]
    for column in columns:
        t.look_up(1, RANGE_CHECK_16, column)
    return total((1 << LIMB_BITS * i) * column for i, column in enumerate(columns))


def cells(one: ModuloInstance, k: int) -> list[int]:
    """16-bit limbs of k and of the carries."""
    numbers = [(word, WORD_LIMBS) for word in words_of(k)]
    numbers += [(word + BIAS, CARRY_LIMBS) for word in _carries(one, k)]
    return [number >> LIMB_BITS * i & 0xFFFF for number, count in numbers for i in range(count)]


def _carries(one: ModuloInstance, k: int) -> list[int]:
    a, b, c, p = (words_of(number) for number in (one.a, one.b, one.c, one.p))
    ks, found, carry = words_of(k), [], 0
    for j in range(N_CARRIES):
        pairs = [(i, j - i) for i in range(N_WORDS) if 0 <= j - i < N_WORDS]
        column = sum(a[i] * b[other] - ks[i] * p[other] for i, other in pairs)
        carry = (column - (c[j] if j < N_WORDS else 0) + carry) >> WORD_BITS
        found.append(carry)
    return found


KIND = modulo.Kind("mul_mod", mul_mod_quotient, "a * b - c is no multiple of p by a k below 2^384", cells)


def fill(trace: Trace) -> Felts:
    """(90, n, 4). Raises InstanceNotProvable."""
    columns, rows = modulo.fill(trace, KIND)
    limbs = np.array(rows, dtype=np.int64)
    return np.stack([*columns, *(trace.check_range_16(limbs[:, i]) for i in range(limbs.shape[1]))])

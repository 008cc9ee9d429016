"""Trace domains and evaluation domains, and the order in which everything committed stands.

`H_k` is the subgroup of order `2^k`, `D_k = s_k * H_k` with `s_k = g^(2^(K-k))` the evaluation domain of size
`2^k`. Squaring maps `D_k` onto `D_(k-1)`. Position `q` of `D_k` holds
`s_k * product of omega_(i+1) over the set bits i of q`, so positions `2j`, `2j+1` hold `x` and `-x`, and
`x_q^(2^l)` is the point of position `q >> l` of `D_(k-l)`.
"""

from functools import cache

from prover.algebra.field import PRIME

GENERATOR = 3
LOG_LARGEST = 40
"""K: the domains' tower. The odd part of the order of `s_k` keeps every `D_k` off every `H_j`."""

MEMBERSHIP = pow(GENERATOR, 1 << LOG_LARGEST, PRIME)
"""`x^(2^k)` for every x of `D_k`."""


@cache
def root_of_unity(log_order: int) -> int:
    """omega_k, the canonical generator of `H_k`; omega_k^2 = omega_(k-1)."""
    return pow(GENERATOR, (PRIME - 1) >> log_order, PRIME)


@cache
def domain_shift(log_size: int) -> int:
    """s_k."""
    return pow(GENERATOR, 1 << (LOG_LARGEST - log_size), PRIME)


def point(log_size: int, position: int) -> int:
    """The point of `D_(log_size)` at `position`."""
    x = domain_shift(log_size)
    for bit in range(log_size):
        if position >> bit & 1:
            x = x * root_of_unity(bit + 1) % PRIME
    return x


def block_shift(log_size: int, log_block: int, block: int) -> int:
    """`c` such that positions `block << log_block ..` of `D_(log_size)` are the coset `c * H_(log_block)`."""
    return point(log_size, block << log_block)

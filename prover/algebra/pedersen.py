"""The Pedersen hash of two felts, one at a time, with the results of recent hashes kept.

h(a, b) is the x-coordinate of `S + a_low*P0 + a_high*P1 + b_low*P2 + b_high*P3`, low the low 248 bits and high the top
4. The kernel computes it; its plain twin is `prover.kernel.reference.pedersen`.
"""

from functools import lru_cache

from prover import kernel
from prover.algebra.field import PRIME


@lru_cache(maxsize=1 << 18)
def pedersen(a: int, b: int) -> int:
    """Raises ValueError for inputs that are no field elements."""
    if not (0 <= a < PRIME and 0 <= b < PRIME):
        raise ValueError("pedersen takes numbers below p")
    return kernel.pedersen_single(a, b)

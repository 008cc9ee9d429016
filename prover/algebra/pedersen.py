"""The Pedersen hash of two felts, one at a time, with the results of recent hashes kept, or of many pairs at once.

h(a, b) is the x-coordinate of `S + a_low*P0 + a_high*P1 + b_low*P2 + b_high*P3`, low the low 248 bits and high the top
4. The kernel computes it; its plain twin is `prover.kernel.reference.pedersen`.
"""

from collections.abc import Sequence
from functools import lru_cache

from prover import kernel
from prover.algebra.field import PRIME

FEW = 32
"""Up to so many pairs are hashed one by one, and their results kept."""


@lru_cache(maxsize=1 << 18)
def pedersen(a: int, b: int) -> int:
    """Raises ValueError for inputs that are no field elements."""
    if not (0 <= a < PRIME and 0 <= b < PRIME):
        raise ValueError("pedersen takes numbers below p")
    return kernel.pedersen_single(a, b)


def pedersen_pairs(lefts: Sequence[int], rights: Sequence[int]) -> list[int]:
    """h(lefts[i], rights[i]) for every i. Raises ValueError for inputs that are no field elements."""
    if len(lefts) <= FEW:
        return [pedersen(left, right) for left, right in zip(lefts, rights, strict=True)]
    words = [word for pair in zip(lefts, rights, strict=True) for word in pair]
    if min(words) < 0 or max(words) >= PRIME:
        raise ValueError("pedersen takes numbers below p")
    return kernel.to_ints(kernel.pedersen(kernel.from_ints(words).reshape(-1, 2, 4)))

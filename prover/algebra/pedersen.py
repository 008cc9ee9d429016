"""The Pedersen hash of two felts, one at a time or of many pairs at once; recent results are kept.

h(a, b) is the x-coordinate of `S + a_low*P0 + a_high*P1 + b_low*P2 + b_high*P3`, low the low 248 bits and high the top
4. The kernel computes it; its plain twin is `prover.kernel.reference.pedersen`.
"""

from collections.abc import Sequence

from prover import kernel
from prover.algebra.field import PRIME

FEW = 16
"""Up to so many pairs are hashed one by one: together they would cost more."""
KEPT = 1 << 18
"""Results kept for the next who asks: a machine that runs what the rules in Python have just computed."""
AT_ONCE = 1 << 15
"""Pairs that the kernel is given at a time: their numbers stay in cache."""

_results: dict[tuple[int, int], int] = {}


def pedersen(a: int, b: int) -> int:
    """Raises ValueError for inputs that are no field elements."""
    found = _results.get((a, b))
    if found is None:
        _check(a, b)
        found = kernel.pedersen_single(a, b)
        _keep({(a, b): found})
    return found


def pedersen_pairs(lefts: Sequence[int], rights: Sequence[int]) -> list[int]:
    """h(lefts[i], rights[i]) for every i. Raises ValueError for inputs that are no field elements."""
    pairs = list(zip(lefts, rights, strict=True))
    if len(pairs) > KEPT // 8:  # so many that hardly any is known, and keeping them would push out the others
        return _hashed(pairs)
    known = [_results.get(pair) for pair in pairs]
    missing = list(dict.fromkeys(pair for pair, value in zip(pairs, known, strict=True) if value is None))
    made = dict(zip(missing, _hashed(missing), strict=True)) if missing else {}
    _keep(made)
    return [made[pair] if value is None else value for pair, value in zip(pairs, known, strict=True)]


def _hashed(pairs: Sequence[tuple[int, int]]) -> list[int]:
    words = [word for pair in pairs for word in pair]
    _check(min(words), max(words))
    if len(pairs) <= FEW:
        return [kernel.pedersen_single(*pair) for pair in pairs]
    hashes: list[int] = []
    for first in range(0, len(words), 2 * AT_ONCE):
        share = kernel.from_ints(words[first : first + 2 * AT_ONCE]).reshape(-1, 2, 4)
        hashes += kernel.to_ints(kernel.pedersen(share))
    return hashes


def _check(*words: int) -> None:
    if not all(0 <= word < PRIME for word in words):
        raise ValueError("pedersen takes numbers below p")


def _keep(made: dict[tuple[int, int], int]) -> None:
    if len(_results) + len(made) > KEPT:
        _results.clear()
    _results.update(made)

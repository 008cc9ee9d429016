"""The Poseidon hash of Starknet: the Hades permutation of width 3 over the field (docs/spec/cairo-machine.md 8).

A full round adds constants to the three words, cubes them and multiplies by the matrix; a partial round cubes the third
word alone. 4 full, 83 partial and 4 full rounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from hashlib import sha256

from prover.algebra.field import PRIME

WIDTH = 3
HALF_FULL_ROUNDS = 4
PARTIAL_ROUNDS = 83
ROUNDS = 2 * HALF_FULL_ROUNDS + PARTIAL_ROUNDS

State = tuple[int, int, int]


@cache
def round_constants() -> tuple[State, ...]:
    """SHA-256 of "Hades" and the running number, mod p."""
    numbers = [
        int.from_bytes(sha256(f"Hades{index}".encode()).digest(), "big") % PRIME for index in range(WIDTH * ROUNDS)
    ]
    return tuple(zip(numbers[0::3], numbers[1::3], numbers[2::3], strict=True))


def is_full(round_number: int) -> bool:
    return not HALF_FULL_ROUNDS <= round_number < HALF_FULL_ROUNDS + PARTIAL_ROUNDS


def mix(a: int, b: int, c: int) -> State:
    """The matrix [[3, 1, 1], [1, -1, 1], [1, 1, -2]]."""
    total = a + b + c
    return (total + 2 * a) % PRIME, (total - 2 * b) % PRIME, (total - 3 * c) % PRIME


@lru_cache(maxsize=1 << 16)
def permutation(state: State) -> State:
    a, b, c = state
    for number, (ka, kb, kc) in enumerate(round_constants()):
        a, b, c = a + ka, b + kb, c + kc
        if is_full(number):
            a, b = a * a * a % PRIME, b * b * b % PRIME
        a, b, c = mix(a, b, c * c * c % PRIME)
    return a, b, c


def poseidon(a: int, b: int) -> int:
    """The hash of two felts."""
    return permutation((a, b, 2))[0]


def poseidon_single(a: int) -> int:
    return permutation((a, 0, 1))[0]


def poseidon_many(words: Iterable[int]) -> int:
    """Padded by 1 and zeros to an even length, absorbed in pairs."""
    padded: Sequence[int] = [*words, 1]
    padded = [*padded, *[0] * (len(padded) % 2)]
    a, b, c = 0, 0, 0
    for x, y in zip(padded[0::2], padded[1::2], strict=True):
        a, b, c = permutation(((a + x) % PRIME, (b + y) % PRIME, c))
    return a

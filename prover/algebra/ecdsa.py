"""ECDSA on the Stark curve with x-only keys and no reduction of r (docs/spec/perpetual-state.md 1.5)."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from itertools import accumulate
from typing import NamedTuple

from prover.algebra import curve
from prover.algebra.curve import ORDER
from prover.algebra.field import PRIME

MAX = 1 << 251
"""Messages, r and w = 1/s must lie below."""


class MessageOutOfRange(ValueError):
    def __init__(self, message: int) -> None:
        super().__init__(f"message {message:#x} is not in (0, 2^251)")


def public_point(private_key: int) -> curve.Point:
    if not 0 < private_key < ORDER:
        raise ValueError("a private key lies in [1, n)")
    return curve.finite(curve.multiply(curve.GENERATOR, private_key))


def public_key(private_key: int) -> int:
    """The Stark key: the x-coordinate alone."""
    return public_point(private_key).x


def grind_key(seed: bytes) -> int:
    """SHA-256(seed || index) below the greatest multiple of n, mod n; index 0, 1, ..."""
    limit = (1 << 256) - (1 << 256) % ORDER
    index = 0
    while True:
        candidate = int.from_bytes(
            sha256(seed + index.to_bytes(max(1, (index.bit_length() + 7) // 8), "big")).digest(), "big"
        )
        if candidate < limit:
            return candidate % ORDER
        index += 1


def _nonce(message: int, private_key: int, extra: bytes) -> int:
    """RFC 6979 with SHA-256; a message of 248 bits and more whose top nibble is short is shifted by 4."""
    if message.bit_length() >= 248 and 1 <= message.bit_length() % 8 <= 4:
        message *= 16
    data = message.to_bytes(max(1, (message.bit_length() + 7) // 8), "big")
    bits = int.from_bytes(data, "big") >> max(0, 8 * len(data) - ORDER.bit_length())
    seed = private_key.to_bytes(32, "big") + (bits % ORDER).to_bytes(32, "big") + extra
    key, value = bytes(32), b"\x01" * 32
    for separator in (b"\x00", b"\x01"):
        key = hmac.new(key, value + separator + seed, sha256).digest()
        value = hmac.new(key, value, sha256).digest()
    while True:
        value = hmac.new(key, value, sha256).digest()
        candidate = int.from_bytes(value, "big") >> 256 - ORDER.bit_length()
        if 0 < candidate < ORDER:
            return candidate
        key = hmac.new(key, value + b"\x00", sha256).digest()
        value = hmac.new(key, value, sha256).digest()


def sign(message: int, private_key: int) -> tuple[int, int]:
    """(r, s). Raises MessageOutOfRange."""
    if not 0 < message < MAX:
        raise MessageOutOfRange(message)
    attempt = 0
    while True:
        extra = attempt.to_bytes((attempt.bit_length() + 7) // 8, "big")
        k = _nonce(message, private_key, extra)
        point = curve.finite(curve.multiply(curve.GENERATOR, k))
        r, factor = point.x, (message + point.x * private_key) % ORDER
        attempt += 1
        if not 0 < r < MAX or factor == 0:
            continue
        w = k * pow(factor, -1, ORDER) % ORDER
        if 0 < w < MAX:
            return r, pow(w, -1, ORDER)


class Signed(NamedTuple):
    """A signature (r, s) of a message, under a Stark key."""

    message: int
    r: int
    s: int
    stark_key: int

    def is_in_range(self) -> bool:
        """Whether any key could accept it. That w = 1/s is below its bound is left out."""
        return 0 < self.message < MAX and 0 < self.r < MAX and 0 < self.s < ORDER and 0 <= self.stark_key < PRIME


@lru_cache(maxsize=1 << 14)
def verify(message: int, r: int, s: int, stark_key: int) -> bool:
    """Accepts either parity of the key's y. Recent answers are kept: a batch is looked at more than once."""
    return verify_all([Signed(message, r, s, stark_key)])[0]


def verify_all(signatures: Sequence[Signed]) -> list[bool]:
    """The same of many: x of w * message * G +- w * r * Q is r, which the kernel makes of all together."""
    accepted = [False] * len(signatures)
    places = [place for place, signature in enumerate(signatures) if signature.is_in_range()]
    inverses = _inverses([signatures[place].s for place in places])
    keys = curve.lift_all([signatures[place].stark_key for place in places])
    checked = [
        (place, key, w) for place, key, w in zip(places, keys, inverses, strict=True) if key is not None and w < MAX
    ]
    sums = curve.joint_multiples(
        curve.GENERATOR,
        [key for _, key, _ in checked],
        [signatures[place].message * w % ORDER for place, _, w in checked],
        [signatures[place].r * w % ORDER for place, _, w in checked],
    )
    for (place, _, _), xs in zip(checked, sums, strict=True):
        accepted[place] = signatures[place].r in xs
    return accepted


def _inverses(numbers: Sequence[int]) -> list[int]:
    """Modulo n, of numbers in [1, n): one inversion, and three products for each."""
    products = list(accumulate(numbers, lambda product, number: product * number % ORDER, initial=1))
    rest, found = pow(products[-1], -1, ORDER), []
    for number, product in zip(reversed(numbers), reversed(products[:-1]), strict=True):
        found.append(rest * product % ORDER)
        rest = rest * number % ORDER
    return found[::-1]

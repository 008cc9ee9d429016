"""Curve arithmetic for hints of the common library (`ec`, `cairo_secp`, `secp256r1`): what `library.py` lends out.

Points are pairs; names are the library's. A hint's result is checked by the program, so nothing here is trusted.
"""

from __future__ import annotations

from hashlib import sha256
from types import SimpleNamespace
from typing import Any

from prover.algebra.curve import square_root
from prover.algebra.field import PRIME
from prover.algebra.keys import SECP256K1_ORDER, SECP256K1_PRIME
from prover.cairo.errors import RunFailed

SECP_P, N = SECP256K1_PRIME, SECP256K1_ORDER
"""secp256k1: the field, and the order of its group."""
SECP256R1_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
SECP256R1_ALPHA = SECP256R1_P - 3
SECP256R1_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SECP256R1_BETA = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
SECP256R1 = SimpleNamespace(prime=SECP256R1_P, alpha=SECP256R1_ALPHA, beta=SECP256R1_BETA, order=SECP256R1_N)

LIMB_BITS, N_LIMBS = 86, 3
"""How the library cuts a 256-bit number."""


def pack(limbs: Any, prime: int) -> int:
    """The integer behind a struct d0, d1, d2, whose limbs may be negative."""
    words = (limbs.d0, limbs.d1, limbs.d2)
    signed = (word % prime - prime if word % prime > prime // 2 else word % prime for word in words)
    return sum(word << LIMB_BITS * i for i, word in enumerate(signed))


def split(number: int) -> list[int]:
    if not 0 <= number < 1 << LIMB_BITS * N_LIMBS:
        raise RunFailed(f"{number:#x} does not fit into {N_LIMBS} limbs of {LIMB_BITS} bits")
    return [number >> LIMB_BITS * i & (1 << LIMB_BITS) - 1 for i in range(N_LIMBS)]


def div_mod(numerator: int, denominator: int, modulus: int) -> int:
    return numerator * pow(denominator, -1, modulus) % modulus


def line_slope(point1: tuple[int, int], point2: tuple[int, int], p: int) -> int:
    return div_mod(point1[1] - point2[1], point1[0] - point2[0], p)


def ec_double_slope(point: tuple[int, int], alpha: int, p: int) -> int:
    return div_mod(3 * point[0] * point[0] + alpha, 2 * point[1], p)


def y_squared_from_x(x: int, alpha: int, beta: int, field_prime: int) -> int:
    return (x * x * x + alpha * x + beta) % field_prime


def recover_y(x: int, alpha: int, beta: int, field_prime: int) -> int:
    if field_prime != PRIME:
        raise RunFailed(f"no square roots modulo {field_prime:#x} here")
    y = square_root(y_squared_from_x(x, alpha, beta, field_prime))
    if y is None:
        raise RunFailed(f"{x:#x} is the x-coordinate of no point")
    return y


def random_ec_point(field_prime: int, alpha: int, beta: int, seed: bytes) -> tuple[int, int]:
    """A point whose logarithms nobody knows, the same for the same seed."""
    counter = 0
    while True:
        digest = sha256(seed + counter.to_bytes(8, "big")).digest()
        x = int.from_bytes(digest, "big") % field_prime
        try:
            return x, recover_y(x, alpha, beta, field_prime)
        except RunFailed:
            counter += 1


def to_bytes(value: int, length: int = 32, byte_order: str = "big") -> bytes:
    return value.to_bytes(length, byte_order)

"""One block of the Pedersen table with digits and points of the forger's choice, honest in everything that follows."""

from __future__ import annotations

from dataclasses import dataclass

from prover.algebra import curve
from prover.algebra.curve import Point
from prover.algebra.field import PRIME
from prover.cairo.components import pedersen
from prover.cairo.components.digits import TOP
from prover.kernel.pedersen_points import window_rows


def entry(half: int, window: int, digit: int) -> Point:
    return Point(*window_rows()[(32 * half + window) * 256 + digit][2:])


def digits_of(number: int) -> list[int]:
    """High first, by window 31 to 0."""
    return list(number.to_bytes(32, "big"))


@dataclass(frozen=True)
class Block:
    """`columns`: 32 words of each but aux; `chains`: words of aux by row, strip excepted; inputs and result as read."""

    columns: dict[str, list[int]]
    chains: dict[int, int]
    inputs: tuple[int, int]
    result: int


def forged_block(x: list[int], y: list[int], points: dict[tuple[int, int], Point] | None = None) -> Block:
    """The block for these digits; `points[half, row]` where the point added is not the digit's own."""
    names = [f"{half}_{part}" for half in "xy" for part in ("prefix", "sum", "slope", "point_y")]
    columns: dict[str, list[int]] = {name: [] for name in names}
    sums, prefixes = pedersen.start_point(), [0, 0]
    for row in range(32):
        for half, (digits, name) in enumerate(((x, "x"), (y, "y"))):
            prefixes[half] = 256 * prefixes[half] + digits[row]
            added = (points or {}).get((half, row)) or entry(half, 31 - row, digits[row])
            slope = (sums.y - added.y) * pow(sums.x - added.x, -1, PRIME) % PRIME
            sums = curve.add(sums, added)
            words = (prefixes[half] % PRIME, sums.x, slope, added.y)
            for part, word in zip(("prefix", "sum", "slope", "point_y"), words, strict=True):
                columns[f"{name}_{part}"].append(word)
    chains = _chain(prefixes[0], pedersen.X_CHAIN, pedersen.X_INVERSE)
    chains |= _chain(prefixes[1], pedersen.Y_CHAIN, pedersen.Y_INVERSE)
    return Block(columns, chains, (prefixes[0] % PRIME, prefixes[1] % PRIME), sums.x)


def _chain(number: int, chain: int, inverse: int) -> dict[int, int]:
    """The 16-bit chain of d = TOP - hi and its inverse; where d is negative, one that at least adds up."""
    distance = (TOP - (number >> 192)) % PRIME
    if distance < 1 << 64:
        words = {chain + limb: distance >> 16 * limb for limb in range(4)}
    else:
        words = {chain + limb: distance * pow(1 << 16 * limb, -1, PRIME) % PRIME for limb in range(4)}
    return words | {inverse: pow(distance, -1, PRIME) if distance else 0}

"""Kinds of numbers that every exchange has: bounds, and how each is written in JSON (docs/spec/perpetual-state.md 2).

Field elements, keys and asset ids are lower-case hex with `0x`; amounts, ids and times are decimal strings, with a sign
where negative. Both forms and JSON integers are read. `Document` is the base of all JSON forms.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from prover.algebra.curve import lift_x
from prover.algebra.field import PRIME

FXP32 = 1 << 32
"""1.0 in 32.32 and 0.32 fixed point."""
AMOUNT_UPPER_BOUND = 1 << 64
ASSET_ID_UPPER_BOUND = 1 << 120
_INTEGER = re.compile(r"0x[0-9a-fA-F]+|-?[0-9]+")


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value, 16 if value.startswith("0x") else 10)
    raise ValueError(f"takes an integer, as '0x' and hex digits or as decimal digits, not {value!r}")


def _named(bound: int) -> str:
    """Powers of two and p by name: nobody reads 20 digits."""
    if bound == PRIME:
        return "p"
    size = abs(bound)
    is_power = size > 1 << 16 and size & size - 1 == 0
    return f"{'-' if bound < 0 else ''}2^{size.bit_length() - 1}" if is_power else str(bound)


def between(low: int, high: int) -> AfterValidator:
    """low <= value < high."""

    def check(value: int) -> int:
        if not low <= value < high:
            raise ValueError(f"must be in [{_named(low)}, {_named(high)}), is {value}")
        return value

    return AfterValidator(check)


@lru_cache(maxsize=1 << 16)
def is_stark_key(key: int) -> bool:
    """Whether `key` is the x of a point of the curve, and not 0."""
    return 0 < key < PRIME and lift_x(key) is not None


def _on_curve(key: int) -> int:
    if not is_stark_key(key):
        raise ValueError(f"{key:#x} is no Stark key: it is the x of no point of the curve")
    return key


as_hex = PlainSerializer(hex, return_type=str, when_used="json")
as_decimal = PlainSerializer(str, return_type=str, when_used="json")
reads_integers = BeforeValidator(_integer)
Felt = Annotated[int, reads_integers, between(0, PRIME), as_hex]
StarkKey = Annotated[int, reads_integers, AfterValidator(_on_curve), as_hex]
AssetId = Annotated[int, reads_integers, between(0, ASSET_ID_UPPER_BOUND), as_hex]
CollateralId = Annotated[int, reads_integers, between(0, 1 << 250), as_hex]
Amount = Annotated[int, reads_integers, between(0, AMOUNT_UPPER_BOUND), as_decimal]
PositionId = Annotated[int, reads_integers, between(0, 1 << 64), as_decimal]
OrderId = PositionId
Unsigned = Annotated[int, reads_integers, between(0, PRIME), as_decimal]
Bits32 = Annotated[int, reads_integers, between(0, 1 << 32), as_decimal]
"""Nonces; hours of expiration; seconds of signed prices."""
Timestamp = Annotated[int, reads_integers, between(0, 1 << 64), as_decimal]
Flag = Annotated[int, reads_integers, between(0, 2), as_decimal]


class Document(BaseModel):
    """Immutable, and refuses fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

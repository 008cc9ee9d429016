"""Kinds of numbers: their bounds, and how each is written in JSON (perpetual-state 2).

Field elements, keys and asset ids are lower-case hex with `0x`; amounts, balances, ids, times and prices are decimal
strings, with a sign where negative. Both forms and JSON integers are read. `Document` is the base of all JSON forms.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from prover.algebra.curve import lift_x
from prover.algebra.field import PRIME

FXP32 = 1 << 32
"""1.0 in 32.32 and 0.32 fixed point."""
EXTERNAL_PRICE_UNIT = 10**18
"""Oracles sign prices in this fraction of one collateral unit."""
AMOUNT_UPPER_BOUND = 1 << 64
BALANCE_BIAS = 1 << 63
"""Balances and funding indices lie in [-bias, bias) and are hashed plus the bias."""
ASSET_ID_UPPER_BOUND = 1 << 120
PRICE_UPPER_BOUND = 1 << 64
RISK_BOUND_MAX = (1 << 128) - 1
MAX_ASSETS_IN_POSITION = 64
SYSTEM_ASSETS_UPPER_BOUND = 1 << 16

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


def _strictly_ascending(entries: Sequence) -> Sequence:
    """By asset id, where an entry is a pair or has one."""
    ids = [entry[0] if isinstance(entry, tuple) else entry.asset_id for entry in entries]
    for first, second in pairwise(ids):
        if first >= second:
            raise ValueError(f"asset ids must ascend strictly: {first:#x} is before {second:#x}")
    return entries


as_hex = PlainSerializer(hex, return_type=str, when_used="json")
as_decimal = PlainSerializer(str, return_type=str, when_used="json")
reads_integers = BeforeValidator(_integer)

Felt = Annotated[int, reads_integers, between(0, PRIME), as_hex]
StarkKey = Annotated[int, reads_integers, AfterValidator(_on_curve), as_hex]
AssetId = Annotated[int, reads_integers, between(0, ASSET_ID_UPPER_BOUND), as_hex]
CollateralId = Annotated[int, reads_integers, between(0, 1 << 250), as_hex]
SignedAssetId = Annotated[int, reads_integers, between(0, 1 << 168), as_hex]
Amount = Annotated[int, reads_integers, between(0, AMOUNT_UPPER_BOUND), as_decimal]
Balance = Annotated[int, reads_integers, between(-BALANCE_BIAS, BALANCE_BIAS), as_decimal]
FundingIndex = Balance
Price = Annotated[int, reads_integers, between(1, PRICE_UPPER_BOUND), as_decimal]
ExternalPrice = Annotated[int, reads_integers, between(0, 1 << 120), as_decimal]
Resolution = Annotated[int, reads_integers, between(1, 1 << 64), as_decimal]
PositionId = Annotated[int, reads_integers, between(0, 1 << 64), as_decimal]
OrderId = PositionId
Unsigned = Annotated[int, reads_integers, between(0, PRIME), as_decimal]
Bits32 = Annotated[int, reads_integers, between(0, 1 << 32), as_decimal]
"""Nonces; hours of expiration; seconds of signed prices."""
Timestamp = Annotated[int, reads_integers, between(0, 1 << 64), as_decimal]
Flag = Annotated[int, reads_integers, between(0, 2), as_decimal]

Indices = Annotated[tuple[tuple[AssetId, FundingIndex], ...], AfterValidator(_strictly_ascending)]
Prices = Annotated[tuple[tuple[AssetId, Price], ...], AfterValidator(_strictly_ascending)]
sorted_by_asset = AfterValidator(_strictly_ascending)


class Document(BaseModel):
    """Immutable, and refuses fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

"""Numbers and objects as the published services write them in JSON, and how what cannot be read is refused.

Objects have exactly their keys. Amounts, ids and times are decimal strings (JSON numbers are read too), field elements
lower-case hex with `0x`. A number out of its range is refused under the published name of that range, any other fault
as SCHEMA_VALIDATION_ERROR.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, TypeAdapter
from pydantic_core import PydanticCustomError, ValidationError

from prover.algebra.field import PRIME

DECIMAL, HEX = re.compile(r"-?(?:0|[1-9][0-9]*)"), re.compile(r"0x[0-9a-f]+")
ROOT_DIGITS = re.compile(r"[0-9a-f]{64}")
ASSET_DIGITS = 30
"""Of a synthetic asset's id, which are always written."""


class NotReadable(ValueError):
    """`code` is the published name of the fault; the message names the field."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def decimal(value: object) -> int:
    """Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and DECIMAL.fullmatch(value):
        return int(value)
    raise ValueError("takes a decimal number as text")


def hexadecimal(value: object) -> int:
    """Raises ValueError."""
    if isinstance(value, str) and HEX.fullmatch(value):
        return int(value, 16)
    raise ValueError("takes lower-case hex with 0x")


def _root(value: object) -> int:
    if isinstance(value, str) and ROOT_DIGITS.fullmatch(value) and int(value, 16) < PRIME:
        return int(value, 16)
    raise ValueError("takes a root as 64 lower-case hex digits without 0x")


def within(read: Callable[[object], int], name: str, low: int, high: int) -> BeforeValidator:
    """Refused as OUT_OF_RANGE_`name` outside [low, high)."""

    def check(given: object) -> int:
        value = read(given)
        if not low <= value < high:
            raise PydanticCustomError(f"OUT_OF_RANGE_{name}", "must be in [{low}, {high})", {"low": low, "high": high})
        return value

    return BeforeValidator(check)


def asset_text(asset_id: int) -> str:
    return f"0x{asset_id:0{ASSET_DIGITS}x}"


def root_text(root: int) -> str:
    return f"{root:064x}"


AS_TEXT = PlainSerializer(str, return_type=str)
AS_HEX = PlainSerializer(hex, return_type=str)
Amount = Annotated[int, within(decimal, "AMOUNT", 0, 1 << 64), AS_TEXT]
Balance = Annotated[int, within(decimal, "BALANCE", -(1 << 63), 1 << 63), AS_TEXT]
PositionId = Annotated[int, within(decimal, "POSITION_ID", 0, 1 << 64), AS_TEXT]
OrderId = Annotated[int, within(decimal, "ORDER_ID", 0, 1 << 64), AS_TEXT]
FundingIndex = Annotated[int, within(decimal, "FUNDING_INDEX", -(1 << 63), 1 << 63), AS_TEXT]
PublicKey = Annotated[int, within(hexadecimal, "PUBLIC_KEY", 0, PRIME), AS_HEX]
AssetId = Annotated[int, within(hexadecimal, "ASSET_ID", 0, 1 << 120), PlainSerializer(asset_text, return_type=str)]
Root = Annotated[int, BeforeValidator(_root), PlainSerializer(root_text, return_type=str)]


class WireObject(BaseModel):
    """Exactly its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Kind = TypeVar("Kind")


def read(kind: type[Kind], document: object) -> Kind:
    """Raises NotReadable."""
    try:
        return cast(Kind, _adapter(cast(Any, kind)).validate_python(document))
    except ValidationError as error:
        raise _refusal(error) from error


def read_json(kind: type[Kind], text: bytes) -> Kind:
    """Raises NotReadable; MALFORMED_REQUEST for what is no JSON."""
    try:
        return cast(Kind, _adapter(cast(Any, kind)).validate_json(text))
    except ValidationError as error:
        raise _refusal(error) from error


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """There are few kinds, and a request is read by one each time."""
    return TypeAdapter(kind)


def _refusal(error: ValidationError) -> NotReadable:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    kind = first["type"]
    code = "MALFORMED_REQUEST" if kind == "json_invalid" else kind if kind.isupper() else "SCHEMA_VALIDATION_ERROR"
    place = ".".join(str(part) for part in first["loc"])
    return NotReadable(code, f"{place}: {first['msg']}" if place else first["msg"])

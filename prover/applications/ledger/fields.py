"""Numbers as fields of documents: bounds, and how each is written in JSON (docs/spec/perpetual-state.md 2).

Field elements, keys and asset ids are lower-case hex with `0x`; amounts, ids and times are decimal strings, with a sign
where negative. Both forms and JSON integers are read. A field named `...Field` has its type from `units.py`. `Document`
is the base of all JSON forms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, PlainSerializer
from pydantic.fields import FieldInfo

from prover.algebra.curve import lift_x
from prover.algebra.field import PRIME
from prover.applications.ledger.units import AssetId, CollateralId, Hours, Seconds, StarkKey

FXP32 = 1 << 32
"""1.0 in 32.32 and 0.32 fixed point."""
AMOUNT_UPPER_BOUND = 1 << 64
ASSET_ID_UPPER_BOUND = 1 << 120
TIME_UPPER_BOUND = 1 << 64
HOURS_UPPER_BOUND = 1 << 32
_INTEGER = re.compile(r"0x[0-9a-fA-F]+|-?[0-9]+")


def integer(value: object) -> int:
    """Of a JSON integer or its text. Raises ValueError."""
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


def bounds_text(low: int, high: int) -> str:
    return f"[{_named(low)}, {_named(high)})"


def between(low: int, high: int) -> AfterValidator:
    """low <= value < high."""

    def check(value: int) -> int:
        if not low <= value < high:
            raise ValueError(f"must be in {bounds_text(low, high)}, is {value}")
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
reads_integers = BeforeValidator(integer)
Felt = Annotated[int, reads_integers, between(0, PRIME), as_hex]
KeyField = Annotated[StarkKey, reads_integers, between(0, PRIME), as_hex]
"""Any word can be asked for as a key; whether it is one, a rule says."""
CurveKeyField = Annotated[StarkKey, reads_integers, AfterValidator(_on_curve), as_hex]
OwnerKeyField = Annotated[StarkKey, reads_integers, between(1, PRIME), as_hex]
"""Of who is to own a position: nobody can sign for a word that is no point of the curve, and it may be one's all the
same, as the contract has it."""
AssetIdField = Annotated[AssetId, reads_integers, between(0, ASSET_ID_UPPER_BOUND), as_hex]
CollateralIdField = Annotated[CollateralId, reads_integers, between(0, 1 << 250), as_hex]
Unsigned = Annotated[int, reads_integers, between(0, PRIME), as_decimal]
Bits32 = Annotated[int, reads_integers, between(0, 1 << 32), as_decimal]
"""Nonces."""
HoursField = Annotated[Hours, reads_integers, between(0, HOURS_UPPER_BOUND), as_decimal]
SignedTimeField = Annotated[Seconds, reads_integers, between(0, 1 << 32), as_decimal]
"""Of a signed price."""
SecondsField = Annotated[Seconds, reads_integers, between(0, TIME_UPPER_BOUND), as_decimal]
Flag = Annotated[int, reads_integers, between(0, 2), as_decimal]


class Document(BaseModel):
    """Immutable, and refuses fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


DocumentKind = TypeVar("DocumentKind", bound=Document)


def unchecked(kind: type[DocumentKind], document: Mapping[str, Any]) -> DocumentKind:
    """The document's numbers in the model's fields, whatever they are: for a reader whose refusal proves nothing.

    Fields that the model does not know are left out. Raises ValueError where one is missing or is no number.
    """
    fields = {}
    for name, field in kind.model_fields.items():
        spelt = next((other for other in _spellings(name, field) if other in document), None)
        if spelt is not None:
            fields[name] = _unchecked(field.annotation, document[spelt])
        elif field.is_required():
            raise ValueError(f"{kind.__name__} has no {name}")
    return cast(DocumentKind, kind.model_construct(**fields))  # pydantic's plugin forgets the kind


def _spellings(name: str, field: FieldInfo) -> list[str]:
    aliases = field.validation_alias
    return [text for text in aliases.choices if isinstance(text, str)] if isinstance(aliases, AliasChoices) else [name]


def _unchecked(annotation: Any, value: Any) -> Any:
    """`value` as the annotation has it, but for its bounds: documents, tuples, tables, and else integers."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated or (origin in (Union, UnionType) and value is not None):  # the only unions are with None
        return _unchecked(inner[0], value)
    if origin is tuple:
        kinds = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
        return tuple(_unchecked(kind, entry) for kind, entry in zip(kinds, value, strict=True))
    if origin is dict:
        return {integer(key): _unchecked(inner[1], entry) for key, entry in value.items()}
    if isinstance(annotation, type) and issubclass(annotation, Document):
        return unchecked(annotation, value)
    return value if origin is Literal or value is None else integer(value)

"""docs/fields.md: every field of the files that people write, from the models that check them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo

from freehold.chain.parameters import Parameters, Span
from freehold.records import is_address
from freehold.scenarios.document import Scenario
from prover.applications.ledger.fields import as_decimal, as_hex, bounds_text
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.documents import BatchDocument, Case

PAGE = "docs/fields.md"
FILES: tuple[tuple[str, str, tuple[type[BaseModel], ...]], ...] = (
    (
        "Parameter file",
        "YAML, for `ape run deploy --config` and `ape run announce_configuration`; an example is "
        "`examples/sepolia.yaml`. Spans are '7 days', '4 hours' or seconds.",
        (Parameters,),
    ),
    (
        "Batch file",
        "JSON, for `freehold batch` (a case) and `ape run submit_batch` (a case, or a batch alone). Integers are JSON "
        "integers, decimal digits in quotes, or `0x` and hex digits in quotes; 'hex' and 'decimal' say how they are "
        "written. Amounts are quantised, expirations are hours, other times seconds.",
        (Case, BatchDocument, GeneralConfig),
    ),
    (
        "Scenario file",
        "YAML, for `ape run scenario`; `scripts/_scenarios/` has seven. Coins and assets are whole ones.",
        (Scenario,),
    ),
)
PLAIN = {int: "integer", str: "text", bool: "true or false", Decimal: "number", Path: "file", type(None): "nothing"}


def page() -> str:
    """The whole page, in Markdown."""
    lines = [
        "# Fields of files",
        "",
        "Made from the models by `ape run fields`; `test_the_page_of_fields_is_the_models` compares. A field without a",
        "default must be given. Unknown fields are refused.",
    ]
    seen: set[type[BaseModel]] = set()
    for title, about, roots in FILES:
        lines += ["", f"## {title}", "", about]
        for model in _all(roots):
            if model not in seen:
                seen.add(model)
                lines += ["", *_section(model)]
    return "\n".join(lines) + "\n"


def _all(roots: tuple[type[BaseModel], ...]) -> Iterator[type[BaseModel]]:
    """The models and all that their fields name, each once, a model before its parts."""
    waiting, seen = list(roots), set()
    while waiting:
        model = waiting.pop(0)
        if model in seen:
            continue
        seen.add(model)
        yield model
        waiting[:0] = [part for field in model.model_fields.values() for part in _models(field.annotation)]


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


def _section(model: type[BaseModel]) -> Iterator[str]:
    yield f"### {name_of(model)}"
    about = inspect.getdoc(model) if model.__doc__ and model.__doc__ is not BaseModel.__doc__ else None
    if about:
        yield ""
        yield " ".join(about.split("\n\n")[0].split())
    yield ""
    yield "| field | takes | default | what |"
    yield "| --- | --- | --- | --- |"
    for name, field in model.model_fields.items():
        takes = _text(field.annotation, tuple(field.metadata))
        yield f"| `{name}` | {takes} | {_default(field)} | {field.description or ''} |"


def name_of(model: type[BaseModel]) -> str:
    """What the page calls a model: each once, of whatever file."""
    name = model.__name__.removesuffix("Part").removesuffix("Document")
    return f"{name} of a scenario" if model.__module__ == Scenario.__module__ and model is not Scenario else name


def _link(model: type[BaseModel]) -> str:
    return f"[{name_of(model)}](#{name_of(model).lower().replace(' ', '-')})"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return ""
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        return "its defaults"
    if default is None:
        return "none"
    if default in ((), {}):
        return "empty"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _text(annotation: Any, metadata: tuple[Any, ...] = ()) -> str:
    """What a field takes, in words."""
    if annotation is int and metadata == get_args(Span)[1:]:
        return "span"
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return "span" if annotation == Span else _text(inner, (*more, *metadata))
    kinds = get_args(annotation)
    origin = get_origin(annotation)
    if origin is Literal:
        return " or ".join(f"`{kind}`" for kind in kinds)
    if origin in (Union, UnionType):
        return " or ".join(_text(kind, metadata) for kind in kinds if kind is not type(None))
    if origin is tuple:
        if kinds[-1] is Ellipsis:
            return f"list of {_text(kinds[0])}"
        return f"pair of {' and '.join(map(_text, kinds))}"
    if origin is list:
        return f"list of {_text(kinds[0])}"
    if origin is dict:
        return f"map of {_text(kinds[0])} to {_text(kinds[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _link(annotation)
    return _plain(annotation, metadata)


def _plain(annotation: Any, metadata: tuple[Any, ...]) -> str:
    base = getattr(annotation, "__supertype__", annotation)
    words = [PLAIN.get(base, "anything")]
    if any(entry.func is is_address for entry in metadata if isinstance(entry, AfterValidator)):
        words = ["address"]
    elif as_hex in metadata:
        words = ["hex"]
    elif as_decimal in metadata:
        words = ["decimal"]
    for entry in metadata:
        words += _bound(entry)
    return " ".join(words)


def _bound(entry: Any) -> list[str]:
    if isinstance(entry, AfterValidator):
        known = inspect.getclosurevars(entry.func).nonlocals
        return [f"in {bounds_text(known['low'], known['high'])}"] if {"low", "high"} <= known.keys() else []
    signs = (("ge", "at least"), ("gt", "above"), ("le", "at most"), ("lt", "below"))
    return [f"{text} {_number(getattr(entry, name))}" for name, text in signs if getattr(entry, name, None) is not None]


def _number(value: Any) -> str:
    """Powers of two by name."""
    whole = isinstance(value, int) and value > 1 << 16 and value & value - 1 == 0
    return f"2^{value.bit_length() - 1}" if whole else str(value)

"""`ids` in a hint: from a name to the cell, pointer, struct or constant that the compiler recorded for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from prover.cairo.errors import RunFailed
from prover.cairo.machine import segments
from prover.cairo.machine.segments import Memory
from prover.cairo.program import Program

Evaluator = Callable[[Memory, int, int], int]
"""(memory, ap, fp) -> value"""

_TOKEN = re.compile(r"\s*(?:(\d+)|(cast|ap|fp)\b|([][()+*,-]))")


@dataclass(frozen=True)
class Reference:
    """`evaluate` gives the value, or the cell's address where `assignable`; `cairo_type` is the value's type."""

    evaluate: Evaluator
    cairo_type: str
    assignable: bool


class _Parser:
    """The reference language: ap, fp, integers, + - *, [ ] for memory, cast(expression, type)."""

    def __init__(self, text: str) -> None:
        self.text, self.place = text, 0

    def reference(self) -> Reference:
        if self._peek() == "[" and self.text.startswith("[cast("):
            self._take("[")
            evaluate, pointer = self._cast()
            self._take("]")
            if not pointer.endswith("*"):
                raise RunFailed(f"reference {self.text!r} dereferences {pointer}")
            return Reference(evaluate, pointer[:-1], True)
        evaluate, cairo_type = self._cast()
        return Reference(evaluate, cairo_type, False)

    def _cast(self) -> tuple[Evaluator, str]:
        self._take("cast")
        self._take("(")
        evaluate = self._sum()
        self._take(",")
        depth, start = 0, self.place
        while depth or self.text[self.place] != ")":
            depth += {"(": 1, ")": -1}.get(self.text[self.place], 0)
            self.place += 1
        cairo_type = self.text[start : self.place].strip()
        self._take(")")
        return evaluate, cairo_type

    def _sum(self) -> Evaluator:
        left = self._product()
        while (sign := self._peek()) in ("+", "-"):
            self._take(sign)
            left = _binary(segments.add if sign == "+" else segments.sub, left, self._product())
        return left

    def _product(self) -> Evaluator:
        left = self._atom()
        while self._peek() == "*":
            self._take("*")
            left = _binary(segments.mul, left, self._atom())
        return left

    def _atom(self) -> Evaluator:
        token = self._peek()
        if token == "-":
            self._take("-")
            return _binary(segments.sub, lambda memory, ap, fp: 0, self._atom())
        if token == "(":
            self._take("(")
            inner = self._sum()
            self._take(")")
            return inner
        if token == "[":
            self._take("[")
            inner = self._sum()
            self._take("]")
            return lambda memory, ap, fp: memory[inner(memory, ap, fp)]
        if token == "cast":
            return self._cast()[0]
        self._take(token)
        if token == "ap":
            return lambda memory, ap, fp: ap
        if token == "fp":
            return lambda memory, ap, fp: fp
        number = int(token)
        return lambda memory, ap, fp: number

    def _peek(self) -> str:
        match = _TOKEN.match(self.text, self.place)
        if not match:
            raise RunFailed(f"reference {self.text!r} is not understood at {self.text[self.place :]!r}")
        return _text(match)

    def _take(self, expected: str) -> None:
        match = _TOKEN.match(self.text, self.place)
        if not match or _text(match) != expected:
            raise RunFailed(f"reference {self.text!r} lacks {expected!r} at {self.text[self.place :]!r}")
        self.place = match.end()

    def at_end(self) -> bool:
        return not self.text[self.place :].strip()


def _text(match: re.Match[str]) -> str:
    """The token, whichever kind it is."""
    number, word, sign = match.groups()
    return number or word or sign


def _binary(operation: Callable[[int, int], int], left: Evaluator, right: Evaluator) -> Evaluator:
    return lambda memory, ap, fp: operation(left(memory, ap, fp), right(memory, ap, fp))


def parse_reference(text: str) -> Reference:
    """Raises RunFailed for what the compiler does not write."""
    if text.startswith("[cast("):
        parser = _Parser(text)
        reference = parser.reference()
        if parser.at_end():
            return reference
    parser = _Parser(text)
    if parser._peek() == "cast":
        return parser.reference()
    raise RunFailed(f"reference {text!r} is not understood")


class Names:
    """The program's identifiers and references, resolved once each."""

    def __init__(self, program: Program) -> None:
        self.identifiers = program.identifiers
        self._records = program.references
        self._parsed: dict[int, Reference] = {}

    def reference(self, index: int) -> Reference:
        if index not in self._parsed:
            self._parsed[index] = parse_reference(self._records[index]["value"])
        return self._parsed[index]

    def ap_tracking(self, index: int) -> dict[str, int]:
        tracking: dict[str, int] = self._records[index]["ap_tracking_data"]
        return tracking

    def resolve(self, scopes: list[str], name: str) -> tuple[str, dict[str, Any]] | None:
        """(full name, record) in the innermost scope that has it, aliases followed."""
        for scope in reversed(scopes):
            full = f"{scope}.{name}"
            record = self.identifiers.get(full)
            while record and record["type"] == "alias":
                full = record["destination"]
                record = self.identifiers.get(full)
            if record:
                return full, record
        return None

    def struct(self, name: str) -> dict[str, Any]:
        record = self.identifiers.get(name)
        if not record or record["type"] != "struct":
            raise RunFailed(f"{name} is no struct of this program")
        return record


def typed_value(names: Names, memory: Memory, cairo_type: str, value: int) -> Any:
    """A pointer to a struct as an object with members, anything else plain."""
    if cairo_type.endswith("*") and cairo_type not in ("felt*",) and not cairo_type.endswith("**"):
        return StructView(names, memory, cairo_type[:-1], value)
    return value


def typed_cell(names: Names, memory: Memory, cairo_type: str, place: int) -> Any:
    """What stands at a cell of this type: a struct lies there, anything else is its value."""
    if cairo_type == "felt" or cairo_type.endswith("*"):
        return typed_value(names, memory, cairo_type, memory[place])
    return StructView(names, memory, cairo_type, place)


class StructView:
    """A struct in memory: members are read and written as attributes, `address_` is where it lies."""

    def __init__(self, names: Names, memory: Memory, struct: str, address: int) -> None:
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_memory", memory)
        object.__setattr__(self, "_struct", struct)
        object.__setattr__(self, "address_", address)

    def _member(self, name: str) -> tuple[int, str]:
        members = self._names.struct(self._struct)["members"]
        if name not in members:
            raise AttributeError(f"{self._struct} has no member {name}")
        return segments.add(self.address_, members[name]["offset"]), members[name]["cairo_type"]

    def __getattr__(self, name: str) -> Any:
        place, cairo_type = self._member(name)
        return typed_cell(self._names, self._memory, cairo_type, place)

    def __setattr__(self, name: str, value: Any) -> None:
        self._memory[self._member(name)[0]] = plain(value)


class StructType:
    """`ids.Struct`: SIZE and the members' offsets."""

    def __init__(self, record: dict[str, Any]) -> None:
        self.SIZE = record["size"]
        for name, member in record["members"].items():
            setattr(self, name, member["offset"])


def plain(value: Any) -> int:
    word: int = value.address_ if isinstance(value, StructView) else value
    return word


class Ids:
    """`ids` for one hint at one step."""

    def __init__(self, names: Names, hint: dict[str, Any], memory: Memory, ap: int, fp: int) -> None:
        object.__setattr__(self, "_context", (names, hint, memory, ap, fp))

    def _reference(self, name: str) -> tuple[Reference, int] | None:
        names, hint, _, ap, _ = self._context
        flow = hint["flow_tracking_data"]
        for scope in reversed(hint["accessible_scopes"]):
            index = flow["reference_ids"].get(f"{scope}.{name}")
            if index is not None:
                made, now = names.ap_tracking(index), flow["ap_tracking"]
                if made["group"] != now["group"]:
                    return names.reference(index), -1
                return names.reference(index), ap + made["offset"] - now["offset"]
        return None

    def __getattr__(self, name: str) -> Any:
        names, hint, memory, _, fp = self._context
        found = self._reference(name)
        if found:
            reference, ap = found
            value = reference.evaluate(memory, ap, fp)
            make = typed_cell if reference.assignable else typed_value
            return make(names, memory, reference.cairo_type, value)
        resolved = names.resolve(hint["accessible_scopes"], name)
        if not resolved:
            raise AttributeError(f"no name {name} where this hint stands")
        full, record = resolved
        if record["type"] == "const":
            return record["value"]
        if record["type"] == "struct":
            return StructType(record)
        if record["type"] in ("function", "label"):
            return record["pc"]
        raise AttributeError(f"{full} is a {record['type']} and has no value here")

    def __setattr__(self, name: str, value: Any) -> None:
        _, _, memory, _, fp = self._context
        found = self._reference(name)
        if not found or not found[0].assignable:
            raise AttributeError(f"{name} is no cell that a hint can write")
        reference, ap = found
        memory[reference.evaluate(memory, ap, fp)] = plain(value)

"""What a compiled program keeps: of the compiler's names those that hints can reach, and where functions begin.

A hint reads names as attributes of `ids`. Each leads to a reference or to an identifier, these to the structs of their
types, and structs to those of their members. Everything else the compiler recorded for itself. A hint that hands
`ids` on as a whole, or is not Python, keeps all names that it can see.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any

Document = dict[str, Any]

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


def pruned(document: Document) -> Document:
    """A compiled program without what nobody reads. It runs as before, here and in cairo-lang's machine."""
    kept = _Kept(document)
    hints = {pc: [kept.hint(hint) for hint in document["hints"][pc]] for pc in sorted(document["hints"], key=int)}
    kept.places(document["main_scope"])
    return {
        "builtins": document["builtins"],
        "compiler_version": document["compiler_version"],
        "data": document["data"],
        "hints": hints,
        "identifiers": dict(sorted(kept.identifiers.items())),
        "main_scope": document["main_scope"],
        "prime": document["prime"],
        "reference_manager": {"references": kept.references},
    }


def names_of(code: str) -> set[str] | None:
    """The attributes of `ids` that a hint reads or writes; None if it may read any."""
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except SyntaxError:
        return None
    members = [node for node in nodes if isinstance(node, ast.Attribute) and _is_ids(node.value)]
    return {node.attr for node in members} if len(members) == sum(map(_is_ids, nodes)) else None


def _is_ids(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "ids"


class _Kept:
    """Identifiers and references that are reached, the references under new numbers."""

    def __init__(self, document: Document) -> None:
        self._all: dict[str, Document] = document["identifiers"]
        self._records: list[Document] = document["reference_manager"]["references"]
        self._numbers: dict[int, int] = {}
        self.identifiers: dict[str, Document] = {}

    @property
    def references(self) -> list[Document]:
        """By their new numbers."""
        return [self._records[number] for number in self._numbers]

    def hint(self, hint: Document) -> Document:
        """The hint with the references that it can read."""
        flow, scopes = hint["flow_tracking_data"], hint["accessible_scopes"]
        names = names_of(hint["code"])
        if names is None:
            names = {name.rpartition(".")[2] for name in self._all if name.rpartition(".")[0] in scopes}
        reached = {f"{scope}.{name}" for scope in scopes for name in names}
        self._keep(reached)
        references = sorted(reached & flow["reference_ids"].keys(), key=flow["reference_ids"].get)
        ids = {name: self._number(flow["reference_ids"][name]) for name in references}
        return {**hint, "flow_tracking_data": {**flow, "reference_ids": ids}}

    def places(self, main_scope: str) -> None:
        """Functions, by which steps are counted, and the labels where a run begins and ends."""
        functions = {name for name, record in self._all.items() if record["type"] == "function"}
        self._keep(functions | {f"{main_scope}.__start__", f"{main_scope}.__end__"})

    def _number(self, index: int) -> int:
        self._keep(_DOTTED.findall(self._records[index]["value"]))
        return self._numbers.setdefault(index, len(self._numbers))

    def _keep(self, names: Iterable[str]) -> None:
        """These names, as far as they exist, and all that they lead to."""
        for name in names:
            if name not in self._all or name in self.identifiers:
                continue
            self.identifiers[name] = record = _shortened(self._all[name])
            self._keep(_leads_to(record))


def _shortened(record: Document) -> Document:
    """A hint has the number of its reference; cairo-lang's machine wants the name too, but not all its references."""
    return {**record, "references": []} if record["type"] == "reference" else record


def _leads_to(record: Document) -> list[str]:
    """The names in an alias, in a type, or in the types of a struct's members."""
    members = record.get("members", {}).values()
    texts = [record.get("destination", ""), record.get("cairo_type", ""), *(member["cairo_type"] for member in members)]
    return [name for text in texts for name in _DOTTED.findall(text)]

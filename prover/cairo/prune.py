"""What a compiled program keeps: of the compiler's names those that hints can reach, and where functions begin.

A hint reads names as attributes of `ids`. Each leads to a reference or to an identifier, these to the structs of their
types, and structs to those of their members. Everything else the compiler recorded for itself. A hint that hands
`ids` on as a whole, or is not Python, keeps all names that it can see.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from prover.cairo.program import LOCATION

Document = dict[str, Any]

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


def pruned(document: Document, folder: Path) -> Document:
    """A compiled program without what nobody reads. It runs as before, here and in cairo-lang's machine.

    Of the debug information it keeps where each hint stands, by a file's name below `folder` or in a package, and the
    messages of `with_attr error_message`.
    """
    kept = _Kept(document)
    hints = {pc: [kept.hint(hint) for hint in document["hints"][pc]] for pc in sorted(document["hints"], key=int)}
    kept.places(document["main_scope"])
    return {
        "attributes": _messages(document) + _hint_locations(document, folder),
        "builtins": document["builtins"],
        "compiler_version": document["compiler_version"],
        "data": document["data"],
        "hints": hints,
        "identifiers": dict(sorted(kept.identifiers.items())),
        "main_scope": document["main_scope"],
        "prime": document["prime"],
        "reference_manager": {"references": kept.references},
    }


def _messages(document: Document) -> list[Document]:
    """Of `with_attr error_message`."""
    entries = [entry for entry in document.get("attributes") or () if entry["name"] == "error_message"]
    return [_attribute("error_message", entry["value"], entry["start_pc"], entry["end_pc"]) for entry in entries]


def _hint_locations(document: Document, folder: Path) -> list[Document]:
    """As attributes of the hint's instruction, which other machines read past."""
    entries = (document.get("debug_info") or {}).get("instruction_locations", {})
    found = []
    for pc in sorted(document["hints"], key=int):
        if pc in entries and entries[pc].get("hints"):
            record = entries[pc]["hints"][0]["location"]
            place = f"{_file_name(record['input_file']['filename'], folder)}:{record['start_line']}"
            found.append(_attribute(LOCATION, place, int(pc), int(pc) + 1))
    return found


def _attribute(name: str, value: str, start_pc: int, end_pc: int) -> Document:
    return {"name": name, "value": value, "start_pc": start_pc, "end_pc": end_pc}


def _file_name(path: str, folder: Path) -> str:
    """Without anything of the machine that compiled it."""
    file = Path(path).resolve()
    if file.is_relative_to(folder):
        return file.relative_to(folder).as_posix()
    parts = file.parts
    return "/".join(parts[parts.index("starkware") :]) if "starkware" in parts else file.name


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

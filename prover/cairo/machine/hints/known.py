"""Which hints may run without asking: those of Cairo's common library, and those that only bring input into memory.

A hint is Python and has all the rights of whoever runs it. Digests of the common library's are in `known_hints.txt`:

    python -m prover.cairo.machine.hints.known     # writes it anew from the cairo-lang that is installed
"""

from __future__ import annotations

import ast
import importlib.util
import re
import textwrap
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path

from prover.cairo.program import Program

FILE = Path(__file__).with_name("known_hints.txt")
_HINT = re.compile(r"(nondet\s*)?%\{(.*?)%\}", re.DOTALL)

_NAMES = {
    "ids", "memory", "segments", "program_input", "ecdsa_builtin", "to_felt_or_relocatable", "PRIME", "ap", "fp", "int",
    "len", "range", "enumerate", "zip",
}  # fmt: skip
_METHODS = {"add", "gen_arg", "write_arg", "add_signature", "items", "keys", "values"}
"""Of `segments`, of a builtin and of what JSON gives; attributes of `ids` may have any name."""
_NODES = (
    ast.Module, ast.Assign, ast.Expr, ast.For, ast.GeneratorExp, ast.ListComp, ast.comprehension, ast.Tuple, ast.List,
    ast.Name, ast.Load, ast.Store, ast.Attribute, ast.Subscript, ast.Constant, ast.Call, ast.BinOp, ast.UnaryOp,
    ast.USub, ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod, ast.BitAnd, ast.RShift, ast.Compare, ast.cmpop,
    ast.BoolOp, ast.boolop, ast.IfExp,
)  # fmt: skip
"""No import, no definition, no power and no shift: such a hint ends, and touches nothing but memory."""


def digest(code: str) -> str:
    """Of a hint as the compiler records it; indentation that all lines share and spaces at their ends do not count."""
    lines = textwrap.dedent(code).strip("\n").splitlines()
    return sha256("\n".join(line.rstrip() for line in lines).strip().encode()).hexdigest()


@cache
def common_library() -> frozenset[str]:
    return frozenset(FILE.read_text().split())


def digests_of(program: Program) -> frozenset[str]:
    """Of a program that is trusted."""
    return frozenset(digest(hint["code"]) for hints in program.hints.values() for hint in hints)


def brings_input(code: str) -> bool:
    """Whether a hint only computes with `program_input` and constants, and writes what it finds to names and memory."""
    try:
        nodes = list(ast.walk(ast.parse(textwrap.dedent(code))))
    except SyntaxError:
        return False
    own = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return all(isinstance(node, _NODES) and _is_harmless(node, own) for node in nodes)


def _is_harmless(node: ast.AST, own: set[str]) -> bool:
    """`own`: names that the hint itself gives a value."""
    if isinstance(node, ast.Name):
        return node.id in _NAMES or (node.id in own and not node.id.startswith("__"))
    if isinstance(node, ast.Attribute):
        is_member = _is_member(node.value)
        return not node.attr.startswith("_") and (is_member or node.attr in _METHODS)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name | ast.Attribute) and not node.keywords
    return True


def _is_member(node: ast.AST) -> bool:
    """`ids`, or a member of a struct: `ids.a.b`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id == "ids"


def strange_hints(program: Program, trusted: Iterable[str] = ()) -> list[tuple[int, str]]:
    """(pc, code) of each hint that is neither known nor harmless; `trusted` are further digests."""
    known = common_library() | set(trusted)
    return [
        (pc, hint["code"])
        for pc, hints in sorted(program.hints.items())
        for hint in hints
        if digest(hint["code"]) not in known and not brings_input(hint["code"])
    ]


def installed_library() -> list[str]:
    """Digests of all hints in the common library of the cairo-lang that is installed, sorted."""
    package = importlib.util.find_spec("starkware.cairo.common")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("cairo-lang is not installed: its common library is needed")
    folder = Path(next(iter(package.submodule_search_locations)))
    found = {
        digest(f"memory[ap] = to_felt_or_relocatable({hint.strip()})" if nondet else hint)
        for path in folder.rglob("*.cairo")
        for nondet, hint in _HINT.findall(path.read_text())
    }
    return sorted(found)


if __name__ == "__main__":
    FILE.write_text("".join(f"{line}\n" for line in installed_library()))

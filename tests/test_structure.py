"""Imports point one way (`docs/architecture.md`), and no file stands in a circle.

Read from the sources, so that imports inside functions and under TYPE_CHECKING count too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from tests.support.paths import ROOT

BELOW: dict[str, set[str]] = {
    "prover.prime": set(),
    "prover.kernel": {"prover.prime"},
    "prover.algebra": {"prover.kernel"},
    "prover.stark": {"prover.algebra"},
    "prover.cairo": {"prover.stark"},
    "prover.codegen": {"prover.cairo"},
    "prover.applications.ledger": {"prover.algebra"},
    "prover.applications.perpetual": {"prover.applications.ledger"},
    "prover.proving": {"prover.cairo", "prover.applications.perpetual"},
    "freehold.errors": set(),
    "freehold.abi": set(),
    "freehold.reverts": {"freehold.abi", "prover.algebra"},
    "freehold.patience": {"freehold.errors"},
    "freehold.availability": {"freehold.errors"},
    "freehold.published": {"prover.applications.perpetual", "freehold.errors"},
    "freehold.ethereum": {"freehold.reverts", "freehold.patience"},
    "freehold.files": {"freehold.errors"},
    "freehold.records": {"prover.applications.perpetual", "freehold.errors", "freehold.files"},
    "freehold.__main__": {"freehold.commands"},
    "freehold.arguments": {"prover.stark", "freehold.files"},
    "freehold.programs": {"prover.cairo", "freehold.files"},
    "freehold.hints": {"prover.proving"},
    "freehold.chain": {
        "prover.proving",
        "prover.codegen",
        "freehold.records",
        "freehold.reverts",
        "freehold.patience",
        "freehold.availability",
        "freehold.published",
    },
    "freehold.leaving": {"prover.applications.perpetual", "freehold.chain"},
    "freehold.leaving.calldata": {"prover.applications.perpetual"},
    "freehold.leaving.plan": {"freehold.leaving.calldata"},
    "freehold.scenarios": {"freehold.chain"},
    "freehold.testing": {"freehold.chain", "freehold.leaving", "freehold.scenarios"},
    "freehold.bench": {
        "freehold.services.operator",
        "freehold.services.matcher",
        "freehold.arguments",
        "freehold.hints",
        "freehold.programs",
    },
    "freehold.trading": {"prover.applications.perpetual"},
    "freehold.client": {"freehold.trading", "freehold.errors"},
    "freehold.services.base": {"freehold.errors", "prover.applications.perpetual"},
    "freehold.services.operator": {
        "prover.proving",
        "freehold.records",
        "freehold.reverts",
        "freehold.patience",
        "freehold.availability",
        "freehold.ethereum",
        "freehold.services.base",
    },
    "freehold.services.committee": {"prover.applications.perpetual", "freehold.records", "freehold.services.base"},
    "freehold.services.oracle": {"freehold.services.base", "freehold.files"},
    "freehold.services.matcher": {"freehold.services.base"},
    "freehold.local": {"freehold.services.operator"},
    "freehold.commands": {
        "freehold.local",
        "freehold.bench",
        "freehold.leaving",
        "freehold.leaving.plan",
        "freehold.services.committee",
        "freehold.services.operator",
        "freehold.services.oracle",
        "prover.proving",
    },
    "scripts": {"freehold.chain", "freehold.leaving", "freehold.scenarios", "freehold.bench"},
}
"""Part -> the parts it stands on; it may import these and all that they stand on."""

NEVER = {
    "prover.cairo.machine": {"prover.cairo.components", "prover.stark.prover"},
    "prover.cairo.components": {"prover.cairo.machine"},
    "prover.stark.verifier": {"prover.kernel"},
    "freehold.leaving": {"prover.proving", "prover.cairo", "prover.codegen"},
    "freehold.leaving.plan": {"freehold.chain", "prover.stark"},
    "freehold.commands.leave": {"freehold.chain"},
}
"""Narrower than the parts: the first never reaches these, neither itself nor by what it imports."""

APE = {"ape", "ape_test", "ape_ethereum", "eth_abi", "ethpm_types"}
MAY_USE_APE = ("freehold.chain", "freehold.leaving", "freehold.scenarios", "freehold.testing", "scripts", "tests")


def module_of(path: Path, root: Path = ROOT) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources(root: Path = ROOT) -> dict[str, str]:
    """Module -> text, of packages and scripts; tests' own modules are looked at apart."""
    found = {}
    for folder in ("prover", "freehold", "scripts"):
        for path in sorted((root / folder).rglob("*.py")):
            found[module_of(path, root)] = path.read_text()
    return found


def imported(module: str, text: str, is_package: bool, known: Iterable[str]) -> set[str]:
    """Modules that `module` names in an import of any form: absolute, relative, or as a name taken from a package."""
    modules, found = set(known), set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                here = module.split(".") if is_package else module.split(".")[:-1]
                base = ".".join([*here[: len(here) - node.level + 1], *([node.module] if node.module else [])])
            names = {f"{base}.{alias.name}" for alias in node.names}
            found |= names & modules
            if names - modules:  # something defined in the package or module itself
                found.add(base)
    return found


def graph(texts: Mapping[str, str]) -> dict[str, set[str]]:
    packages = {name for name in texts if any(other.startswith(name + ".") for other in texts)}
    return {name: imported(name, text, name in packages, texts) for name, text in texts.items()}


def part_of(module: str) -> str | None:
    return next((part for part in sorted(BELOW, key=len, reverse=True) if is_in(module, part)), None)


def is_in(module: str, part: str) -> bool:
    return module == part or module.startswith(part + ".")


def reachable(part: str) -> set[str]:
    return {part}.union(*(reachable(lower) for lower in BELOW[part]))


def wrong_directions(arrows: Mapping[str, set[str]]) -> list[str]:
    """Imports that leave what a part may stand on. What belongs to no part may import nothing of ours."""
    wrong = []
    for module, targets in arrows.items():
        part = part_of(module)
        for target in sorted(targets):
            if not target.startswith(("prover.", "freehold.", "scripts.", "tests")):
                continue
            if part is None or part_of(target) not in reachable(part):
                wrong.append(f"{module} imports {target}")
    return wrong


def broken_bans(arrows: Mapping[str, set[str]]) -> list[str]:
    """NEVER, along every path of imports."""
    wrong = []
    for banned_for, banned in NEVER.items():
        seen, waiting = set(), [module for module in arrows if is_in(module, banned_for)]
        while waiting:
            module = waiting.pop()
            seen.add(module)
            waiting += [target for target in arrows.get(module, ()) if target in arrows and target not in seen]
        wrong += [f"{banned_for} reaches {module}" for module in sorted(seen) if any(is_in(module, b) for b in banned)]
    return wrong


def circles(arrows: Mapping[str, set[str]]) -> list[list[str]]:
    """Strongly connected files of more than one (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for target in arrows[module]:
            if target not in arrows:
                continue
            if target not in index:
                visit(target)
                low[module] = min(low[module], low[target])
            elif target in stack:
                low[module] = min(low[module], index[target])
        if low[module] == index[module]:
            circle = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(circle) > 1:
                found.append(sorted(circle))

    for module in arrows:
        if module not in index:
            visit(module)
    return found


def uses_ape(targets: set[str]) -> bool:
    return bool({target.split(".")[0] for target in targets} & APE)


def users_of_ape(arrows: Mapping[str, set[str]]) -> list[str]:
    return [
        module
        for module, targets in arrows.items()
        if uses_ape(targets) and not any(is_in(module, part) for part in MAY_USE_APE)
    ]


ARROWS = graph(sources())


def with_planted(texts: Mapping[str, str]) -> dict[str, set[str]]:
    """The graph as it is, and these modules."""
    return {**ARROWS, **{module: imported(module, text, False, {*ARROWS, *texts}) for module, text in texts.items()}}


def test_every_import_points_down():
    assert wrong_directions(ARROWS) == []


def test_no_file_stands_in_a_circle():
    assert circles(ARROWS) == []


def test_what_must_stay_apart_is_not_reached_by_others_either():
    assert broken_bans(ARROWS) == []


def test_only_what_speaks_to_a_chain_imports_ape():
    assert users_of_ape(ARROWS) == []


def test_every_module_belongs_to_a_part():
    bare = {"prover", "freehold", "prover.applications", "freehold.services"}
    assert [module for module in ARROWS if part_of(module) is None and module not in bare] == []


TWINS = {
    "absolute": ("prover.kernel.planted", "import prover.algebra.field"),
    "from": ("prover.kernel.planted", "from prover.algebra.field import PRIME"),
    "from a package": ("prover.kernel.planted", "from prover import algebra"),
    "from a package, a module": ("prover.algebra.planted", "from prover.cairo import program"),
    "relative": ("prover.stark.planted", "from ..cairo.program import Program"),
    "relative, bare": ("prover.stark.planted", "from .. import cairo"),
    "inside a function": ("prover.algebra.planted", "def f():\n    from prover.cairo.program import Program"),
    "for a type": ("prover.algebra.planted", "if TYPE_CHECKING:\n    from prover.cairo.program import Program"),
    "a script": ("freehold.chain.planted", "from scripts import _arguments"),
    "a test": ("prover.cairo.planted", "from tests.support import world"),
}


@pytest.mark.parametrize("twin", TWINS)
def test_a_planted_import_is_caught(twin):
    module, text = TWINS[twin]
    arrows = with_planted({module: text})
    assert any(complaint.startswith(f"{module} imports") for complaint in wrong_directions(arrows))


def test_a_planted_circle_is_caught():
    planted = {"prover.stark.one": "from prover.stark.two import b", "prover.stark.two": "from .one import a"}
    assert circles(with_planted(planted)) == [["prover.stark.one", "prover.stark.two"]]


def test_a_planted_way_round_is_caught():
    planted = {"freehold.leaving.planted": "from freehold.chain import deployment"}
    assert any("prover.proving" in complaint for complaint in broken_bans(with_planted(planted)))


def test_a_planted_user_of_ape_is_caught():
    assert users_of_ape(with_planted({"prover.proving.planted": "from ape import chain"})) == ["prover.proving.planted"]


def test_tests_import_nothing_of_each_other_but_support():
    """No test file imports another: what they share is in `tests.support`."""
    stems = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    wrong = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for target in imported(module_of(path), path.read_text(), path.stem == "__init__", ()):
            if target.split(".")[-1] in stems:
                wrong.append(f"{path.relative_to(ROOT)} imports {target}")
    assert wrong == []

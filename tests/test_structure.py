"""Dependencies point one way, as docs/architecture.md draws them. What sources cite is in test_citations.py."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "kernel": set(),
    "algebra": {"kernel"},
    "stark": {"kernel", "algebra"},
    "cairo": {"kernel", "algebra", "stark"},
    "applications": {"kernel", "algebra"},
    "codegen": {"kernel", "algebra", "stark", "cairo"},
    "proving": {"kernel", "algebra", "stark", "cairo", "applications"},
}


def imports(path: Path) -> set[str]:
    """Packages of `prover` that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        found |= {name.split(".")[1] for name in names if name.startswith("prover.")}
    return found


@pytest.mark.parametrize("package", ALLOWED)
def test_dependencies_point_one_way(package):
    for path in (ROOT / "prover" / package).rglob("*.py"):
        outside = imports(path) - ALLOWED[package] - {package}
        assert not outside, f"{path.relative_to(ROOT)} imports {outside}"

"""The verifier's sources say what to do about each error, and which Solidity each assembly block stands for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

VERIFIER = Path(__file__).parents[3] / "contracts/verifier"
SOURCES = sorted(VERIFIER.rglob("*.sol"))
STATEMENTS = {"error": (r"error \w+\(", "/// @notice "), "assembly": (r"assembly \(", "// Equivalent to")}
"""What a line begins with -> what the comment above it must begin with."""


def unexplained(text: str, kind: str) -> list[str]:
    """Lines of this kind without such a comment right above."""
    begin, wanted = STATEMENTS[kind]
    lines = [line.strip() for line in text.splitlines()]
    found = []
    for number, line in enumerate(lines):
        first = number
        while lines[first - 1].startswith("//"):
            first -= 1
        if re.match(begin, line) and not any(above.startswith(wanted) for above in lines[first:number]):
            found.append(line)
    return found


@pytest.mark.parametrize("kind", STATEMENTS)
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_nothing_stands_without_its_sentence(source, kind):
    assert unexplained(source.read_text(), kind) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("library A {\n    error Odd(uint256 word);\n", "error"),
        ("    /// @dev Of the other.\n    error Odd();\n", "error"),
        ("    /// @notice Send less.\n    error Much();\n    error Odd();\n", "error"),
        ('        uint256 x;\n        assembly ("memory-safe") {\n', "assembly"),
        ('        // Equivalent to 1.\n        x = 1;\n        assembly ("memory-safe") {\n', "assembly"),
    ],
)
def test_a_planted_line_without_its_sentence_is_seen(text, kind):
    (found,) = unexplained(text, kind)
    assert found.startswith(kind)

"""Each promise of the requirements is shown by what its row names, or waits for a part that the status names."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
REQUIREMENTS, STATUS = ROOT / "docs/spec/requirements.md", ROOT / "docs/status.md"
NAME = re.compile(r"\b(?:S[0-4]-\d\d|X\d\d?)\b")
SHOWN = re.compile(r"`(?:test_|Test|docs/|README|contracts-)")
ROW = re.compile(r"^\| (S[0-4]-\d\d|X\d\d?) \|(.*)\|(.*)\|$", re.MULTILINE)


def unshown(requirements: str, status: str) -> Iterator[str]:
    """Rows that name no test, page or other promise, and promises of parts to come that the status lacks."""
    rows, to_come = requirements.split("## 1.7")
    for name, promise, shown in ROW.findall(rows):
        if not SHOWN.search(shown) and not NAME.search(promise):
            yield name
    waiting = NAME.findall(to_come.split("says of each")[0])
    named = {row[0] for row in ROW.findall(status)}
    yield from (name for name in waiting if name not in named)


def test_every_promise_is_shown_or_waits_for_its_part():
    assert not list(unshown(REQUIREMENTS.read_text(), STATUS.read_text()))


def test_a_promise_that_nothing_shows_is_found():
    rows = "| S0-01 | a | `test_it` |\n| S0-02 | b |  |\n| S0-03 | c: S0-01 | |\n| X1 | d | e |\n"
    requirements = rows + "## 1.7\nS0-06, S0-07; the page says of each who; S0-04 is background."
    assert list(unshown(requirements, "| S0-06 | d | e |")) == ["S0-02", "X1", "S0-07"]

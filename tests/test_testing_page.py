"""docs/testing.md: every piece of Python in it stands in the example repository, whose tests are run."""

from __future__ import annotations

import re

from tests.support.paths import ROOT

PAGE = ROOT / "docs/testing.md"
TESTS = sorted((ROOT / "examples/own-tests/tests").glob("*.py"))


def snippets(text: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def strange(text: str) -> list[str]:
    """Blocks of a piece, parted by empty lines between definitions, that no test of the example has."""
    sources = [path.read_text() for path in TESTS]
    pieces = [piece.strip("\n") for snippet in snippets(text) for piece in snippet.split("\n\n\n")]
    return [piece for piece in pieces if not any(piece in source for source in sources)]


def test_the_pages_python_is_the_examples():
    text = PAGE.read_text()
    assert len(snippets(text)) >= 5 and strange(text) == []


def test_a_piece_that_is_nowhere_is_seen():
    assert strange(PAGE.read_text().replace('prices={"BTC": 21_250}', 'prices={"BTC": 21_251}')) != []


def test_the_page_names_what_there_is():
    """Attributes in its tables are the exchange's."""
    from freehold.testing.exchange import ExchangeUnderTest

    table = PAGE.read_text().split("| to | there is |")[1].split("\n## ")[0]
    named = set(re.findall(r"`(\w+)(?:\(\w*\))?`", table))
    assert len(named) > 15 and [name for name in sorted(named) if not hasattr(ExchangeUnderTest, name)] == []

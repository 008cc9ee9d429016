"""The manual is whole: `IFreehold` decodes every refusal of the exchange, and each error says what to do."""

import re
from pathlib import Path

import pytest

from freehold.chain.contracts import PIECES

ROOT = Path(__file__).parents[2]
FOLDERS = ("interfaces", "common", "perpetual", "facts", "committee", "escape", "curves")
CANNOT_COME = {"ERC5267ExtensionsNotSupported()"}
"""OpenZeppelin's refusal of EIP-712 domains with extensions; the exchange's domain is a constant without."""
ERROR = re.compile(r"((?:^ *///[^\n]*\n)*)^ *error (\w+)\(", re.MULTILINE)


def errors_of(project, name: str) -> set[str]:
    return {entry.selector for entry in project.get_contract(name).contract_type.abi if entry.type == "error"}


@pytest.mark.parametrize("piece", PIECES)
def test_the_manual_decodes_every_refusal(project, piece):
    """The compiler lists for each piece what it and its libraries revert with. What a token, an initializer or a
    verifier reverts with is passed on as it came, and is theirs to explain."""
    assert errors_of(project, piece) - errors_of(project, "IFreehold") <= CANNOT_COME


def test_the_manual_promises_no_refusal_that_never_comes(project):
    assert (
        errors_of(project, "IFreehold") == set().union(*(errors_of(project, piece) for piece in PIECES)) - CANNOT_COME
    )


def declared_errors() -> dict[str, str]:
    """Path and error to the comment above it, of the contracts that are not a proof's verifier."""
    return {
        f"{path.relative_to(ROOT / 'contracts')}: {name}": comment
        for folder in FOLDERS
        for path in sorted((ROOT / "contracts" / folder).glob("*.sol"))
        for comment, name in ERROR.findall(path.read_text())
    }


def test_every_error_has_a_sentence_that_says_what_to_do():
    comments = declared_errors()
    assert len(comments) > 140
    for name, comment in comments.items():
        words = " ".join(line.strip().removeprefix("///").strip() for line in comment.splitlines())
        assert words.startswith("@notice ") and words.endswith("."), f"{name} has no sentence: {words!r}"


def test_errors_of_the_exchange_are_declared_in_its_interfaces():
    inside = [name for name in declared_errors() if name.startswith(("common/", "perpetual/"))]
    assert not inside


def test_what_exchanges_share_knows_none_of_them():
    """`common` imports neither `perpetual` nor the manual of its operations."""
    for path in (ROOT / "contracts/common").glob("*.sol"):
        imported = re.findall(r'^import .*"(.*)";', path.read_text(), re.MULTILINE)
        assert not [name for name in imported if "perpetual" in name or "IOperations" in name], path.name

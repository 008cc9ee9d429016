"""Contracts import one way: no file reaches itself, and each folder imports those that it may. Reads sources only."""

import re
from pathlib import Path
from posixpath import normpath

import pytest

CONTRACTS = Path(__file__).parents[2] / "contracts"
ALLOWED = {
    "interfaces": set(),
    "curves": set(),
    "facts": {"interfaces"},
    "committee": {"interfaces", "facts"},
    "escape": {"interfaces", "curves", "facts", "common", "perpetual"},  # values a perpetual exchange's state
    "verifier": {"interfaces", "curves", "facts"},
    "verifier/generated": {"interfaces", "curves", "verifier"},
    "common": {"interfaces", "curves"},
    "perpetual": {"interfaces", "curves", "common"},
}
"""Folder -> the others that it imports from. Mocks import what they stand in for."""
MOCKS = "mocks"

_IMPORT = re.compile(r"^\s*import\b[^;]*?[\"']([^\"';]+)[\"']", re.MULTILINE)
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)

Graph = dict[str, set[str]]
"""Source -> the sources that it imports, by their places below `contracts/`."""


def imports(source: str, text: str) -> set[str]:
    """What a source imports of ours; packages such as @openzeppelin are none of it."""
    paths = _IMPORT.findall(_COMMENT.sub("", text))
    folder = Path(source).parent.as_posix()
    return {normpath(f"{folder}/{path}") for path in paths if path.startswith(".")}


def graph_of(sources: dict[str, str]) -> Graph:
    return {source: imports(source, text) for source, text in sources.items()}


def circle(graph: Graph) -> list[str]:
    """Sources each of which imports the next and the last the first; none if there is no circle."""
    done: set[str] = set()

    def walk(source: str, path: list[str]) -> list[str]:
        if source in path:
            return path[path.index(source) :]
        if source in done:
            return []
        for imported in sorted(graph.get(source, ())):
            if found := walk(imported, [*path, source]):
                return found
        done.add(source)
        return []

    return next((found for source in sorted(graph) if (found := walk(source, []))), [])


def folder_of(source: str) -> str:
    return Path(source).parent.as_posix()


def forbidden(graph: Graph) -> list[str]:
    """Imports from a folder that the importer's may not import from."""
    return [
        f"{source} imports {imported}"
        for source, found in sorted(graph.items())
        for imported in sorted(found)
        if folder_of(source) != MOCKS and folder_of(imported) not in ALLOWED[folder_of(source)] | {folder_of(source)}
    ]


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    files = CONTRACTS.rglob("*.sol")
    return {str(file.relative_to(CONTRACTS)): file.read_text() for file in files if ".cache" not in file.parts}


def test_every_import_is_a_source(sources):
    missing = {imported for found in graph_of(sources).values() for imported in found} - sources.keys()
    assert not missing


def test_every_folder_has_its_place(sources):
    assert {folder_of(source) for source in sources} == ALLOWED.keys() | {MOCKS}


def test_no_source_reaches_itself(sources):
    assert circle(graph_of(sources)) == []


def test_folders_import_one_way(sources):
    assert forbidden(graph_of(sources)) == []


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("verifier/Layout.sol", 'import {Head} from "../common/Head.sol";'),
        ("verifier/generated/HashShape.sol", 'import {Routes} from "../../perpetual/Routes.sol";'),
        ("interfaces/IIdentity.sol", 'import "../facts/FactRegistry.sol";'),
        ("common/Head.sol", "import * as Routes from '../perpetual/Routes.sol';"),
        ("facts/FactRegistry.sol", 'import {\n    PlainToken\n} from "../mocks/PlainToken.sol";'),
    ],
)
def test_a_planted_import_from_above_is_seen(sources, source, line):
    planted = {**sources, source: f"{line}\n{sources[source]}"}
    (found,) = forbidden(graph_of(planted))
    assert found.startswith(f"{source} imports ")


def test_a_planted_circle_is_seen(sources):
    line = 'import {QueryPhase} from "./QueryPhase.sol";\n'
    planted = {**sources, "verifier/DeepSum.sol": line + sources["verifier/DeepSum.sol"]}
    assert set(circle(graph_of(planted))) == {"verifier/DeepSum.sol", "verifier/QueryPhase.sol"}


def test_an_import_in_a_comment_is_none():
    assert imports("verifier/A.sol", '// import {B} from "./B.sol";\n/* import "./C.sol"; */') == set()

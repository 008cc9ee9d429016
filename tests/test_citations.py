"""What sources and pages cite exists here: pages and their sections, edge cases, requirements, links, paths, tests."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("contracts", "prover", "freehold", "scripts", "tests", "docs", ".ci")
SUFFIXES = {".py", ".sol", ".cairo", ".md", ".h", ".cpp", ".yaml", ".toml", ".txt", ""}
LEFT_OUT = {"generated", ".cache", "__pycache__", "node_modules"}
EDGES, REQUIREMENTS = ROOT / "docs/spec/perpetual-edge-cases.md", ROOT / "docs/spec/requirements.md"

NUMBER = r"\d+(?:\.\d+)*"
PAGE = re.compile(rf"([\w./-]+\.md)(?:`?\s(?:[#/*]+\s)?({NUMBER}(?:(?:, | and | to ){NUMBER})*)(?![\w^%]))?")
UNNAMED = re.compile(r"\b(?:cairo-machine|components|contracts-perpetual|perpetual-state|proof-system|[Ss]ection) \d")
SECTION = re.compile(rf"^#+ ({NUMBER})\.? ", re.MULTILINE)
EDGE = re.compile(r"\b[Ee]dges? (\d+(?:(?:, | and | to |,\s)\d+)*)")
REQUIREMENT = re.compile(r"\b(S[0-4]-\d\d|X\d\d?)\b")
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)")
QUOTED = re.compile(r"`([^`\n]+)`")
ELSEWHERE = re.compile(r"\.\./shared|\bshared/(?:design|spec)\b")


def is_read(path: Path) -> bool:
    """This file's twins are wrong on purpose."""
    return path.is_file() and path.suffix in SUFFIXES and not LEFT_OUT & set(path.parts) and path != Path(__file__)


@cache
def sources() -> dict[Path, str]:
    """Text by path: all that somebody wrote by hand."""
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")] + list(ROOT.iterdir())
    return {path: path.read_text() for path in sorted(paths) if is_read(path)}


def pages() -> dict[Path, str]:
    return {path: text for path, text in sources().items() if path.suffix == ".md"}


def found(path: Path, name: str) -> Path | None:
    """A page or file that `path` names: from the root, from a page also from its own folder."""
    places = [ROOT / name, path.parent / name] if path.suffix == ".md" else [ROOT / name]
    return next((place for place in places if place.exists()), None)


@cache
def sections(page: Path) -> set[str]:
    return set(SECTION.findall(page.read_text()))


def numbers(text: str) -> Iterator[str]:
    """`3.1 to 3.3, 4` names 3.1, 3.3 and 4."""
    yield from re.findall(NUMBER, text)


def wrong_pages(path: Path, text: str) -> Iterator[str]:
    """Pages that are missing, sections that they lack, and pages or sections that are named by half."""
    for match in PAGE.finditer(text):
        page = found(path, match[1])
        if page is None:
            yield match[0]
        elif match[2]:
            yield from (f"{match[1]} {n}" for n in numbers(match[2]) if n not in sections(page))
    if path.suffix != ".md":
        yield from UNNAMED.findall(text)


def wrong_edges(text: str) -> Iterator[str]:
    known = set(re.findall(r"^\| (\d+) \|", EDGES.read_text(), re.MULTILINE))
    for match in EDGE.finditer(text):
        yield from (f"edge {n}" for n in numbers(match[1]) if n not in known)


def wrong_requirements(text: str) -> Iterator[str]:
    page = REQUIREMENTS.read_text()
    known = set(re.findall(r"^\| (\S+) \|", page, re.MULTILINE)) | set(
        REQUIREMENT.findall(page[page.index("## 1.7") :])
    )
    yield from (name for name in REQUIREMENT.findall(text) if name not in known)


def wrong_links(path: Path, text: str) -> Iterator[str]:
    targets = (target for target in LINK.findall(text) if "://" not in target)
    yield from (target for target in targets if not (path.parent / target).exists())


def wrong_paths(text: str) -> Iterator[str]:
    """Quoted paths that begin with a folder of ours; `*` is anything, `<...>` is what the reader puts there."""
    for quoted in QUOTED.findall(text):
        for word in re.findall(r"[\w.*/<>-]+", quoted):
            begins = word.startswith(tuple(f"{folder}/" for folder in FOLDERS))
            if begins and not any(ROOT.glob(re.sub(r"<[^>]*>", "*", word).rstrip("/."))):
                yield word


def wrong_files(text: str) -> Iterator[str]:
    """Names of source files without a folder."""
    known = {path.name for path in sources()} | {path.name for path in (ROOT / "contracts").rglob("*.sol")}
    names = re.findall(r"`([\w-]+\.(?:sol|py|cairo|yaml|h|cpp))`", text)
    yield from (name for name in names if name not in known)


@cache
def named_tests() -> set[str]:
    """Functions and classes of the tests, and their files."""
    paths = [path for path in sources() if path.is_relative_to(ROOT / "tests") and path.suffix == ".py"]
    trees = [ast.parse(sources()[path]) for path in paths]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {path.stem for path in paths} | {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)}


def wrong_tests(text: str) -> Iterator[str]:
    names = re.findall(r"`(test_\w+|Test[A-Z]\w+)(?:\.py)?`", text)
    yield from (name for name in names if name not in named_tests())


def complaints(found: Iterable[tuple[Path, Iterable[str]]]) -> list[str]:
    return [f"{path.relative_to(ROOT)}: {what}" for path, wrong in found for what in wrong]


def test_pages_and_their_sections_exist():
    assert not complaints((path, wrong_pages(path, text)) for path, text in sources().items())


def test_edge_cases_exist():
    assert not complaints((path, wrong_edges(text)) for path, text in sources().items())


def test_requirements_exist():
    """Of the kernel only the comments could name one; there X1 is a coordinate."""
    read = {path: text for path, text in sources().items() if path.suffix in (".py", ".md", ".sol", ".yaml")}
    assert not complaints((path, wrong_requirements(text)) for path, text in read.items())


def test_links_lead_somewhere():
    assert not complaints((path, wrong_links(path, text)) for path, text in pages().items())


def test_paths_in_pages_exist():
    assert not complaints((path, wrong_paths(text)) for path, text in pages().items())


def test_files_named_in_pages_exist():
    assert not complaints((path, wrong_files(text)) for path, text in pages().items())


def test_tests_named_in_pages_exist():
    assert not complaints((path, wrong_tests(text)) for path, text in pages().items())


def test_nothing_points_outside_this_repository():
    assert not complaints((path, ELSEWHERE.findall(text)) for path, text in sources().items())


@pytest.mark.parametrize("folder", ["contracts", "prover", "freehold"])
def test_every_folder_is_in_the_tree_of_the_architecture(folder):
    page = (ROOT / "docs/architecture.md").read_text()
    inside = [path for path in (ROOT / folder).iterdir() if path.is_dir() and path.name not in LEFT_OUT]
    assert not [path.name for path in inside if f"`{folder}/{path.name}/" not in page]


PY, MD = ROOT / "prover/stark/verifier.py", ROOT / "docs/README.md"
SPEC = "docs/spec/perpetual-state"


@pytest.mark.parametrize(
    ("wrong", "caught"),
    [
        (wrong_pages(PY, f"({SPEC}.md 5.9)"), f"{SPEC}.md 5.9"),
        (wrong_pages(PY, f"({SPEC}.md 5.1 to 5.9)"), f"{SPEC}.md 5.9"),
        (wrong_pages(PY, f"{SPEC}s.md"), f"{SPEC}s.md"),
        (wrong_pages(PY, "perpetual-state.md 3.2"), "perpetual-state.md 3.2"),
        (wrong_pages(PY, "(perpetual-state 3.2)"), "perpetual-state 3"),
        (wrong_pages(PY, "Section 11.1"), "Section 1"),
        (wrong_pages(MD, "`spec/perpetual-state.md` 99"), "spec/perpetual-state.md 99"),
        (wrong_edges("Edge 157"), "edge 157"),
        (wrong_edges("Edges 3 to 157"), "edge 157"),
        (wrong_requirements("S2-31"), "S2-31"),
        (wrong_requirements("X15"), "X15"),
        (wrong_links(MD, "[a page](spec/nowhere.html)"), "spec/nowhere.html"),
        (wrong_paths("`prover/nowhere/`"), "prover/nowhere/"),
        (wrong_paths("`freehold bench trades --json contracts/no*where.json`"), "contracts/no*where.json"),
        (wrong_files("`Nowhere.sol`"), "Nowhere.sol"),
        (wrong_tests("`test_nothing_at_all`"), "test_nothing_at_all"),
        (iter(ELSEWHERE.findall("see ../shared/spec")), "../shared"),
    ],
)
def test_a_wrong_citation_is_caught(wrong, caught):
    assert list(wrong) == [caught]

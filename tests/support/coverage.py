"""Which statements and branches of the exchange's contracts the tests run: `make coverage`.

A plugin of pytest. The contracts are compiled without optimizer, so that every statement is found again in the code;
the embedded chain is watched instruction by instruction, in calls as in transactions; source maps lead back to the
sources. At the end `docs/coverage.md` is written. A branch is a way out of an `if`, of a conditional expression, or of
`&&` and `||`, whose right side may be asked or not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest
from ape.contracts import ContractContainer
from eth.vm.code_stream import CodeStream
from eth.vm.forks.shanghai import computation as init_code_rules
from eth.vm.forks.spurious_dragon import computation as code_rules
from ethpm_types import Bytecode, ContractType

from tests.support.solidity import ROOT, compiled, request, sources_of

FOLDERS = ("common", "perpetual", "facts", "committee", "escape", "curves")
REPORT = ROOT / "docs/coverage.md"
JUMPI, PUSH1, PUSH32 = 0x57, 0x60, 0x7F
NO_LIMIT = 1 << 24
"""Bytes of code: what is not optimized is larger than the chain's rule allows."""
STATEMENTS = {
    *("ExpressionStatement", "VariableDeclarationStatement", "Return", "RevertStatement", "EmitStatement"),
    "InlineAssembly",  # as a whole: source maps do not look inside
}
OUT_OF_GAS_FIRST = "a creation that fails for want of gas leaves too little for the constructor's end"
REASONS = {
    "if (stored == address(0)) revert": OUT_OF_GAS_FIRST,
    "revert TooManyMembers(data.length": OUT_OF_GAS_FIRST,
}
"""Beginning of a place's text to why no test gets there; the check stays as a guard."""

Range = tuple[int, int, int]
"""First byte, length, number of the file."""


@dataclass
class Seen:
    """What ran of one code: places of instructions, and which way conditional jumps went."""

    places: set[int] = field(default_factory=set)
    jumps: set[tuple[int, bool]] = field(default_factory=set)


class Watch:
    """Replaces the interpreter's walk through the code by one that takes notes."""

    def __init__(self) -> None:
        self.seen: dict[bytes, Seen] = defaultdict(Seen)

    def start(self) -> None:
        code_rules.EIP170_CODE_SIZE_LIMIT = init_code_rules.MAX_INITCODE_SIZE = NO_LIMIT
        watch = self

        def walk(stream: CodeStream) -> Iterator[int]:
            code = stream._raw_code_bytes
            seen, size = watch.seen[code], len(code)
            places, jumps = seen.places, seen.jumps
            while (place := stream.program_counter) < size:
                places.add(place)
                stream.program_counter = place + 1
                yield code[place]
                if code[place] == JUMPI:
                    jumps.add((place, stream.program_counter != place + 1))
            yield 0  # STOP

        CodeStream.__iter__ = walk


@dataclass(frozen=True)
class Code:
    """One contract's code as the compiler says it: the deployed one, or the one that deploys it."""

    object: bytes
    holes: tuple[tuple[int, int], ...]
    """Immutable values' places and sizes, which are filled in at deployment."""
    ranges: tuple[Range, ...]
    """Of each instruction."""

    @cached_property
    def instructions(self) -> dict[int, Range]:
        """Place to range."""
        found, place = {}, 0
        for where in self.ranges:
            if place >= len(self.object):
                break
            found[place] = where
            opcode = self.object[place]
            place += 1 + (opcode - PUSH1 + 1 if PUSH1 <= opcode <= PUSH32 else 0)
        return found

    def ran_as(self, code: bytes) -> bool:
        """Arguments of a constructor follow its code."""
        if len(code) < len(self.object):
            return False
        here = bytearray(code[: len(self.object)])
        for start, size in self.holes:
            here[start : start + size] = self.object[start : start + size]
        return bytes(here) == self.object


def code_of(compiled_code: dict[str, Any]) -> Code:
    holes = [hole for places in compiled_code.get("immutableReferences", {}).values() for hole in places]
    return Code(
        bytes.fromhex(compiled_code["object"]),
        tuple((hole["start"], hole["length"]) for hole in holes),
        tuple(ranges_of(compiled_code["sourceMap"])),
    )


def ranges_of(source_map: str) -> Iterator[Range]:
    """A source map leaves out what is as before."""
    fields = ["0", "0", "-1"]
    for entry in source_map.split(";"):
        for place, value in enumerate(entry.split(":")[:3]):
            fields[place] = value or fields[place]
        yield int(fields[0]), int(fields[1]), int(fields[2])


@dataclass
class File:
    """What a file has to be covered, by range."""

    name: str
    text: bytes
    statements: list[Range] = field(default_factory=list)
    branches: list[Range] = field(default_factory=list)
    """Of each two ways are to be gone."""

    def add(self, node: Any) -> None:
        """Collects from a syntax tree."""
        if isinstance(node, list):
            for child in node:
                self.add(child)
        elif isinstance(node, dict):
            kind = node.get("nodeType", "")
            declared_only = kind == "VariableDeclarationStatement" and not node.get("initialValue")
            if kind in STATEMENTS and not declared_only:
                self.statements.append(range_of(node["src"]))
            if kind in ("IfStatement", "Conditional") or node.get("operator") in ("&&", "||"):
                self.branches.append(range_of(node["src"]))
            for child in node.values():
                self.add(child)

    def line(self, where: Range) -> int:
        return self.text[: where[0]].count(b"\n") + 1

    def words(self, where: Range) -> str:
        return " ".join(self.text[where[0] : where[0] + where[1]].decode().split())


def range_of(src: str) -> Range:
    start, size, number = src.split(":")
    return int(start), int(size), int(number)


@dataclass(frozen=True)
class Result:
    """Of one file: what there is, and what was missed, by line."""

    name: str
    lines: set[int]
    missed_lines: set[int]
    statements: int
    branches: int
    missed: list[str]
    missed_statements: int
    missed_branches: int


class Coverage:
    """The build, and what was seen of it."""

    def __init__(self) -> None:
        paths = [path for folder in FOLDERS for path in sorted((ROOT / "contracts" / folder).glob("*.sol"))]
        wanted = ["evm.bytecode.object", "evm.bytecode.sourceMap"]
        wanted += ["evm.deployedBytecode." + name for name in ("object", "sourceMap", "immutableReferences")]
        asked = request(sources_of(paths), {"*": {"*": wanted, "": ["ast"]}}, optimize=False)
        output = compiled(asked)
        self.watch, self.codes, self.files = Watch(), [], {}
        self.creation: dict[str, bytes] = {}
        for path in paths:
            name = path.relative_to(ROOT).as_posix()
            source = output["sources"][name]
            self.files[source["id"]] = file = File(name, path.read_bytes())
            file.add(source["ast"])
            for contract, built in output["contracts"][name].items():
                made, deployed = built["evm"]["bytecode"], built["evm"]["deployedBytecode"]
                if made["object"]:
                    self.creation[contract] = bytes.fromhex(made["object"])
                    self.codes += [code_of(made), code_of(deployed)]

    def container(self, name: str, contract_type: ContractType) -> ContractContainer:
        """That deploys this build."""
        bytecode = Bytecode.model_validate({"bytecode": "0x" + self.creation[name].hex()})
        return ContractContainer(contract_type.model_copy(update={"deployment_bytecode": bytecode}))

    def results(self) -> list[Result]:
        ran: set[Range] = set()
        ways: dict[Range, set[bool]] = defaultdict(set)
        for bytecode, seen in self.watch.seen.items():
            code = next((code for code in self.codes if code.ran_as(bytecode)), None)
            if code is None:
                continue  # a double, a token, the verifier of proofs
            ran |= {code.instructions[place] for place in seen.places if place in code.instructions}
            for place, jumped in seen.jumps:
                ways[code.instructions[place]].add(jumped)
        by_file: dict[int, list[Range]] = defaultdict(list)
        for where in ran:
            by_file[where[2]].append(where)
        return [result_of(file, by_file[number], ways) for number, file in self.files.items() if file.statements]


def result_of(file: File, ran: list[Range], ways: dict[Range, set[bool]]) -> Result:
    def covered(where: Range) -> bool:
        start, end = where[0], where[0] + where[1]
        return any(start <= first and first + size <= end for first, size, _ in ran)

    missed = sorted(where for where in file.statements if not covered(where))
    half = sorted(where for where in file.branches if len(ways[where]) < 2)
    told = [tell(file, where, "not run") for where in missed]
    told += [tell(file, where, "one way only" if ways[where] else "neither way") for where in half]
    return Result(
        file.name,
        {file.line(where) for where in file.statements},
        {file.line(where) for where in missed},
        len(file.statements),
        2 * len(file.branches),
        told,
        len(missed),
        sum(2 - len(ways[where]) for where in file.branches),
    )


def tell(file: File, where: Range, what: str) -> str:
    words = file.words(where)
    reason = next((f" ({reason})" for text, reason in REASONS.items() if words.startswith(text)), "")
    return f"{file.line(where)}: {what}: `{words[:90]}`{reason}"


def report(results: list[Result]) -> str:
    """The document."""
    rows = [f"| {r.name.removeprefix('contracts/')} | {share(r)} |" for r in results]
    total = Result(
        "",
        {(r.name, line) for r in results for line in r.lines},
        {(r.name, line) for r in results for line in r.missed_lines},
        sum(r.statements for r in results),
        sum(r.branches for r in results),
        [],
        sum(r.missed_statements for r in results),
        sum(r.missed_branches for r in results),
    )
    rows.append(f"| **all** | {share(total)} |")
    missed = [f"- {r.name.removeprefix('contracts/')}:{line}" for r in results for line in r.missed]
    return "\n".join(
        [*HEAD, *rows, "", *(["## What is missed", "", *missed] if missed else ["Nothing is missed."]), ""]
    )


def share(r: Result) -> str:
    def part(missed: int, total: int) -> str:
        return f"{total - missed} of {total}"

    return " | ".join(
        (
            part(len(r.missed_lines), len(r.lines)),
            part(r.missed_statements, r.statements),
            part(r.missed_branches, r.branches),
        )
    )


HEAD = (
    "<!-- Written by `make coverage`. -->",
    "# Coverage of the exchange's contracts",
    "",
    "What the tests in `tests/contracts` run of exchange, registries and committees. Those of the verifier,",
    "the state machine, slow tests and tests of gas are left out. `tests/support/coverage.py` says how it is measured.",
    "",
    "| file | lines | statements | ways of branches |",
    "| --- | --- | --- | --- |",
)


class WatchedProject:
    """The project, but for what it deploys of the exchange."""

    def __init__(self, project: Any, coverage: Coverage) -> None:
        self._project, self._coverage = project, coverage

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._project, name)
        return self._coverage.container(name, found.contract_type) if name in self._coverage.creation else found


# --- the plugin


class Fixtures:
    """Ape's fixture, replaced."""

    def __init__(self, coverage: Coverage) -> None:
        self._coverage = coverage

    @pytest.fixture(scope="session")
    def project(self, project: Any) -> WatchedProject:
        return WatchedProject(project, self._coverage)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    config.coverage_of_contracts = coverage = Coverage()
    coverage.watch.start()
    config.pluginmanager.register(Fixtures(coverage))


def pytest_sessionfinish(session: pytest.Session) -> None:
    text = report(session.config.coverage_of_contracts.results())
    REPORT.write_text(text)
    print(f"\n{text}")

"""What is compiled first, and that compiling by parts gives the same bytecode."""

from __future__ import annotations

import re

import pytest

from freehold.chain import solc
from freehold.chain.compilation import needed_by_scripts
from freehold.chain.contracts import PIECES
from prover.codegen.shapes import EXCHANGE_SHAPE, contract_of
from tests.support.solidity import ROOT, request, sources_of

CONTRACTS = {path.stem: path.relative_to(ROOT).as_posix() for path in (ROOT / "contracts").rglob("*.sol")}


def named_in(folder: str) -> set[str]:
    """The contracts that Python files take from Ape's project by name, those of tests left out."""
    files = [path for path in (ROOT / folder).rglob("*.py") if "testing" not in path.parts]
    texts = [path.read_text() for path in files]
    return {name for text in texts for name in re.findall(r"\bproject\.([A-Z]\w+)", text)}


def test_what_scripts_deploy_is_compiled_first():
    named = named_in("scripts") | named_in("freehold") | {*PIECES, contract_of(EXCHANGE_SHAPE).name}
    assert "StarkVerifier" in named
    assert [name for name in named if not needed_by_scripts(CONTRACTS[name])] == []


@pytest.mark.parametrize("name", ["AllBuiltinsShape", "QueryPhaseHarness", "OddToken"])
def test_what_only_tests_deploy_is_not(name):
    assert not needed_by_scripts(CONTRACTS[name])


def test_bytecode_by_parts_is_that_of_all_files_at_once():
    sources = sources_of(ROOT / CONTRACTS[name] for name in ("OddToken", "RollupFactAdapter"))
    wanted = {"*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", solc.IMMUTABLES]}
    whole = solc.answer(request(sources, {"*": wanted}))["contracts"]
    parts = solc.answer(request(sources, {name: wanted for name in sources}))["contracts"]
    assert len(parts) > 4
    assert parts == whole

"""Ape's own commands, as typed, after an edit of a file that a contract imports: they have the new code.

In a copy of the tree whose contracts are two small files. `Told` answers with what `Telling` holds.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

APE = Path(sys.executable).with_name("ape")
LIBRARY = """// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

library Telling {
    uint256 internal constant NUMBER = 1;
}
"""
CONTRACT = """// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Telling} from "./Telling.sol";

contract Told {
    uint256 public constant number = Telling.NUMBER;
}
"""
TEST = """
def test_told(project, accounts):
    told = accounts[0].deploy(project.Told)
    print("number", told.number())
"""
SCRIPT = """
import click
from ape import accounts, project

from scripts._arguments import Script


@click.command(cls=Script)
def cli():
    click.echo(f"number {accounts.test_accounts[0].deploy(project.Told).number()}")
"""
CONSOLE = "print('number', accounts.test_accounts[0].deploy(project.Told).number())"
COMMANDS = {
    "test": ("test", "tests/test_told.py", "-s"),
    "run": ("run", "tell", "--network", "ethereum:local:test"),
    "console": ("console", "--network", "ethereum:local:test", "--code", CONSOLE),
}


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """What a clone has, but for the environment, which is this one, and the contracts."""
    clone = tmp_path_factory.mktemp("tree") / "clone"
    left_out = shutil.ignore_patterns(".*", "build", "contracts", "docs", "vectors", "__pycache__")
    shutil.copytree(ROOT, clone, ignore=left_out)
    (clone / ".venv").symlink_to(ROOT / ".venv")
    for path, text in {
        "contracts/Telling.sol": LIBRARY,
        "contracts/Told.sol": CONTRACT,
        "tests/test_told.py": TEST,
        "scripts/tell.py": SCRIPT,
    }.items():
        (clone / path).parent.mkdir(exist_ok=True)
        (clone / path).write_text(text)
    assert number_told(clone, "run") == 1
    return clone


def edit(clone: Path, number: int) -> None:
    library = clone / "contracts/Telling.sol"
    library.write_text(re.sub(r"= \d+;", f"= {number};", library.read_text()))


def number_told(clone: Path, command: str) -> int:
    result = subprocess.run([APE, *COMMANDS[command]], cwd=clone, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return int(re.search(r"number (\d+)", result.stdout)[1])


@pytest.mark.parametrize(("number", "command"), enumerate(COMMANDS, start=10))
def test_an_edited_import_is_seen(clone, command, number):
    edit(clone, number)

    assert number_told(clone, command) == number


def test_what_ape_compiled_by_itself_is_not_taken_for_fresh(clone):
    """`ape compile` compiles the edited file and leaves its importers as they were."""
    edit(clone, 20)
    subprocess.run([APE, "compile"], cwd=clone, check=True, capture_output=True)

    assert number_told(clone, "run") == 20


def test_an_import_that_does_not_compile_is_refused(clone):
    library = clone / "contracts/Telling.sol"
    library.write_text(library.read_text().replace("uint256 internal", "uint257 internal"))
    result = subprocess.run([APE, *COMMANDS["run"]], cwd=clone, capture_output=True, text=True)

    assert result.returncode == 1
    assert "number" not in result.stdout
    assert "contracts/Telling.sol:5:5" in result.stderr

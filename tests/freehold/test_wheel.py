"""The package as others install it: a wheel in an environment of its own, away from the sources and without Ape."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from prover.applications.perpetual.documents import Case
from prover.applications.perpetual.last_state import LastState
from prover.applications.perpetual.samples import A, every_kind
from tests.support.paths import PROGRAMS, ROOT

NO_APE = "import sys\nsys.modules['ape'] = None\n"
"""As where only the package's own dependencies are installed: whoever imports Ape fails."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The command of an environment that has the wheel; what the wheel needs is seen where this suite has it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(ROOT)], check=True, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    home = folder / "an environment"
    venv.create(home, with_pip=False)
    (packages,) = (home / "lib").glob("python3*/site-packages")
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", "--prefix", str(home)]
    subprocess.run([*install, "--ignore-installed", str(wheel)], check=True, cwd=folder)
    theirs = next(path for path in sys.path if path.endswith("site-packages"))
    (packages / "dependencies.pth").write_text(theirs + "\n")
    (packages / "sitecustomize.py").write_text(NO_APE)

    def run(*arguments: object, by: tuple[str, ...] = ("-m", "freehold")) -> subprocess.CompletedProcess[str]:
        command = [str(home / "bin/python"), *by, *map(str, arguments)]
        clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
        return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=clean)

    return run


def test_the_package_is_the_wheels_and_not_the_sources(installed):
    where = installed(by=("-c", "import freehold, prover; print(freehold.__file__, prover.__file__)"))
    assert where.stdout.count("an environment") == 2 and str(ROOT) not in where.stdout, where.stderr
    without_ape = installed(by=("-c", "import freehold.chain.network"))
    assert without_ape.returncode == 1 and "ape" in without_ape.stderr


def test_prove_and_verify_work_from_there(installed, tmp_path):
    given, proof = tmp_path / "input.json", tmp_path / "proof"
    given.write_text(json.dumps({"n": 5}))
    program = PROGRAMS / "hashes.json"
    made = installed("prove", program, "--input", given, "-o", proof, "--parameters", "fast")
    assert made.returncode == 0, made.stderr
    checked = installed("verify", proof, "--program", program)
    assert checked.returncode == 0 and checked.stdout.startswith("accepted: program 0x"), checked.stderr


def test_leaving_works_from_there(installed, tmp_path):
    batch, state = Case.parsed(every_kind()).apply(), tmp_path / "state.json"
    state.write_text(json.dumps(LastState.of(batch.config, batch.after).model_dump(mode="json")))
    result = installed("leave", state, "--position", A)
    assert result.returncode == 0 and "3. to the exchange: withdraw" in result.stdout, result.stderr


def test_a_batch_is_applied_and_run_from_there(installed, tmp_path):
    """The compiled program is in the wheel."""
    path: Path = tmp_path / "batch.json"
    path.write_text(json.dumps(every_kind()))
    result = installed("batch", "check", path)
    assert result.returncode == 0 and "accepted" in result.stdout, result.stderr

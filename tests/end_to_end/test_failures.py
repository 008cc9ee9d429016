"""What a failing test prints: where it stands and what is wrong, on a screen."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT

UNSHORTENED = ("CI", "BUILD_NUMBER")
"""Where one of these is set, pytest shortens nothing: it takes the reader for a log."""


def test_a_failing_test_prints_its_failure_and_no_internals():
    command = [Path(sys.executable).with_name("ape"), "test", "tests/support/failing.py", "-q", "-W", "ignore"]
    at_a_desk = {name: value for name, value in os.environ.items() if name not in UNSHORTENED}
    result = subprocess.run(command, cwd=ROOT, env=at_a_desk, capture_output=True, text=True, timeout=300)
    lines = result.stdout.splitlines()
    assert result.returncode == 1 and len(lines) < 30, result.stdout
    assert any("assert {'held': 1} == {'held': 2}" in line for line in lines)
    assert any("InvalidOperation" in line for line in lines)
    assert ".venv" not in result.stdout and "pluggy" not in result.stdout

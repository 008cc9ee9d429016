"""What a failing test prints: where it stands and what is wrong, on a screen."""

import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT


def test_a_failing_test_prints_its_failure_and_no_internals():
    command = [Path(sys.executable).with_name("ape"), "test", "tests/support/failing.py", "-q", "-W", "ignore"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    lines = result.stdout.splitlines()
    assert result.returncode == 1 and len(lines) < 30, result.stdout
    assert any("assert {'held': 1} == {'held': 2}" in line for line in lines)
    assert any("InvalidOperation" in line for line in lines)
    assert ".venv" not in result.stdout and "pluggy" not in result.stdout

"""A whole exchange on this machine, started twice in one folder: the second start goes on where the first stopped."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT
from tests.support.ports import free_port

FREEHOLD = Path(sys.executable).parent / "freehold"
PORTS, TRIES = 5, 50
PATIENCE = 900
"""Seconds that one start may take, on a busy machine."""


def free_ports() -> int:
    """The first of some in a row."""
    for _ in range(TRIES):
        first = free_port()
        try:
            for port in range(first, first + PORTS):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            continue
        if first + PORTS < 65_000:
            return first
    raise AssertionError("no ports in a row are free")


def run(folder: Path, port: int) -> dict[str, Any]:
    """The summary of a short run, with real proofs."""
    command = [FREEHOLD, "exchange", "run", "--minutes", "0.5", "--folder", folder, "--port", port]
    done = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((folder.parent / "exchange.json").read_text())
    return found


@pytest.mark.slow
def test_a_second_start_goes_on_with_what_is_there(tmp_path):
    folder, port = tmp_path / "exchange", free_ports()
    first = run(folder, port)
    kept = {path: path.read_bytes() for path in folder.glob("*") if path.suffix in (".key", ".toml")}
    record = (folder / "deployment.json").read_bytes()
    second = run(folder, port)
    assert {path: path.read_bytes() for path in kept} == kept
    assert (folder / "deployment.json").read_bytes() == record
    sheets = [found["balance_sheet"] for found in (first, second)]
    assert all(sheet["adds_up"] for sheet in sheets)
    assert sheets[1]["last_batch"] > sheets[0]["last_batch"] >= 0
    accepted = [found["transactions"]["received"].get("batched", 0) for found in (first, second)]
    assert accepted[1] > accepted[0]

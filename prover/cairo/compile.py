"""Compile Cairo 0 with cairo-lang's compiler, in a process of its own. Running and proving do without it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from prover.cairo.errors import CompileFailed


def compile_cairo(source: Path) -> dict[str, Any]:
    """The compiled program in proof mode, without debug information. Raises CompileFailed."""
    beside = Path(sys.executable).with_name("cairo-compile")
    compiler = str(beside) if beside.exists() else shutil.which("cairo-compile")
    if compiler is None:
        raise CompileFailed("cairo-compile is missing: install cairo-lang 0.14.0.1 beside this command")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "program.json"
        command = [compiler, str(source), "--proof_mode", "--no_debug_info", "--output", str(target)]
        command += ["--cairo_path", str(source.resolve().parent)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise CompileFailed((done.stderr or done.stdout).strip())
        document = json.loads(target.read_text())
    return {name: document[name] for name in document if name not in ("debug_info", "attributes")}


def program_text(document: dict[str, Any]) -> str:
    """As committed: one line a field, sorted."""
    return json.dumps(document, indent=1, sort_keys=True) + "\n"

"""Compile Cairo 0 with cairo-lang's compiler, in a process of its own. Running and proving do without it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from prover.cairo.errors import CompileFailed
from prover.cairo.program import CANONICAL_BUILTINS
from prover.cairo.prune import pruned


def compile_cairo(source: Path) -> dict[str, Any]:
    """The compiled program in proof mode, with no more names than its hints can reach. Raises CompileFailed."""
    return pruned(compiler_output(source), source.resolve().parent)


def compiler_output(source: Path) -> dict[str, Any]:
    """All that the compiler writes in proof mode. Raises CompileFailed."""
    _refuse_other_languages(source)
    beside = Path(sys.executable).with_name("cairo-compile")
    compiler = str(beside) if beside.exists() else shutil.which("cairo-compile")
    if compiler is None:
        raise CompileFailed("cairo-compile is missing: install cairo-lang 0.14.0.1 beside this command")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "program.json"
        command = [compiler, str(source), "--proof_mode", "--output", str(target)]
        command += ["--cairo_path", str(source.resolve().parent)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise CompileFailed(_complaint(source, (done.stderr or done.stdout).strip()))
        document: dict[str, Any] = json.loads(target.read_text())
        return document


def _complaint(source: Path, text: str) -> str:
    """The compiler's own words, but where they would puzzle."""
    if "Unknown identifier 'main'" in text:
        return f"{source} has no function main, where a program begins"
    if text.startswith("Traceback"):
        return f"{source}: the compiler stops with {text.splitlines()[-1]}"
    return text


_BUILTINS_LINE = re.compile(r"^%builtins[ \t]+(.*)$", re.MULTILINE)
_CAIRO_1 = re.compile(r"^\s*(?:(?:pub )?mod \w+\s*\{|#\[\w+|(?:pub )?fn \w+|use core::)", re.MULTILINE)


def _refuse_other_languages(source: Path) -> None:
    """What the compiler would answer with a puzzle. Raises CompileFailed."""
    try:
        text = source.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CompileFailed(f"{source} is not text: a Cairo 0 source is needed") from error
    if text.lstrip().startswith(("{", "[")):
        raise CompileFailed(f"{source} is no Cairo source; a compiled program can be proven as it is")
    if _CAIRO_1.search(text) and "func " not in text:
        raise CompileFailed(f"{source} looks like Cairo 1: only Cairo 0 is compiled and proven here")
    if line := _BUILTINS_LINE.search(text):
        named = line.group(1).split("//")[0].split()
        known = [name for name in CANONICAL_BUILTINS if name in named]
        if len(known) == len(named) and known != named:
            raise CompileFailed(f"{source}: builtins must stand in the order %builtins {' '.join(known)}")


def program_text(document: dict[str, Any]) -> str:
    """As committed: one line a word, a builtin, a hinted place, an identifier, a reference."""
    fields = ",\n".join(f"{json.dumps(name)}: {_lines(value)}" for name, value in document.items())
    return f"{{\n{fields}\n}}\n"


def _lines(value: Any) -> str:
    """A list or object with one line an entry, a lone list within an object likewise."""
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(map(_line, value)) + "\n]"
    if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("references"), list):
        return '{"references": ' + _lines(value["references"]) + "}"
    if isinstance(value, dict) and value:
        return "{\n" + ",\n".join(f"{_line(name)}: {_line(entry)}" for name, entry in value.items()) + "\n}"
    return _line(value)


def _line(value: Any) -> str:
    return json.dumps(value, sort_keys=True)

"""Compiled programs from files."""

from __future__ import annotations

from pathlib import Path

from freehold.errors import Refused
from freehold.files import read_json
from prover.cairo.errors import ProgramMalformed
from prover.cairo.program import Program


def read_program(path: Path) -> Program:
    """Raises Refused for what is no compiled program, telling a source by its name."""
    if path.suffix == ".cairo":
        raise Refused(f"{path} is a source: `freehold compile {path} -o {path.stem}.json` makes a program of it")
    try:
        return Program.from_json(read_json(path))
    except ProgramMalformed as error:
        raise Refused(f"{path}: {error}") from error

"""Whose Python a command runs: hints that are known, or that their user trusts."""

from __future__ import annotations

from pathlib import Path

import click

from prover.cairo.machine.hints.known import digests_of, strange_hints
from prover.cairo.program import Program
from prover.proving.batch import exchange_program


def refuse_strange_hints(path: Path, program: Program, trusted: bool) -> None:
    """Raises ClickException for a program with hints that are not known, unless they are trusted."""
    if trusted or not (found := strange_hints(program, digests_of(exchange_program()))):
        return
    pc, code = found[0]
    first = next(line.strip() for line in code.splitlines() if line.strip())
    raise click.ClickException(
        f"{path} brings {len(found)} hint{'s' * (len(found) > 1)} of its own, the first at {program.place_of(pc)}: "
        f"{first!r}. They are Python and would run with all your rights. --trust-hints runs them: say it only if you "
        "trust who wrote the program"
    )

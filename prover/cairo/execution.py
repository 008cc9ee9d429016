"""A finished run, whoever made it: this machine (`run.py`) or another one (`run_files.py`)."""

from __future__ import annotations

from dataclasses import dataclass, field

from prover.cairo.program import Program
from prover.kernel import Words
from prover.stark.parameters import MIN_LOG_HEIGHT

MIN_STEPS = 1 << MIN_LOG_HEIGHT
"""A run is padded to at least so many."""


@dataclass(frozen=True)
class Run:
    """A relocated run.

    registers: (n_steps, 3) uint64 of (pc, ap, fp), padded by the closing loop to a power of two; memory: value or
    None by address, from 1 on; segments: (start, stop) of each builtin in the program's order; signatures: (r, s) by
    the address of the ecdsa instance's first cell, for they are in no memory cell.
    """

    program: Program
    registers: Words
    memory: list[int | None]
    n_executed_steps: int
    initial_ap: int
    final_ap: int
    segments: dict[str, tuple[int, int]]
    output: tuple[int, ...]
    signatures: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def n_steps(self) -> int:
        return len(self.registers)

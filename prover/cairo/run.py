"""Run a program so that nothing accepted is unprovable.

The machine runs it; each instance that may lack a witness is asked of its component.
"""

from __future__ import annotations

from typing import Any

from prover.cairo.components import ec_op, ecdsa
from prover.cairo.execution import MIN_STEPS, Run
from prover.cairo.machine.builtins import ProvableCheck
from prover.cairo.machine.runner import execute
from prover.cairo.program import Program

MAX_STEPS = 1 << 24
CHECKS: dict[str, ProvableCheck] = {"ecdsa": ecdsa.check, "ec_op": ec_op.check}
"""Of the builtins with instances that mean what they say and still have no witness."""


def run_program(
    program: Program, program_input: Any = None, min_steps: int = MIN_STEPS, max_steps: int = MAX_STEPS
) -> Run:
    """Raises RunFailed with the step and the reason."""
    return execute(program, program_input, CHECKS, min_steps, max_steps)

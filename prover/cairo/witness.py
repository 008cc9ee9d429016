"""From a run to everything the proof system needs: its shape, its statement and its columns."""

from __future__ import annotations

import numpy as np

from prover.cairo.components import bitwise_bytes, memory, pedersen_windows, range_check_16
from prover.cairo.execution import Run
from prover.cairo.shapes import components_of, shape_of
from prover.cairo.statement import CairoStatement, program_identity
from prover.cairo.trace import Trace
from prover.stark.prover import Witness
from prover.stark.shape import Shape

LISTS = (memory, range_check_16, pedersen_windows, bitwise_bytes)
"""Tables that list what others use, filled once the uses are counted."""


def statement_of(run: Run, shape: Shape) -> CairoStatement:
    program = tuple(run.program.data)
    return CairoStatement(
        program_identity(shape, program),
        program,
        run.initial_ap,
        run.final_ap,
        tuple(run.program.builtins),
        tuple(run.segments[builtin] for builtin in run.program.builtins),
        tuple(run.output),
    )


def make_witness(run: Run) -> tuple[Shape, CairoStatement, Witness]:
    """Raises CairoError for a run that reads outside its memory; constraints are left to the prover."""
    shape = shape_of(tuple(run.program.builtins))
    statement = statement_of(run, shape)
    trace = Trace(run)
    trace.read(np.array([address for _, address, _ in statement.accesses()], dtype=np.int64))
    components = components_of(run.program.builtins)
    columns = {part: part.fill(trace) for part in components if part not in LISTS}
    columns |= {part: part.fill(trace) for part in components if part in LISTS}
    ordered = [columns[part] for part in components]
    log_heights = tuple((part.shape[1] - 1).bit_length() for part in ordered)
    return shape, statement, Witness(log_heights, ordered)

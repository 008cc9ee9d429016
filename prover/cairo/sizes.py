"""How large a run's proof is before there is a run: heights of tables, and memory, from a number of steps."""

from __future__ import annotations

from collections.abc import Sequence

from prover.cairo.shapes import shape_of
from prover.stark.layout import make_layout
from prover.stark.memory_need import memory_needed
from prover.stark.parameters import Parameters
from prover.stark.shape import Shape

BUILTIN_ROWS = {"range_check": 1, "pedersen": 32, "ecdsa": 256}
"""Rows of one instance."""
BUILTIN_SPACING = {"range_check": 8, "pedersen": 16, "ecdsa": 1024}
"""Steps for each instance: one Pedersen in 16, one range check in 8, one signature in 1,024."""


def typical_heights(shape: Shape, log_steps: int) -> tuple[int, ...]:
    """Heights of a run of 2^log_steps steps with builtins at the usual spacing."""
    heights = []
    for table in shape.tables:
        if table.log_height is not None:
            heights.append(table.log_height)
        elif table.name in BUILTIN_SPACING:
            rows = BUILTIN_ROWS[table.name] * (1 << log_steps) // BUILTIN_SPACING[table.name]
            heights.append(max(table.min_log_height, rows.bit_length() - 1))
        else:
            heights.append(max(table.min_log_height, log_steps))
    return tuple(heights)


def typical_memory(builtins: Sequence[str], n_steps: int, parameters: Parameters) -> int:
    """Bytes that a proof of `n_steps` steps of a program with these builtins takes."""
    shape = shape_of(tuple(builtins))
    heights = typical_heights(shape, (n_steps - 1).bit_length())
    return memory_needed(make_layout(shape, heights, parameters), parameters)

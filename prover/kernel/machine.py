"""The vector machine: a program of few instructions, run over the rows of columns."""

from __future__ import annotations

import enum
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from prover.kernel.arguments import KernelError, checked, column_height, log_size, pointer, pointers
from prover.kernel.arrays import Felts
from prover.kernel.library import LIBRARY


class Op(enum.IntEnum):
    """Instructions of the vector machine, as (op, target, a, b)."""

    LOAD = 0  # register <- column a, b rows later (cyclic, b of either sign)
    CONST = 1  # register <- constant a
    ADD = 2
    SUB = 3
    MUL = 4
    STORE = 5  # output <- register a


def run_program(
    instructions: NDArray[np.int32],
    n_registers: int,
    constants: Felts,
    columns: Sequence[Felts],
    outputs: Sequence[Felts],
) -> None:
    """Run the vector machine over n = 2^k rows in natural order; `instructions` (k, 4) int32, `outputs` (n, 4) each.

    A column whose height divides n is repeated. Outputs share no memory with columns.
    """
    checked(constants, "constants", 2)
    height = column_height(outputs)
    log_size(height, "an output")
    heights = [len(checked(column, "a column", 2)) for column in columns]
    for length in heights:
        if length == 0 or height % length:
            raise KernelError(f"columns and outputs differ in height: {length} and {height}")
    _check_program(instructions, n_registers, len(constants), heights, len(outputs))
    LIBRARY.fh_run_program(
        pointer(instructions),
        len(instructions),
        n_registers,
        pointer(constants),
        len(constants),
        pointers(columns),
        pointer(np.array(heights, dtype=np.uint64)),
        len(heights),
        height,
        pointers(outputs),
    )


def _check_program(
    instructions: NDArray[np.int32], n_registers: int, n_constants: int, heights: Sequence[int], n_outputs: int
) -> None:
    if instructions.dtype != np.int32 or instructions.ndim != 2 or instructions.shape[1] != 4:
        raise KernelError(f"instructions must be int32 (k, 4); they are {instructions.dtype} {instructions.shape}")
    for op, target, a, b in instructions.tolist():
        limits = {
            Op.LOAD: ((target, n_registers), (a, len(heights))),
            Op.CONST: ((target, n_registers), (a, n_constants)),
            Op.STORE: ((target, n_outputs), (a, n_registers)),
        }.get(op, ((target, n_registers), (a, n_registers), (b, n_registers)))
        if not 0 <= op <= Op.STORE or any(not 0 <= number < limit for number, limit in limits):
            raise KernelError(f"instruction {(op, target, a, b)} is out of range")

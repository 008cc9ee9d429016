"""Expressions to a straight-line program of the kernel's vector machine, which runs over the rows of columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prover import kernel
from prover.kernel import Felts, Op
from prover.stark.expressions import Expression, walk

Source = tuple[str, int, int]
"""What a program loads: ("cell", tree, column) or ("periodic", index, 0)."""
Columns = dict[Source, Felts]
"""A table's columns: their values or their coefficients, (n, 4) each."""


@dataclass(frozen=True)
class VectorProgram:
    """`values` are (constant index, name) to be bound before a run; `sources` the columns it loads, in order."""

    instructions: NDArray[np.int32]
    n_registers: int
    constants: tuple[int, ...]
    values: tuple[tuple[int, str], ...]
    sources: tuple[Source, ...]
    n_outputs: int

    def run(
        self,
        columns: Columns,
        values: dict[str, int],
        outputs: Sequence[Felts],
    ) -> None:
        """Fill `outputs`, (n, 4) each, from the columns that `sources` name; shorter ones repeat."""
        constants = list(self.constants)
        for index, name in self.values:
            constants[index] = values[name]
        kernel.run_program(
            self.instructions,
            self.n_registers,
            kernel.from_ints(constants),
            [columns[source] for source in self.sources],
            outputs,
        )


def compile_program(roots: list[Expression]) -> VectorProgram:
    """One output for each root, registers reused as soon as their last reader is done."""
    order = list(walk(*roots))
    last_use = {id(node): step for step, user in enumerate(order) for node in _operands(user)}
    for root in roots:
        last_use[id(root)] = len(order)

    registers: dict[int, int] = {}
    free: list[int] = []
    instructions: list[tuple[int, int, int, int]] = []
    constants: list[int] = []
    values: list[tuple[int, str]] = []
    sources: dict[Source, int] = {}
    n_registers = 0

    for step, node in enumerate(order):
        operands = [registers[id(operand)] for operand in _operands(node)]
        for operand in dict.fromkeys(_operands(node)):
            if last_use[id(operand)] == step:
                free.append(registers[id(operand)])
        if free:
            target = free.pop()
        else:
            target, n_registers = n_registers, n_registers + 1
        registers[id(node)] = target
        if node.kind in ("const", "value"):
            if node.kind == "value":
                values.append((len(constants), node.args[0]))
            instructions.append((Op.CONST, target, len(constants), 0))
            constants.append(node.args[0] if node.kind == "const" else 0)
        elif node.kind in ("cell", "periodic"):
            source = ("cell", node.args[0], node.args[1]) if node.kind == "cell" else ("periodic", node.args[0], 0)
            instructions.append((Op.LOAD, target, sources.setdefault(source, len(sources)), node.args[-1]))
        else:
            left, right = operands
            instructions.append((Op[node.kind.upper()], target, left, right))
    for output, root in enumerate(roots):
        instructions.append((Op.STORE, output, registers[id(root)], 0))
    return VectorProgram(
        np.array(instructions, dtype=np.int32),
        max(1, n_registers),
        tuple(constants) or (0,),
        tuple(values),
        tuple(sources),
        len(roots),
    )


def _operands(node: Expression) -> tuple[Expression, ...]:
    return node.args if node.kind in ("add", "sub", "mul") else ()

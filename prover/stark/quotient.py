"""Step 3 of the prover: every table's constraints over their zerofiers, on four times its height, as slices.

A table of n rows is evaluated on the four cosets of `H_n` that make up `D_(log n + 2)`, one at a time; the result is
brought to coefficients, cut into slices of n and lifted to the greatest height.
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from prover import kernel
from prover.algebra.field import PRIME
from prover.stark.constraint_program import Program, compile_program
from prover.stark.domains import block_shift, domain_shift, root_of_unity
from prover.stark.errors import QuotientTooLong
from prover.stark.expressions import Expression, expression, value
from prover.stark.shape import Shape
from prover.stark.tables import Factor, Rows, Table

LOG_EXTENSION = 2
Columns = dict[tuple[str, int, int], np.ndarray]


def quotient_slices(
    shape: Shape,
    log_heights: tuple[int, ...],
    coefficients: list[Columns],
    values: dict[str, int],
    beta: int,
) -> np.ndarray:
    """(n_slices, N, 4): coefficients of the slices of the combined quotient.

    `coefficients[table][("cell", tree, column)]` are (n, 4). Raises QuotientTooLong for a table that breaks a
    constraint.
    """
    log_largest = max(log_heights)
    slices = np.zeros((shape.n_slices, 1 << log_largest, 4), dtype=np.uint64)
    first_power = 0
    for number, table in enumerate(shape.tables):
        log_height = log_heights[number]
        quotient = _table_quotient(table, log_height, coefficients[number], values, beta, first_power)
        height, stride = 1 << log_height, 1 << log_largest - log_height
        if quotient[shape.n_slices * height :].any():
            raise QuotientTooLong(table.name)
        for index in range(shape.n_slices):
            part = quotient[index * height : (index + 1) * height]
            spread = slices[index, ::stride]
            spread[...] = kernel.add(np.ascontiguousarray(spread), np.ascontiguousarray(part))
        first_power += len(table.constraints)
    return slices


def _table_quotient(
    table: Table, log_height: int, coefficients: Columns, values: dict[str, int], beta: int, first_power: int
) -> np.ndarray:
    """(4n, 4) coefficients of the sum of beta^i * C_i / zerofier."""
    height, log_domain = 1 << log_height, log_height + LOG_EXTENSION
    row_sets, program = _combined_program(table)
    bound = dict(values)
    for index in range(len(table.constraints)):
        bound[f"weight.{index}"] = pow(beta, first_power + index, PRIME)
    keys = [source for source in program.sources if source[0] == "cell"]
    stacked = np.stack([coefficients[key] for key in keys])
    reverse = bit_reversal(log_height)
    blocks = []
    for block in range(1 << LOG_EXTENSION):
        shift = block_shift(log_domain, log_height, block)
        extended = kernel.evaluate_coset(stacked, shift, bit_reversed=False)
        columns: Columns = dict(zip(keys, extended, strict=True))
        columns |= _periodic_columns(table, program, shift, log_height)
        sums = program.run(columns, bound, height)
        parts = [
            kernel.mul(part, _inverse_zerofier(rows, shift, log_height, table.block))
            for rows, part in zip(row_sets, sums, strict=True)
        ]
        blocks.append(reduce(kernel.add, parts)[reverse])
    whole = np.concatenate(blocks)[None]
    return kernel.interpolate_coset(whole, domain_shift(log_domain))[0]


def _combined_program(table: Table) -> tuple[list[Rows], Program]:
    """One output for each set of rows: the sum of `weight.i` times its constraints."""
    sums: dict[Rows, Expression] = {}
    for index, constraint in enumerate(table.constraints):
        weighted = value(f"weight.{index}") * constraint.expression
        sums[constraint.rows] = sums.get(constraint.rows, expression(0)) + weighted
    return list(sums), compile_program(list(sums.values()))


def _periodic_columns(table: Table, program: Program, shift: int, log_height: int) -> Columns:
    """A periodic column on shift * H_n repeats with the block: its polynomial is one in Y^(n/b)."""
    log_block = table.block.bit_length() - 1
    block_shift_ = pow(shift, 1 << log_height - log_block, PRIME)
    columns: Columns = {}
    for source in program.sources:
        if source[0] == "periodic":
            values = kernel.from_ints(list(table.periodic[source[1]]))[None]
            block = kernel.evaluate_coset(kernel.interpolate(values), block_shift_, bit_reversed=False)[0]
            columns[source] = np.tile(block, (1 << log_height - log_block, 1))
    return columns


def _inverse_zerofier(rows: Rows, shift: int, log_height: int, block: int) -> np.ndarray:
    """(n, 4) values of 1 / zerofier on shift * H_n in natural order."""
    height = 1 << log_height
    spared = [_factor_values(factor, shift, log_height, block) for factor in rows.spared]
    factors = [_factor_values(factor, shift, log_height, block) for factor in rows.factors]
    inverse = kernel.inverse(reduce(_times, factors))
    whole = reduce(_times, spared, inverse)
    return np.ascontiguousarray(np.tile(whole, (height // len(whole), 1)))


def _factor_values(factor: Factor, shift: int, log_height: int, block: int) -> np.ndarray:
    """One period of the factor's values: 1, b or n of them."""
    if factor.kind == "all":
        return kernel.from_ints([(pow(shift, 1 << log_height, PRIME) - 1) % PRIME])
    if factor.kind == "row":
        log_block = block.bit_length() - 1
        start = pow(shift, 1 << log_height - log_block, PRIME)
        return _less(
            kernel.powers(root_of_unity(log_block), start, block), pow(root_of_unity(log_block), factor.index, PRIME)
        )
    points = kernel.powers(root_of_unity(log_height), shift, 1 << log_height)
    return _less(points, pow(root_of_unity(log_height), factor.index, PRIME))


def _less(points: np.ndarray, root: int) -> np.ndarray:
    return kernel.sub(points, kernel.from_ints([root])[0])


def _times(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The product of two periodic sequences, as long as the longer one."""
    if len(a) < len(b):
        a, b = b, a
    return kernel.mul(a, np.ascontiguousarray(np.tile(b, (len(a) // len(b), 1))))


def bit_reversal(log_size: int) -> np.ndarray:
    """Natural index of each position."""
    order = np.zeros(1, dtype=np.int64)
    for bit in range(log_size):
        order = np.concatenate([order, order + (1 << log_size - 1 - bit)])
    return order

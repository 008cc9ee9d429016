"""Step 2 of the prover: constraints over their zerofiers, as slices of coefficients.

The constraints on main columns of all tables make one combined quotient; each interaction column has one of its own.
A table of n rows is evaluated on cosets of `H_n` that make up `D_(log n + 1)`, or `D_(log n + 2)` where a quotient may
have three slices, one coset at a time; the result is brought to coefficients and cut into slices of n.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

import numpy as np

from prover import kernel
from prover.algebra.field import PRIME
from prover.stark.constraint_program import Program, compile_program
from prover.stark.domains import block_shift, domain_shift, root_of_unity
from prover.stark.expressions import Expression, expression, value
from prover.stark.shape import Shape
from prover.stark.tables import EVERY_ROW, LOOKUP_SLICES, Factor, Rows, Table

LOG_EXTENSION = 2
"""Of a table whose constraints may need three slices."""
Columns = dict[tuple[str, int, int], np.ndarray]


def combined_slices(
    shape: Shape,
    log_heights: tuple[int, ...],
    coefficients: list[Columns],
    values: dict[str, int],
    beta: int,
) -> np.ndarray:
    """(n_slices, N, 4): coefficients of the slices of the combined quotient, each table's lifted to height N.

    `coefficients[table][("cell", tree, column)]` are (n, 4). What a broken constraint leaves above the last slice is
    dropped: the identity at z then fails.
    """
    log_largest = max(log_heights)
    slices = np.zeros((shape.n_slices, 1 << log_largest, 4), dtype=np.uint64)
    first_power = 0
    for number, table in enumerate(shape.tables):
        if not table.constraints:
            continue
        log_height = log_heights[number]
        quotient = _table_quotient(table, log_height, coefficients[number], values, beta, first_power)
        height, stride = 1 << log_height, 1 << log_largest - log_height
        for index in range(min(shape.n_slices, len(quotient) // height)):
            part = quotient[index * height : (index + 1) * height]
            spread = slices[index, ::stride]
            spread[...] = kernel.add(np.ascontiguousarray(spread), np.ascontiguousarray(part))
        first_power += len(table.constraints)
    return slices


def lookup_slices(table: Table, log_height: int, coefficients: Columns, values: dict[str, int]) -> np.ndarray:
    """(2 * interaction columns, n, 4): the slices of each interaction column's quotient, low and high."""
    program = compile_program([constraint.expression for constraint in table.lookup_constraints])
    log_extension = LOOKUP_SLICES.bit_length() - 1
    reverse = bit_reversal(log_height)
    blocks = []
    for shift, outputs in _on_cosets(table, program, log_height, log_extension, coefficients, values):
        inverse = _inverse_zerofier(EVERY_ROW, shift, log_height, table.block)[0]
        scaled = kernel.mul(outputs.reshape(-1, 4), inverse).reshape(outputs.shape)
        blocks.append(scaled[:, reverse])
    whole = np.ascontiguousarray(np.concatenate(blocks, axis=1))
    quotients = kernel.interpolate_coset(whole, domain_shift(log_height + log_extension))
    return quotients.reshape(LOOKUP_SLICES * len(quotients), 1 << log_height, 4)


def _table_quotient(
    table: Table, log_height: int, coefficients: Columns, values: dict[str, int], beta: int, first_power: int
) -> np.ndarray:
    """(2n or 4n, 4) coefficients of the sum of beta^i * C_i / zerofier."""
    log_extension = LOG_EXTENSION if table.needs_three_slices() else 1
    row_sets, program = _combined_program(table)
    bound = dict(values)
    for index in range(len(table.constraints)):
        bound[f"weight.{index}"] = pow(beta, first_power + index, PRIME)
    reverse = bit_reversal(log_height)
    blocks = []
    for shift, sums in _on_cosets(table, program, log_height, log_extension, coefficients, bound):
        parts = [
            kernel.mul(part, _inverse_zerofier(rows, shift, log_height, table.block))
            for rows, part in zip(row_sets, sums, strict=True)
        ]
        blocks.append(reduce(kernel.add, parts)[reverse])
    whole = np.concatenate(blocks)[None]
    return kernel.interpolate_coset(whole, domain_shift(log_height + log_extension))[0]


def _on_cosets(
    table: Table, program: Program, log_height: int, log_extension: int, coefficients: Columns, values: dict[str, int]
) -> Iterator[tuple[int, np.ndarray]]:
    """(shift, the program's outputs on shift * H_n) for each coset that makes up `D_(log n + log_extension)`."""
    keys = [source for source in program.sources if source[0] == "cell"]
    stacked = np.stack([coefficients[key] for key in keys])
    for block in range(1 << log_extension):
        shift = block_shift(log_height + log_extension, log_height, block)
        extended = kernel.evaluate_coset(stacked, shift, bit_reversed=False)
        columns: Columns = dict(zip(keys, extended, strict=True))
        columns |= _periodic_columns(table, program, shift, log_height)
        yield shift, program.run(columns, values, 1 << log_height)


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

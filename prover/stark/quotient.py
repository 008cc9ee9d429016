"""Step 2 of the prover: constraints over their zerofiers, as slices of coefficients.

The constraints on main columns of all tables make one combined quotient; each interaction column has one of its own.
A table of n rows is evaluated on two cosets of `H_n`, or three where a quotient may have three slices, one coset at a
time, in natural order. A quotient modulo `Y^n - s^n` from each coset gives its slices of n: they are the coefficients
of a polynomial in `Y^n` with known values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prover import kernel
from prover.algebra.field import PRIME
from prover.kernel import Felts
from prover.stark.domains import block_shift, root_of_unity
from prover.stark.expressions import Expression, cell, expression, value
from prover.stark.shape import Shape
from prover.stark.tables import LOOKUP_SLICES, Factor, Rows, Table
from prover.stark.vector_program import Columns, VectorProgram, compile_program

LOG_COSETS, MOST_COSETS = 2, 3
"""The cosets are the first ones of the four in `D_(log n + 2)`."""
DOMAIN = -1
"""The tree number of what programs read beside columns: the coset's points Y, 1 / (Y - 1), and the same of Y^(n/b)."""
POINT, POINT_INVERSE, BLOCK_POINT, BLOCK_POINT_INVERSE = (cell(DOMAIN, index) for index in range(4))


@dataclass(frozen=True)
class TableQuotients:
    """`combined`: the table's part of the combined quotient; `lookups`: two slices for each interaction column."""

    combined: list[Felts]
    lookups: list[Felts]


def combined_slices(shape: Shape, log_heights: tuple[int, ...], parts: list[TableQuotients]) -> Felts:
    """(n_slices, N, 4): the slices of the combined quotient, each table's lifted to height N.

    What a broken constraint leaves above the last slice is dropped: the identity at z then fails.
    """
    log_largest = max(log_heights)
    slices = kernel.zeros((shape.n_slices, 1 << log_largest, 4))
    for part, log_height in zip(parts, log_heights, strict=True):
        for whole, addend in zip(slices, part.combined, strict=False):
            spread = whole[:: 1 << log_largest - log_height]
            spread[...] = kernel.add(np.ascontiguousarray(spread), addend)
    return slices


def table_quotients(
    table: Table, log_height: int, coefficients: Columns, values: dict[str, int], beta: int, first_power: int
) -> TableQuotients:
    """`coefficients["cell", tree, column]` are (n, 4); the constraints take powers of beta from `first_power` on."""
    n_cosets = MOST_COSETS if table.needs_three_slices() else LOOKUP_SLICES
    combined = [_combined(table)] if table.constraints else []
    lookups = [value("all inverse") * constraint.expression for constraint in table.lookup_constraints]
    both, alone = compile_program(combined + lookups), compile_program(combined)
    bound = dict(values)
    for index in range(len(table.constraints)):
        bound[f"weight {index}"] = pow(beta, first_power + index, PRIME)

    shifts = [block_shift(log_height + LOG_COSETS, log_height, block) for block in range(n_cosets)]
    residues = []
    for number, shift in enumerate(shifts):
        program = both if number < LOOKUP_SLICES else alone
        outputs = kernel.empty((program.n_outputs, 1 << log_height, 4))
        program.run(
            _columns_on(shift, table, log_height, program, coefficients),
            bound | _values_on(shift, table, log_height),
            list(outputs),
        )
        residues.append(kernel.interpolate_coset(outputs, shift, bit_reversed=False, out=outputs))
    tops = [pow(shift, 1 << log_height, PRIME) for shift in shifts]
    return TableQuotients(
        _slices(tops, [part[0] for part in residues]) if combined else [],
        [
            part
            for index in range(len(combined), both.n_outputs)
            for part in _slices(tops[:LOOKUP_SLICES], [part[index] for part in residues[:LOOKUP_SLICES]])
        ],
    )


def _combined(table: Table) -> Expression:
    """The sum of `weight i` times constraint i over its zerofier."""
    sums: dict[Rows, Expression] = {}
    for index, constraint in enumerate(table.constraints):
        weighted = value(f"weight {index}") * constraint.expression
        sums[constraint.rows] = sums.get(constraint.rows, expression(0)) + weighted
    whole = expression(0)
    for rows, part in sums.items():
        for factor in rows.factors:
            part = part * _inverse_factor(factor)
        for factor in rows.spared:
            part = part * (BLOCK_POINT if factor.kind == "row" else POINT) - part * value(_root(factor))
        whole = whole + part
    return whole


def _inverse_factor(factor: Factor) -> Expression:
    """1 / factor. As `Y_i - omega^r = omega^r * (Y_(i-r) - 1)`, one column of inverses serves every r."""
    if factor.kind == "all":
        return value("all inverse")
    column = BLOCK_POINT_INVERSE if factor.kind == "row" else POINT_INVERSE
    return column[-factor.index] * value(_root(factor, inverse=True))


def _root(factor: Factor, inverse: bool = False) -> str:
    return f"{factor.kind} {factor.index}{' inverse' if inverse else ''}"


def _values_on(shift: int, table: Table, log_height: int) -> dict[str, int]:
    """What the zerofiers' values are made from: roots of unity, and 1 / (Y^n - 1), which is one number on a coset."""
    values = {"all inverse": pow(pow(shift, 1 << log_height, PRIME) - 1, -1, PRIME)}
    for constraint in table.constraints:
        for factor in (*constraint.rows.factors, *constraint.rows.spared):
            log_order = table.block.bit_length() - 1 if factor.kind == "row" else log_height
            for inverse in (False, True):
                power = -factor.index if inverse else factor.index
                values[_root(factor, inverse)] = pow(root_of_unity(log_order), power, PRIME)
    return values


def _columns_on(shift: int, table: Table, log_height: int, program: VectorProgram, coefficients: Columns) -> Columns:
    """The program's sources on shift * H_n in natural order; what repeats with the block is one block long."""
    keys = [source for source in program.sources if source[0] == "cell" and source[1] != DOMAIN]
    columns: Columns = {}
    if keys:
        extended = kernel.evaluate_packed([[coefficients[key]] for key in keys], shift, bit_reversed=False)
        columns |= zip(keys, extended, strict=True)
    log_block = table.block.bit_length() - 1
    block_start = pow(shift, 1 << log_height - log_block, PRIME)
    for source in program.sources:
        if source[0] == "periodic":
            constants = kernel.interpolate(kernel.from_ints(list(table.periodic[source[1]]))[None])
            columns[source] = kernel.evaluate_coset(constants, block_start, bit_reversed=False)[0]
        elif source[1] == DOMAIN:
            of_block = source[2] >= 2
            points = _powers(log_block, block_start) if of_block else _powers(log_height, shift)
            columns[source] = kernel.inverse(kernel.sub(points, kernel.from_ints([1])[0])) if source[2] % 2 else points
    return columns


def _powers(log_order: int, start: int) -> Felts:
    return kernel.powers(root_of_unity(log_order), start, 1 << log_order)


def _slices(points: list[int], values: list[Felts]) -> list[Felts]:
    """Coefficients of the polynomial of degree < m with `values[b]` at `points[b]`, for arrays of values."""
    columns = [_lagrange(points, index) for index in range(len(points))]
    return [
        kernel.linear_combination(values, kernel.from_ints([column[power] for column in columns]))
        for power in range(len(points))
    ]


def _lagrange(points: list[int], index: int) -> list[int]:
    """Coefficients of the polynomial that is 1 at `points[index]` and 0 at the others."""
    product, scale = [1], 1
    for other, x in enumerate(points):
        if other != index:
            product = [(low - x * high) % PRIME for low, high in zip([0, *product], [*product, 0], strict=True)]
            scale = scale * (points[index] - x) % PRIME
    inverse = pow(scale, -1, PRIME)
    return [coefficient * inverse % PRIME for coefficient in product]

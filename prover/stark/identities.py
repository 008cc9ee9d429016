"""What prover and verifier both hold a proof to: bounds, the first message, the identities at z, terms of the DEEP sum.

On plain integers, each check raising its own refusal: the verifier before it goes on, the prover before it sends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from prover.algebra.field import PRIME
from prover.algebra.keccak import keccak256, words_to_bytes
from prover.stark.domains import MEMBERSHIP, root_of_unity
from prover.stark.errors import (
    AccessUndefined,
    LookupsUnbalanced,
    OodsMismatch,
    PointRefused,
    StatementRefused,
)
from prover.stark.expressions import INTERACTION, Expression, evaluate
from prover.stark.layout import QUOTIENT_TABLE, Group, Layout, Term
from prover.stark.parameters import MAX_LOG_DEGREE, Parameters
from prover.stark.shape import Shape
from prover.stark.statement import Statement
from prover.stark.tables import Factor, Rows, Table

VERSION = int.from_bytes(b"freehold 2", "big")
"""The protocol version, first word of the transcript and of every program identity."""
MAX_LOG_DOMAIN = 32
"""Query positions are 32-bit words. The greatest degree at the lowest rate fills it."""


Cells = dict[tuple[int, int, int, int], int]
"""(table, tree, column, offset) -> value at z."""


@dataclass(frozen=True)
class VerifyingKey:
    """Everything a verifier contract fixes at deployment."""

    shape: Shape
    parameters: Parameters
    preprocessed_root: int

    @cached_property
    def identity(self) -> int:
        """All that makes a verifier believe a proof, in one word: `HeaderVerifier.identity`."""
        agreed = [VERSION, MAX_LOG_DEGREE, *self.parameters.words(), self.preprocessed_root, self.shape.identity]
        return int.from_bytes(keccak256(words_to_bytes(agreed) + self.shape.height_bounds()), "big")


def check_heights(shape: Shape, log_heights: tuple[int, ...]) -> None:
    """At least the minimum, exactly the fixed height where the meaning fixes it."""
    for table, found in zip(shape.tables, log_heights, strict=True):
        fixed, least = table.log_height, table.min_log_height
        if fixed is not None and found != fixed:
            raise StatementRefused("table {table} has 2^{found} rows, must have 2^{bound}", found, fixed, table.name)
        if found < least:
            raise StatementRefused("table {table} has 2^{found} rows, fewer than 2^{bound}", found, least, table.name)
        if found > MAX_LOG_DEGREE:
            sentence = "table {table} has 2^{found} rows, more than 2^{bound}"
            raise StatementRefused(sentence, found, MAX_LOG_DEGREE, table.name)


def check_degree(layout: Layout) -> None:
    """Packed columns are no longer than the error terms assume."""
    if layout.log_degree > MAX_LOG_DEGREE:
        raise StatementRefused(
            "packed columns have degree 2^{found}, above 2^{bound}", layout.log_degree, MAX_LOG_DEGREE
        )


def opening_words(key: VerifyingKey, statement: Statement, log_heights: tuple[int, ...]) -> list[int]:
    """Round 0: everything that is agreed before the prover commits."""
    return [
        VERSION,
        *key.parameters.words(),
        key.preprocessed_root if key.shape.has_preprocessed else 0,
        key.shape.identity,
        statement.identity,
        *log_heights,
        *statement.digest_words(),
    ]


def check_lookups(statement: Statement, sums: list[int], alpha: int, gamma: int) -> None:
    """The tables' sums and the verifier's own accesses cancel; one fraction, one inversion."""
    numerator, denominator = 0, 1
    for entry in statement.accesses():
        factor = gamma
        weight = 1
        for word in entry:
            factor -= weight * word
            weight = weight * alpha % PRIME
        numerator = (numerator * factor + denominator) % PRIME
        denominator = denominator * factor % PRIME
    if denominator == 0:
        raise AccessUndefined(gamma)
    total = (sum(sums) + numerator * pow(denominator, -1, PRIME)) % PRIME
    if total:
        raise LookupsUnbalanced(total)


def sums_per_row(shape: Shape, log_heights: tuple[int, ...], sums: list[int]) -> dict[str, int]:
    """Each table's sum over its number of rows, which the running sum loses in every row; by the constraints' names."""
    return {
        table.sum_name(): total * pow(1 << log_height, -1, PRIME) % PRIME
        for table, log_height, total in zip(shape.tables, log_heights, sums, strict=True)
    }


def check_point(z: int, log_degree: int, log_blowup: int) -> None:
    """These two keep every opened point off the trace domains and every point's power off the evaluation ones."""
    lifted = pow(z, 1 << log_degree, PRIME)
    if lifted == 1 or pow(lifted, 1 << log_blowup, PRIME) == MEMBERSHIP or z == 0:
        raise PointRefused(z)


def check_identities(shape: Shape, layout: Layout, values: dict[str, int], z: int, beta: int, mask: list[int]) -> None:
    """The combined quotient and that of each interaction column are what the constraints give at z."""
    cells = mask_cells(layout, mask)
    lifted = pow(z, 1 << layout.log_degree, PRIME)
    expected, weight = 0, 1
    for number, table in enumerate(shape.tables):
        log_height = layout.log_heights[number]
        y = pow(z, 1 << layout.log_degree - log_height, PRIME)
        constraints = [*table.constraints, *table.lookup_constraints]
        leaf = _leaf(cells, values, number, table, y, log_height)
        results = [
            result * inverse_zerofier(constraint.rows, y, log_height, table.block) % PRIME
            for constraint, result in zip(constraints, evaluate([c.expression for c in constraints], leaf), strict=True)
        ]
        for result in results[: len(table.constraints)]:
            expected += weight * result
            weight = weight * beta % PRIME
        for column, result in enumerate(results[len(table.constraints) :]):
            slices = [cells[number, INTERACTION, place, 0] for place in table.quotient_slices(column)]
            name = f"table {table.name}, {table.lookup_constraints[column].name}"
            _check_quotient(name, result, slices, lifted)
    slices = [cells[QUOTIENT_TABLE, INTERACTION, c, 0] for c in range(shape.n_slices)]
    _check_quotient("combined constraints", expected % PRIME, slices, lifted)


def _check_quotient(name: str, expected: int, slices: list[int], lifted: int) -> None:
    """`lifted` = z^H is y^n of every height n, so slice c counts lifted^c times."""
    claimed = horner(slices, lifted)
    if expected != claimed:
        raise OodsMismatch(name, expected, claimed)


def mask_cells(layout: Layout, mask: list[int]) -> Cells:
    """The claimed values by what they are values of."""
    values = iter(mask)
    return {
        (slot.table, term.group.tree, slot.column, term.offset): next(values)
        for term in layout.terms()
        for _, _, slot in term.slots()
    }


def _leaf(
    cells: Cells, values: dict[str, int], number: int, table: Table, y: int, log_height: int
) -> Callable[[Expression], int]:
    def leaf(node: Expression) -> int:
        if node.kind == "cell":
            return cells[(number, *node.cell)]
        if node.kind == "value":
            return values[node.name]
        index, offset = node.periodic
        return evaluate_periodic(table.periodic[index], y, log_height, offset)

    return leaf


def evaluate_periodic(column: tuple[int, ...], y: int, log_height: int, offset: int) -> int:
    """The polynomial of degree < b in Y^(n/b) through one block's values, `offset` rows on, by interpolation on H_b."""
    log_block = len(column).bit_length() - 1
    x = pow(y, 1 << log_height - log_block, PRIME) * pow(root_of_unity(log_block), offset, PRIME) % PRIME
    scale = (pow(x, len(column), PRIME) - 1) * pow(len(column), -1, PRIME) % PRIME
    total, node = 0, 1
    for word in column:
        total += word * node % PRIME * pow(x - node, -1, PRIME)
        node = node * root_of_unity(log_block) % PRIME
    return total * scale % PRIME


def factor_at(factor: Factor, y: int, log_height: int, block: int) -> int:
    """A factor of a zerofier at the table's own point."""
    if factor.kind == "point":
        return (y - pow(root_of_unity(log_height), factor.index, PRIME)) % PRIME
    if factor.kind == "all":
        return (pow(y, 1 << log_height, PRIME) - 1) % PRIME
    log_block = block.bit_length() - 1
    root = pow(root_of_unity(log_block), factor.index, PRIME)
    return (pow(y, 1 << log_height - log_block, PRIME) - root) % PRIME


def inverse_zerofier(rows: Rows, y: int, log_height: int, block: int) -> int:
    numerator = denominator = 1
    for factor in rows.spared:
        numerator = numerator * factor_at(factor, y, log_height, block) % PRIME
    for factor in rows.factors:
        denominator = denominator * factor_at(factor, y, log_height, block) % PRIME
    return numerator * pow(denominator, -1, PRIME) % PRIME


def combine_terms(layout: Layout, mask: list[int], power: int) -> list[tuple[Term, list[int], list[int]]]:
    """Per (tree, height, point): the lambda powers of its physical columns, and B with B_j = sum of power * value."""
    combined, values, weight = [], iter(mask), 1
    for term in layout.terms():
        weights = {}
        for index in term.columns:
            weights[index] = weight
            weight = weight * power % PRIME
        claimed = [0] * (1 << term.group.log_packing)
        for index, number, _ in term.slots():
            claimed[number] = (claimed[number] + weights[index] * next(values)) % PRIME
        combined.append((term, list(weights.values()), claimed))
    return combined


def first_in_row(layout: Layout, group: Group) -> int:
    """Where a group's physical columns begin in the row of their physical height."""
    before = 0
    for other in layout.row_groups(group.tree, group.log_physical):
        if other is group:
            return before
        before += len(other.columns)
    raise AssertionError("the group is not in its own row")


def term_point(layout: Layout, term: Term, z: int) -> int:
    """z_n * omega_n^o."""
    z_n = pow(z, 1 << layout.log_degree - term.group.log_height, PRIME)
    return z_n * pow(root_of_unity(term.group.log_height), term.offset, PRIME) % PRIME


def horner(coefficients: list[int], x: int) -> int:
    result = 0
    for coefficient in reversed(coefficients):
        result = (result * x + coefficient) % PRIME
    return result

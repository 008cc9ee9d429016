"""The reference check: evaluate every constraint on every row with plain integers, and balance the lookups.

Slow and obvious. It names the table, the constraint and the row that a wrong trace violates; the prover runs it on
request, the tests hold prover and verifier to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from prover.algebra.field import PRIME
from prover.stark.errors import ConstraintViolated, LookupUnbalanced
from prover.stark.expressions import MAIN, Expression, evaluate
from prover.stark.shape import Shape
from prover.stark.statement import Statement
from prover.stark.tables import Table

IntColumns = Sequence[Sequence[int]]


def check_witness(shape: Shape, statement: Statement, columns: Sequence[IntColumns]) -> None:
    """Everything, row by row: raises ConstraintViolated or LookupUnbalanced. `columns[table]` are the main columns."""
    values = statement.values()
    entries = []
    for table, constants, main in zip(shape.tables, shape.preprocessed, columns, strict=True):
        trees = (constants, main)
        check_constraints(table, trees, values, range(len(main[0])))
        entries.append(lookup_entries(table, trees, values))
    check_lookups(entries, statement.accesses())


def check_constraints(table: Table, trees: Sequence[IntColumns], values: dict[str, int], rows: Iterable[int]) -> None:
    """The constraints on the given rows, but for those of the interaction columns.

    `trees[PREPROCESSED]`, `trees[MAIN]` are lists of columns of equal height.
    """
    height = len(trees[MAIN][0])
    for row in rows:
        here = [c for c in table.constraints if c.rows.contains(row, height, table.block)]
        results = evaluate([c.expression for c in here], _leaf(table, trees, values, row, height))
        for constraint, result in zip(here, results, strict=True):
            if result:
                raise ConstraintViolated(table.name, constraint.name, row)


def lookup_entries(
    table: Table, trees: Sequence[IntColumns], values: dict[str, int], rows: Iterable[int] | None = None
) -> Counter[tuple[int, ...]]:
    """What the table uses (positive) and lists (negative), over all rows or the given ones."""
    height = len(trees[MAIN][0])
    lookups = [lookup for group in table.lookups for lookup in group]
    roots = [root for lookup in lookups for root in (lookup.multiplicity, *lookup.entry)]
    entries: Counter[tuple[int, ...]] = Counter()
    for row in range(height) if rows is None else rows:
        results = iter(evaluate(roots, _leaf(table, trees, values, row, height)))
        for lookup in lookups:
            multiplicity = next(results)
            entry = tuple(next(results) for _ in lookup.entry)
            if multiplicity:
                entries[entry] += multiplicity
    return entries


def check_lookups(entries: Iterable[Counter[tuple[int, ...]]], accesses: Iterable[tuple[int, ...]]) -> None:
    total: Counter[tuple[int, ...]] = Counter(accesses)
    for part in entries:
        total.update(part)
    for entry, balance in total.items():
        if balance % PRIME:
            signed = (balance + PRIME // 2) % PRIME - PRIME // 2
            raise LookupUnbalanced(entry, signed)


def _leaf(
    table: Table, trees: Sequence[IntColumns], values: dict[str, int], row: int, height: int
) -> Callable[[Expression], int]:
    def leaf(node: Expression) -> int:
        if node.kind == "cell":
            tree, column, offset = node.cell
            return trees[tree][column][(row + offset) % height]
        if node.kind == "periodic":
            index, offset = node.periodic
            return table.periodic[index][(row + offset) % table.block]
        return values[node.name]

    return leaf

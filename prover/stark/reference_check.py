"""The reference check: evaluate every constraint on every row with plain integers, and balance the lookups.

Slow and obvious. It names the table, the constraint and the row that a wrong trace violates; the prover runs it on
request, the tests hold prover and verifier to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from prover.algebra.field import PRIME
from prover.stark.errors import ConstraintViolated, LookupUnbalanced
from prover.stark.expressions import MAIN, PREPROCESSED, Expression, evaluate, walk
from prover.stark.tables import Table

Columns = Sequence[Sequence[int]]


def check_constraints(table: Table, trees: Sequence[Columns], values: dict[str, int], rows: Iterable[int]) -> None:
    """Constraints that read no interaction column, on the given rows.

    `trees[PREPROCESSED]`, `trees[MAIN]` are lists of columns of equal height.
    """
    height = len(trees[MAIN][0])
    checked = [c for c in table.constraints if _known(c.expression, values)]
    for row in rows:
        here = [c for c in checked if c.rows.contains(row, height, table.block)]
        results = evaluate([c.expression for c in here], _leaf(table, trees, values, row, height))
        for constraint, result in zip(here, results, strict=True):
            if result:
                raise ConstraintViolated(table.name, constraint.name, row)


def lookup_entries(
    table: Table, trees: Sequence[Columns], values: dict[str, int], rows: Iterable[int] | None = None
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


def _known(root: Expression, values: dict[str, int]) -> bool:
    """No interaction cell and no challenge below: checkable before the lookup argument."""
    for node in walk(root):
        if node.kind == "cell" and node.args[0] not in (PREPROCESSED, MAIN):
            return False
        if node.kind == "value" and node.args[0] not in values:
            return False
    return True


def _leaf(table: Table, trees: Sequence[Columns], values: dict[str, int], row: int, height: int):
    def leaf(node: Expression) -> int:
        if node.kind == "cell":
            tree, column, offset = node.args
            return trees[tree][column][(row + offset) % height]
        if node.kind == "periodic":
            index, offset = node.args
            return table.periodic[index][(row + offset) % table.block]
        return values[node.args[0]]

    return leaf

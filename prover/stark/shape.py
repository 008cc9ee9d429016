"""The shape: which tables an AIR has, and everything about them that is fixed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from prover.algebra.keccak import keccak256
from prover.stark.expressions import Expression, walk
from prover.stark.tables import Constraint, Rows, Table


@dataclass(frozen=True)
class Shape:
    """Tables in order. `preprocessed` gives each table's constant columns, as `[table][column][row]`.

    `n_slices` is the number of slices of the combined quotient: two, or three where a constraint of degree 3 stands
    on rows that leave out more than two.
    """

    name: str
    tables: tuple[Table, ...]
    preprocessed: tuple[tuple[tuple[int, ...], ...], ...]

    @property
    def n_slices(self) -> int:
        return 3 if any(table.needs_three_slices() for table in self.tables) else 2

    @property
    def has_preprocessed(self) -> bool:
        return any(self.preprocessed)

    @property
    def n_constraints(self) -> int:
        return sum(len(table.constraints) for table in self.tables)

    def constraints(self) -> Iterator[tuple[int, Table, Constraint]]:
        """(i, table, constraint) of the combined ones: the power i of beta counts through all tables and never
        restarts."""
        index = 0
        for table in self.tables:
            for constraint in table.constraints:
                yield index, table, constraint
                index += 1

    @cached_property
    def identity(self) -> int:
        """keccak of the canonical description, constants by their values."""
        text = json.dumps(self.description(), separators=(",", ":"), sort_keys=True)
        return int.from_bytes(keccak256(text.encode()), "big")

    def height_bounds(self) -> bytes:
        """Two bytes a table: log2 of its least height, log2 of its fixed height or 0."""
        return bytes(bound for table in self.tables for bound in (table.min_log_height, table.log_height or 0))

    def description(self) -> dict[str, Any]:
        return {
            "tables": [_describe(table) for table in self.tables],
            "preprocessed": [
                [keccak256(b"".join(v.to_bytes(32, "big") for v in column)).hex() for column in columns]
                for columns in self.preprocessed
            ],
            "slices": self.n_slices,
        }


def _describe(table: Table) -> dict[str, Any]:
    constraints = [*table.constraints, *table.lookup_constraints]
    roots = [c.expression for c in constraints]
    roots += [root for group in table.lookups for one in group for root in (one.multiplicity, one.denominator)]
    numbers: dict[int, int] = {}
    nodes: list[list[Any]] = []
    for node in walk(*roots):
        numbers[id(node)] = len(nodes)
        args = [numbers[id(a)] if isinstance(a, Expression) else str(a) for a in node.args]
        nodes.append([node.kind, *args])
    return {
        "name": table.name,
        "block": table.block,
        "log_height": table.log_height,
        "columns": [[[c.name, list(c.offsets), c.packing_class] for c in tree] for tree in table.columns],
        "periodic": [[hex(v) for v in column] for column in table.periodic],
        "nodes": nodes,
        "constraints": [[c.name, numbers[id(c.expression)], _describe_rows(c.rows)] for c in constraints],
        "combined": len(table.constraints),
        "lookups": [
            [[numbers[id(one.multiplicity)], numbers[id(one.denominator)]] for one in group] for group in table.lookups
        ],
    }


def _describe_rows(rows: Rows) -> list[list[list[Any]]]:
    return [[[f.kind, f.index] for f in factors] for factors in (rows.factors, rows.spared)]

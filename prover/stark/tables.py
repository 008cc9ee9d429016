"""A table of the AIR: columns, the rows a constraint holds on, constraints and lookups.

A component of `prover/cairo/components/` writes itself into a `TableBuilder`; `finish` adds the LogUp columns
and gives the immutable `Table` that every reader takes: the prover's kernel program, the Solidity generator,
the verifier on integers, the reference check. Packing and commitments are in `layout.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from prover.stark.expressions import (
    INTERACTION,
    MAIN,
    PREPROCESSED,
    ZERO,
    Expression,
    Operand,
    cell,
    expression,
    periodic,
    value,
    walk,
)
from prover.stark.parameters import MIN_LOG_HEIGHT

MAX_DEGREE = 3
LOOKUP_SLICES = 2
"""Degree 3 on every row: 3(n - 1) - n < 2n."""


@dataclass(frozen=True)
class Factor:
    """A factor of a zerofier in the table's variable Y, with n rows in blocks of b.

    all: `Y^n - 1`; row: `Y^(n/b) - omega_b^index`, row `index` of each block; point: `Y - omega_n^index`, one
    row, counted from the end when negative.
    """

    kind: str
    index: int = 0

    def holds(self, row: int, height: int, block: int) -> bool:
        if self.kind == "all":
            return True
        return row % block == self.index if self.kind == "row" else row == self.index % height


@dataclass(frozen=True)
class Rows:
    """A set of rows as its zerofier: the product of `factors` over that of `spared`."""

    factors: tuple[Factor, ...]
    spared: tuple[Factor, ...] = ()

    def contains(self, row: int, height: int, block: int) -> bool:
        hits = sum(factor.holds(row, height, block) for factor in self.factors)
        return hits > sum(factor.holds(row, height, block) for factor in self.spared)

    def leaves_out_at_most_two(self) -> bool:
        return self.factors == (ALL,) and len(self.spared) <= 2 and all(s.kind == "point" for s in self.spared)


ALL = Factor("all")
EVERY_ROW = Rows((ALL,))
FIRST_ROW = Rows((Factor("point", 0),))
LAST_ROW = Rows((Factor("point", -1),))
ALL_BUT_LAST = Rows((ALL,), (Factor("point", -1),))


def block_rows(*indices: int) -> Rows:
    """The given rows of each block."""
    return Rows(tuple(Factor("row", index) for index in indices))


def block_rows_but(*indices: int) -> Rows:
    """All rows of each block but the given ones."""
    return Rows((ALL,), tuple(Factor("row", index) for index in indices))


def first_block_row(index: int) -> Rows:
    return Rows((Factor("point", index),))


def last_block_row(index: int, block: int) -> Rows:
    return Rows((Factor("point", index - block),))


def block_row_but_last(index: int, block: int) -> Rows:
    """Row `index` of all blocks but the last."""
    return Rows((Factor("row", index),), (Factor("point", index - block),))


@dataclass(frozen=True)
class Constraint:
    name: str
    expression: Expression
    rows: Rows


@dataclass(frozen=True)
class Lookup:
    """`multiplicity / denominator`, the denominator being `gamma - (tag + alpha*t_1 + alpha^2*t_2 + ...)`.

    Users have a positive multiplicity, listing tables a negative one.
    """

    multiplicity: Expression
    entry: tuple[Expression, ...]
    denominator: Expression


FIRST_APART = 2
"""Packing classes: 0 of columns read in their own row alone, 1 of others; from this one on each label's of its own."""


@dataclass(frozen=True)
class Column:
    """A logical column: its name, the row offsets it is read at, and its packing class (`layout.py`)."""

    name: str
    offsets: tuple[int, ...]
    packing_class: int

    @property
    def apart(self) -> bool:
        """Whether it shares physical columns with its own class alone."""
        return self.packing_class >= FIRST_APART


@dataclass(frozen=True)
class Table:
    """One component's part of the AIR.

    `block` rows make an instance; `columns[tree]` are the logical columns of each tree in order; `lookups` are
    grouped as the interaction columns hold them, the last group (0 to 2 lookups) sitting in the running sum,
    which is the last interaction column. `log_height` is set where the meaning fixes it.

    `constraints` speak of preprocessed and main columns alone and are combined in one quotient. Interaction column
    c has the one constraint `lookup_constraints[c]`, on every row, with a quotient of its own, whose slices (low and
    high coefficients) stand after the interaction columns in their tree.
    """

    name: str
    block: int
    log_height: int | None
    columns: tuple[tuple[Column, ...], ...]
    periodic: tuple[tuple[int, ...], ...]
    constraints: tuple[Constraint, ...]
    lookup_constraints: tuple[Constraint, ...]
    lookups: tuple[tuple[Lookup, ...], ...]

    def quotient_slices(self, interaction_column: int) -> tuple[int, int]:
        """Where the slices of an interaction column's quotient stand in their tree."""
        low = len(self.lookup_constraints) + LOOKUP_SLICES * interaction_column
        return low, low + 1

    @property
    def min_log_height(self) -> int:
        return max(MIN_LOG_HEIGHT, self.block.bit_length() - 1)

    def cells(self) -> Iterator[tuple[int, int, int]]:
        """Every (tree, column, offset) that a constraint reads, in a fixed order."""
        for tree, columns in enumerate(self.columns):
            for index, column in enumerate(columns):
                for offset in column.offsets:
                    yield tree, index, offset

    def needs_three_slices(self) -> bool:
        """Degree 3 on rows that leave out more than two makes a quotient of degree up to 3n."""
        return any(c.expression.degree == 3 and not c.rows.leaves_out_at_most_two() for c in self.constraints)

    def path(self, constraint: Constraint) -> str:
        """The constraint's name among those of all tables."""
        return f"{self.name}/{constraint.name}"

    def sum_name(self) -> str:
        return f"{self.name}.sum_per_row"


@dataclass
class TableBuilder:
    """Collects one table; names are local to it."""

    name: str
    block: int = 1
    log_height: int | None = None
    _columns: tuple[list[str], list[str], list[str]] = field(default_factory=lambda: ([], [], []))
    _apart: dict[str, str] = field(default_factory=dict)
    _periodic: list[tuple[int, ...]] = field(default_factory=list)
    _constraints: list[Constraint] = field(default_factory=list)
    _lookup_constraints: list[Constraint] = field(default_factory=list)
    _lookups: list[Lookup] = field(default_factory=list)

    def preprocessed(self, name: str) -> Expression:
        return self._column(PREPROCESSED, name)

    def main(self, name: str, apart: str = "") -> Expression:
        """A column of the run. Columns that are read at many offsets are packed apart: those of one label together."""
        if apart:
            self._apart[name] = apart
        return self._column(MAIN, name)

    def periodic(self, values: list[int]) -> Expression:
        """A constant column: `values` (one block) repeated."""
        if len(values) != self.block:
            raise ValueError(f"{self.name}: a periodic column has one value for each of {self.block} rows")
        self._periodic.append(tuple(values))
        return periodic(len(self._periodic) - 1)

    def rows_where(self, *indices: int) -> Expression:
        """A constant column that is 1 on the given rows of each block and 0 elsewhere."""
        return self.periodic([int(row in indices) for row in range(self.block)])

    def public(self, name: str) -> Expression:
        return value(f"{self.name}.{name}")

    def constrain(self, name: str, zero: Operand, rows: Rows = EVERY_ROW) -> None:
        """`zero` vanishes on `rows`."""
        self._constraints.append(self._constraint(name, expression(zero), rows))

    def look_up(self, multiplicity: Operand, tag: Operand, *entry: Operand) -> None:
        """Use the tuple `(tag, *entry)` `multiplicity` times; the multiplicity must be shown to be 0 or 1."""
        words = (expression(tag), *(expression(word) for word in entry))
        denominator = value("gamma") - words[0]
        power = value("alpha")
        for word in words[1:]:
            denominator = denominator - power * word
            power = power * value("alpha")
        self._lookups.append(Lookup(expression(multiplicity), words, denominator))

    def provide(self, multiplicity: Operand, tag: Operand, *entry: Operand) -> None:
        """List the tuple: `multiplicity` is a free column, for it is what the users' sum is balanced with."""
        self.look_up(-expression(multiplicity), tag, *entry)

    def finish(self) -> Table:
        """Close the lookup argument and freeze the table."""
        groups = self._lookup_groups()
        for index, group in enumerate(groups[:-1]):
            helper = self._column(INTERACTION, f"helper_{index}")
            numerator, denominator = fraction(group)
            self._tie(f"lookup helper {index}", helper * denominator - numerator)
        self._running_sum(groups[-1], len(groups) - 1)
        return Table(
            self.name,
            self.block,
            self.log_height,
            tuple(self._frozen_columns()),
            tuple(self._periodic),
            tuple(self._constraints),
            tuple(self._lookup_constraints),
            tuple(groups),
        )

    def _lookup_groups(self) -> list[tuple[Lookup, ...]]:
        """Denominators of degree 2 stand alone, linear ones in pairs, the last pair in the running sum."""
        linear = [lookup for lookup in self._lookups if lookup.denominator.degree == 1]
        groups: list[tuple[Lookup, ...]] = [(lookup,) for lookup in self._lookups if lookup.denominator.degree == 2]
        last = tuple(linear[-2:]) if len(linear) % 2 == 0 else tuple(linear[-1:])
        paired = linear[: len(linear) - len(last)]
        groups += [tuple(paired[i : i + 2]) for i in range(0, len(paired), 2)]
        return [*groups, last]

    def _running_sum(self, last: tuple[Lookup, ...], n_helpers: int) -> None:
        running = self._column(INTERACTION, "running_sum")
        step = running[1] - running + value(f"{self.name}.sum_per_row")
        for index in range(n_helpers):
            step = step - cell(INTERACTION, index)
        numerator, denominator = fraction(last)
        self._tie("lookup running sum", step * denominator - numerator)

    def _tie(self, name: str, zero: Expression) -> None:
        """The constraint of the interaction column just made."""
        self._lookup_constraints.append(self._constraint(name, zero, EVERY_ROW))

    def _constraint(self, name: str, zero: Expression, rows: Rows) -> Constraint:
        if zero.degree > MAX_DEGREE:
            raise ValueError(f"{self.name}: constraint '{name}' has degree {zero.degree}, the limit is {MAX_DEGREE}")
        return Constraint(name, zero, rows)

    def _column(self, tree: int, name: str) -> Expression:
        self._columns[tree].append(name)
        return cell(tree, len(self._columns[tree]) - 1)

    def _frozen_columns(self) -> Iterator[tuple[Column, ...]]:
        constraints = [*self._constraints, *self._lookup_constraints]
        reads = {node.args for c in constraints for node in walk(c.expression) if node.kind == "cell"}
        classes: dict[str, int] = {}
        for tree, names in enumerate(self._columns):
            columns = []
            for index, name in enumerate(names):
                offsets = tuple(sorted({o for t, i, o in reads if (t, i) == (tree, index)})) or (0,)
                if name in self._apart:
                    packing_class = classes.setdefault(self._apart[name], FIRST_APART + len(classes))
                else:
                    packing_class = int(offsets != (0,))
                columns.append(Column(name, offsets, packing_class))
            if tree == INTERACTION:
                slices = (f"{name} quotient, {part}" for name in names for part in ("low", "high"))
                columns += [Column(name, (0,), 0) for name in slices]
            yield tuple(columns)


def fraction(lookups: tuple[Lookup, ...]) -> tuple[Expression, Expression]:
    """The sum of the lookups as (numerator, denominator); (0, 1) for none."""
    numerator, denominator = ZERO, expression(1)
    for lookup in lookups:
        numerator = numerator * lookup.denominator + lookup.multiplicity * denominator
        denominator = denominator * lookup.denominator
    return numerator, denominator

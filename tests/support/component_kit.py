"""One component on its own: its witness over given cells, what it violates, and what it looks up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace

from prover import kernel
from prover.algebra.curve import Point
from prover.algebra.field import PRIME
from prover.cairo.components import tags
from prover.cairo.trace import Trace
from prover.kernel.pedersen_points import window_rows
from prover.stark.errors import ConstraintViolated
from prover.stark.expressions import MAIN
from prover.stark.reference_check import check_constraints, lookup_entries
from prover.stark.tables import Table

START = 5
"""Where the builtin's segment begins."""

Violation = tuple[str, int]


@dataclass
class Bench:
    """`trees[MAIN]`: the main columns as integers; `memory`: what lookups may find there."""

    table: Table
    trees: list[list[list[int]]]
    values: dict[str, int]
    memory: dict[int, int]
    trace: Trace | None = None

    @property
    def columns(self) -> dict[str, list[int]]:
        return dict(zip((c.name for c in self.table.columns[MAIN]), self.trees[MAIN], strict=True))

    @property
    def height(self) -> int:
        return len(self.trees[MAIN][0])

    def memory_words(self, first: int, stop: int) -> list[int]:
        """Words of the segment, counted from its start."""
        return [self.memory[START + i] for i in range(first, stop)]

    def violations(self, rows: Iterable[int] | None = None) -> set[Violation]:
        """Every (constraint, row) that fails, and ("lookup tag", row) for each tuple that no table lists."""
        found: set[Violation] = set()
        for row in range(self.height) if rows is None else rows:
            found |= {(name, row) for name in self._broken(row)}
            for entry in lookup_entries(self.table, self.trees, self.values, [row]):
                if not self._listed(entry):
                    found.add((f"lookup {entry[0]}", row))
        return found

    def broken(self) -> set[str]:
        return {name for name, _ in self.violations()}

    def _broken(self, row: int) -> list[str]:
        """All constraints that fail there; the check itself stops at the first."""
        names, table = [], self.table
        while True:
            try:
                check_constraints(table, self.trees, self.values, [row])
                return names
            except ConstraintViolated as error:
                names.append(error.constraint)
                table = _without(table, error.constraint)

    def _listed(self, entry: tuple[int, ...]) -> bool:
        tag = entry[0]
        if tag == tags.MEMORY:
            return self.memory.get(entry[1]) == entry[2]
        return LISTED[tag](entry)

    def holds_near(self, column: int, row: int) -> bool:
        """No constraint or lookup that reads the cell fails."""
        offsets = {*self.table.columns[MAIN][column].offsets, 0}
        return not self._fails({(row - offset) % self.height for offset in offsets})

    def _fails(self, rows: set[int]) -> bool:
        try:
            check_constraints(self.table, self.trees, self.values, rows)
        except ConstraintViolated:
            return True
        return not all(map(self._listed, lookup_entries(self.table, self.trees, self.values, rows)))


def _without(table: Table, *names: str) -> Table:
    """The broken twin that lacks these constraints."""
    fields = {name: getattr(table, name) for name in table.__dataclass_fields__}
    return Table(**{**fields, "constraints": tuple(c for c in table.constraints if c.name not in names)})


def twin_without(bench: Bench, *names: str) -> Bench:
    known = {c.name for c in bench.table.constraints}
    assert set(names) <= known, set(names) - known
    return Bench(_without(bench.table, *names), bench.trees, bench.values, bench.memory)


def _window_listed(entry: tuple[int, ...]) -> bool:
    tag, digit = entry[:2]
    rows = window_rows()
    return digit < 256 and rows[(tag - tags.PEDERSEN_WINDOWS) * 256 + digit] == entry


LISTED: dict[int, Callable[[tuple[int, ...]], bool]] = {
    tags.BITWISE_BYTES: lambda entry: max(entry[1:3]) < 256 and entry[1] & entry[2] == entry[3],
    tags.RANGE_CHECK_16: lambda entry: entry[1] < 1 << 16,
    **{tags.PEDERSEN_WINDOWS + window: _window_listed for window in range(64)},
}


def bench(
    component: ModuleType,
    name: str,
    cells: Sequence[int],
    signatures: dict[int, tuple[int, int]] | None = None,
    elsewhere: dict[int, int] | None = None,
) -> Bench:
    """The component's honest witness where its segment holds `cells`; `elsewhere`: further memory."""
    stop = START + len(cells)
    memory = {START + i: word for i, word in enumerate(cells)} | (elsewhere or {})
    flat = [memory.get(address) for address in range(max([stop, *memory]) + 1)]
    run = SimpleNamespace(memory=flat, segments={name: (START, stop)}, signatures=signatures or {})
    trace = Trace(run)
    columns = component.fill(trace)
    table = component.build()
    trees = [[], [kernel.to_ints(column) for column in columns]]
    return Bench(table, trees, {f"{name}.start": START, f"{name}.stop": stop}, memory, trace)


def unnoticed(bench: Bench, rows: Iterable[int], deltas: Sequence[int] = (1,)) -> set[tuple[str, int]]:
    """(column, row) of the cells that can be changed, one at a time, without anything failing."""
    rows, free = list(rows), set()
    for index, (name, cells) in enumerate(bench.columns.items()):
        for row in rows:
            kept = cells[row]
            for delta in deltas:
                cells[row] = (kept + delta) % PRIME
                if bench.holds_near(index, row):
                    free.add((name, row))
            cells[row] = kept
    return free


def free_slope(columns: dict[str, list[int]], row: int, y: int, added: Callable[[int], Point], steps: int) -> Point:
    """Walk a chain of `A' = 2A + P` on from `row`, where A = P, with an arbitrary first slope; gives where it ends.

    What a cheating prover can do where nothing keeps A and P apart: honest in everything but the inverse of zero.
    """
    x, slope = columns["x"][row], 3
    for step in range(row, steps):
        px, py = added(step)
        if step > row:
            columns["inverse"][step] = pow(x - px, -1, PRIME)
            slope = (y - py) * columns["inverse"][step] % PRIME
        sum_x = (slope * slope - x - px) % PRIME
        second = (2 * y * pow(x - sum_x, -1, PRIME) - slope) % PRIME
        columns["l1"][step], columns["l2"][step] = slope, second
        next_x = (second * second - x - sum_x) % PRIME
        x, y = next_x, (second * (x - next_x) - y) % PRIME
        columns["x"][step + 1] = x
    return Point(x, y)

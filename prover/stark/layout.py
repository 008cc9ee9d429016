"""Packing: how logical columns share physical ones, and where every out-of-domain value stands.

`k` logical columns `l_0 .. l_(k-1)` of height n form one physical column of height `k*n` by interleaved
coefficients, `p(Y) = sum of Y^j * l_j(Y^k)`. In each tree the columns of one logical height are a group with one
`k`. The layout follows from shape, heights and parameters; constraints never see it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prover.stark.expressions import INTERACTION, MAIN, PREPROCESSED
from prover.stark.parameters import Parameters
from prover.stark.shape import Shape
from prover.stark.tables import FIRST_APART, Column

MAX_LOG_PACKING = 4
QUOTIENT_TABLE = -1
"""The table number of the combined quotient's slices, which belong to no component."""


@dataclass(frozen=True)
class Slot:
    """A logical column in its place: `table` and `column` number it within its tree."""

    table: int
    column: int


@dataclass(frozen=True)
class Physical:
    """A physical column: its filled slots (the rest is empty) and the offsets at which it is opened."""

    slots: tuple[Slot, ...]
    offsets: tuple[int, ...]


@dataclass(frozen=True)
class Group:
    """The columns of one logical height in one tree, `packing` = k."""

    tree: int
    log_height: int
    log_packing: int
    columns: tuple[Physical, ...]

    @property
    def log_physical(self) -> int:
        return self.log_height + self.log_packing

    @property
    def offsets(self) -> list[int]:
        return sorted({offset for column in self.columns for offset in column.offsets})


@dataclass(frozen=True)
class Term:
    """One point of one group: the physical columns opened there, in order."""

    group: Group
    offset: int
    columns: tuple[int, ...]

    def slots(self) -> Iterator[tuple[int, int, Slot]]:
        """(physical column, slot number, slot), in mask order."""
        for index in self.columns:
            for number, slot in enumerate(self.group.columns[index].slots):
                yield index, number, slot


@dataclass(frozen=True)
class Layout:
    """Groups in mask order: trees in order, in each by falling logical height."""

    log_heights: tuple[int, ...]
    groups: tuple[Group, ...]

    @property
    def log_largest(self) -> int:
        """log2 of N, the greatest logical height."""
        return max(self.log_heights)

    @property
    def log_degree(self) -> int:
        """log2 of H, the greatest physical height."""
        return max(group.log_physical for group in self.groups)

    def tree(self, tree: int) -> list[Group]:
        return [group for group in self.groups if group.tree == tree]

    def trees(self) -> list[int]:
        return sorted({group.tree for group in self.groups})

    def physical_heights(self, tree: int) -> list[int]:
        """log2 of the physical heights of a tree, falling."""
        return sorted({group.log_physical for group in self.tree(tree)}, reverse=True)

    def row_groups(self, tree: int, log_physical: int) -> list[Group]:
        """The groups whose columns make the row of one physical height, in the row's order."""
        return [group for group in self.tree(tree) if group.log_physical == log_physical]

    def terms(self) -> list[Term]:
        """Mask order: by group, rising offset."""
        return [
            Term(group, offset, tuple(i for i, column in enumerate(group.columns) if offset in column.offsets))
            for group in self.groups
            for offset in group.offsets
        ]

    def n_values(self) -> int:
        """How many out-of-domain values a proof holds."""
        return sum(len(group.columns[i].slots) for term in self.terms() for group in [term.group] for i in term.columns)

    def n_terms(self) -> int:
        """How many powers of lambda the DEEP sum has: one for each physical column and point."""
        return sum(len(term.columns) for term in self.terms())


def make_layout(shape: Shape, log_heights: tuple[int, ...], parameters: Parameters) -> Layout:
    groups: list[Group] = []
    for tree in (PREPROCESSED, MAIN, INTERACTION):
        groups += _tree_groups(shape, log_heights, tree, parameters.log_packing[tree])
    return Layout(log_heights, tuple(groups))


def _tree_groups(shape: Shape, log_heights: tuple[int, ...], tree: int, kappa: int) -> Iterator[Group]:
    members = _tree_members(shape, log_heights, tree)
    log_largest = max(members, default=0)
    for log_height in sorted(members, reverse=True):
        runs = _runs(members[log_height])
        longest = max(len(run) for run in runs)
        log_packing = min((longest - 1).bit_length(), MAX_LOG_PACKING, kappa + log_largest - log_height)
        packing = 1 << log_packing
        columns = tuple(_physical(run[i : i + packing]) for run in runs for i in range(0, len(run), packing))
        yield Group(tree, log_height, log_packing, columns)


def _tree_members(shape: Shape, log_heights: tuple[int, ...], tree: int) -> dict[int, list[tuple[Slot, Column]]]:
    """A tree's logical columns by height: the tables' in shape order, then the slices of the combined quotient."""
    members: dict[int, list[tuple[Slot, Column]]] = {}
    for number, table in enumerate(shape.tables):
        for index, column in enumerate(table.columns[tree]):
            members.setdefault(log_heights[number], []).append((Slot(number, index), column))
    if tree == INTERACTION:
        slices = [(Slot(QUOTIENT_TABLE, i), Column(f"quotient {i}", (0,), 0)) for i in range(shape.n_slices)]
        members.setdefault(max(log_heights), []).extend(slices)
    return members


def _runs(members: list[tuple[Slot, Column]]) -> list[list[tuple[Slot, Column]]]:
    """The common classes without a break, class after class; then each (table, class) apart."""
    common = [m for wanted in range(FIRST_APART) for m in members if m[1].packing_class == wanted]
    runs = [common] if common else []
    apart = [m for m in members if m[1].apart]
    for key in dict.fromkeys((slot.table, column.packing_class) for slot, column in apart):
        runs.append([m for m in apart if (m[0].table, m[1].packing_class) == key])
    return runs


def _physical(members: list[tuple[Slot, Column]]) -> Physical:
    offsets = sorted({offset for _, column in members for offset in column.offsets})
    return Physical(tuple(slot for slot, _ in members), tuple(offsets))

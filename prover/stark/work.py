"""What a proof costs in arithmetic, counted from its layout: the measure that `freehold bench prove` compares with.

Counted are butterflies of transforms, permutations of Keccak, and products of evaluations; the rest is small.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prover.stark.expressions import INTERACTION, MAIN, PREPROCESSED
from prover.stark.layout import Layout
from prover.stark.parameters import Parameters
from prover.stark.quotient import MOST_COSETS
from prover.stark.shape import Shape
from prover.stark.tables import LOOKUP_SLICES

KECCAK_RATE = 136


@dataclass(frozen=True)
class Work:
    """`cells`: logical cells that the stage makes or reads, which its time is divided by."""

    cells: int = 0
    butterflies: int = 0
    permutations: int = 0
    products: int = 0

    def __add__(self, other: Work) -> Work:
        return Work(
            self.cells + other.cells,
            self.butterflies + other.butterflies,
            self.permutations + other.permutations,
            self.products + other.products,
        )


def work_of(shape: Shape, layout: Layout, parameters: Parameters, nonce: int) -> dict[str, Work]:
    """By stage, under the names that the prover reports."""
    heights, n_queries = layout.log_heights, parameters.n_queries
    main = _cells(shape, heights, (PREPROCESSED, MAIN))
    second = _cells(shape, heights, (INTERACTION,)) + (shape.n_slices << layout.log_largest)
    columns = [sum(len(table.columns[tree]) for tree in (PREPROCESSED, MAIN)) for table in shape.tables]
    interaction = [len(table.lookup_constraints) for table in shape.tables]
    by_interpolation = sum((_transforms(w, h) for w, h in zip(columns, heights, strict=True)), Work(cells=main))
    lookups = sum((_transforms(w, h) for w, h in zip(interaction, heights, strict=True)), Work())
    committed = sum((_tree(layout, parameters, tree) for tree in (PREPROCESSED, MAIN)), by_interpolation)
    opened = sum(
        len(term.group.columns[i].slots) << term.group.log_height for term in layout.terms() for i in term.columns
    )
    return {
        "main columns": committed,
        "lookups": lookups + Work(cells=sum(w << h for w, h in zip(interaction, heights, strict=True))),
        "quotients": sum(_quotients(shape, layout), _tree(layout, parameters, INTERACTION) + Work(cells=second)),
        "out-of-domain values": Work(cells=main + second, products=opened),
        "low-degree test": sum(_fri(layout, parameters), Work(cells=main + second, products=opened)),
        "grinding": Work(permutations=nonce + 1),
        "openings": Work(cells=main + second, products=n_queries * (main + second)),
    }


def _cells(shape: Shape, heights: tuple[int, ...], trees: tuple[int, ...]) -> int:
    return sum(
        len(table.columns[tree]) << height
        for table, height in zip(shape.tables, heights, strict=True)
        for tree in trees
    )


def _transforms(count: int, log_n: int) -> Work:
    return Work(butterflies=count * log_n << log_n - 1)


def _hashes(count: int, n_words: int) -> Work:
    return Work(permutations=count * (32 * n_words // KECCAK_RATE + 1))


def _tree(layout: Layout, parameters: Parameters, tree: int) -> Work:
    total, heights = Work(), layout.physical_heights(tree)
    for log_physical in heights:
        width = sum(len(group.columns) for group in layout.row_groups(tree, log_physical))
        total += _transforms(width << parameters.log_blowup, log_physical)
        total += _hashes(1 << log_physical + parameters.log_blowup, width)
    return total + (_hashes((1 << heights[0] + parameters.log_blowup) - 1, 2) if heights else Work())


def _quotients(shape: Shape, layout: Layout) -> Iterator[Work]:
    for table, log_height in zip(shape.tables, layout.log_heights, strict=True):
        n_read = sum(len(table.columns[tree]) for tree in (PREPROCESSED, MAIN)) + len(table.lookup_constraints)
        n_cosets = MOST_COSETS if table.needs_three_slices() else LOOKUP_SLICES
        yield _transforms(n_cosets * n_read + LOOKUP_SLICES * len(table.lookup_constraints) + n_cosets, log_height)


def _fri(layout: Layout, parameters: Parameters) -> Iterator[Work]:
    log_degree = layout.log_degree
    for arity in parameters.fri_plan(log_degree):
        n_leaves = 1 << log_degree + parameters.log_blowup - arity
        yield (
            _transforms(1 << parameters.log_blowup, log_degree)
            + _hashes(n_leaves, 1 << arity)
            + _hashes(n_leaves - 1, 2)
        )
        log_degree -= arity

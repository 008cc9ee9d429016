"""How many bytes a proof has and what they cost on chain, before it is made.

`size_of` counts exactly, for given query positions; `expected_size` averages over drawn ones. Nothing is estimated but
the share of zero bytes in `calldata_gas`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from statistics import fmean

from prover.stark.layout import Layout, make_layout
from prover.stark.merkle import sibling_places
from prover.stark.parameters import Parameters
from prover.stark.proof import part_positions
from prover.stark.shape import Shape

DRAWS = 8
"""Draws of query positions that an expectation averages over."""

FLOOR_GAS, ZERO_BYTE_GAS, TRANSACTION_GAS = 40, 10, 21_000
"""EIP-7623: the least that a transaction pays, per non-zero and per zero byte of calldata, and before any byte."""

FELT_ZERO_BYTES = 1 / 8 + 31 / 256
"""Of a uniform number below p = 2^251 + ...: the top byte is 0 to 8, the others any."""


@dataclass(frozen=True)
class ProofSize:
    """Counts of a proof: header words; of all parts, words of opened rows, words of FRI leaves, and siblings."""

    header_words: float
    row_words: float
    leaf_words: float
    siblings: float
    digest_bytes: int
    parts: int

    @property
    def bytes(self) -> float:
        """Header and parts; a proof file has 16 bytes and 4 a part more."""
        words = self.header_words + self.row_words + self.leaf_words
        return 32 * words + self.digest_bytes * self.siblings

    def calldata_gas(self) -> float:
        """What one transaction with the whole proof pays at the least."""
        felts = self.header_words + self.row_words + self.leaf_words
        digest_zeros = self.digest_bytes / 256
        zeros = felts * FELT_ZERO_BYTES + self.siblings * digest_zeros
        return TRANSACTION_GAS + FLOOR_GAS * (self.bytes - zeros) + ZERO_BYTE_GAS * zeros


def size_of(
    shape: Shape, layout: Layout, parameters: Parameters, statement_words: int, positions: list[int]
) -> ProofSize:
    """The exact ProofSize for the sorted query `positions`; `statement_words` as they stand in the header."""
    plan = parameters.fri_plan(layout.log_degree)
    roots_and_nonce = 2 + len(plan) + 1
    last = 1 << layout.log_degree - sum(plan)
    header = 2 * len(shape.tables) + statement_words + roots_and_nonce + layout.n_values() + last
    parts = part_positions(positions, parameters.part_queries)
    rows = leaves = siblings = 0
    for part in parts:
        for tree in layout.trees():
            words, missing = _tree_opening(layout, parameters, tree, part)
            rows, siblings = rows + words, siblings + missing
        words, missing = fri_opening(parameters, layout.log_degree, part)
        leaves, siblings = leaves + words, siblings + missing
    return ProofSize(header, rows, leaves, siblings, parameters.digest_bytes, len(parts))


def fri_opening(parameters: Parameters, log_degree: int, positions: list[int]) -> tuple[int, int]:
    """(words of the leaves that the verifier does not know, siblings) of all FRI layers."""
    words = siblings = 0
    log_size = log_degree + parameters.log_blowup
    for arity in parameters.fri_plan(log_degree):
        touched = sorted({position >> arity for position in positions})
        log_size -= arity
        words += (len(touched) << arity) - len(positions)
        siblings += len(sibling_places(touched, log_size))
        positions = touched
    return words, siblings


def _tree_opening(layout: Layout, parameters: Parameters, tree: int, positions: list[int]) -> tuple[int, int]:
    """(words of the opened rows, siblings) of one trace tree."""
    words = 0
    heights = layout.physical_heights(tree)
    for log_physical in heights:
        width = sum(len(group.columns) for group in layout.row_groups(tree, log_physical))
        words += width * len({position >> layout.log_degree - log_physical for position in positions})
    leaves = {position >> layout.log_degree - heights[0] for position in positions}
    return words, len(sibling_places(leaves, heights[0] + parameters.log_blowup))


def expected_size(
    shape: Shape, log_heights: tuple[int, ...], parameters: Parameters, statement_words: int
) -> ProofSize:
    """The mean ProofSize over DRAWS draws of query positions, the same draws at every call."""
    layout = make_layout(shape, log_heights, parameters)
    generator = random.Random(1)
    sizes = []
    for _ in range(DRAWS):
        domain = 1 << layout.log_degree + parameters.log_blowup
        positions = sorted({generator.randrange(domain) for _ in range(parameters.n_queries)})
        sizes.append(size_of(shape, layout, parameters, statement_words, positions))

    return ProofSize(
        sizes[0].header_words,
        fmean(size.row_words for size in sizes),
        fmean(size.leaf_words for size in sizes),
        fmean(size.siblings for size in sizes),
        parameters.digest_bytes,
        max(size.parts for size in sizes),
    )


def committed_cells(shape: Shape, log_heights: tuple[int, ...], parameters: Parameters) -> int:
    """Cells that the prover extends and hashes: trace trees (the preprocessed one is made once) and FRI layers."""
    layout = make_layout(shape, log_heights, parameters)
    cells = sum(len(g.columns) << g.log_physical for g in layout.groups if g.tree)
    log_size = layout.log_degree
    for arity in parameters.fri_plan(layout.log_degree):
        cells += 1 << log_size
        log_size -= arity
    return cells << parameters.log_blowup

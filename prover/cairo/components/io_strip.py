"""The io strip: one column of a block ties its instance to the memory cells of its segment (docs/spec/components.md 2).

For m cells, rows `first + 3j`, `+ 1`, `+ 2` of the block hold whether the instance is enabled, the address of cell j
and its value. An enabled block moves the address on by m, so that [start, stop) is read cell by cell, wherever the
disabled blocks stand; a disabled block reads nothing. `enabled` is a bit, hence the multiplicity is one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prover.cairo.components.tags import MEMORY
from prover.cairo.trace import Trace, felts, padded_log_height
from prover.kernel import Bools, Felts, Ints
from prover.stark.expressions import Expression
from prover.stark.tables import TableBuilder, block_row_but_last, block_rows, first_block_row, last_block_row


@dataclass(frozen=True)
class Strip:
    """Where the strip lies: `cells` memory cells from row `first` of each block of `block` rows."""

    block: int
    first: int
    cells: int

    @property
    def address_rows(self) -> tuple[int, ...]:
        return tuple(self.first + 3 * cell + 1 for cell in range(self.cells))

    @property
    def rows(self) -> range:
        return range(self.first, self.first + 3 * self.cells)

    def value_row(self, cell: int) -> int:
        return self.first + 3 * cell + 2

    def constrain(self, t: TableBuilder, aux: Expression) -> None:
        enabled, address = self.first, self.first + 1
        n_pairs = self.cells - 1
        t.constrain("enabled is boolean", aux * (aux - 1), block_rows(enabled))
        for name, row, step in (("enabled is one bit a block", enabled, 0), ("cells follow each other", address, 1)):
            t.constrain(name, aux[3] - aux - step, block_rows(*(row + 3 * pair for pair in range(n_pairs))))
        t.constrain("begins at the segment's start", aux - t.public("start"), first_block_row(address))
        following = aux + self.cells * aux[-1]
        t.constrain("an enabled block moves on", aux[self.block] - following, block_row_but_last(address, self.block))
        t.constrain("ends at the segment's stop", following - t.public("stop"), last_block_row(address, self.block))

    def look_up(self, t: TableBuilder, aux: Expression, address_row: Expression) -> None:
        """`address_row` is the constant column that is 1 on `address_rows`."""
        t.look_up(address_row * aux[-1], MEMORY, aux, aux[1])

    def fill(self, aux: Felts, instances: Instances, words: Felts) -> None:
        """Into aux (instances, block, 4); words (instances, cells, 4) are the cells' values."""
        for cell in range(self.cells):
            row = self.first + 3 * cell
            aux[:, row] = felts(instances.enabled)
            aux[:, row + 1] = felts(instances.addresses + cell)
            aux[:, row + 2] = words[:, cell]


@dataclass(frozen=True)
class Instances:
    """A builtin's blocks: the segment's instances in order, then disabled ones that stand at its stop.

    `addresses`: of each block's first cell; `enabled`: a bit each.
    """

    addresses: Ints
    enabled: Bools
    cells: int

    def __len__(self) -> int:
        return len(self.addresses)

    @property
    def n_enabled(self) -> int:
        return int(self.enabled.sum())

    def read(self, trace: Trace, dummy: list[Felts]) -> Felts:
        """(instances, cells, 4): the cells of the enabled ones, counted as accesses; `dummy` in the others."""
        words = np.empty((len(self), self.cells, 4), dtype=np.uint64)
        words[:] = np.stack(dummy)
        places = self.addresses[self.enabled, None] + np.arange(self.cells)
        words[self.enabled] = trace.read(places.reshape(-1)).reshape(-1, self.cells, 4)
        return words


def instances_of(trace: Trace, builtin: str, cells: int) -> Instances:
    """A power of two of them, at least two: the address chain reads a whole block ahead."""
    start, stop = trace.run.segments[builtin]
    used = (stop - start) // cells
    count = 1 << padded_log_height(used, smallest=1)
    numbers = np.arange(count)
    return Instances(start + cells * np.minimum(numbers, used), numbers < used, cells)

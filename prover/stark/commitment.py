"""The prover's side of a commitment: logical columns packed, extended coset by coset into row hashes, opened later.

Only coefficients and the upper layers of the tree are kept. Opened rows, and the hashes beside them, are evaluated
again at the few positions that are asked for, so the peak of memory stays a small multiple of the trace. Packing
needs no copy: the kernel reads coefficient k*i + j of a physical column from coefficient i of its slot j.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from prover import kernel
from prover.algebra.field import PRIME
from prover.kernel import Felts
from prover.stark.domains import block_shift, point
from prover.stark.layout import Layout, Slot
from prover.stark.merkle_tree import MerkleTree
from prover.stark.parameters import Parameters

Logical = Callable[[Slot], Felts]
"""The (n, 4) coefficients of a logical column."""

LOG_SUBTREE = 3
"""Layers of a tree that are computed again at openings: eight neighbouring rows cost what one costs."""


LOG_PART, LOG_MOST_PARTS = 22, 3
"""Cosets of more rows than 2^LOG_PART are extended in parts, eight at most: less memory, a little more time."""


@dataclass(frozen=True)
class Packed:
    """Physical columns of one height: `columns[i][j]` are the (n, 4) coefficients of slot j, `2^log_slots` slots."""

    log_physical: int
    log_slots: int
    columns: Sequence[Sequence[Felts]]

    def padded(self) -> list[list[Felts | None]]:
        return [[*slots, *[None] * ((1 << self.log_slots) - len(slots))] for slots in self.columns]

    def at(self, log_domain: int, starts: Sequence[int], log_run: int) -> list[list[int]]:
        """Values at the runs of 2^log_run positions that begin at `starts` (multiples of that), column by column.

        With y^k = u the value is the sum of y^j * l_j(u). Neighbours of one k share u; longer runs have the u of a
        small coset.
        """
        log_coset = max(0, log_run - self.log_slots)
        points = [point(log_domain - self.log_slots, start >> self.log_slots) for start in starts]
        slots = [slot for column in self.columns for slot in column]
        values = iter(kernel.evaluate_at(slots, points, log_coset))
        positions = [start + i for start in starts for i in range(1 << log_run)]
        shift = min(log_run, self.log_slots)
        ys = [point(log_domain, position) for position in positions]
        rows = []
        for column in self.columns:
            parts = [kernel.to_ints(next(values)) for _ in column]
            row = []
            for index, y in enumerate(ys):
                total = 0
                for part in reversed(parts):
                    total = (total * y + part[index >> shift]) % PRIME
                row.append(total)
            rows.append(row)
        return rows


class CommittedTree:
    """One trace tree: its columns' coefficients, and the Merkle tree over their extension."""

    def __init__(self, layout: Layout, tree: int, logical: Logical, parameters: Parameters) -> None:
        self._parameters = parameters
        self._rows = {
            log_physical: [
                Packed(log_physical, group.log_packing, [[logical(slot) for slot in c.slots] for c in group.columns])
                for group in layout.row_groups(tree, log_physical)
            ]
            for log_physical in layout.physical_heights(tree)
        }
        log_blowup = parameters.log_blowup
        log_parts = min(LOG_MOST_PARTS, max(0, max(self._rows) - LOG_PART))
        log_blocks = log_blowup + log_parts
        self.merkle = MerkleTree(max(self._rows) + log_blowup, log_blocks, parameters.digest_bytes, LOG_SUBTREE)
        extensions = {
            log: kernel.Extension([slots for packed in row for slots in packed.padded()], log)
            for log, row in self._rows.items()
        }
        for block in range(1 << log_blocks):
            coset, part = block >> log_parts, block & (1 << log_parts) - 1
            rows = {}
            for log, extension in extensions.items():
                shift = block_shift(log + log_blowup, log, coset)
                rows[log + log_blowup] = extension.hash_rows(shift, parameters.digest_bytes, part, log_parts)
            self.merkle.add_block(block, rows)
        self.merkle.finish()

    def open(self, positions: Iterable[int], log_degree: int) -> bytes:
        """Rows and siblings for query positions of the domain of 2^(log_degree + log_blowup), in the proof's order."""
        parameters, merkle = self._parameters, self.merkle
        positions = sorted(set(positions))
        top = merkle.log_size - parameters.log_blowup
        leaves = sorted({position >> log_degree - top for position in positions})
        nodes = sorted({leaf >> merkle.log_size - merkle.log_kept for leaf in leaves})
        hashes, opened = {}, b""
        for log_physical in self._rows:
            log_domain = log_physical + parameters.log_blowup
            places = sorted({position >> log_degree - log_physical for position in positions})
            log_run = max(0, log_domain - merkle.log_kept)  # rows below a kept node are computed together
            starts = [node << log_run for node in nodes] if log_run else places
            table = self._at(log_physical, starts, log_run)
            rank = {start: index << log_run for index, start in enumerate(starts)}
            for place in places:
                start = place >> log_run << log_run
                opened += b"".join(column[rank[start] + place - start].to_bytes(32, "big") for column in table)
            if log_run:
                columns = [kernel.from_ints(column) for column in table]
                hashes[log_domain] = kernel.hash_rows(columns, parameters.digest_bytes)
        siblings = merkle.siblings(leaves, hashes)
        return opened + b"".join(sibling[: parameters.digest_bytes] for sibling in siblings)

    def _at(self, log_physical: int, starts: Sequence[int], log_run: int) -> list[list[int]]:
        log_domain = log_physical + self._parameters.log_blowup
        return [column for packed in self._rows[log_physical] for column in packed.at(log_domain, starts, log_run)]

"""The prover's side of a commitment: logical columns packed, extended coset by coset into row hashes, opened later.

Only coefficients and hashes are kept: opened rows are evaluated again at the few positions that are asked for, so
the peak of memory stays a small multiple of the trace.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from prover import kernel
from prover.stark.domains import block_shift, point
from prover.stark.layout import Group, Layout, Slot
from prover.stark.merkle import MerkleTree
from prover.stark.parameters import Parameters

Logical = Callable[[Slot], np.ndarray]
"""The (n, 4) coefficients of a logical column."""


def pack(group: Group, logical: Logical) -> np.ndarray:
    """(physical columns, k*n, 4): coefficient i of slot j is coefficient k*i + j; empty slots are zero."""
    height, packing = 1 << group.log_height, 1 << group.log_packing
    packed = np.zeros((len(group.columns), height, packing, 4), dtype=np.uint64)
    for index, column in enumerate(group.columns):
        for number, slot in enumerate(column.slots):
            packed[index, :, number] = logical(slot)
    return packed.reshape(len(group.columns), height * packing, 4)


def on_all_cores(work: Callable[[int], np.ndarray], count: int) -> list[np.ndarray]:
    """work(0), work(1), ... one thread a core: the kernel splits by columns, and may have but one."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, range(count)))


class CommittedTree:
    """One trace tree: packed coefficients by group, and the Merkle tree over their extension."""

    def __init__(self, layout: Layout, tree: int, logical: Logical, parameters: Parameters) -> None:
        self._layout, self._tree, self._parameters = layout, tree, parameters
        self.coefficients = {id(group): pack(group, logical) for group in layout.tree(tree)}
        hashes = {
            log_physical + parameters.log_blowup: self._row_hashes(log_physical)
            for log_physical in layout.physical_heights(tree)
        }
        self.merkle = MerkleTree(hashes, parameters.digest_bytes)

    def _row_hashes(self, log_physical: int) -> np.ndarray:
        """Each block of the evaluation domain is a coset of the trace domain and is extended on its own."""
        log_domain = log_physical + self._parameters.log_blowup
        coefficients = self._row_coefficients(log_physical)

        def hashed(block: int) -> np.ndarray:
            values = kernel.evaluate_coset(coefficients, block_shift(log_domain, log_physical, block))
            return kernel.hash_rows(list(values), self._parameters.digest_bytes)

        return np.concatenate(on_all_cores(hashed, 1 << self._parameters.log_blowup))

    def _row_coefficients(self, log_physical: int) -> np.ndarray:
        parts = [self.coefficients[id(g)] for g in self._layout.row_groups(self._tree, log_physical)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def open(self, positions: Iterable[int]) -> bytes:
        """Rows and siblings for query positions of the largest domain, in the proof's order."""
        parameters, log_degree = self._parameters, self._layout.log_degree
        positions = sorted(set(positions))
        opened = b""
        for log_physical in self._layout.physical_heights(self._tree):
            places = sorted({position >> log_degree - log_physical for position in positions})
            points = [point(log_physical + parameters.log_blowup, place) for place in places]
            values = kernel.evaluate_at(list(self._row_coefficients(log_physical)), points)
            opened += kernel.to_bytes(np.ascontiguousarray(values.transpose(1, 0, 2)).reshape(-1, 4)).tobytes()
        top = self.merkle.log_size - parameters.log_blowup
        leaves = [position >> log_degree - top for position in positions]
        return opened + b"".join(sibling[: parameters.digest_bytes] for sibling in self.merkle.siblings(leaves))

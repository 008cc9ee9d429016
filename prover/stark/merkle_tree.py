"""The prover's Merkle tree, built block by block. What it commits to and how it is checked is in `merkle.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from prover import kernel
from prover.kernel import Digests
from prover.stark.merkle import sibling_places


def climb(rows: Mapping[int, Digests], low: int, digest_bytes: int) -> dict[int, Digests]:
    """Layers from the greatest level of `rows` up to level `low`.

    `rows[level]` are the row hashes of one height; each level up halves the count, whatever the count is.
    """
    top = max(rows)
    layers = {top: rows[top]}
    for level in range(top - 1, low - 1, -1):
        layers[level] = kernel.merkle_layer(layers[level + 1], rows.get(level), digest_bytes)
    return layers


class MerkleTree:
    """Built from the row hashes of one aligned block after the other; the lowest `n_dropped` layers are not kept.

    `log_size`: log2 of the number of leaves. A layer is an array (2^level, 32) of uint8.
    """

    def __init__(self, log_size: int, log_blocks: int, digest_bytes: int, n_dropped: int = 0) -> None:
        self.log_size, self._log_blocks, self._digest_bytes = log_size, log_blocks, digest_bytes
        self.log_kept = max(log_blocks, log_size - n_dropped)
        self.layers = {level: kernel.empty((1 << level, 32), np.uint8) for level in range(self.log_kept + 1)}

    def add_block(self, number: int, rows: Mapping[int, Digests]) -> None:
        """`rows[log_size of a height]` are the block's share of its row hashes."""
        for level, layer in climb(rows, self._log_blocks, self._digest_bytes).items():
            if level <= self.log_kept:
                self.layers[level][number * len(layer) : (number + 1) * len(layer)] = layer

    def finish(self) -> MerkleTree:
        """The layers above the blocks, which no row reaches."""
        top = {self._log_blocks: self.layers[self._log_blocks]}
        self.layers |= climb(top, 0, self._digest_bytes)
        return self

    @property
    def root(self) -> bytes:
        root: Digests = self.layers[0][0]
        return root.tobytes()

    def siblings(self, leaves: Iterable[int], dropped: Mapping[int, Digests] | None = None) -> list[bytes]:
        """The hashes a verifier lacks, layer by layer from the leaves, rising position.

        `dropped`: where layers were dropped, the row hashes below the touched nodes of the lowest kept layer, side by
        side, as `climb` takes them.
        """
        leaves = sorted(set(leaves))
        depth = self.log_size - self.log_kept
        nodes = sorted({leaf >> depth for leaf in leaves})
        below = climb(dropped or {}, self.log_kept, self._digest_bytes) if depth else {}
        rank = {node: index for index, node in enumerate(nodes)}
        hashes = []
        for level, position in sibling_places(leaves, self.log_size):
            if level <= self.log_kept:
                hashes.append(self.layers[level][position].tobytes())
            else:
                log_width = level - self.log_kept
                place = (rank[position >> log_width] << log_width) + (position & (1 << log_width) - 1)
                hashes.append(below[level][place].tobytes())
        return hashes

"""A sparse Merkle tree of fixed height over Pedersen. Only nodes that differ from the empty tree's are kept."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from prover.algebra.pedersen import pedersen


@cache
def empty_roots(height: int, leaf: int) -> tuple[int, ...]:
    """Roots of empty trees of height 0 to `height`."""
    roots = [leaf]
    for _ in range(height):
        roots.append(pedersen(roots[-1], roots[-1]))
    return tuple(roots)


class MerkleTree:
    """Immutable: `update` gives a new tree that shares the node table, which only ever grows.

    `nodes` maps a node to its children; it is what a proof of an update takes as its preimages.
    """

    def __init__(self, height: int, empty_leaf: int) -> None:
        self.height, self._empty = height, empty_roots(height, empty_leaf)
        self.root = self._empty[height]
        self.nodes: dict[int, tuple[int, int]] = {
            self._empty[level + 1]: (self._empty[level], self._empty[level]) for level in range(height)
        }

    def path(self, index: int) -> list[int]:
        """The siblings of a leaf's path, from the root down."""
        node, siblings = self.root, []
        for level in range(self.height - 1, -1, -1):
            left, right = self.nodes[node]
            bit = index >> level & 1
            siblings.append(left if bit else right)
            node = right if bit else left
        return siblings

    def leaf(self, index: int) -> int:
        node = self.root
        for level in range(self.height - 1, -1, -1):
            node = self.nodes[node][index >> level & 1]
        return node

    def update(self, leaves: Mapping[int, int]) -> MerkleTree:
        """Raises ValueError for an index outside the tree."""
        for index in leaves:
            if not 0 <= index < 1 << self.height:
                raise ValueError(f"{index} is no leaf of a tree of height {self.height}")
        tree = MerkleTree.__new__(MerkleTree)
        tree.height, tree._empty, tree.nodes = self.height, self._empty, self.nodes
        tree.root = tree._updated(self.root, self.height, dict(leaves))
        return tree

    def _updated(self, node: int, level: int, leaves: dict[int, int]) -> int:
        if not leaves:
            return node
        if level == 0:
            return leaves[0]
        middle = 1 << level - 1
        left, right = self.nodes[node]
        left = self._updated(left, level - 1, {i: leaf for i, leaf in leaves.items() if i < middle})
        right = self._updated(right, level - 1, {i - middle: leaf for i, leaf in leaves.items() if i >= middle})
        parent = pedersen(left, right)
        self.nodes[parent] = (left, right)
        return parent

    def touched_nodes(self, indices: list[int]) -> dict[int, tuple[int, int]]:
        """The inner nodes on the paths of these leaves."""
        touched = {}
        for index in indices:
            node = self.root
            for level in range(self.height - 1, -1, -1):
                touched[node] = self.nodes[node]
                node = touched[node][index >> level & 1]
        return touched

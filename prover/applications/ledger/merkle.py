"""A sparse Merkle tree of fixed height over Pedersen. Only nodes that differ from the empty tree's are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TypeVar

from prover.algebra.pedersen import pedersen, pedersen_pairs

Index = TypeVar("Index", bound=int)


@cache
def empty_roots(height: int, leaf: int) -> tuple[int, ...]:
    """Roots of empty trees of height 0 to `height`."""
    roots = [leaf]
    for _ in range(height):
        roots.append(pedersen(roots[-1], roots[-1]))
    return tuple(roots)


class MerkleTree:
    """Immutable: `update` gives a new tree that shares the node table, which only ever grows.

    `nodes` maps a node to its children; it is what a proof of an update takes as its preimages. The kernel hashes a
    level at a time.
    """

    def __init__(self, height: int, empty_leaf: int, leaves: Mapping[Index, int] | None = None) -> None:
        """Raises ValueError for an index outside the tree."""
        self.height, self._empty = height, empty_roots(height, empty_leaf)
        self.root = self._empty[height]
        self.nodes: dict[int, tuple[int, int]] = {
            self._empty[level + 1]: (self._empty[level], self._empty[level]) for level in range(height)
        }
        if leaves:
            self.root = self._updated(leaves)

    @staticmethod
    def of_nodes(height: int, empty_leaf: int, root: int, nodes: Mapping[int, tuple[int, int]]) -> MerkleTree:
        """A tree of which a part is known: `nodes` has what is on the paths that will be asked for."""
        tree = MerkleTree(height, empty_leaf)
        tree.root = root
        tree.nodes.update(nodes)
        return tree

    def path(self, index: int) -> list[int]:
        """The siblings of a leaf's path, from the root down."""
        self._check(index)
        node, siblings = self.root, []
        for level in range(self.height - 1, -1, -1):
            left, right = self.nodes[node]
            bit = index >> level & 1
            siblings.append(left if bit else right)
            node = right if bit else left
        return siblings

    def leaf(self, index: int) -> int:
        self._check(index)
        node = self.root
        for level in range(self.height - 1, -1, -1):
            node = self.nodes[node][index >> level & 1]
        return node

    def update(self, leaves: Mapping[Index, int]) -> MerkleTree:
        """Raises ValueError for an index outside the tree."""
        tree = MerkleTree.__new__(MerkleTree)
        tree.height, tree._empty, tree.nodes, tree.root = self.height, self._empty, self.nodes, self.root
        tree.root = tree._updated(leaves)
        return tree

    def _check(self, index: int) -> None:
        if not 0 <= index < 1 << self.height:
            raise ValueError(f"{index} is no leaf of a tree of height {self.height}")

    def _updated(self, leaves: Mapping[Index, int]) -> int:
        """The root after the update; fills `nodes` from the leaves up, level by level."""
        if not leaves:
            return self.root
        level_nodes: dict[int, int] = dict(sorted(leaves.items()))
        self._check(next(iter(level_nodes)))
        self._check(next(reversed(level_nodes)))
        old_levels = self._old_nodes(level_nodes)
        for level in range(self.height):
            old, empty = old_levels[level], self._empty[level]
            prefixes = list(dict.fromkeys(index >> 1 for index in level_nodes))
            lefts, rights = (
                [
                    level_nodes[child] if child in level_nodes else old.get(child, empty)
                    for child in (2 * prefix + side for prefix in prefixes)
                ]
                for side in (0, 1)
            )
            parents = pedersen_pairs(lefts, rights)
            self.nodes.update(zip(parents, zip(lefts, rights, strict=True), strict=True))
            level_nodes = dict(zip(prefixes, parents, strict=True))
        return level_nodes[0]

    def _old_nodes(self, indices: Iterable[int]) -> list[dict[int, int]]:
        """For each level: the nodes on these leaves' paths and beside them, by prefix; empty subtrees are left out."""
        levels: list[dict[int, int]] = [{} for _ in range(self.height + 1)]
        levels[self.height] = {0: self.root}
        wanted = list(indices)
        for level in range(self.height, 0, -1):
            empty, parents = self._empty[level], levels[level]
            if not parents:
                break
            for prefix in dict.fromkeys(index >> level for index in wanted):
                node = parents.get(prefix, empty)
                if node != empty:
                    levels[level - 1][2 * prefix], levels[level - 1][2 * prefix + 1] = self.nodes[node]
        return levels

    def touched_nodes(self, indices: Iterable[int]) -> dict[int, tuple[int, int]]:
        """The inner nodes on the paths of these leaves."""
        touched = {}
        for index in indices:
            self._check(index)
            node = self.root
            for level in range(self.height - 1, -1, -1):
                touched[node] = self.nodes[node]
                node = touched[node][index >> level & 1]
        return touched


class LeavesUnknown(ValueError):
    """Of this tree only the root is known."""

    def __init__(self, root: int, indices: Iterable[int]) -> None:
        super().__init__(f"of the tree {root:#x} only the root is known, leaf {min(indices)} is asked for")


class SealedTree:
    """A tree of which only the root is known: enough for who asks for no leaf and changes none."""

    def __init__(self, height: int, root: int) -> None:
        self.height, self.root = height, root

    def update(self, leaves: Mapping[Index, int]) -> SealedTree:
        """Itself. Raises LeavesUnknown where there is anything to change."""
        if leaves:
            raise LeavesUnknown(self.root, leaves)
        return self

    def touched_nodes(self, indices: Iterable[int]) -> dict[int, tuple[int, int]]:
        """None. Raises LeavesUnknown where any are asked for."""
        asked = list(indices)
        if asked:
            raise LeavesUnknown(self.root, asked)
        return {}

"""A sparse Merkle tree whose nodes are rows. An update reads and writes the changed leaves' paths, nothing is rebuilt,
and a start reads nothing.

Only nodes with two or more leaves below them are kept, and of each leaf the highest node below which it is alone: two
rows for a leaf, whatever the tree's height. What a tree is, is in `prover/applications/ledger/merkle.py`; tests hold
the two equal.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from freehold.services.committee.tables import Node
from prover.algebra.pedersen import pedersen_pairs
from prover.applications.ledger.merkle import empty_roots

AT_ONCE = 500
"""Rows that one statement names."""
Place = tuple[int, int]
"""Height and prefix."""
Known = Callable[[Collection[int]], Mapping[int, int]]
T = TypeVar("T")


def in_groups(entries: Iterable[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    rest = iter(entries)
    while group := list(islice(rest, size)):
        yield group


@dataclass
class Subtree:
    """What is below a place after an update. `lone`: the index of the only leaf, None where there are several.

    `hash` is the node's at height `hashed`; of a lone one it is still to be led up to `height`.
    """

    height: int
    prefix: int
    hash: int = 0
    hashed: int = 0
    lone: int | None = None
    children: tuple[Subtree | None, Subtree | None] | None = None


class StoredTree:
    """`known(indices)` gives the present values of leaves that an update does not name."""

    def __init__(
        self,
        session: Session,
        name: str,
        height: int,
        empty: int,
        known: Callable[[Collection[int]], Mapping[int, int]],
    ) -> None:
        self.session, self.name, self.height, self.known = session, name, height, known
        self.empty = empty_roots(height, empty)

    def root(self) -> int:
        top = self.session.get(Node, (self.name, self.height, 0))
        return self.empty[self.height] if top is None else top.hash

    def update(self, leaves: Mapping[int, int]) -> int:
        """The new root. Raises ValueError for an index outside the tree."""
        if not leaves:
            return self.root()
        for index in (min(leaves), max(leaves)):
            if not 0 <= index < 1 << self.height:
                raise ValueError(f"{index} is no leaf of a tree of height {self.height}")
        old, met = self._paths(leaves)
        values = {**self.known(met), **leaves} if met else dict(leaves)
        kept: list[Subtree] = []
        top = self._built(self.height, 0, sorted(values), values, old, kept)
        if top is not None and top.children is None:
            kept.append(top)
        self._hash(kept)
        self._write(old, kept)
        return self.empty[self.height] if top is None else top.hash

    def _paths(self, leaves: Collection[int]) -> tuple[dict[Place, Node], set[int]]:
        """The nodes on the leaves' paths and beside them; and the lone leaves that stand on these paths and are not
        named."""
        old: dict[Place, Node] = {}
        met: set[int] = set()
        wanted = {0: list(leaves)}
        for height in range(self.height, -1, -1):
            found = self._at(height, {sibling for prefix in wanted for sibling in (prefix, prefix ^ 1)})
            old.update({(height, prefix): node for prefix, node in found.items()})
            below: dict[int, list[int]] = {}
            for prefix, indices in wanted.items():
                node = found.get(prefix)
                if node is None:
                    continue
                if node.lone is not None:
                    met.add(node.lone)
                    continue
                for index in indices:
                    below.setdefault(index >> height - 1, []).append(index)
            wanted = below
            if not wanted:
                break
        return old, met - set(leaves)

    def _at(self, height: int, prefixes: Collection[int]) -> dict[int, Node]:
        inside = sorted(prefix for prefix in prefixes if prefix >> self.height - height == 0)
        found: dict[int, Node] = {}
        for group in in_groups(inside):
            rows = select(Node).where(Node.tree == self.name, Node.height == height, Node.prefix.in_(group))
            found.update({node.prefix: node for node in self.session.scalars(rows)})
        return found

    def _built(
        self,
        height: int,
        prefix: int,
        indices: Sequence[int],
        values: Mapping[int, int],
        old: Mapping[Place, Node],
        kept: list[Subtree],
    ) -> Subtree | None:
        """The subtree after the update; None if it is empty. What is to be a row goes into `kept`, but for the subtree
        itself where a leaf is alone in it: that is a row further up."""
        node = old.get((height, prefix))
        if not indices:
            return None if node is None else Subtree(height, prefix, node.hash, height, node.lone)
        if node is None or node.lone is not None:  # all leaves below are named
            indices = [index for index in indices if values[index] != self.empty[0]]
            if not indices:
                return None
            if len(indices) == 1:
                return Subtree(height, prefix, values[indices[0]], 0, indices[0])
        right = 2 * prefix + 1
        cut = bisect_left(indices, right << height - 1)
        sides = ((right - 1, indices[:cut]), (right, indices[cut:]))
        children = [self._built(height - 1, below, named, values, old, kept) for below, named in sides]
        present = [child for child in children if child is not None]
        if len(present) == 1 and present[0].lone is not None:
            return replace(present[0], height=height, prefix=prefix)
        if not present:
            return None
        kept += [child for child in present if child.children is None]
        inner = Subtree(height, prefix, children=(children[0], children[1]))
        kept.append(inner)
        return inner

    def _hash(self, kept: Sequence[Subtree]) -> None:
        """Lone leaves are led up to their heights, level by level, then the nodes above are made of their children."""
        lone = [subtree for subtree in kept if subtree.hashed < subtree.height and subtree.lone is not None]
        for level in range(self.height):
            rising = [subtree for subtree in lone if subtree.hashed == level < subtree.height]
            pairs = [(subtree.hash, self.empty[level])[:: -1 if _bit(subtree.lone, level) else 1] for subtree in rising]
            for subtree, value in zip(rising, _pairs(pairs), strict=True):
                subtree.hash, subtree.hashed = value, level + 1
        by_height: dict[int, list[Subtree]] = {}
        for subtree in kept:
            if subtree.children is not None:
                by_height.setdefault(subtree.height, []).append(subtree)
        for height, inner in sorted(by_height.items()):
            empty = self.empty[height - 1]
            pairs = [_hashes(subtree.children or (None, None), empty) for subtree in inner]
            for subtree, value in zip(inner, _pairs(pairs), strict=True):
                subtree.hash, subtree.hashed = value, height

    def _write(self, old: Mapping[Place, Node], kept: Sequence[Subtree]) -> None:
        places = {(subtree.height, subtree.prefix): subtree for subtree in kept}
        for place, node in old.items():
            if place not in places:
                self.session.delete(node)
        self.session.flush()
        rows = []
        for (height, prefix), subtree in places.items():
            known = old.get((height, prefix))
            if known is not None:
                known.hash, known.lone = subtree.hash, subtree.lone
            else:
                row = {"tree": self.name, "height": height, "prefix": prefix}
                rows.append({**row, "hash": subtree.hash, "lone": subtree.lone})
        if rows:
            self.session.execute(insert(Node), rows)
        self.session.flush()


def _bit(index: int | None, level: int) -> int:
    return (index or 0) >> level & 1


def _hashes(children: tuple[Subtree | None, Subtree | None], empty: int) -> tuple[int, int]:
    left, right = (empty if child is None else child.hash for child in children)
    return left, right


def _pairs(pairs: Sequence[tuple[int, ...]]) -> list[int]:
    return pedersen_pairs([left for left, _ in pairs], [right for _, right in pairs]) if pairs else []

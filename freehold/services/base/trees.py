"""Merkle trees whose nodes stand in the store: a batch reads the paths that it touches, and writes them.

A tree of height 64 over a million leaves has a million nodes below which there are two leaves or more; below each of
them that has a leaf alone, nothing is kept: that path is hashed again when it is touched. So memory does not grow with
the tree, and the store grows by two rows a leaf. What a tree is, is in `prover/applications/ledger/merkle.py`; tests
hold the two equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Executable, Integer, String, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from freehold.services.base.store import U64, Felt, in_groups
from prover.algebra.pedersen import pedersen_pairs
from prover.applications.ledger.merkle import MerkleTree, empty_roots

LEAVES_AT_ONCE = 20_000
"""Of a tree that is made anew."""
PLACE = ("tree", "height", "prefix")
"""Columns that name a node."""


class TreeNode:
    """The columns of a service's table of nodes: an inner node of a tree, or one below which a leaf is alone.

    What is not there is empty. `height` is 0 for a leaf; `prefix` is a leaf's index shifted by it. `lone` and `leaf`:
    index and value of the only leaf below, where there is one alone; what is below such a node is not kept.
    """

    tree: Mapped[str] = mapped_column(String(12), primary_key=True)
    height: Mapped[int] = mapped_column(Integer, primary_key=True)
    prefix: Mapped[int] = mapped_column(U64, primary_key=True)
    hash: Mapped[int] = mapped_column(Felt)
    lone: Mapped[int | None] = mapped_column(U64)
    leaf: Mapped[int | None] = mapped_column(Felt)


@dataclass(frozen=True)
class Below:
    """What stands at a node: its hash, and its only leaf where there is one alone."""

    hash: int
    lone: int | None = None
    leaf: int | None = None


Leaves = Mapping[Any, int]
"""Values by index."""
Place = tuple[int, int]
"""Height and prefix."""


class StoredTree:
    """One of a store's trees, whose nodes are in `table`. `name` tells them apart; `height` and `empty_leaf` are as in
    MerkleTree."""

    def __init__(self, table: type[TreeNode], name: str, height: int, empty_leaf: int) -> None:
        self.table, self.name, self.height, self.empty_leaf = table, name, height, empty_leaf
        self._empty = empty_roots(height, empty_leaf)

    def root(self, session: Session) -> int:
        row = session.get(self.table, {"tree": self.name, "height": self.height, "prefix": 0})
        return self._empty[self.height] if row is None else row.hash

    def open(self, session: Session, indices: Iterable[int]) -> OpenTree:
        """The tree as it is, good for these leaves. Raises ValueError for an index outside it."""
        inside = self._inside(indices)
        known = self._read(session, inside)
        return OpenTree(self, known, self._tree(known, inside))

    def write(self, session: Session, leaves: Leaves) -> int:
        """Sets leaves, in the unit of work; the new root. Raises ValueError for an index outside the tree."""
        for indices in in_groups(self._inside(leaves), LEAVES_AT_ONCE):
            part = {index: leaves[index] for index in indices}
            opened = self.open(session, part)
            opened.write(session, opened.tree.update(part), part)
        return self.root(session)

    # --- reading

    def _inside(self, indices: Iterable[int]) -> list[int]:
        ordered = sorted(set(indices))
        for index in (ordered[:1], ordered[-1:]):
            if index and index[0] >> self.height:
                raise ValueError(f"{index[0]} is no leaf of a tree of height {self.height}")
        return ordered

    def _read(self, session: Session, indices: Sequence[int]) -> dict[Place, Below]:
        """The kept nodes on these paths, and those beside them."""
        found = self._rows(session, self.height, [0])
        for height in range(self.height, 0, -1):
            prefixes = {index >> height for index in indices}
            inner = [p for p in prefixes if (node := found.get((height, p))) is not None and node.lone is None]
            if not inner:
                break
            found |= self._rows(session, height - 1, [2 * prefix + side for prefix in inner for side in (0, 1)])
        return found

    def _rows(self, session: Session, height: int, prefixes: Sequence[int]) -> dict[Place, Below]:
        found: dict[Place, Below] = {}
        node = self.table
        level = select(node.prefix, node.hash, node.lone, node.leaf).where(
            node.tree == self.name, node.height == height
        )
        for asked in in_groups(prefixes):
            rows = session.execute(level.where(node.prefix.in_(asked)))
            found |= {(height, prefix): Below(value, lone, leaf) for prefix, value, lone, leaf in rows}
        return found

    def _tree(self, found: Mapping[Place, Below], indices: Sequence[int]) -> MerkleTree:
        touched = {(height, index >> height) for index in indices for height in range(self.height + 1)}
        on_paths = {place: node for place, node in found.items() if place in touched}
        nodes = self._paths(on_paths)
        for (height, prefix), node in on_paths.items():  # what is below those beside them was not read
            if node.lone is None and height:
                left, right = (self._hash(found, (height - 1, 2 * prefix + side)) for side in (0, 1))
                nodes[node.hash] = (left, right)
        return MerkleTree.of_nodes(self.height, self.empty_leaf, self._hash(found, (self.height, 0)), nodes)

    def _hash(self, found: Mapping[Place, Below], place: Place) -> int:
        node = found.get(place)
        return self._empty[place[0]] if node is None else node.hash

    def _paths(self, found: Mapping[Place, Below]) -> dict[int, tuple[int, int]]:
        """The nodes below those that have a leaf alone; the hashes of one height are made together."""
        nodes: dict[int, tuple[int, int]] = {}
        climbing = {
            node.lone: (node.leaf, height)
            for (height, _), node in found.items()
            if node.lone is not None and node.leaf is not None
        }
        height = 0
        while climbing := {index: here for index, here in climbing.items() if here[1] > height}:
            pairs = [
                (self._empty[height], value) if index >> height & 1 else (value, self._empty[height])
                for index, (value, _) in climbing.items()
            ]
            parents = pedersen_pairs([left for left, _ in pairs], [right for _, right in pairs])
            nodes.update(zip(parents, pairs, strict=True))
            climbing = {
                index: (parent, top) for (index, (_, top)), parent in zip(climbing.items(), parents, strict=True)
            }
            height += 1
        return nodes

    def keep(self, session: Session, nodes: Mapping[Place, Below | None]) -> None:
        """Sets these nodes; those that are None are no more."""
        rows, gone = [], []
        for (height, prefix), node in nodes.items():
            place = {"tree": self.name, "height": height, "prefix": prefix}
            if node is None:
                gone.append({f"old_{name}": value for name, value in place.items()})
            else:
                rows.append({**place, **vars(node)})
        connection = session.connection()
        if rows:
            connection.execute(_upsert(self.table, connection.dialect.name), rows)
        if gone:
            connection.execute(_delete(self.table), gone)


def _delete(table: type[TreeNode]) -> Executable:
    return delete(table).where(*(getattr(table, name) == bindparam(f"old_{name}") for name in PLACE))


def _upsert(table: type[TreeNode], dialect: str) -> Executable:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    rows = insert(table)
    new = {name: rows.excluded[name] for name in ("hash", "lone", "leaf")}
    return rows.on_conflict_do_update(index_elements=PLACE, set_=new)


@dataclass(frozen=True)
class OpenTree:
    """A part of a stored tree: the kept nodes on some leaves' paths, and the tree that they make."""

    stored: StoredTree
    known: Mapping[Place, Below]
    tree: MerkleTree

    def write(self, session: Session, after: MerkleTree, leaves: Leaves) -> None:
        """Keeps `after`, which is `tree` with these leaves."""
        if not leaves:
            return
        rebuilt = _Rebuilt(self.known, after, self.stored._empty, leaves)
        top = (self.stored.height, 0)
        rebuilt.kept[top] = rebuilt.below(top, after.root, list(leaves), None)
        kept = rebuilt.kept.items()
        self.stored.keep(session, {place: node for place, node in kept if node != self.known.get(place)})


@dataclass
class _Rebuilt:
    """What is to be kept after a change; None where nothing is any more."""

    known: Mapping[Place, Below]
    after: MerkleTree
    empty: Sequence[int]
    leaves: Leaves
    kept: dict[Place, Below | None] = field(default_factory=dict)

    def below(self, place: Place, value: int, touched: Sequence[int], above: Below | None) -> Below | None:
        """What stands at `place` after the change; what is kept below it is noted. None: nothing.

        `above`: the node over it that had a leaf alone, if there was one.
        """
        height, prefix = place
        if value == self.empty[height]:
            self._drop_below(place)
            return None
        before = self.known.get(place, above)
        alone = before if before is not None and before.lone is not None else None
        if before is alone and set(touched) | self._alone_in(place, alone) == {touched[0]}:
            return Below(value, touched[0], self.leaves[touched[0]])
        sides = [
            self._side((height - 1, 2 * prefix + side), child, touched, alone)
            for side, child in enumerate(self.after.nodes[value])
        ]
        if sides.count(None) == 1:
            (only,) = (side for side in sides if side is not None)
            if only.lone is not None:
                self._drop_below(place)
                return Below(value, only.lone, only.leaf)
        self.kept[height - 1, 2 * prefix], self.kept[height - 1, 2 * prefix + 1] = sides
        return Below(value)

    @staticmethod
    def _alone_in(place: Place, node: Below | None) -> set[int]:
        """The index of the node's leaf, if it stands below `place`."""
        height, prefix = place
        return set() if node is None or node.lone is None or node.lone >> height != prefix else {node.lone}

    def _side(self, place: Place, value: int, touched: Sequence[int], above: Below | None) -> Below | None:
        height, prefix = place
        inside = [index for index in touched if index >> height == prefix]
        if inside:
            return self.below(place, value, inside, above)
        if value == self.empty[height]:
            return None
        found = self.known.get(place)
        if found is not None:
            return found
        assert above is not None, "a node's children are kept unless it has a leaf alone"
        return Below(value, above.lone, above.leaf)

    def _drop_below(self, place: Place) -> None:
        height, prefix = place
        for child in ((height - 1, 2 * prefix), (height - 1, 2 * prefix + 1)):
            if child in self.known:
                self.kept[child] = None
                self._drop_below(child)

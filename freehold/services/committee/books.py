"""A member's books: leaves of every batch, and two trees that stand at one of them.

Batches are a tree by `previous`: one that failed on chain is left behind, and a later one refers past it. The state at
a batch has of each leaf the newest row among the batch and its ancestors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, insert, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from freehold.services.base.batch_data import position_body, position_data
from freehold.services.base.store import in_groups
from freehold.services.base.trees import StoredTree
from freehold.services.committee.tables import Batch, Node, OrderLeaf, Origin, PositionLeaf
from prover.applications.perpetual.positions import EMPTY, Position, leaves

Ranges = list[tuple[int, int]]
"""Of batch ids, both ends in, rising."""
ORIGIN = 1


@dataclass(frozen=True)
class Kind:
    """A kind of leaves: its table, the columns of a leaf's index and of its value, the value of an empty one."""

    name: str
    table: type[PositionLeaf] | type[OrderLeaf]
    index: InstrumentedAttribute[int]
    value: InstrumentedAttribute[int]
    empty: Callable[[], int]


POSITIONS = Kind("positions", PositionLeaf, PositionLeaf.position_id, PositionLeaf.hash, EMPTY.leaf)
ORDERS = Kind("orders", OrderLeaf, OrderLeaf.order_id, OrderLeaf.fulfilled, lambda: 0)


class Books:
    """In a session, whose unit of work they are part of."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.origin = session.get_one(Origin, ORIGIN)

    def lineage(self, batch: int) -> Ranges:
        """The batch and its ancestors."""
        jumps = select(Batch.id, Batch.previous).where(Batch.previous != Batch.id - 1, Batch.id <= batch)
        ranges: Ranges = []
        last: int = batch
        for jump, previous in self.session.execute(jumps.order_by(Batch.id.desc())):
            if jump <= last and previous is not None:
                ranges.append((jump, last))
                last = previous
        return [(self.origin.batch, last), *reversed(ranges)]

    def move_to(self, batch: int) -> None:
        """Brings both trees to the state at this batch."""
        if self.origin.standing == batch:
            return
        here, there = self.lineage(self.origin.standing), self.lineage(batch)
        changed = [*_without(here, there), *_without(there, here)]
        for kind in (POSITIONS, ORDERS):
            indices = self.session.scalars(select(kind.index).where(_within(kind.table.batch, changed)).distinct())
            self.tree(kind).write(self.session, self.values(kind, batch, list(indices)))
        self.origin.standing = batch

    def tree(self, kind: Kind) -> StoredTree:
        height = self.origin.positions_height if kind is POSITIONS else self.origin.orders_height
        return StoredTree(Node, kind.name, height, kind.empty())

    def values(self, kind: Kind, batch: int, indices: Collection[int]) -> dict[int, int]:
        """What these leaves hold in the state at the batch."""
        lineage, found = self.lineage(batch), dict.fromkeys(indices, kind.empty())
        for group in in_groups(indices):
            rows = _newest(kind, lineage, kind.value, kind.index.in_(group))
            found.update({index: value for index, value in self.session.execute(rows)})
        return found

    def add(self, batch: Batch, positions: Mapping[int, Position], orders: Mapping[int, int]) -> tuple[int, int]:
        """A batch on the state that the trees stand at, with its leaves: both roots."""
        self.session.add(batch)
        self.session.flush()
        hashes = dict(zip(positions, leaves(positions.values()), strict=True))
        self._insert(PositionLeaf, _position_rows(batch.id, positions, hashes))
        self._insert(
            OrderLeaf, ({"order_id": key, "batch": batch.id, "fulfilled": used} for key, used in orders.items())
        )
        roots = self.tree(POSITIONS).write(self.session, hashes), self.tree(ORDERS).write(self.session, orders)
        self.origin.standing = batch.id
        return roots

    def _insert(self, table: type[PositionLeaf] | type[OrderLeaf], rows: Iterable[dict[str, Any]]) -> None:
        for group in in_groups(rows, 10_000):
            self.session.execute(insert(table), group)

    def positions(self, batch: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Those that are not empty, in the gateway's form, by rising id."""
        empty = position_data(EMPTY)
        rows = _newest(POSITIONS, self.lineage(batch), PositionLeaf.body).order_by(PositionLeaf.position_id)
        for position_id, body in self.session.execute(rows.execution_options(yield_per=1_000)):
            document = json.loads(body)
            if document != empty:
                yield position_id, document

    def orders(self, batch: int) -> Iterator[tuple[int, int]]:
        """Those that are used at all, by rising id."""
        rows = _newest(ORDERS, self.lineage(batch), OrderLeaf.fulfilled).order_by(OrderLeaf.order_id)
        for order_id, used in self.session.execute(rows.execution_options(yield_per=1_000)):
            if used:
                yield order_id, used


def _position_rows(
    batch: int, positions: Mapping[int, Position], hashes: Mapping[int, int]
) -> Iterator[dict[str, Any]]:
    for position_id, position in positions.items():
        yield {
            "position_id": position_id,
            "batch": batch,
            "body": position_body(position),
            "hash": hashes[position_id],
        }


def _newest(
    kind: Kind, lineage: Ranges, value: InstrumentedAttribute[Any], *wanted: ColumnElement[bool]
) -> Select[Any]:
    """Of each leaf, or of those `wanted`, the index and what the newest of these batches says."""
    newest = (
        select(kind.index.label("leaf"), func.max(kind.table.batch).label("batch"))
        .where(_within(kind.table.batch, lineage), *wanted)
        .group_by(kind.index)
        .subquery()
    )
    same = and_(kind.index == newest.c.leaf, kind.table.batch == newest.c.batch)
    return select(kind.index, value).join(newest, same)


def _within(batch: InstrumentedAttribute[int], ranges: Sequence[tuple[int, int]]) -> ColumnElement[bool]:
    return or_(*(batch.between(low, high) for low, high in ranges)) if ranges else batch.is_(None)


def _without(ranges: Ranges, others: Ranges) -> Ranges:
    """What is in these ranges and not in the others."""
    left = list(ranges)
    for low, high in others:
        left = [
            piece
            for first, last in left
            for piece in ((first, min(last, low - 1)), (max(first, high + 1), last))
            if piece[0] <= piece[1]
        ]
    return left

"""The leaves of a batch's state, in the order of their ids and a part at a time: nobody has a million in memory, and no
unit of work lasts while somebody downloads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeVar

from sqlalchemy import Select, func, select

from freehold.services.base.store import Store
from freehold.services.operator.tables import ABANDONED, Batch, OrderLeaf, PositionLeaf

AT_ONCE = 2_000
"""Leaves of one unit of work."""
Leaf = TypeVar("Leaf", PositionLeaf, OrderLeaf)
Json = dict[str, Any]


def positions(store: Store, batch_id: int) -> Iterator[tuple[int, Json]]:
    """Each position that is not empty, in the availability gateway's form."""
    for position_id, text in _newest(store, PositionLeaf, PositionLeaf.body, batch_id):
        body: Json = json.loads(text)
        if int(body["public_key"], 16):
            yield position_id, body


def orders(store: Store, batch_id: int) -> Iterator[tuple[int, int]]:
    """Each order of which something is used, and how much."""
    for order_id, used in _newest(store, OrderLeaf, OrderLeaf.fulfilled, batch_id):
        if used:
            yield order_id, used


def newest_batches(kind: type[Leaf], batch_id: int) -> Select[tuple[int, int]]:
    """Of each leaf its id, and the newest batch up to this one that wrote it and was not abandoned."""
    identity = _id(kind)
    wanted = select(identity, func.max(kind.batch).label("batch")).join(Batch, Batch.id == kind.batch)
    return wanted.where(kind.batch <= batch_id, Batch.state != ABANDONED).group_by(identity).order_by(identity)


def _newest(store: Store, kind: type[Leaf], column: Any, batch_id: int) -> Iterator[Any]:
    """(id, value): each leaf with what the column has of it."""
    identity, last = _id(kind), None
    while True:
        wanted = newest_batches(kind, batch_id).limit(AT_ONCE)
        if last is not None:
            wanted = wanted.where(identity > last)
        newest = wanted.subquery()
        found = select(identity, column).join(newest, (identity == newest.c[0]) & (kind.batch == newest.c.batch))
        with store.unit() as session:
            leaves = session.execute(found.order_by(identity)).all()
        yield from leaves
        if len(leaves) < AT_ONCE:
            return
        last = leaves[-1][0]


def _id(kind: type[Leaf]) -> Any:
    return PositionLeaf.position_id if kind is PositionLeaf else OrderLeaf.order_id

"""The state at the newest batch that is not abandoned: what the next one is executed upon.

Positions are held in memory, orders and both trees in the store. When batches were abandoned, what they changed is
taken back from the leaves of those that stand.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from freehold.services.base.batch_data import position_body
from freehold.services.base.exposures import Exposures
from freehold.services.base.store import in_groups
from freehold.services.base.trees import OpenTree, StoredTree
from freehold.services.operator import batches
from freehold.services.operator.bodies import position_of
from freehold.services.operator.lease import Writer
from freehold.services.operator.tables import ABANDONED, FINAL, Batch, CurrentPosition, Node, OrderLeaf, PositionLeaf
from prover.applications.ledger.merkle import MerkleTree
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.margin import Market
from prover.applications.perpetual.positions import EMPTY, Position, leaves
from prover.applications.perpetual.state import SharedState, State
from prover.applications.perpetual.units import OrderId, PositionId, Used

log = structlog.get_logger(__name__)


class StoreDamaged(RuntimeError):
    """The store's rows do not make the state that it says: restore a backup, and do nothing clever."""


@dataclass(frozen=True)
class Tip:
    """The newest batch that stands."""

    batch: int
    sequence_number: int
    shared: SharedState


def tip_of(session: Session) -> Tip:
    batch = batches.newest(session, ABANDONED)
    if batch is None:
        raise StoreDamaged("the store has no batch that stands, not even the state to begin with")
    return Tip(batch.id, batch.sequence_number, batches.shared_state_of(batch))


@dataclass(frozen=True)
class Opened:
    """The parts of both trees that a batch touches, and the state that knows them."""

    state: State
    positions: OpenTree
    orders: OpenTree


class Head:
    """One for each store. `follow` is called before anything else, and whenever batches may have been abandoned."""

    def __init__(self, config: GeneralConfig) -> None:
        self.config = config
        self.position_tree = StoredTree(Node, "positions", config.positions_tree_height, EMPTY.leaf())
        self.order_tree = StoredTree(Node, "orders", config.orders_tree_height, 0)
        self.positions: dict[PositionId, Position] = {}
        self._exposures = Exposures(config, {})
        self.tip: Tip | None = None

    def follow(self, writer: Writer) -> bool:
        """Whether the state is another one than before. Raises StoreDamaged."""
        with writer.store.unit() as session:
            tip = tip_of(session)
            if self.tip == tip:
                return False
        with writer.unit() as session:
            changed = self._take_back(session, tip)
            self._check(session, tip)
        with writer.store.unit() as session:
            self._read_positions(session, None if self.tip is None else changed)
        self.tip = tip
        log.info("head", batch=tip.batch, positions=len(self.positions))
        return True

    def state(self) -> State:
        """Good for executing: it knows every position, no order and neither tree."""
        shared = self._tip().shared
        trees = [
            MerkleTree.of_nodes(stored.height, stored.empty_leaf, root, {})
            for stored, root in ((self.position_tree, shared.positions_root), (self.order_tree, shared.orders_root))
        ]
        return self._state(self.positions, trees[0], {}, trees[1])

    def below_margin(self, market: Market) -> Iterator[PositionId]:
        """The positions that may be liquidated, as the market is."""
        return self._exposures.below_margin(self.positions, market)

    def used(self, session: Session, order_ids: Iterable[OrderId]) -> dict[OrderId, Used]:
        """How much of each of these orders is used; those without a leaf are left out."""
        found: dict[OrderId, Used] = {}
        standing = (
            select(OrderLeaf.order_id, func.max(OrderLeaf.batch).label("batch"))
            .join(Batch, Batch.id == OrderLeaf.batch)
            .where(Batch.state != ABANDONED)
            .group_by(OrderLeaf.order_id)
        )
        for asked in in_groups(sorted(set(order_ids))):
            newest = standing.where(OrderLeaf.order_id.in_(asked)).subquery()
            rows = session.execute(
                select(OrderLeaf.order_id, OrderLeaf.fulfilled).join(
                    newest, (newest.c.order_id == OrderLeaf.order_id) & (newest.c.batch == OrderLeaf.batch)
                )
            )
            found |= {OrderId(order_id): Used(used) for order_id, used in rows}
        return found

    def open(self, session: Session, position_ids: Iterable[PositionId], order_ids: Iterable[OrderId]) -> Opened:
        """The state as far as these positions and orders go. Raises ValueError for an id outside its tree."""
        positions, orders = list(position_ids), list(order_ids)
        position_tree = self.position_tree.open(session, positions)
        order_tree = self.order_tree.open(session, orders)
        held = {key: self.positions[key] for key in positions if key in self.positions}
        state = self._state(held, position_tree.tree, self.used(session, orders), order_tree.tree)
        return Opened(state, position_tree, order_tree)

    def write(self, session: Session, opened: Opened, batch: int, after: State) -> None:
        """The leaves that `after` has other than the state that was opened, as those of the batch, in its unit of work.

        `advance` follows once that is committed.
        """
        changed = changed_positions(opened.state, after)
        used = {key: amount for key, amount in after.orders.items() if opened.state.orders.get(key) != amount}
        bodies = {key: position_body(position) for key, position in changed.items()}
        if bodies:
            rows = [{"position_id": key, "batch": batch, "body": body} for key, body in bodies.items()]
            session.execute(insert(PositionLeaf), rows)
        if used:
            rows = [{"order_id": key, "batch": batch, "fulfilled": amount} for key, amount in used.items()]
            session.execute(insert(OrderLeaf), rows)
        self._keep_positions(session, changed)
        hashes = dict(zip(changed, leaves(changed.values()), strict=True))
        assert isinstance(after.orders_tree, MerkleTree)
        opened.positions.write(session, after.tree, hashes)
        opened.orders.write(session, after.orders_tree, used)

    def advance(self, opened: Opened, batch: int, after: State) -> None:
        tip = self._tip()
        self._set(changed_positions(opened.state, after))
        self.tip = Tip(batch, tip.sequence_number + 1, after.shared())

    # --- within

    def _tip(self) -> Tip:
        assert self.tip is not None, "follow() comes first"
        return self.tip

    def _state(
        self,
        positions: Mapping[PositionId, Position],
        tree: MerkleTree,
        orders: Mapping[OrderId, Used],
        orders_tree: MerkleTree,
    ) -> State:
        shared = self._tip().shared
        return State(
            positions,
            tree,
            orders,
            orders_tree,
            shared.funding_indices,
            shared.funding_timestamp,
            shared.oracle_prices,
            shared.system_time,
        )

    def _take_back(self, session: Session, tip: Tip) -> list[PositionId]:
        """Sets what batches that are not final changed, whether they stand or not, to what it is at the tip."""
        if self._roots(session) == (tip.shared.positions_root, tip.shared.orders_root):
            return []
        final = session.scalar(select(func.max(Batch.id)).where(Batch.state == FINAL))
        ids = list(session.scalars(select(PositionLeaf.position_id).where(PositionLeaf.batch > final).distinct()))
        orders = list(session.scalars(select(OrderLeaf.order_id).where(OrderLeaf.batch > final).distinct()))
        positions = {PositionId(key): self._standing(session, PositionId(key)) for key in ids}
        used = self.used(session, [OrderId(key) for key in orders])
        self._keep_positions(session, positions)
        self.position_tree.write(session, dict(zip(positions, leaves(positions.values()), strict=True)))
        self.order_tree.write(session, {key: used.get(OrderId(key), 0) for key in orders})
        log.warning("taken back", batch=tip.batch, positions=len(ids), orders=len(orders))
        return list(positions)

    def _standing(self, session: Session, position_id: PositionId) -> Position:
        body = session.scalar(
            select(PositionLeaf.body)
            .join(Batch, Batch.id == PositionLeaf.batch)
            .where(PositionLeaf.position_id == position_id, Batch.state != ABANDONED)
            .order_by(PositionLeaf.batch.desc())
            .limit(1)
        )
        return EMPTY if body is None else position_of(body)

    def _keep_positions(self, session: Session, positions: Mapping[PositionId, Position]) -> None:
        for asked in in_groups(positions):
            session.execute(delete(CurrentPosition).where(CurrentPosition.position_id.in_(asked)))
        rows = [
            {"position_id": key, "body": position_body(position)}
            for key, position in positions.items()
            if not position.is_empty()
        ]
        if rows:
            session.execute(insert(CurrentPosition), rows)

    def _read_positions(self, session: Session, changed: list[PositionId] | None) -> None:
        """All of them, or those that changed."""
        if changed is None:
            self.positions = {}
            rows = session.execute(
                select(CurrentPosition.position_id, CurrentPosition.body).execution_options(yield_per=10_000)
            )
            with _without_collection():
                self.positions = {PositionId(key): position_of(body) for key, body in rows}
                self._exposures = Exposures(self.config, self.positions)
            return
        bodies = {key: session.get(CurrentPosition, key) for key in changed}
        self._set({key: EMPTY if row is None else position_of(row.body) for key, row in bodies.items()})

    def _set(self, changed: Mapping[PositionId, Position]) -> None:
        for key, position in changed.items():
            if position.is_empty():
                self.positions.pop(key, None)
            else:
                self.positions[key] = position
        self._exposures.update(changed, self.positions)

    def _roots(self, session: Session) -> tuple[int, int]:
        return self.position_tree.root(session), self.order_tree.root(session)

    def _check(self, session: Session, tip: Tip) -> None:
        found, expected = self._roots(session), (tip.shared.positions_root, tip.shared.orders_root)
        if found != expected:
            raise StoreDamaged(
                f"the trees' roots are {found[0]:#x} and {found[1]:#x}, batch {tip.batch} has {expected[0]:#x} and "
                f"{expected[1]:#x}"
            )


def changed_positions(before: State, after: State) -> dict[PositionId, Position]:
    """The positions that the state has other than before; those that were emptied too."""
    ids = {*before.positions, *after.positions}
    return {key: after.position(key) for key in sorted(ids) if before.position(key) != after.position(key)}


@contextmanager
def _without_collection() -> Iterator[None]:
    """Millions of objects are made, and none is garbage: looking for some takes longer than making them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

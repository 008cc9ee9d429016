"""The exchange as it will be once all that was sent is executed: the rules' own code on positions and orders.

What the rules refuse leaves no trace here. Signatures were checked before, and an open order's leaf is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from prover.applications.ledger.units import Hours, Seconds
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.errors import RuleBroken
from prover.applications.perpetual.execute import Carried
from prover.applications.perpetual.margin import Market
from prover.applications.perpetual.positions import Position
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import LimitOrder, OracleTick, Signed, Transaction
from prover.applications.perpetual.units import OrderId, PositionId, SyntheticQuanta, Used


class Mark(NamedTuple):
    """Where the view can be taken back to, until `forget`."""

    n_changes: int
    n_uses: int
    market: Market
    system_time: Seconds
    place: int


@dataclass
class View(Carried):
    """`ids` has the leaf of every open order, `uses` what leaves held before, one after the other."""

    ids: dict[LimitOrder, OrderId] = field(default_factory=dict)
    uses: list[tuple[OrderId, Used]] = field(default_factory=list)

    @staticmethod
    def of(config: GeneralConfig, state: State) -> View:
        """`state` needs to know positions and orders, not their trees. Its orders are carried, so that they can go."""
        view = View(replace(state, orders={}), config, Hours(0), ({}, {}), state.market(config), state.system_time)
        view.orders.update(state.orders)
        return view

    def tried(self, transaction: Transaction) -> RuleBroken | None:
        """Executes it, or says which rule forbids it; then nothing of it is here."""
        mark = self.mark()
        if isinstance(transaction, OracleTick):
            prices = dict(transaction.prices)
            self.bounds = (prices, prices)
        try:
            self.uses += [self.leaf(order) for order in transaction.signed_orders()]
            self.execute(transaction)
        except RuleBroken as broken:
            self.roll_back(mark)
            return broken
        finally:
            self._forget_batch()
        return None

    def mark(self) -> Mark:
        return Mark(len(self.changes), len(self.uses), self.market, self.system_time, self.place)

    def roll_back(self, mark: Mark) -> None:
        for change in reversed(self.changes[mark.n_changes :]):
            self.positions[change.position_id] = change.before
        for order_id, used in reversed(self.uses[mark.n_uses :]):
            self.orders[order_id] = used
        del self.changes[mark.n_changes :]
        del self.uses[mark.n_uses :]
        self.market, self.system_time, self.place = mark.market, mark.system_time, mark.place

    def forget(self) -> set[PositionId]:
        """What was done stays done. Gives the positions that changed."""
        changed = {change.position_id for change in self.changes}
        self.changes.clear()
        self.uses.clear()
        return changed

    def left(self, order_id: OrderId, order: LimitOrder) -> SyntheticQuanta:
        """What of an order no fill has used."""
        return SyntheticQuanta(order.amount_synthetic - self.used(order_id))

    def used(self, order_id: OrderId) -> Used:
        """What an order's leaf holds."""
        return self.orders.get(order_id, Used(0))

    def all_positions(self) -> Iterator[tuple[PositionId, Position]]:
        """By id; also such as are empty now."""
        for position_id in sorted({*self.state.positions, *self.positions}):
            yield position_id, self.position(position_id)

    # --- in place of the rules' own, which know neither signature nor leaf

    def check_signature(self, order: Signed) -> None:
        """It was checked before its event was logged; the fund's order is signed when it is sent."""

    def leaf(self, order: Signed) -> tuple[OrderId, Used]:
        known = self.ids.get(order) if isinstance(order, LimitOrder) else None
        if known is None:
            return super().leaf(order)
        return known, self.used(known)

    def _forget_batch(self) -> None:
        """A batch's own lists: the batcher has them."""
        self.has_deleveraged = False
        for things in (self.modifications, self.forced, self.served, self.conditions, self.funding_ticks):
            things.clear()


class Positions(Mapping[PositionId, Position]):
    """All positions of a view, as it is when one asks."""

    def __init__(self, view: View) -> None:
        self._view = view

    def __getitem__(self, position_id: PositionId) -> Position:
        return self._view.position(position_id)

    def __iter__(self) -> Iterator[PositionId]:
        return (position_id for position_id, _ in self._view.all_positions())

    def __len__(self) -> int:
        return sum(1 for _ in self)

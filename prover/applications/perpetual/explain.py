"""What a batch did, in human units: one row for each change of a position, one for each tick."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prover.applications.ledger.units import AssetId
from prover.applications.perpetual.amounts import human, human_price
from prover.applications.perpetual.batch import Batch
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.errors import Code
from prover.applications.perpetual.execute import PositionChange
from prover.applications.perpetual.margin import Market, margin_left
from prover.applications.perpetual.names import asset_name
from prover.applications.perpetual.positions import Position
from prover.applications.perpetual.transactions import CancelOrder, FundingTick, LimitOrder, OracleTick, Transaction
from prover.applications.perpetual.units import CollateralQuanta, PositionId, Price, SyntheticQuanta


@dataclass(frozen=True)
class Row:
    """`change` and `holds` are in whole assets; `margin` is the room to the required margin, before and after."""

    place: int
    transaction: str
    position: str
    change: str
    holds: str
    margin: str
    outcome: str


class Units:
    """Amounts of one configuration as text."""

    def __init__(self, config: GeneralConfig) -> None:
        self._collateral = config.collateral.resolution
        self._resolutions = {asset.asset_id: asset.resolution for asset in config.synthetic_assets}

    def collateral(self, amount: CollateralQuanta, signed: bool = False) -> str:
        return ("+" if signed and amount > 0 else "") + human(amount, self._collateral)

    def synthetic(self, asset_id: AssetId, amount: SyntheticQuanta, signed: bool = False) -> str:
        sign = "+" if signed and amount > 0 else ""
        resolution = self._resolutions.get(asset_id)
        text = f"{amount} quanta" if resolution is None else human(amount, resolution)
        return f"{sign}{text} {asset_name(asset_id)}"

    def price(self, asset_id: AssetId, price: Price) -> str:
        return f"{asset_name(asset_id)} {human_price(price, self._resolutions[asset_id], self._collateral)}"

    def holds(self, position: Position) -> str:
        if position.is_empty():
            return "empty"
        assets = [self.synthetic(asset.asset_id, asset.balance) for asset in position.assets]
        return ", ".join([self.collateral(position.collateral_balance), *assets])

    def change(self, before: Position, after: Position) -> str:
        parts = []
        collateral = CollateralQuanta(after.collateral_balance - before.collateral_balance)
        if collateral:
            parts.append(self.collateral(collateral, signed=True))
        for asset_id in sorted({asset.asset_id for asset in (*before.assets, *after.assets)}):
            delta = SyntheticQuanta(after.balance(asset_id) - before.balance(asset_id))
            if delta:
                parts.append(self.synthetic(asset_id, delta, signed=True))
        return ", ".join(parts) or "nothing"

    def room(self, position: Position, market: Market) -> str:
        """Total value minus required margin in collateral, rounded down."""
        return human(margin_left(position, market), self._collateral)


def rows(batch: Batch) -> Iterator[Row]:
    """In the batch's order."""
    units = Units(batch.config)
    changes: dict[int, list[PositionChange]] = {}
    for change in batch.changes:
        changes.setdefault(change.place, []).append(change)
    for place, transaction in enumerate(batch.transactions):
        if isinstance(transaction, FundingTick):
            text = f"{len(transaction.funding_indices)} indices"
            yield Row(place, "funding", "", text, "", "", f"time {transaction.timestamp}")
        elif isinstance(transaction, OracleTick):
            text = ", ".join(units.price(*pair) for pair in transaction.prices) or "no prices"
            yield Row(place, "oracle", "", text, "", "", f"time {transaction.timestamp}")
        for change in changes.get(place, ()):
            yield _row(units, transaction, change)


def _kind(transaction: Transaction, position_id: PositionId) -> str:
    """With the flags of the order that the position signed."""
    orders = [order for order in transaction.signed_orders() if isinstance(order, LimitOrder | CancelOrder)]
    own = [order for order in orders if order.position_id == position_id]
    names = ("reduce_only", "fill_or_kill")
    flags = [name.replace("_", "-") for name in names if any(getattr(order, name) for order in own)]
    return ", ".join([transaction.type, *flags])


def _row(units: Units, transaction: Transaction, change: PositionChange) -> Row:
    before, after = (units.room(position, change.market) for position in (change.before_funded(), change.after))
    margin = before if before == after else f"{before} → {after}"
    outcome = "done" if change.code == Code.SUCCESS else f"invalid: {change.code.name}"
    text = units.change(change.before, change.after)
    if isinstance(transaction, CancelOrder):
        text += f"; no more of {units.synthetic(transaction.synthetic_asset_id, transaction.amount_synthetic)}"
    kind = _kind(transaction, change.position_id)
    return Row(change.place, kind, str(change.position_id), text, units.holds(change.after), margin, outcome)

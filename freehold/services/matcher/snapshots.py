"""An engine's whole state as a value: what it is hashed by, and what one goes on from with the tail of the log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pydantic import TypeAdapter

from freehold.services.matcher.engine import Engine
from freehold.services.matcher.orders import Open
from freehold.services.matcher.settings import MatcherSettings
from freehold.services.matcher.view import View
from prover.applications.ledger.fields import AssetIdField, HoursField, SecondsField
from prover.applications.ledger.merkle import MerkleTree
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.documents import AssetDocument, PositionDocument
from prover.applications.perpetual.fields import IndicesField, OrderIdField, PositionIdField, PricesField, UsedField
from prover.applications.perpetual.positions import EMPTY, Position
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import LimitOrder
from prover.applications.perpetual.units import CollateralQuanta


@dataclass(frozen=True)
class OpenOrder:
    """`place`, `ticks`, ... are those of `Open`."""

    order: LimitOrder
    order_id: OrderIdField
    place: int
    ticks: int
    leaves_at: SecondsField
    reduce_only: bool
    fee_paid: int


@dataclass(frozen=True)
class Snapshot:
    """Lists are in the order of ids, open orders in that of arrival; `used` is not 0."""

    time: SecondsField
    next_number: int
    next_place: int
    fund_nonce: int
    positions: tuple[tuple[PositionIdField, PositionDocument], ...]
    used: tuple[tuple[OrderIdField, UsedField], ...]
    placed: tuple[tuple[OrderIdField, HoursField], ...]
    funding_indices: IndicesField
    funding_timestamp: SecondsField
    oracle_prices: PricesField
    system_time: SecondsField
    open: tuple[OpenOrder, ...]
    premiums: tuple[tuple[AssetIdField, tuple[int, ...]], ...]

    @staticmethod
    def of(engine: Engine) -> Snapshot:
        view = engine.view
        return Snapshot(
            engine.time,
            engine.next_number,
            engine.next_place,
            engine.fund_nonce,
            tuple((key, _document(held)) for key, held in view.all_positions() if not held.is_empty()),
            tuple(sorted((order_id, amount) for order_id, amount in view.orders.items() if amount)),
            tuple(sorted(engine.placed.items())),
            tuple(sorted(view.market.indices.items())),
            view.market.funding_timestamp,
            tuple(sorted(view.market.prices.items())),
            view.system_time,
            tuple(_open_order(order) for order in sorted(engine.open.values(), key=lambda order: order.place)),
            tuple((asset_id, tuple(samples)) for asset_id, samples in sorted(engine.premiums.items())),
        )

    def engine(self, config: GeneralConfig, settings: MatcherSettings) -> Engine:
        """One that goes on as the one that it was taken of."""
        view = View.of(config, self._state(config))
        engine = Engine(
            config,
            settings,
            view,
            self.time,
            placed=dict(self.placed),
            premiums={asset_id: list(samples) for asset_id, samples in self.premiums},
            next_number=self.next_number,
            next_place=self.next_place,
            fund_nonce=self.fund_nonce,
        )
        for one in self.open:
            order = _open(one)
            engine.know(order)
            engine.rest(order)
        return engine

    def _state(self, config: GeneralConfig) -> State:
        """Without trees: no root is asked for."""
        return State(
            {key: held.position() for key, held in self.positions},
            MerkleTree(config.positions_tree_height, EMPTY.leaf()),
            dict(self.used),
            MerkleTree(config.orders_tree_height, 0),
            self.funding_indices,
            self.funding_timestamp,
            self.oracle_prices,
            self.system_time,
        )

    def document(self) -> dict[str, Any]:
        """JSON that `read` reads."""
        document: dict[str, Any] = _ADAPTER.dump_python(self, mode="json")
        return document

    @staticmethod
    def read(document: object) -> Snapshot:
        """Raises pydantic's ValidationError."""
        return _ADAPTER.validate_python(document)

    def hash(self) -> str:
        """SHA-256 of the document, in hex."""
        text = json.dumps(self.document(), sort_keys=True, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()


_ADAPTER: TypeAdapter[Snapshot] = TypeAdapter(Snapshot)


def _document(position: Position) -> PositionDocument:
    assets = tuple(
        AssetDocument(asset_id=asset.asset_id, balance=asset.balance, cached_funding_index=asset.cached_funding_index)
        for asset in position.assets
    )
    return PositionDocument(
        public_key=position.public_key, collateral_balance=position.collateral_balance, assets=assets
    )


def _open_order(order: Open) -> OpenOrder:
    return OpenOrder(
        order.order,
        order.order_id,
        order.place,
        order.ticks,
        order.leaves_at,
        order.reduce_only,
        order.fee_paid,
    )


def _open(one: OpenOrder) -> Open:
    paid = CollateralQuanta(one.fee_paid)
    return Open(one.order, one.order_id, one.place, one.ticks, one.leaves_at, one.reduce_only, paid)

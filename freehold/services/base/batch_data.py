"""What the availability gateway shows of a batch to who keeps its data: changed leaves and the roots they lead to.

Strict in both directions: exactly these keys, numbers as decimal text, roots as 64 hex digits without `0x`, keys as
lower-case hex with `0x`. Leaves are complete, those that became empty included.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from freehold.services.base import wire
from freehold.services.base.wire import AS_TEXT, WireObject
from prover.applications.ledger.units import AssetId, StarkKey
from prover.applications.perpetual.documents import PositionDocument
from prover.applications.perpetual.positions import Asset, Position
from prover.applications.perpetual.program_input import position_json
from prover.applications.perpetual.units import CollateralQuanta, FundingIndex, SyntheticQuanta

ROOT_BATCH = -1
"""The id that stands for the state before the first batch."""


def _text(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError("takes a decimal number as text")
    return wire.decimal(value)


BatchId = Annotated[int, Field(strict=True, ge=ROOT_BATCH, lt=1 << 63)]
PositionId = Annotated[int, wire.within(_text, "POSITION_ID", 0, 1 << 64), AS_TEXT]
OrderId = Annotated[int, wire.within(_text, "ORDER_ID", 0, 1 << 64), AS_TEXT]
Used = Annotated[int, wire.within(_text, "AMOUNT", 0, 1 << 64), AS_TEXT]
Balance = Annotated[int, wire.within(_text, "BALANCE", -(1 << 63), 1 << 63), AS_TEXT]
CachedIndex = Annotated[int, wire.within(_text, "FUNDING_INDEX", -(1 << 63), 1 << 63), AS_TEXT]


class AssetData(WireObject):
    balance: Balance
    cached_funding_index: CachedIndex


class PositionData(WireObject):
    """A position's leaf. Refused where no state can hold it."""

    public_key: wire.PublicKey
    collateral_balance: Balance
    assets: dict[wire.AssetId, AssetData]

    @model_validator(mode="after")
    def _is_possible(self) -> PositionData:
        try:
            PositionDocument.model_validate(position_json(self.position()))
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from error
        return self

    def position(self) -> Position:
        assets = (
            Asset(AssetId(asset_id), SyntheticQuanta(asset.balance), FundingIndex(asset.cached_funding_index))
            for asset_id, asset in sorted(self.assets.items())
        )
        return Position(StarkKey(self.public_key), CollateralQuanta(self.collateral_balance), tuple(assets))


class OrderData(WireObject):
    fulfilled_amount: Used


class Update(WireObject):
    """`prev_batch_id`: of the state that the leaves are to be applied to."""

    prev_batch_id: BatchId
    position_root: wire.Root
    order_root: wire.Root
    positions: dict[PositionId, PositionData]
    orders: dict[OrderId, OrderData]


class BatchData(WireObject):
    """The answer of `get_batch_data`. `update` is None while the batch is not there."""

    update: Update | None


class SharedStateData(WireObject):
    """The answer of `_get_shared_state`: the words of the shared state after the batch, which an escape takes."""

    words: list[Annotated[int, wire.within(_text, "FIELD_ELEMENT", 0, 1 << 252), AS_TEXT]] | None


POSITION = TypeAdapter(PositionData)


def position_data(position: Position) -> dict[str, object]:
    """A position's leaf as JSON has it."""
    return {
        "public_key": hex(position.public_key),
        "collateral_balance": str(position.collateral_balance),
        "assets": {
            wire.asset_text(asset.asset_id): {
                "balance": str(asset.balance),
                "cached_funding_index": str(asset.cached_funding_index),
            }
            for asset in position.assets
        },
    }


def position_body(position: Position) -> str:
    """The same as text, as rows have it."""
    return json.dumps(position_data(position), separators=(",", ":"))


def position_of(document: Mapping[str, object]) -> Position:
    """Raises NotReadable."""
    return wire.read(PositionData, document).position()

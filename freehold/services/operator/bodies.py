"""What rows have of positions (`base/batch_data.py`), read back without doubt, for it was written here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic_core import from_json

from prover.applications.ledger.fields import FXP32
from prover.applications.ledger.units import AssetId, StarkKey
from prover.applications.perpetual.positions import Asset, Position
from prover.applications.perpetual.units import CollateralQuanta


def position_of(body: str) -> Position:
    """A million of them are read when an operator starts."""
    document = from_json(body)
    assets = tuple(
        [
            Asset(_asset_id(asset_id), int(asset["balance"]), int(asset["cached_funding_index"]))  # type: ignore[arg-type]
            for asset_id, asset in document["assets"].items()
        ]
    )
    key, balance = int(document["public_key"], 16), int(document["collateral_balance"])
    return Position(StarkKey(key), CollateralQuanta(balance), assets)


@cache
def _asset_id(text: str) -> AssetId:
    """There are few, and each stands in many positions."""
    return AssetId(int(text, 16))


def collateral_without_funding(document: Mapping[str, Any]) -> int:
    """Of a body's document, in 2^-32 quanta: the collateral as it was when no funding had come.

    The sum over all positions is the same before and after funding, up to what funding rounds away, since what one pays
    others get.
    """
    paid = sum(int(one["balance"]) * int(one["cached_funding_index"]) for one in document["assets"].values())
    return int(document["collateral_balance"]) * FXP32 + paid

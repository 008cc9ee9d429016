"""The configuration, its hashes and the checks a batch makes of it (docs/spec/perpetual-state.md 4).

Not checked, as in v3.2: funding rate, validity periods, fee position, signers' order. Governance fixes them by hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, model_validator

from prover.algebra.pedersen import pedersen
from prover.applications.ledger.fields import (
    AssetIdField,
    CollateralIdField,
    Document,
    Felt,
    KeyField,
    SecondsField,
    Unsigned,
    as_decimal,
    between,
    reads_integers,
)
from prover.applications.ledger.units import NOBODY, CollateralId, Seconds
from prover.applications.perpetual.fields import (
    RISK_BOUND_MAX,
    SYSTEM_ASSETS_UPPER_BOUND,
    PositionIdField,
    Resolution,
    RiskField,
    SignedAssetId,
    sorted_by_asset,
)
from prover.applications.perpetual.units import PositionId, Price, Risk, SyntheticQuanta

VERSION = int.from_bytes(b"PerpetualConfig1", "big")
"""The first word of the general configuration."""

UpperBound = Annotated[int, reads_integers, between(0, RISK_BOUND_MAX + 1), as_decimal]
Quorum = Annotated[int, reads_integers, between(1, 1 << 32)]


def chain_hash(words: Sequence[int]) -> int:
    """h(...h(h(0, w1), w2)..., k): the hash of a list, its length last."""
    accumulated = 0
    for word in [*words, len(words)]:
        accumulated = pedersen(accumulated, word)
    return accumulated


class RiskSegment(Document):
    """`risk` (0.32 fixed point) applies to a whole holding whose size is above the last bound and up to this one."""

    upper_bound: UpperBound
    risk: RiskField


class SyntheticAsset(Document):
    """An asset that exists as balances only. `resolution` is units per one of the asset."""

    asset_id: AssetIdField
    resolution: Resolution
    risk_segments: tuple[RiskSegment, ...] = Field(min_length=1)
    oracle_price_signed_asset_ids: tuple[SignedAssetId, ...] = ()
    oracle_price_quorum: Quorum = 1
    oracle_price_signers: tuple[KeyField, ...] = ()
    asset_config_hash: Felt | None = Field(None, exclude=True, description="checked where it is given")

    @model_validator(mode="after")
    def _check(self) -> SyntheticAsset:
        bounds = [segment.upper_bound for segment in self.risk_segments]
        if bounds != sorted(set(bounds)):
            raise ValueError("risk_segments: upper bounds must ascend strictly")
        if bounds[-1] != RISK_BOUND_MAX:
            raise ValueError(f"risk_segments: the last upper bound is {bounds[-1]}, must be 2^128 - 1")
        if self.asset_config_hash not in (None, self.hash()):
            raise ValueError(f"asset_config_hash is {self.asset_config_hash:#x}, the fields hash to {self.hash():#x}")
        return self

    def words(self) -> list[int]:
        segments = [segment.upper_bound * 2**32 + segment.risk for segment in self.risk_segments]
        ids, signers = self.oracle_price_signed_asset_ids, self.oracle_price_signers
        return [
            self.asset_id,
            self.resolution,
            len(segments),
            *segments,
            len(ids),
            *ids,
            self.oracle_price_quorum,
            len(signers),
            *signers,
        ]

    def hash(self) -> int:
        return chain_hash(self.words())

    def risk(self, balance: SyntheticQuanta, price: Price, by_balance_only: bool) -> Risk:
        """The risk factor (0.32) of a holding: that of the first segment whose bound is not below its size."""
        size = abs(balance) if by_balance_only else abs(balance) * price
        return next(segment.risk for segment in self.risk_segments if size <= segment.upper_bound)


class Collateral(Document):
    asset_id: CollateralIdField
    resolution: Resolution = 10**6


class FeePosition(Document):
    position_id: PositionIdField = PositionId(0)
    public_key: KeyField = NOBODY


class GeneralConfig(Document):
    """What governance fixes. `GeneralConfig(collateral_asset_id=...)` is enough for an exchange without assets."""

    max_funding_rate: Unsigned = Field(1120, description="0.32 of the price per second")
    collateral: Collateral
    fee_position: FeePosition = FeePosition()
    positions_tree_height: int = Field(64, ge=1, le=64)
    orders_tree_height: int = Field(64, ge=1, le=64)
    price_validity_period: SecondsField = Field(Seconds(31_536_000), description="seconds")
    funding_validity_period: SecondsField = Field(Seconds(604_800), description="seconds")
    data_availability_mode: int = Field(0, ge=0, le=1, description="0 validium, 1 rollup")
    is_risk_by_balance_only: int = Field(0, ge=0, le=1)
    synthetic_assets: Annotated[tuple[SyntheticAsset, ...], sorted_by_asset] = ()
    config_hash: Felt | None = Field(None, exclude=True, description="checked where it is given")

    @model_validator(mode="before")
    @classmethod
    def _collateral_by_its_id(cls, fields: Any) -> Any:
        if isinstance(fields, dict) and "collateral_asset_id" in fields and "collateral" not in fields:
            fields = dict(fields)
            fields["collateral"] = {"asset_id": fields.pop("collateral_asset_id")}
        return fields

    @model_validator(mode="after")
    def _check(self) -> GeneralConfig:
        if len(self.synthetic_assets) >= SYSTEM_ASSETS_UPPER_BOUND:
            raise ValueError(f"synthetic_assets: {len(self.synthetic_assets)}, must be fewer than 2^16")
        if self.config_hash not in (None, self.hash()):
            raise ValueError(f"config_hash is {self.config_hash:#x}, the fields hash to {self.hash():#x}")
        return self

    @property
    def collateral_asset_id(self) -> CollateralId:
        return self.collateral.asset_id

    def words(self) -> list[int]:
        """Synthetic assets are not inside: each has a hash of its own."""
        return [
            VERSION,
            self.max_funding_rate,
            self.collateral.asset_id,
            self.collateral.resolution,
            self.fee_position.position_id,
            self.fee_position.public_key,
            self.positions_tree_height,
            self.orders_tree_height,
            self.price_validity_period,
            self.funding_validity_period,
            self.data_availability_mode,
            self.is_risk_by_balance_only,
        ]

    def hash(self) -> int:
        return chain_hash(self.words())

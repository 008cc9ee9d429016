"""The configuration, its hashes and the checks a batch makes of it (docs/spec/perpetual-state.md 4).

With limits it is of version 2, without them of version 1. Not checked: fee position, signers' order; in version 1 the
validity periods. Governance fixes them by hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, model_validator

from prover.algebra.pedersen import pedersen
from prover.applications.ledger.fields import (
    FXP32,
    AssetIdField,
    CollateralIdField,
    Document,
    Felt,
    KeyField,
    SecondsField,
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

VERSION_WORDS = {version: int.from_bytes(b"PerpetualConfig%d" % version, "big") for version in (1, 2)}
"""The first word of the general configuration, by its version."""
MAX_PRICE_VALIDITY, MIN_FUNDING_VALIDITY, MAX_FUNDING_VALIDITY = 3600, 3600, 28_800
"""Seconds, of version 2."""
VALIDITY_DEFAULTS = {"price_validity_period": 300, "funding_validity_period": 14_400}
"""Seconds, of version 2."""

UpperBound = Annotated[int, reads_integers, between(0, RISK_BOUND_MAX + 1), as_decimal]
Quorum = Annotated[int, reads_integers, between(1, 1 << 32)]
FundingRate = Annotated[int, reads_integers, between(0, 1 << 64), as_decimal]
Share = Annotated[int, reads_integers, between(0, FXP32 + 1), as_decimal]
Move = Annotated[int, reads_integers, between(1, FXP32 + 1), as_decimal]
HourlyMove = Annotated[int, reads_integers, between(1, 16 * FXP32 + 1), as_decimal]
Penalty = Annotated[int, reads_integers, between(0, FXP32), as_decimal]


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


class Limits(Document):
    """What version 2 bounds, each 0.32 of something."""

    max_price_spread: Share = Field(FXP32 * 2 // 100, description="of the signed minimum, up to the signed maximum")
    max_price_move_per_tick: Move = Field(FXP32 * 20 // 100, description="of the price before")
    max_price_move_per_hour: HourlyMove = Field(FXP32, description="of the price before, for each hour since a tick")
    liquidation_penalty: Penalty = Field(FXP32 * 25 // 1000, description="of the value that is taken over")
    liquidation_buffer: Share = Field(FXP32 * 25 // 100, description="of the required margin, on top of it")

    def words(self) -> list[int]:
        return [
            self.max_price_spread,
            self.max_price_move_per_tick,
            self.max_price_move_per_hour,
            self.liquidation_penalty,
            self.liquidation_buffer,
        ]


class GeneralConfig(Document):
    """What governance fixes. `GeneralConfig(collateral_asset_id=...)` is enough for an exchange without assets."""

    max_funding_rate: FundingRate = Field(1120, description="0.32 of the price per second")
    collateral: Collateral
    fee_position: FeePosition = FeePosition()
    positions_tree_height: int = Field(64, ge=1, le=64)
    orders_tree_height: int = Field(64, ge=1, le=64)
    price_validity_period: SecondsField = Field(Seconds(31_536_000), description="seconds")
    funding_validity_period: SecondsField = Field(Seconds(604_800), description="seconds")
    data_availability_mode: int = Field(0, ge=0, le=1, description="0 validium, 1 rollup")
    is_risk_by_balance_only: int = Field(0, ge=0, le=1)
    synthetic_assets: Annotated[tuple[SyntheticAsset, ...], sorted_by_asset] = ()
    limits: Limits | None = Field(None, exclude_if=lambda limits: limits is None, description="of version 2")
    config_hash: Felt | None = Field(None, exclude=True, description="checked where it is given")

    @model_validator(mode="before")
    @classmethod
    def _collateral_by_its_id(cls, fields: Any) -> Any:
        if isinstance(fields, dict) and "collateral_asset_id" in fields and "collateral" not in fields:
            fields = dict(fields)
            fields["collateral"] = {"asset_id": fields.pop("collateral_asset_id")}
        return fields

    @model_validator(mode="before")
    @classmethod
    def _validity_by_version(cls, fields: Any) -> Any:
        is_limited = isinstance(fields, dict) and fields.get("limits") is not None
        return {**VALIDITY_DEFAULTS, **fields} if is_limited else fields

    @model_validator(mode="after")
    def _check(self) -> GeneralConfig:
        if self.limits is not None:
            self._check_version_2()
        if len(self.synthetic_assets) >= SYSTEM_ASSETS_UPPER_BOUND:
            raise ValueError(f"synthetic_assets: {len(self.synthetic_assets)}, must be fewer than 2^16")
        if self.config_hash not in (None, self.hash()):
            raise ValueError(f"config_hash is {self.config_hash:#x}, the fields hash to {self.hash():#x}")
        return self

    def _check_version_2(self) -> None:
        if not 1 <= self.price_validity_period <= MAX_PRICE_VALIDITY:
            raise ValueError(f"price_validity_period is {self.price_validity_period}, must be in [1, 3600]")
        if not MIN_FUNDING_VALIDITY <= self.funding_validity_period <= MAX_FUNDING_VALIDITY:
            raise ValueError(f"funding_validity_period is {self.funding_validity_period}, must be in [3600, 28800]")
        for asset in self.synthetic_assets:
            if asset.oracle_price_quorum % 2 == 0:
                raise ValueError(f"the quorum of {asset.asset_id:#x} is {asset.oracle_price_quorum}, must be odd")

    @property
    def version(self) -> int:
        return 1 if self.limits is None else 2

    @property
    def collateral_asset_id(self) -> CollateralId:
        return self.collateral.asset_id

    def words(self) -> list[int]:
        """Synthetic assets are not inside: each has a hash of its own."""
        return [
            VERSION_WORDS[self.version],
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
            *(() if self.limits is None else self.limits.words()),
        ]

    def hash(self) -> int:
        return chain_hash(self.words())

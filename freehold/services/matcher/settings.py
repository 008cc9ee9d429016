"""What whoever runs the matcher fixes. All numbers are integers, so that every machine comes to the same state."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from freehold.services.base.settings import Section
from prover.applications.ledger.fields import FXP32, AssetIdField, CurveKeyField
from prover.applications.perpetual.clients import PROVABLE_FOR
from prover.applications.perpetual.fields import PositionIdField
from prover.applications.perpetual.units import CollateralQuanta, SyntheticQuanta

MILLION = 10**6
Millionths = Annotated[int, Field(ge=0, lt=MILLION)]
Positive = Annotated[int, Field(ge=1, lt=1 << 63)]


class MarketSettings(Section):
    """Orders are for whole steps, and a step's price is whole ticks: no fill ever has to be rounded."""

    step: Annotated[SyntheticQuanta, Field(ge=1, lt=1 << 63)] = Field(description="synthetic quanta")
    tick: Annotated[CollateralQuanta, Field(ge=1, lt=1 << 63)] = Field(
        CollateralQuanta(1), description="collateral quanta for one step"
    )
    impact: Positive = Field(1, description="collateral quanta that a premium is sampled for")


class FundSettings(Section):
    """The insurance fund, a position like any other. Its secret key stays with who sends."""

    position_id: PositionIdField
    public_key: CurveKeyField


class FundingSettings(Section):
    """A premium that stays as it is, is paid once in a period."""

    period: Positive = Field(8 * 3600, description="seconds")
    interest: Annotated[int, Field(ge=-FXP32, le=FXP32)] = Field(0, description="0.32 of the price, for each period")


class MatcherSettings(Section):
    markets: dict[AssetIdField, MarketSettings]
    fund: FundSettings
    maker_fee: Millionths = Field(0, description="of the collateral of a fill; a rebate cannot be proven")
    taker_fee: Millionths = Field(500, description="of the collateral of a fill")
    provable_hours: Annotated[int, Field(ge=0, lt=1 << 31)] = Field(
        PROVABLE_FOR, description="that an order's signature outlives its time in the book"
    )
    liquidation_penalty: Annotated[int, Field(ge=0, lt=FXP32)] = Field(
        FXP32 * 15 // 1000, description="0.32 of the value that the fund takes over"
    )
    funding: FundingSettings = FundingSettings()

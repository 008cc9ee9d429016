"""The oracle's settings. `freehold oracle init` writes a commented file."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from freehold.services.base.settings import Section, listen_address


def _is_listen(text: str) -> str:
    listen_address(text)
    return text


Listen = Annotated[str, AfterValidator(_is_listen)]
Share = Annotated[float, Field(gt=0, lt=0.5)]


class ServiceSettings(Section):
    listen: Listen = "127.0.0.1:7003"
    keys: Path = Field(description="the signers' secret keys, as `freehold oracle init` wrote them")
    state: Path = Field(description="state.json of the exchange, for its configuration")


class MarketSettings(Section):
    """Of every asset alike. Prices of two oracles with the same settings are the same."""

    seed: str = Field("freehold", min_length=1, description="prices and rates follow from it and from the time")
    amplitude: Share = Field(0.1, description="the share of its start that a price is never further away from it")
    spread: Share = Field(0.001, description="the share of a price that a signer's own is never further away from it")
    funding: float = Field(0.25, ge=0, le=1, description="the share of the configured maximum that no rate exceeds")


class OracleSettings(Section):
    service: ServiceSettings
    market: MarketSettings = MarketSettings()
    prices: dict[str, Decimal] = Field(description="where each asset's price starts: whole collateral for one asset")

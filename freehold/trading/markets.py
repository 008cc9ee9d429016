"""Markets as people name them: `BTC-USD` trades the synthetic asset whose id spells `BTC-10` against collateral."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from prover.applications.ledger.units import CollateralId
from prover.applications.perpetual.config import GeneralConfig, SyntheticAsset
from prover.applications.perpetual.names import ASSET_NAME, asset_name

QUOTE = "USD"
"""In which prices are told: one unit of collateral."""
_SPELT = re.compile(f"({ASSET_NAME})-[0-9]+")


@dataclass(frozen=True)
class Collateral:
    """What prices and margins are counted in. `resolution`: quanta in one unit."""

    asset_id: CollateralId
    resolution: int


@dataclass(frozen=True)
class Market:
    """`collateral_resolution`: quanta in one unit of collateral."""

    name: str
    asset: SyntheticAsset
    collateral_resolution: int

    @property
    def base(self) -> str:
        return self.name.removesuffix(f"-{QUOTE}")


def markets_of(config: GeneralConfig) -> Mapping[str, Market]:
    """By name, in the configuration's order. An asset whose id spells no name is called by its id in hex."""
    found = {}
    for asset in config.synthetic_assets:
        spelt = asset_name(asset.asset_id)
        match = _SPELT.fullmatch(spelt)
        name = f"{match[1] if match else spelt}-{QUOTE}"
        if name in found:
            raise ValueError(f"two assets are called {name}")
        found[name] = Market(name, asset, config.collateral.resolution)
    return found

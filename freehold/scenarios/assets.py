"""A scenario's synthetic assets as governance fixes them, and what oracles sign. Names are like BTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from prover.algebra.ecdsa import public_key
from prover.applications.ledger.fields import FXP32
from prover.applications.ledger.units import AssetId, Seconds
from prover.applications.perpetual.amounts import external_price, price_fxp32, quantised, risk_fxp32
from prover.applications.perpetual.config import RiskSegment, SyntheticAsset
from prover.applications.perpetual.fields import RISK_BOUND_MAX
from prover.applications.perpetual.messages import signed_asset_id
from prover.applications.perpetual.names import asset_id
from prover.applications.perpetual.signing import sign_price
from prover.applications.perpetual.transactions import SignedPrice
from prover.applications.perpetual.units import FundingIndex, Indices, SyntheticQuanta

COIN = 10**6
"""Quanta of one coin of collateral."""
ORACLES = (0x0AC1E1, 0x0AC1E2, 0x0AC1E3)
"""Private keys that are no secret; all must sign."""


@dataclass(frozen=True)
class Asset:
    """`decimals` of its quantum; `margin`: what a holder must be worth, in percent of the holding's value."""

    name: str
    decimals: int
    margin: Decimal

    @property
    def asset_id(self) -> AssetId:
        return asset_id(f"{self.name}-{self.decimals}")

    @property
    def resolution(self) -> int:
        return int(10**self.decimals)

    def _signed_id(self, oracle: int) -> int:
        return signed_asset_id(f"{self.name}USD".encode(), b"ora-%d" % oracle)

    def configured(self) -> SyntheticAsset:
        return SyntheticAsset(
            asset_id=self.asset_id,
            resolution=self.resolution,
            risk_segments=(RiskSegment(upper_bound=RISK_BOUND_MAX, risk=risk_fxp32(self.margin)),),
            oracle_price_signed_asset_ids=tuple(self._signed_id(number) for number in range(len(ORACLES))),
            oracle_price_quorum=len(ORACLES),
            oracle_price_signers=tuple(public_key(oracle) for oracle in ORACLES),
        )

    def quanta(self, amount: Decimal) -> SyntheticQuanta:
        return SyntheticQuanta(quantised(amount, self.resolution, self.name))

    def signed_price(self, coins: Decimal, time: Seconds) -> SignedPrice:
        """Every oracle signs the same price, at `time` in seconds."""
        quote = external_price(coins, self.name)
        signatures = [sign_price(key, self._signed_id(number), quote, time) for number, key in enumerate(ORACLES)]
        return SignedPrice(
            asset_id=self.asset_id,
            price=price_fxp32(coins, self.resolution, COIN, self.name),
            signatures=tuple(sorted(signatures, key=lambda signature: signature.signer_key)),
        )

    def index_after(self, index: FundingIndex, coins: Decimal) -> FundingIndex:
        """The funding index once a holder of one whole asset has paid so many coins more, rounded to nearest."""
        return FundingIndex(index + round(coins * COIN * FXP32 / self.resolution))


class Assets:
    """Assets by name, ascending by id as configurations list them."""

    def __init__(self, assets: Mapping[str, Asset]) -> None:
        self.by_name = dict(sorted(assets.items(), key=lambda pair: pair[1].asset_id))

    def configured(self) -> tuple[SyntheticAsset, ...]:
        return tuple(asset.configured() for asset in self.by_name.values())

    def funding(self, indices: Mapping[AssetId, FundingIndex], changes: Mapping[str, Decimal]) -> Indices:
        """The next indices by asset id after those of now; an asset's first is 0."""
        return tuple(
            (
                asset.asset_id,
                asset.index_after(indices.get(asset.asset_id, FundingIndex(0)), changes.get(name, Decimal(0))),
            )
            for name, asset in self.by_name.items()
        )

    def signed_prices(self, prices: Mapping[str, Decimal], time: Seconds) -> tuple[SignedPrice, ...]:
        return tuple(asset.signed_price(prices[name], time) for name, asset in self.by_name.items() if name in prices)

"""Prices and funding rates of all assets of an exchange at a time, signed by those of its signers whose keys are here.

An asset's price is its start times 1 + a walk; each signer has a small walk of its own on top. No median of them moves
faster than the configuration's limits let a price follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from freehold.errors import Refused
from freehold.services.base.prices import Funding, Quotes
from freehold.services.oracle.keys import Keys
from freehold.services.oracle.settings import MarketSettings
from freehold.services.oracle.walk import ONE, Walk
from prover.applications.ledger.units import AssetId, Seconds
from prover.applications.perpetual.config import GeneralConfig, SyntheticAsset
from prover.applications.perpetual.fields import EXTERNAL_PRICE_UNIT
from prover.applications.perpetual.names import asset_id, asset_name
from prover.applications.perpetual.signing import sign_price
from prover.applications.perpetual.transactions import PriceSignature
from prover.applications.perpetual.units import ExternalPrice

QUICK = (64, 128)
"""Spans of a signer's own walk, in seconds."""
SLOW = (4 * 3600, 8 * 3600)
"""Spans of a funding rate's walk, in seconds."""


@dataclass(frozen=True)
class Signer:
    """One of an asset's signers. `signed_asset_id`: what it signs for."""

    secret: int
    signed_asset_id: int
    walk: Walk


@dataclass(frozen=True)
class Asset:
    """`start` in 10^-18 of collateral for one asset."""

    asset_id: AssetId
    start: int
    walk: Walk
    rate: Walk
    signers: tuple[Signer, ...]

    def quotes(self, time: Seconds) -> tuple[PriceSignature, ...]:
        moved = self.walk.at(time)
        return tuple(self._quote(signer, moved, time) for signer in self.signers)

    def _quote(self, signer: Signer, moved: int, time: Seconds) -> PriceSignature:
        price = ExternalPrice(self.start * (ONE + moved + signer.walk.at(time)) // ONE)
        return sign_price(signer.secret, signer.signed_asset_id, price, time)


class Market:
    """Raises Refused where it could not serve an exchange of this configuration."""

    def __init__(
        self, config: GeneralConfig, keys: Keys, settings: MarketSettings, prices: Mapping[str, Decimal]
    ) -> None:
        starts = _starts(config, prices)
        self.assets = tuple(
            _asset(asset, keys, settings, starts[asset.asset_id], config.max_funding_rate)
            for asset in config.synthetic_assets
        )
        _check_limits(config, settings)
        self.quotes = lru_cache(maxsize=4)(self._quotes)
        """At a time: signed once, however often it is asked for."""

    def _quotes(self, time: Seconds) -> Quotes:
        return Quotes(timestamp=time, quotes={asset.asset_id: asset.quotes(time) for asset in self.assets})

    def funding(self, time: Seconds) -> Funding:
        return Funding(timestamp=time, rates={asset.asset_id: asset.rate.at(time) for asset in self.assets})


def _starts(config: GeneralConfig, prices: Mapping[str, Decimal]) -> dict[AssetId, int]:
    configured = [asset.asset_id for asset in config.synthetic_assets]
    starts: dict[AssetId, int] = {}
    for name, price in prices.items():
        try:
            identity = asset_id(name)
        except ValueError as error:
            raise Refused(f"prices.{name}: {error}") from error
        if identity not in configured:
            raise Refused(f"prices.{name}: the exchange has no such asset, but {_names(configured)}")
        if not (price.is_finite() and 0 < price < Decimal(1 << 60)):
            raise Refused(f"prices.{name} is {price}: it must be above 0 and below 2^60")
        starts[identity] = int(price * EXTERNAL_PRICE_UNIT)
    missing = [identity for identity in configured if identity not in starts]
    if missing:
        raise Refused(f"prices: none is given for {_names(missing)}")
    return starts


def _names(ids: list[AssetId]) -> str:
    return ", ".join(map(asset_name, ids)) or "none"


def _asset(asset: SyntheticAsset, keys: Keys, settings: MarketSettings, start: int, max_rate: int) -> Asset:
    name = asset_name(asset.asset_id)
    signers = sorted(key for key in asset.oracle_price_signers if key in keys)
    if len(signers) < asset.oracle_price_quorum:
        raise Refused(
            f"{name} takes {asset.oracle_price_quorum} signers of its {len(asset.oracle_price_signers)}, "
            f"and the keys of {len(signers)} are here"
        )
    signed_ids = asset.oracle_price_signed_asset_ids
    if not signed_ids:
        raise Refused(f"{name} has no oracle_price_signed_asset_ids: its prices cannot be signed")
    seed = settings.seed
    return Asset(
        asset_id=asset.asset_id,
        start=start,
        walk=Walk(seed, name, int(settings.amplitude * ONE)),
        rate=Walk(seed, f"{name}/funding", int(settings.funding * max_rate), SLOW),
        signers=tuple(
            Signer(
                keys[key],
                signed_ids[place % len(signed_ids)],
                Walk(seed, f"{name}/{key:#x}", int(settings.spread * ONE), QUICK),
            )
            for place, key in enumerate(signers)
        ),
    )


def _check_limits(config: GeneralConfig, settings: MarketSettings) -> None:
    """Raises Refused where a price could move faster, or signers be further apart, than the configuration allows."""
    if config.limits is None:
        return
    amplitude, spread = int(settings.amplitude * ONE), int(settings.spread * ONE)
    least = ONE - amplitude - spread
    steepest = Walk("", "", amplitude).steepest() + Walk("", "", spread, QUICK).steepest()
    if steepest * ONE > config.limits.max_price_move_per_hour * least:
        most = config.limits.max_price_move_per_hour / ONE
        raise Refused(
            f"market.amplitude and market.spread: a price could move by {steepest / least:.3f} of itself in an hour, "
            f"the configuration lets it by {most:.3f}"
        )
    if 2 * spread * ONE > config.limits.max_price_spread * least:
        most = config.limits.max_price_spread / ONE
        raise Refused(f"market.spread is {settings.spread}: signers may be {most:.3f} apart by the configuration")

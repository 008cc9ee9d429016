"""Signed oracle prices: conversion, and the checks of both lists of bounds (docs/spec/perpetual-state.md 8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prover.algebra import ecdsa
from prover.applications.ledger.fields import FXP32
from prover.applications.ledger.units import AssetId, Seconds
from prover.applications.perpetual.config import GeneralConfig, SyntheticAsset
from prover.applications.perpetual.errors import Code, PriceRefused
from prover.applications.perpetual.fields import EXTERNAL_PRICE_UNIT
from prover.applications.perpetual.transactions import PriceSignature, SignedPrice
from prover.applications.perpetual.units import ExternalPrice, Price


def internal_price(external_price: ExternalPrice, asset_resolution: int, collateral_resolution: int) -> Price:
    """An oracle's price (10^-18 collateral per asset) as 32.32 quanta per quantum, rounded half up."""
    divisor = asset_resolution * EXTERNAL_PRICE_UNIT
    return Price((external_price * collateral_resolution * FXP32 + divisor // 2) // divisor)


def is_median(price: Price, quotes: Sequence[Price]) -> bool:
    """At least half of the quotes are not above, and at least half not below."""
    below, above = sum(quote <= price for quote in quotes), sum(quote >= price for quote in quotes)
    return 2 * below >= len(quotes) and 2 * above >= len(quotes)


def check_signed_prices(
    config: GeneralConfig, prices: Iterable[SignedPrice], first_time: Seconds, last_time: Seconds
) -> dict[AssetId, Price]:
    """The bounds by asset id. Signatures must be of `first_time` to `last_time`. Raises PriceRefused."""
    assets = {asset.asset_id: asset for asset in config.synthetic_assets}
    bounds: dict[AssetId, Price] = {}
    last_id = -1
    for signed in prices:
        asset = assets.get(signed.asset_id)
        if asset is None or signed.asset_id <= last_id:
            detail = f"signed price of {signed.asset_id:#x}: not configured, or not above the asset before it"
            raise PriceRefused(Code.MISSING_SYNTHETIC_ASSET_ID, detail)
        _check_signatures(asset, signed, first_time, last_time)
        quotes = [
            internal_price(s.external_price, asset.resolution, config.collateral.resolution) for s in signed.signatures
        ]
        if not is_median(signed.price, quotes):
            detail = f"{signed.price} is no median of {sorted(quotes)}, asset {signed.asset_id:#x}"
            raise PriceRefused(Code.INVALID_ASSET_ORACLE_PRICE, detail)
        bounds[signed.asset_id], last_id = signed.price, signed.asset_id
    return bounds


def _check_signatures(asset: SyntheticAsset, signed: SignedPrice, first_time: Seconds, last_time: Seconds) -> None:
    where = f"asset {asset.asset_id:#x}"
    if len(signed.signatures) < asset.oracle_price_quorum:
        detail = f"{len(signed.signatures)} signatures, {asset.oracle_price_quorum} are required, {where}"
        raise PriceRefused("PRICE_QUORUM", detail)
    last_signer = 0
    for signature in signed.signatures:
        if signature.signer_key <= last_signer:
            raise PriceRefused("PRICE_SIGNERS_ASCEND", f"{signature.signer_key:#x} after {last_signer:#x}, {where}")
        last_signer = signature.signer_key
        _check_signature(asset, signature, first_time, last_time)


def _check_signature(asset: SyntheticAsset, signature: PriceSignature, first_time: Seconds, last_time: Seconds) -> None:
    where = f"asset {asset.asset_id:#x}, signer {signature.signer_key:#x}"
    if signature.signer_key not in asset.oracle_price_signers:
        raise PriceRefused("PRICE_SIGNER", f"no signer of this asset: {where}")
    if signature.signed_asset_id not in asset.oracle_price_signed_asset_ids:
        raise PriceRefused("PRICE_SIGNED_ASSET_ID", f"{signature.signed_asset_id:#x} is signed for: {where}")
    if not first_time <= signature.timestamp <= last_time:
        detail = f"signed at {signature.timestamp}, valid are {first_time} to {last_time}: {where}"
        raise PriceRefused("PRICE_TIME", detail)
    if not ecdsa.verify(signature.message_hash(), signature.r, signature.s, signature.signer_key):
        raise PriceRefused(Code.INVALID_SIGNATURE, where)

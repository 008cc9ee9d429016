"""Configurations that must not be announced: their hash is as good as any other, and nothing would go on under them.

The contract never sees what a hash stands for, so this is asked before anything is sent.
"""

from __future__ import annotations

from freehold.errors import Refused
from prover.applications.ledger.fields import AMOUNT_UPPER_BOUND
from prover.applications.perpetual.config import GeneralConfig, SyntheticAsset
from prover.applications.perpetual.names import asset_name
from prover.applications.perpetual.state import State

FUNDING_RATE_UPPER_BOUND = 1 << 64
"""From 2^128 for all seconds of a tick on, no tick is provable."""
LEAST_WHOLE_COINS = 10**6
"""A balance is below 2^63 quanta; a position that ends below so many coins is of no use."""


def refuse_fine_quantum(decimals: int | None) -> None:
    """Of the collateral; None where the token does not say."""
    most = AMOUNT_UPPER_BOUND // 2 // 10 ** min(decimals or 0, 20)
    if most < LEAST_WHOLE_COINS:
        raise Refused(
            f"the token has {decimals} decimals and a quantum is its smallest unit, so that a position ends at 2^63 "
            f"quanta, {most:,} whole coins: take a token of 12 decimals or less, or one that wraps it"
        )


def refuse_unusable(config: GeneralConfig) -> None:
    """What would stop the exchange, or its markets, from the first batch on."""
    faults = _general(config) + [fault for asset in config.synthetic_assets for fault in _of_asset(asset)]
    if faults:
        raise Refused(f"this configuration would stop the exchange: {'; '.join(faults)}")


def refuse_change(config: GeneralConfig, before: GeneralConfig, state: State) -> None:
    """What does not follow the configuration and the state of now: no batch could be proven or accepted any more."""
    faults = []
    for name in ("positions_tree_height", "orders_tree_height", "data_availability_mode", "collateral"):
        if getattr(config, name) != getattr(before, name):
            faults.append(f"{name} is fixed for good at {getattr(before, name)}")
    new = {asset.asset_id: asset for asset in config.synthetic_assets}
    faults += [
        f"{asset_name(asset_id)} has funding and must stay"
        for asset_id, _ in state.funding_indices
        if asset_id not in new
    ]
    old, fees = state.position(before.fee_position.position_id), config.fee_position
    if fees.position_id == before.fee_position.position_id and not old.is_empty() and fees.public_key != old.public_key:
        faults.append("the fee position holds coins of another key: have them leave first, or name another position")
    faults += [
        f"the resolution of {asset_name(old.asset_id)} is fixed at {old.resolution}: balances count by it"
        for old in before.synthetic_assets
        if old.asset_id in new and new[old.asset_id].resolution != old.resolution
    ]
    if faults:
        raise Refused(f"this configuration would stop the exchange: {'; '.join(faults)}")


def _general(config: GeneralConfig) -> list[str]:
    faults = []
    if config.max_funding_rate >= FUNDING_RATE_UPPER_BOUND:
        faults.append("max_funding_rate must be below 2^64")
    for name in ("price_validity_period", "funding_validity_period"):
        if getattr(config, name) == 0:
            faults.append(f"{name} is 0: nothing is ever young enough")
    return faults


def _of_asset(asset: SyntheticAsset) -> list[str]:
    name, signers, quorum = asset_name(asset.asset_id), asset.oracle_price_signers, asset.oracle_price_quorum
    faults = []
    if quorum % 2 == 0:
        faults.append(f"{name}: quorum {quorum} is even, so that one dishonest oracle moves the median")
    if quorum > len(set(signers)):
        faults.append(f"{name}: quorum {quorum} of {len(set(signers))} oracles never signs")
    if len(set(signers)) < len(signers) or 0 in signers:
        faults.append(f"{name}: an oracle's key is named twice, or is 0")
    if not asset.oracle_price_signed_asset_ids:
        faults.append(f"{name}: there is nothing that oracles could sign")
    return faults

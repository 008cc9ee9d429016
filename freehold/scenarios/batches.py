"""What governance fixes, and an operator's next batch by it: the ticks that its prices need, then what people signed
and asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from freehold.scenarios.accounts import FEE_KEY
from freehold.scenarios.assets import Assets
from prover.algebra.ecdsa import public_key
from prover.applications.ledger.units import AssetId, Hours, Seconds
from prover.applications.perpetual.batch import Batch, apply_batch
from prover.applications.perpetual.config import FeePosition, GeneralConfig
from prover.applications.perpetual.oracle_ticks import oracle_ticks
from prover.applications.perpetual.signing import Owner, Signer
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import FundingTick, Trade, Transaction
from prover.applications.perpetual.units import NO_COLLATERAL, CollateralQuanta, PositionId, SyntheticQuanta

FEES = PositionId(1)
"""The position that collects fees."""
HOURS_AHEAD = 24 * 365
"""From a batch's time to its expiration."""


def rules(listed: Assets, is_rollup: bool) -> dict[str, object]:
    """What the general configuration says beside the collateral; where only coins move there are no fees either."""
    fees = FeePosition(position_id=FEES, public_key=public_key(FEE_KEY))
    assets = {"synthetic_assets": listed.configured(), "fee_position": fees} if listed.by_name else {}
    return {**assets, "data_availability_mode": int(is_rollup)}


def matched(
    signer: Signer,
    buyer: Owner,
    seller: Owner,
    asset_id: AssetId,
    synthetic: SyntheticQuanta,
    collateral: CollateralQuanta,
    fee: CollateralQuanta = NO_COLLATERAL,
) -> Trade:
    """Both sign an order of exactly this, with `fee` each, and it is filled whole."""
    buy, sell = (
        signer.order(owner, asset_id, is_buying, synthetic, collateral, fee)
        for owner, is_buying in ((buyer, True), (seller, False))
    )
    return Trade(
        buy_order=buy,
        sell_order=sell,
        actual_synthetic=synthetic,
        actual_collateral=collateral,
        actual_buyer_fee=fee,
        actual_seller_fee=fee,
    )


def next_batch(
    config: GeneralConfig,
    state: State,
    listed: Assets,
    transactions: Sequence[Transaction],
    now: Seconds,
    prices: Mapping[str, Decimal] | None = None,
    funding: Mapping[str, Decimal] | None = None,
) -> Batch:
    """Raises RuleBroken for what the rules refuse.

    `prices` in coins of one asset, which oracles sign; `funding`: what a holder of one asset pays.
    """
    signed = listed.signed_prices(prices or {}, now)
    targets = {price.asset_id: price.price for price in signed}
    ticks: list[Transaction] = [
        *oracle_ticks(config, dict(state.oracle_prices), state.system_time, now, targets),
        FundingTick(funding_indices=listed.funding(dict(state.funding_indices), funding or {}), timestamp=now),
    ]
    return apply_batch(config, state, [*ticks, *transactions], Hours(now // 3600 + HOURS_AHEAD), signed, signed)

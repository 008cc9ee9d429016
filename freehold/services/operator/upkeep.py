"""What the operator itself puts into batches: ticks of prices and funding, and liquidations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from freehold.services.operator.surroundings import Quotes
from prover.applications.ledger.fields import FXP32
from prover.applications.ledger.units import AssetId, Seconds
from prover.applications.perpetual.config import GeneralConfig, SyntheticAsset
from prover.applications.perpetual.margin import Market, funded, totals
from prover.applications.perpetual.oracle_ticks import oracle_ticks
from prover.applications.perpetual.positions import Asset, Position
from prover.applications.perpetual.prices import internal_price
from prover.applications.perpetual.signing import Holder, Signer
from prover.applications.perpetual.state import SharedState
from prover.applications.perpetual.transactions import (
    FundingTick,
    Liquidate,
    OracleTick,
    PriceSignature,
    SignedPrice,
)
from prover.applications.perpetual.units import (
    NO_COLLATERAL,
    CollateralQuanta,
    FundingIndex,
    PositionId,
    Price,
    SyntheticQuanta,
)


@dataclass(frozen=True)
class Opening:
    """How a batch begins: the bounds of its prices, and its ticks, the last of them at its system time."""

    prices: tuple[SignedPrice, ...]
    ticks: tuple[OracleTick | FundingTick, ...]
    time: Seconds


def opening(config: GeneralConfig, shared: SharedState, quotes: Quotes | None, now: Seconds) -> Opening:
    """A batch at `now`. Without quotes prices stay, and funding stands still.

    Prices go as far towards the quotes' medians as the limits let them; funding moves by the rates, as far as allowed.
    """
    time = max(now, shared.system_time)
    prices = dict(shared.oracle_prices)
    signed = tuple(_signed_prices(config, quotes.prices)) if quotes else ()
    targets = {price.asset_id: price.price for price in signed}
    ticks: list[OracleTick | FundingTick] = list(oracle_ticks(config, prices, shared.system_time, time, targets))
    for tick in ticks:
        prices.update(dict(tick.prices) if isinstance(tick, OracleTick) else {})
    rates = quotes.rates if quotes else {}
    return Opening(signed, (*ticks, _funding_tick(config, shared, prices, rates, time)), time)


def _signed_prices(config: GeneralConfig, quotes: Mapping[AssetId, Sequence[PriceSignature]]) -> Iterator[SignedPrice]:
    """A median for each asset with a quorum of quotes, by rising id."""
    for asset in config.synthetic_assets:
        given = list(quotes.get(asset.asset_id, ()))
        if len(given) >= asset.oracle_price_quorum:
            yield _median(config, asset, given)


def _median(config: GeneralConfig, asset: SyntheticAsset, quotes: Sequence[PriceSignature]) -> SignedPrice:
    """Of the middle quotes, as many as the quorum asks: each signature costs steps."""

    def price(quote: PriceSignature) -> Price:
        return internal_price(quote.external_price, asset.resolution, config.collateral.resolution)

    ordered = sorted(quotes, key=price)
    first = (len(ordered) - asset.oracle_price_quorum) // 2
    middle = ordered[first : first + asset.oracle_price_quorum]
    signatures = tuple(sorted(middle, key=lambda quote: quote.signer_key))
    return SignedPrice(asset_id=asset.asset_id, price=price(middle[len(middle) // 2]), signatures=signatures)


def _funding_tick(
    config: GeneralConfig,
    shared: SharedState,
    prices: Mapping[AssetId, Price],
    rates: Mapping[AssetId, int],
    time: Seconds,
) -> FundingTick:
    """Every asset that has a price has an index after it."""
    old, elapsed = dict(shared.funding_indices), time - shared.funding_timestamp
    indices = {}
    for asset in config.synthetic_assets:
        if asset.asset_id not in prices:
            continue
        rate = max(-config.max_funding_rate, min(config.max_funding_rate, rates.get(asset.asset_id, 0)))
        moved = abs(rate) * prices[asset.asset_id] * elapsed // FXP32
        before = old.get(asset.asset_id)
        change = 0 if before is None else moved if rate > 0 else -moved
        indices[asset.asset_id] = FundingIndex((before or 0) + change)
    return FundingTick(funding_indices=tuple(sorted(indices.items())), timestamp=time)


# --- liquidations


@dataclass(frozen=True)
class Liquidator:
    """A position of the operator's that takes over, with its key."""

    position_id: PositionId
    private_key: int


def liquidations(
    config: GeneralConfig,
    market: Market,
    liquidator: Liquidator,
    position_id: PositionId,
    position: Position,
    signer: Signer,
) -> Iterator[Liquidate]:
    """What would bring the position back, one offer for each of its holdings, the largest risk first: the caller tries
    them in turn, each on what the one before left."""
    base = funded(position, market)
    if base is None or totals(base, market).total_value < 0:
        return
    by_value = sorted(base.assets, key=lambda asset: -abs(asset.balance) * market.prices[asset.asset_id])
    for asset in by_value:
        price, is_buying = market.prices[asset.asset_id], asset.balance > 0
        penalty = _penalty(config, market, base, asset)
        size = _size(config, market, base, asset, penalty)
        collateral = _collateral(price, penalty, size, is_buying)
        holder = Holder(liquidator.private_key, liquidator.position_id)
        order = signer.order(holder, asset.asset_id, is_buying, SyntheticQuanta(size), collateral)
        yield Liquidate(
            liquidator_order=order,
            liquidated_position_id=position_id,
            actual_collateral=collateral,
            actual_synthetic=SyntheticQuanta(size),
            actual_liquidator_fee=NO_COLLATERAL,
        )


def _penalty(config: GeneralConfig, market: Market, base: Position, asset: Asset) -> int:
    """0.32 of the value that is taken over: the most that version 2 allows, and less where it would make the position
    worth less for its risk, which no rule lets pass. In version 1, which has no bound, none is taken."""
    if config.limits is None:
        return 0
    value, risk = totals(base, market)
    factor = market.assets[asset.asset_id].risk(
        asset.balance, market.prices[asset.asset_id], market.is_risk_by_balance_only
    )
    return min(config.limits.liquidation_penalty, factor * value * FXP32 // risk)


def _collateral(price: Price, penalty: int, size: int, liquidator_buys: bool) -> CollateralQuanta:
    """What is paid for `size`: the value less the penalty where the liquidator buys, plus it where they sell.

    Rounded so that the liquidated position loses no more.
    """
    if liquidator_buys:
        return CollateralQuanta(-(-size * price * (FXP32 - penalty) // FXP32**2))
    return CollateralQuanta(size * price * (FXP32 + penalty) // FXP32**2)


def _size(config: GeneralConfig, market: Market, base: Position, asset: Asset, penalty: int) -> int:
    """The least size that restores the margin with the buffer; all of the holding where none does."""
    held, price, is_buying = asset.balance, market.prices[asset.asset_id], asset.balance > 0
    buffer = 0 if config.limits is None else config.limits.liquidation_buffer
    sign = -1 if is_buying else 1

    def is_restored(size: int) -> bool:
        rest = SyntheticQuanta(held + sign * size)
        after = base.with_balance(asset.asset_id, rest, asset.cached_funding_index)
        value, risk = totals(after, market)
        value -= sign * _collateral(price, penalty, size, is_buying) * FXP32
        return risk * (FXP32 + buffer) <= value * FXP32 * FXP32

    low, high = 0, abs(held)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_restored(middle) else (middle, high)
    return high

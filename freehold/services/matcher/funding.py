"""Funding rates from samples of the book against the index. Pure functions.

Prices are 32.32 collateral quanta for a synthetic quantum; premiums and rates are 0.32 shares of the index price, a
premium for a whole period, a rate for each second. Positive: the long pay the short.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from freehold.services.matcher.settings import FundingSettings, MarketSettings
from prover.applications.ledger.fields import FXP32
from prover.applications.perpetual.units import CollateralQuanta, FundingIndex, Price, SyntheticQuanta


def toward_zero(numerator: int, denominator: int) -> int:
    """So that a premium and its opposite give opposite rates."""
    quotient = abs(numerator) // denominator
    return quotient if numerator >= 0 else -quotient


def impact_price(
    depth: Iterable[tuple[int, SyntheticQuanta]], market: MarketSettings, impact: CollateralQuanta
) -> Price | None:
    """The average price of trading so much collateral against one side of the book; None where it is not there.

    `depth` is ticks and synthetic quanta of each price, the best first.
    """
    missing, synthetic = impact, 0
    for ticks, quanta in depth:
        value = quanta // market.step * ticks * market.tick
        if value >= missing:
            # missing / (ticks * tick) steps more, as a fraction: impact / (synthetic + that)
            per_step = ticks * market.tick
            return Price(impact * per_step * FXP32 // (synthetic * per_step + missing * market.step))
        missing, synthetic = CollateralQuanta(missing - value), synthetic + quanta
    return None


def premium(bid: Price | None, ask: Price | None, index: Price) -> int:
    """How far the book stands above the index (0.32): max(0, bid - index) - max(0, index - ask), of the index.

    A side that is too thin says nothing.
    """
    above = 0 if bid is None else max(0, bid - index)
    below = 0 if ask is None else max(0, index - ask)
    return toward_zero((above - below) * FXP32, index)


def funding_rate(premiums: Sequence[int], settings: FundingSettings, max_funding_rate: int) -> int:
    """(mean premium + interest) / period, and never more than the configuration lets an index move.

    Without a sample, it is the interest alone.
    """
    n_samples = len(premiums) or 1
    rate = toward_zero(sum(premiums) + settings.interest * n_samples, n_samples * settings.period)
    return max(-max_funding_rate, min(max_funding_rate, rate))


def next_index(index: FundingIndex, rate: int, price: Price, seconds: int) -> FundingIndex:
    """Where an index (32.32) is after so many seconds at a rate within the configuration's, as a tick may move it."""
    return FundingIndex(index + toward_zero(rate * price * seconds, FXP32))

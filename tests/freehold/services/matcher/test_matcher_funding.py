"""Funding from premiums, and prices from oracles: numbers by hand, and what the rules take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.errors import Refused
from freehold.services.matcher import outputs as o
from freehold.services.matcher.events import CloseFunding, SamplePremiums
from freehold.services.matcher.funding import funding_rate, impact_price, next_index, premium
from freehold.services.matcher.quotes import index_price, median
from freehold.services.matcher.settings import FundingSettings, MarketSettings
from prover.applications.perpetual.prices import is_median
from prover.applications.perpetual.samples import asset_id
from tests.support.trading_floor import Floor, priced

ONE = 1 << 32
MARKET = MarketSettings(step=100, tick=10)


def test_an_impact_price_is_the_average_of_what_is_traded():
    """500 collateral: 200 for a step at 20, 210 for one at 21, 90 more at 22 for 90/220 of a step."""
    depth = [(20, 100), (21, 100), (22, 500)]
    assert impact_price(depth, MARKET, 200) == priced(20)
    exact = 500 * ONE / (200 + 100 * 90 / 220)
    assert impact_price(depth, MARKET, 500) == int(exact)
    assert impact_price(depth, MARKET, 1510) is not None
    assert impact_price(depth, MARKET, 1511) is None


def test_a_premium_is_how_far_the_book_stands_off_the_index():
    """Within the spread there is none, above it is positive, below negative."""
    assert premium(199 * ONE, 201 * ONE, 200 * ONE) == 0
    assert premium(202 * ONE, 204 * ONE, 200 * ONE) == ONE // 100
    assert premium(196 * ONE, 198 * ONE, 200 * ONE) == -(ONE // 100)
    assert premium(None, 198 * ONE, 200 * ONE) == -(ONE // 100)
    assert premium(None, None, 200 * ONE) == 0


def test_a_rate_is_the_mean_premium_over_the_period_within_the_configurations():
    settings = FundingSettings(period=1000)
    assert funding_rate([3_000_000, 1_000_000], settings, 10**9) == 2_000
    assert funding_rate([-3_000_000, -1_000_001], settings, 10**9) == -2_000
    assert funding_rate([3_000_000], settings, 1_500) == 1_500
    assert funding_rate([-3_000_000], settings, 1_500) == -1_500
    assert funding_rate([], settings, 1_500) == 0
    assert funding_rate([], FundingSettings(period=1000, interest=7_000), 1_500) == 7
    assert funding_rate([1_000, 3_000], FundingSettings(period=1000, interest=7_000), 1_500) == 9


@given(st.lists(st.integers(-ONE, ONE), max_size=5), st.integers(0, 2**20), st.integers(1, 2**40), st.integers(0, 9999))
def test_the_rules_take_an_index_that_follows_a_rate(premiums, most, price, seconds):
    """docs/spec/perpetual-state.md 7.11: the move times 2^32 is at most the rate times price and time."""
    rate = funding_rate(premiums, FundingSettings(), most)
    assert abs(next_index(0, rate, price, seconds)) * ONE <= most * price * seconds
    assert next_index(5, -rate, price, seconds) - 5 == 5 - next_index(5, rate, price, seconds)


def test_samples_of_the_book_become_rates_and_are_gone():
    floor = Floor()
    for steps, ticks, buys in ((50, 22, True), (50, 24, False)):
        floor.place(floor.order(11 if buys else 12, buys, steps, ticks))
    for _ in range(2):
        assert floor.apply(SamplePremiums(floor.time)) == []
    first, second = floor.apply(CloseFunding(floor.time))
    expected = min(premium(priced(22), priced(24), priced(20)) // 28_800, floor.config.max_funding_rate)
    assert first == o.FundingRate(asset_id(0), expected, 2)
    assert second == o.FundingRate(asset_id(1), 0, 2)
    assert floor.apply(CloseFunding(floor.time))[0] == o.FundingRate(asset_id(0), 0, 0)


def test_a_price_is_the_median_of_those_young_enough():
    quotes = [(5, 100), (9, 100), (7, 40), (1, 39), (2, 101)]
    assert index_price(quotes, 100, 60, 3) == 7
    with pytest.raises(Refused, match="3 prices of the last 60 s up to 100, 4 are required"):
        index_price(quotes, 100, 60, 4)
    with pytest.raises(Refused, match="0 prices"):
        index_price([], 100, 60, 0)


@given(st.lists(st.integers(1, 9), min_size=1))
def test_the_rules_take_the_median(prices):
    assert is_median(median(prices), prices)

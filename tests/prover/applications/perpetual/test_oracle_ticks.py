"""The ticks that lead a market to signed prices: the rules take them, they are few, the last is at the time asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.applications.perpetual.config import Limits
from prover.applications.perpetual.oracle_ticks import oracle_ticks
from prover.applications.perpetual.transactions import OracleTick
from tests.support.world import BTC, CONFIG, ETH, NOW, ONE, PRICE, apply, configured, signed_price, world

LIMITED = configured(limits=Limits())
HOUR = 3600


def ticks_to(price: int, elapsed: int, config=LIMITED) -> list[OracleTick]:
    """Of ETH, whose price is ONE, alone."""
    return oracle_ticks(config, {**PRICE, ETH: ONE}, NOW, NOW + elapsed, {ETH: price})


def prices_of(ticks: list[OracleTick]) -> list[float]:
    return [dict(tick.prices)[ETH] / ONE for tick in ticks]


def test_a_small_move_is_one_tick():
    assert ticks_to(ONE * 9 // 10, HOUR) == [OracleTick(prices=((ETH, ONE * 9 // 10),), timestamp=NOW + HOUR)]


def test_without_limits_any_move_is_one_tick():
    assert prices_of(ticks_to(ONE // 128, 1, CONFIG)) == [1 / 128]


def test_a_jump_takes_as_many_ticks_as_it_needs_and_no_more():
    """A fifth in a tick, for which twelve minutes must have passed."""
    ticks = ticks_to(ONE // 2, 2 * HOUR)
    assert prices_of(ticks) == pytest.approx([0.8, 0.64, 0.512, 0.5])
    assert [tick.timestamp - NOW for tick in ticks] == [7200 - 3 * 720, 7200 - 2 * 720, 7200 - 720, 7200]


def test_where_time_is_short_the_price_comes_as_near_as_it_may():
    assert prices_of(ticks_to(ONE // 2, 36)) == pytest.approx([0.99])
    assert prices_of(ticks_to(ONE // 2, 1500)) == pytest.approx([0.8, 0.64])


def test_no_prices_are_no_ticks():
    assert oracle_ticks(LIMITED, {}, NOW, NOW + 1, {}) == []


def test_a_first_price_is_taken_as_it_is():
    assert prices_of(oracle_ticks(LIMITED, {}, NOW, NOW, {ETH: 7 * ONE})) == [7]


exact_prices = st.integers(1, 40 << 21).map(lambda number: number << 11)
"""That external prices convert to without a rest."""


@given(
    exact_prices,
    exact_prices,
    st.integers(0, 9 * HOUR),
    st.builds(
        Limits,
        max_price_move_per_tick=st.integers(2**27, 2**32),
        max_price_move_per_hour=st.integers(2**24, 2**32),
    ),
)
def test_the_rules_take_them(eth, btc, elapsed, limits):
    config = configured(limits=limits)
    state = world({}, config)
    now = NOW + elapsed
    targets = {BTC: btc, ETH: eth}
    signed = [signed_price(asset, price, now) for asset, price in sorted(targets.items())]
    ticks = oracle_ticks(config, dict(state.oracle_prices), state.system_time, now, targets)
    batch = apply(state, *ticks, config=config, low=signed, high=signed)
    after = dict(batch.after.oracle_prices)
    for asset, price in state.oracle_prices:
        if asset in targets:
            assert min(price, targets[asset]) <= after[asset] <= max(price, targets[asset])

"""What version 2 asks of prices: their age, the spread of the signed bounds, how far a tick may move a price."""

import pytest

from prover.applications.perpetual.config import Limits
from prover.applications.perpetual.errors import Code
from prover.applications.perpetual.limits import reach
from prover.applications.perpetual.margin import totals
from prover.applications.perpetual.transactions import OracleTick
from tests.support.world import (
    ALICE,
    BTC,
    CONFIG,
    ETH,
    NOW,
    ONE,
    PRICE,
    SOL,
    apply,
    configured,
    external,
    funding,
    holds,
    order,
    refused,
    signed_price,
    trade,
    world,
)

DAY, HOUR_SECONDS, VALIDITY = 86_400, 3600, 300
MALLORY, STRAW = 0xBAD, 0x57A3
LIMITED = configured(limits=Limits())
STATE = world({}, LIMITED)


def limited(**limits):
    return configured(limits=Limits(**limits))


def tick(price: int, timestamp: int, asset: int = ETH) -> OracleTick:
    return OracleTick(prices=((asset, price),), timestamp=timestamp)


def moved(config, old: int, new: int, low: int, high: int, elapsed: int):
    """The price after one tick of ETH from `old`."""
    state = world({}, config, prices={**PRICE, ETH: old})
    bounds = [_signed(price, NOW + elapsed) for price in (low, high)]
    batch = apply(state, tick(new, NOW + elapsed), config=config, low=bounds[:1], high=bounds[1:])
    return dict(batch.after.oracle_prices)[ETH]


def _signed(price: int, timestamp: int):
    """Of ETH at any 32.32 price: oracles sign a whole one, 10^9 quanta, in 10^-18 of 10^6 collateral quanta."""
    return signed_price(ETH, price, timestamp, quotes=[price * 10**21 // ONE] * 3)


# --- how old a signed price may be


def test_a_signature_is_no_older_than_its_validity_at_the_batchs_end():
    for age in (0, VALIDITY):
        assert apply(STATE, tick(ONE, NOW + 9), config=LIMITED, **both(NOW + 9 - age))
    for timestamp in (NOW + 9 - VALIDITY - 1, NOW + 10):
        with refused("PRICE_TIME"):
            apply(STATE, tick(ONE, NOW + 9), config=LIMITED, **both(timestamp))


def both(timestamp: int, price: int = ONE) -> dict:
    signed = signed_price(ETH, price, timestamp)
    return {"low": [signed], "high": [signed]}


def test_a_price_of_before_six_days_of_silence():
    """An operator who is silent for six days keeps a quote of their first minute.

    In version 1 the window begins at the state before: the quote of then and one of now let one tick set any price
    between them. In version 2 it is six days too old.
    """
    now = NOW + 6 * DAY
    bounds = {"low": [signed_price(ETH, ONE // 2, NOW - 50)], "high": [signed_price(ETH, 2 * ONE, now)]}
    between = tick(ONE // 2 + 12_345, now)
    for minute in (configured(price_validity_period=60), configured(price_validity_period=60, limits=Limits())):
        if minute.version == 1:
            assert apply(world({}, minute), between, config=minute, **bounds)
        else:
            with refused("PRICE_TIME"):
                apply(world({}, minute), between, config=minute, **bounds)


# --- how far the bounds may be from each other


def test_the_signed_bounds_are_close():
    """At 2 %: a minimum of 100 and a maximum of 102, rounded down."""
    low = 100 * ONE
    most = low * (ONE + Limits().max_price_spread) // ONE
    assert most == 102 * ONE - 92
    for high in (low, most):
        assert apply(STATE, config=LIMITED, low=[_signed(low, NOW)], high=[_signed(high, NOW)])
    with refused("PRICE_SPREAD"):
        apply(STATE, config=LIMITED, low=[_signed(low, NOW)], high=[_signed(most + 1, NOW)])
    assert apply(world({}), low=[_signed(low, NOW)], high=[_signed(most + 1, NOW)])


def test_a_maximum_needs_a_minimum():
    with refused("PRICE_SPREAD"):
        apply(STATE, config=LIMITED, high=[signed_price(ETH, ONE)])
    assert apply(STATE, config=LIMITED, low=[signed_price(ETH, ONE)])
    assert apply(world({}), high=[signed_price(ETH, ONE)])


@pytest.mark.parametrize(("spread", "most"), [(0, ONE), (ONE, 2 * ONE)])
def test_the_least_and_the_greatest_spread(spread, most):
    config = limited(max_price_spread=spread)
    assert apply(world({}, config), config=config, low=[signed_price(ETH, ONE)], high=[_signed(most, NOW)])
    with refused("PRICE_SPREAD"):
        apply(world({}, config), config=config, low=[signed_price(ETH, ONE)], high=[_signed(most + 1, NOW)])


# --- how far a tick may move a price


def test_the_reach_of_a_tick():
    """20 % at most, and 100 % an hour: from twelve minutes on the tick's own limit is the lesser one."""
    limits, old = Limits(), 1000 * ONE
    hourly = [reach(limits, old, elapsed) for elapsed in (0, 1, 36, 719)]
    assert hourly == [0, old * (ONE // 3600) // ONE, old * (36 * ONE // 3600) // ONE, old * (719 * ONE // 3600) // ONE]
    assert reach(limits, old, 720) == reach(limits, old, DAY) == old * limits.max_price_move_per_tick // ONE
    assert reach(limits, 1, DAY) == 0, "a price of a few 2^-32 cannot move by a part of itself"


def test_a_tick_goes_no_further_than_its_reach():
    old, elapsed = 100 * ONE, 60
    far = reach(Limits(), old, elapsed)
    assert far == 100 * (ONE // 60)
    for sign in (1, -1):
        end = old + sign * far
        bounds = sorted((end, end - sign * ONE))
        assert moved(LIMITED, old, end, *bounds, elapsed) == end
        with refused("PRICE_MOVE"):
            moved(LIMITED, old, end + sign, *sorted((end + sign, end + sign - sign * ONE)), elapsed)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_market_that_jumped_is_followed_as_fast_as_allowed(sign):
    """Oracles sign 150 or 50: a tick goes all of its reach towards it, no unit less, and none away from it."""
    old, jumped = 100 * ONE, (100 + sign * 50) * ONE
    far = reach(Limits(), old, 720)
    assert moved(LIMITED, old, old + sign * far, jumped, jumped, 720) == old + sign * far
    for short in (1, far, 2 * far):
        with refused(Code.INVALID_ASSET_ORACLE_PRICE):
            moved(LIMITED, old, old + sign * (far - short), jumped, jumped, 720)
    with refused("PRICE_MOVE"):
        moved(LIMITED, old, old + sign * (far + 1), jumped, jumped, 720)


def test_a_jump_takes_several_ticks():
    """From 100 to 150: +20, +24, and +6 into the signed range; the third must not go past it."""
    state, jumped = world({}, LIMITED, prices={**PRICE, ETH: 100 * ONE}), _signed(150 * ONE, NOW + 3 * 720)
    prices, price = [], 100 * ONE
    for _ in range(2):
        price += reach(Limits(), price, 720)
        prices.append(price)
    ticks = [tick(price, NOW + 720 * number) for number, price in enumerate(prices, 1)]
    bounds = {"config": LIMITED, "low": [jumped], "high": [jumped]}
    last = tick(150 * ONE, NOW + 3 * 720)
    assert dict(apply(state, *ticks, last, **bounds).after.oracle_prices)[ETH] == 150 * ONE
    past = prices[-1] + reach(Limits(), prices[-1], 720)
    assert past > 150 * ONE
    with refused(Code.INVALID_ASSET_ORACLE_PRICE):
        apply(state, *ticks, tick(past, NOW + 3 * 720), **bounds)


def test_inside_the_signed_range_any_price_in_reach_will_do():
    old, low, high = 100 * ONE, 99 * ONE, 100 * ONE + ONE // 2
    for new in (low, old, high):
        assert moved(LIMITED, old, new, low, high, 720) == new
    for new in (low - 1, high + 1):
        with refused(Code.INVALID_ASSET_ORACLE_PRICE):
            moved(LIMITED, old, new, low, high, 720)


def test_a_first_price_is_within_the_signed_range_alone():
    config = limited(max_price_move_per_tick=1, max_price_move_per_hour=1)
    state = world({}, config, prices={BTC: PRICE[BTC]}, indices={})
    signed = {"low": [_signed(ONE, NOW)], "high": [_signed(ONE + ONE // 100, NOW)]}
    for new in (ONE, ONE + ONE // 100):
        assert apply(state, tick(new, NOW), config=config, **signed)
    for new in (ONE - 1, ONE + ONE // 100 + 1):
        with refused(Code.INVALID_ASSET_ORACLE_PRICE):
            apply(state, tick(new, NOW), config=config, **signed)


def test_both_bounds_are_needed_as_in_version_1():
    with refused("PRICE_NOT_SIGNED"):
        apply(STATE, tick(ONE, NOW + 9), config=LIMITED)


def test_the_time_of_a_move_counts_from_the_last_tick_of_any_kind():
    """An operator cannot spend the same minute twice: neither by two ticks, nor after a funding tick."""
    old, later = 100 * ONE, NOW + 60
    far = reach(Limits(), old, 60)
    state = world({}, LIMITED, prices={**PRICE, ETH: old})
    jumped = _signed(150 * ONE, later)
    bounds = {"config": LIMITED, "low": [jumped], "high": [jumped]}
    once = tick(old + far, later)
    assert apply(state, once, funding(later), **bounds)
    assert apply(state, once, tick(old + far, later), **bounds), "no time, no move"
    for before in (once, funding(later)):
        start = old + far if before is once else old
        with refused("PRICE_MOVE"):
            apply(state, before, tick(start + 1, later), **bounds)


def test_a_price_may_end_at_the_ends_of_its_numbers():
    """20 % above 2^64 is no price, 100 % below is 0, and neither can be written in a tick."""
    whole = limited(max_price_move_per_tick=ONE, max_price_move_per_hour=2**36)
    assert reach(whole.limits, 2**64 - 1, HOUR_SECONDS) == 2**64 - 1
    assert moved(whole, 4 * ONE, 1, 1, 1, HOUR_SECONDS) == 1
    with pytest.raises(ValueError, match="must be in"):
        tick(0, NOW)


# --- the pool, emptied with two honest quotes

COIN, SIZE = 10**6, 15_000 * 10**6
MARGIN = 2_100 * COIN
POOL = {7: holds(ALICE, 40_000 * COIN), 9: holds(MALLORY, MARGIN), 10: holds(STRAW, MARGIN)}


def value(state, config, place: int) -> int:
    """In coins, rounded down."""
    return totals(state.position(place), state.market(config)).total_value // ONE // COIN


def opened(price: int):
    """An operator's two accounts trade with each other: Mallory buys SOL, the straw man sells, at one price."""
    worth = SIZE * price // ONE
    sides = ((MALLORY, 9, True), (STRAW, 10, False))
    return trade(*(order(*side, SIZE, worth, synthetic_asset_id=SOL) for side in sides), SIZE, worth)


def robbed(config, low: int, high: int, age: int, elapsed: int = 0):
    """Ticks to the lower price, opens a trade of 14 times what each has, ticks to the higher: what each has then."""
    state, now = world(POOL, config, prices={**PRICE, SOL: low}), NOW + elapsed
    steps = [tick(low, NOW, SOL), opened(low), tick(high, now, SOL)]
    bounds = {"low": [signed_price(SOL, low, NOW - age)], "high": [signed_price(SOL, high, now)]}
    batch = apply(state, *steps, config=config, **bounds)
    return value(batch.after, config, 9), value(batch.after, config, 10)


def test_two_honest_quotes_no_longer_empty_the_pool():
    """In version 1 a minimum of half a year ago and a maximum of today are both good in one batch: Mallory wins 30,000
    of the 40,000 that others have, and the straw man owes them. In version 2 the old quote is too old; two quotes of
    the same minutes are too far from each other."""
    half = PRICE[SOL] // 2
    assert robbed(CONFIG, half, PRICE[SOL], 180 * DAY) == (2_100 + 30_000, 2_100 - 30_000)
    for age, rule in ((180 * DAY, "PRICE_TIME"), (VALIDITY, "PRICE_SPREAD")):
        with refused(rule):
            robbed(LIMITED, half, PRICE[SOL], age)


def test_within_the_spread_the_straw_mans_margin_bears_the_loss():
    """Bounds 2 % apart, the least margin being 3.5 %: what Mallory wins the straw man has, and the pool keeps all."""
    low = PRICE[SOL] // 2
    high = low * (ONE + Limits().max_price_spread) // ONE
    assert robbed(LIMITED, low, high, 0, elapsed=72) == (2_100 + 599, 2_100 - 600)
    with refused("PRICE_MOVE"):
        robbed(LIMITED, low, high, 0, elapsed=71)


def test_a_real_jump_is_known_to_the_operator_first():
    """No rule cures it: the market rises by 10 %, the operator opens both sides at the last price, then ticks. The
    straw man owes what the jump is above his margin, 900 coins here, and the pool bears it."""
    low = PRICE[SOL] // 2
    state, now = world(POOL, LIMITED, prices={**PRICE, SOL: low}), NOW + 720
    jumped = signed_price(SOL, low * 11 // 10, now, quotes=[external(low, SOL) * 11 // 10] * 3)
    batch = apply(state, opened(low), tick(jumped.price, now, SOL), config=LIMITED, low=[jumped], high=[jumped])
    assert (value(batch.after, LIMITED, 9), value(batch.after, LIMITED, 10)) == (2_100 + 2_999, 2_100 - 3_000)

"""Which orders are taken, each beside one that is refused and differs by one thing; and what some of them do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.services.matcher import outputs as o
from freehold.services.matcher.events import CancelAll, Execute, TimeInForce
from freehold.services.matcher.margin import Exposure, in_collateral, worst_margin
from freehold.services.matcher.orders import fill_collateral, limit_ticks
from freehold.services.matcher.settings import MarketSettings
from freehold.services.matcher.signatures import checked
from prover.applications.perpetual import execute
from prover.applications.perpetual.margin import Market, totals
from prover.applications.perpetual.positions import Asset, Position
from prover.applications.perpetual.samples import COLLATERAL, PRICE, RICH, TIME, asset_id, key, position
from prover.applications.perpetual.signing import cancellation
from tests.support.trading_floor import STEP, TICK, Floor, settings_of

PPM = 1_000_000


def refused(found) -> object:
    (only,) = found
    assert isinstance(only, o.Refused)
    return only.refusal


def rests(found) -> bool:
    return [type(one) for one in found] == [o.Rested]


@pytest.fixture
def floor():
    return Floor()


def test_an_order_is_for_whole_steps(floor):
    assert rests(floor.place(floor.order(11, True, 3, 20)))
    odd = floor.order(11, True, 3, 20, amount_synthetic=3 * STEP + 1)
    assert refused(floor.place(odd)) == o.NotWholeSteps(301, 100)
    assert refused(floor.place(floor.order(11, True, 3, 20, amount_synthetic=0))) == o.NotWholeSteps(0, 100)


def test_a_limit_is_a_tick_at_least(floor):
    assert rests(floor.place(floor.order(11, True, 3, 1)))
    assert refused(floor.place(floor.order(11, True, 3, 1, collateral=3 * TICK - 1))) == o.BelowTick(29)


def test_the_signed_fee_covers_what_may_be_asked(floor):
    least = -(-3 * 20 * TICK * 51_700 // PPM)
    assert rests(floor.place(floor.order(11, True, 3, 20, fee=least)))
    assert refused(floor.place(floor.order(11, True, 3, 20, fee=least - 1))) == o.FeeTooLow(least - 1, least)


def test_a_signature_outlives_the_books_order_by_the_provable_hours(floor):
    hours = -(-(TIME + 3600) // 3600) + 168
    assert rests(floor.place(floor.order(11, True, 3, 20, expiration_timestamp=hours)))
    short = floor.order(11, True, 3, 20, expiration_timestamp=hours - 1)
    assert refused(floor.place(short)) == o.ExpiresTooSoon(hours - 1, hours)
    assert refused(floor.place(floor.order(11, True, 3, 20), lives=0)) == o.AlreadyLeft()


def test_an_order_is_placed_once_whatever_became_of_it(floor):
    order = floor.order(11, True, 3, 20)
    assert rests(floor.place(order))
    assert refused(floor.place(order)) == o.OrderKnown()
    floor.apply(CancelAll(floor.time, 11))
    assert refused(floor.place(order)) == o.OrderKnown()


def test_a_position_answers_to_its_own_key(floor):
    assert rests(floor.place(floor.order(11, True, 3, 20)))
    assert refused(floor.place(floor.order(11, True, 3, 20, public_key=key(312)))) == o.WrongKey(11)


def test_an_asset_without_a_book_has_no_orders(floor):
    assert refused(floor.place(floor.order(11, True, 3, 20, asset=7))) == o.NoMarket(asset_id(7))


def test_what_the_rules_refuse_in_every_fill_is_refused_at_once(floor):
    assert refused(floor.place(floor.order(11, True, 3, 20, collateral_asset_id=COLLATERAL - 1))) == o.BrokenRule(
        "INVALID_COLLATERAL_ASSET_ID", f"{COLLATERAL - 1:#x} is not the collateral"
    )
    assert refused(floor.place(floor.order(11, True, 3, 20, reduce_only=1))).rule == "NOT_IN_VERSION_1"


def test_post_only_rests_below_the_best_and_never_takes(floor):
    floor.place(floor.order(11, False, 3, 20))
    assert rests(floor.place(floor.order(12, True, 3, 19), post_only=True))
    assert refused(floor.place(floor.order(12, True, 3, 20), post_only=True)) == o.WouldTake(20)


def test_a_signed_fill_or_kill_trades_with_one_order_or_none():
    floor = Floor(version=2)
    floor.place(floor.order(11, False, 2, 20))
    floor.place(floor.order(13, False, 3, 20))
    kills = floor.order(12, True, 3, 20, fill_or_kill=1)
    assert isinstance(refused(floor.place(kills)), o.Contradiction)
    (killed,) = floor.place(kills, TimeInForce.FOK)
    assert killed == o.Closed(kills.order_id(COLLATERAL), o.Reason.KILLED, 300)
    filled, *_ = floor.place(floor.order(12, True, 2, 20, fill_or_kill=1), TimeInForce.FOK)
    assert isinstance(filled, o.Filled)
    floor.judged()


def test_a_cancellation_that_is_proven_closes_the_order():
    floor = Floor(version=2)
    order = floor.order(11, False, 2, 20)
    floor.place(order)
    sent, closed = floor.apply(Execute(floor.time, cancellation(order, 311, COLLATERAL)))
    assert isinstance(sent, o.Sent)
    assert closed == o.Closed(order.order_id(COLLATERAL), o.Reason.CANCELLED, 0)
    floor.judged()


def test_at_the_door_only_signed_orders_have_a_leaf():
    floor = Floor(is_signing=True)
    good = floor.order(11, True, 3, 20)
    bad = good.model_copy(update={"amount_fee": good.amount_fee + 1})
    assert checked([good, bad, good], COLLATERAL) == [good.order_id(COLLATERAL), None, good.order_id(COLLATERAL)]


# --- margin


def poor(collateral: int) -> Floor:
    people = {11: position(311, collateral), 12: position(312, RICH)}
    return Floor(people=people, settings=settings_of(maker_fee=0, taker_fee=0))


def test_all_open_orders_count_and_one_too_many_is_refused_with_the_numbers():
    """Required are 3.5 % (rounded down to 0.32) of 2,000 for ten steps at the index price: 70 collateral."""
    floor = poor(140)
    assert rests(floor.place(floor.order(11, True, 10, 20)))
    assert rests(floor.place(floor.order(11, True, 10, 20)))
    assert refused(floor.place(floor.order(11, True, 1, 20))) == o.MarginTooLow(0, -7)
    assert rests(floor.place(floor.order(11, False, 10, 21)))


def test_a_limit_worse_than_the_index_counts_as_lost():
    """Ten steps at 21 ticks lose 100 at once."""
    assert rests(poor(170).place(poor(170).order(11, True, 10, 21)))
    assert refused(poor(169).place(poor(169).order(11, True, 10, 21))) == o.MarginTooLow(169, -1)


def test_the_fee_counts_too():
    people = {11: position(311, 169), 12: position(312, RICH)}
    floor = Floor(people=people, settings=settings_of(maker_fee=0, taker_fee=50_000))
    assert refused(floor.place(floor.order(11, True, 10, 20))) == o.MarginTooLow(169, -1)
    assert rests(floor.place(floor.order(11, True, 5, 20)))


def test_what_only_reduces_is_taken_of_a_position_in_trouble():
    """Bought at 20, the price falls to 19: what is left is less than required, and the fund has nothing."""
    people = {11: position(311, 70), 12: position(312, RICH)}
    floor = Floor(people=people, fund=0, settings=settings_of(maker_fee=0, taker_fee=0))
    floor.place(floor.order(12, False, 10, 20))
    floor.place(floor.order(11, True, 10, 20))
    floor.place(floor.order(12, True, 10, 19), lives=86_400)
    floor.fund_tick(1000, 1000)
    outputs = floor.tick(20, 20)
    assert not [one for one in outputs if isinstance(one, o.Closed)]
    assert isinstance(refused(floor.place(floor.order(11, True, 1, 20))), o.MarginTooLow)
    assert rests(floor.place(floor.order(11, False, 1, 20)))


small = st.integers(1, 30)
an_exposure = st.tuples(st.booleans(), small, st.integers(1, 4000), st.integers(0, 300))


@given(st.lists(an_exposure, max_size=5), st.integers(-40, 40), st.integers(-5000, 5000), st.lists(small, min_size=5))
def test_the_worst_is_reached_by_filling_orders_whole_or_not_at_all(orders, held, collateral, parts):
    """The formula gives the least of all 2^n, and no filling in part is below."""
    floor = Floor()
    market: Market = floor.engine.view.market
    asset = asset_id(0)
    exposures = [
        Exposure(asset, size * STEP if buys else -size * STEP, cost if buys else fee - cost)
        for buys, size, cost, fee in orders
    ]
    exposures = [Exposure(one.asset_id, one.delta, one.cost) for one in exposures]

    def margin(shares) -> float:
        balance = held * STEP + sum(share * one.delta for share, one in zip(shares, exposures, strict=True))
        cash = collateral - sum(share * one.cost for share, one in zip(shares, exposures, strict=True))
        risk = market.assets[asset].risk_segments[0].risk
        return cash * 2**64 + balance * PRICE * 2**32 - abs(balance) * PRICE * risk

    assets = (Asset(asset, held * STEP, 1000),) if held else ()
    found = worst_margin(Position(key(311), collateral, assets), market, exposures)
    whole = [[n >> place & 1 for place in range(len(exposures))] for n in range(2 ** len(exposures))]
    assert found == min(map(margin, whole))
    in_part = [part / 30 for part in parts[: len(exposures)]]
    assert found <= margin(in_part) + 2**40


def test_without_orders_the_worst_is_the_margin_that_is_left(floor):
    market = floor.engine.view.market
    held = position(311, 500, {0: -100, 1: 700})
    value, risk = totals(held, market)
    assert worst_margin(held, market, []) == value * 2**32 - risk
    assert in_collateral(-1) == -1


# --- amounts

amounts = st.integers(1, 10**9)


@given(st.booleans(), amounts, amounts, st.integers(1, 10**6), st.integers(1, 10**4), st.data())
def test_every_fill_at_the_limit_satisfies_the_rules_ratio_without_a_rounding(buys, steps, worth, step, tick, data):
    market = MarketSettings(step=step, tick=tick)
    order = Floor().order(11, buys, 1, 1, amount_synthetic=steps * step, collateral=worth)
    ticks = limit_ticks(order, market)
    if ticks == 0:
        return
    n_steps = data.draw(st.integers(1, steps))
    collateral = fill_collateral(n_steps * step, ticks, market)
    assert collateral == n_steps * ticks * tick
    execute._check_limits(order, n_steps * step, collateral, 0)
    better = collateral * order.amount_synthetic - order.amount_collateral * n_steps * step
    assert better <= 0 if buys else better >= 0
    worse = fill_collateral(n_steps * step, ticks + 1 if buys else ticks - 1, market)
    exact = worse * order.amount_synthetic - order.amount_collateral * n_steps * step
    assert exact > 0 if buys else exact < 0

"""What a price may be in version 2: how old, how far from its fellow, how far from the price before."""

from __future__ import annotations

import pytest

from prover.applications.perpetual.samples import ALICE, A, asset_id, deposit, five_asset_state
from prover.cairo.errors import RunFailed
from prover.cairo.run import run_program
from tests.support.limited_exchange import ONE, PRICE, VALIDITY, LimitedExchange, accepted, refused
from tests.support.program_kit import lying_program

EXCHANGE = LimitedExchange()
FREE = EXCHANGE.with_limits(max_price_spread=ONE, max_price_move_per_hour=16 * ONE, max_price_move_per_tick=ONE)
HOUR = 3600


def ticked(
    exchange: LimitedExchange, price: int, elapsed: int, low: int, high: int | None = None, signed_at=None
) -> dict:
    """One tick of the first asset; both bounds are signed when it happens, if not told otherwise."""
    time = exchange.time + elapsed if signed_at is None else signed_at
    bounds = [exchange.signed(low, time)], [exchange.signed(high or low, time)]
    return exchange.input(exchange.state({}), [exchange.tick(price, elapsed)], *bounds)


def prices_after(run, n_assets: int = 5) -> dict[int, int]:
    words = list(run.output)
    place = 3 + 2 * words[2]
    place += 1 + words[place]
    prices = place + 1 + 4 + 1 + 2 * n_assets + 1
    n_prices = words[prices]
    return dict(zip(words[prices + 1 :: 2], words[prices + 2 :: 2], strict=False)) if n_prices else {}


# Age.


@pytest.mark.parametrize("elapsed", [0, 10, 5 * HOUR])
def test_the_window_ends_with_the_time_after_the_batch_and_is_as_long_as_the_validity(elapsed):
    now = FREE.time + elapsed
    for signed_at, check in [
        (now, accepted),
        (now + 1, refused),
        (now - VALIDITY, accepted),
        (now - VALIDITY - 1, refused),
    ]:
        check(ticked(FREE, PRICE, elapsed, PRICE, signed_at=signed_at))


def test_version_1_counts_back_from_the_time_before():
    exchange = LimitedExchange(limits=None, changed={"price_validity_period": VALIDITY})
    accepted(ticked(exchange, PRICE, 5 * HOUR, PRICE, signed_at=exchange.time - VALIDITY))
    refused(ticked(exchange, PRICE, 5 * HOUR, PRICE, signed_at=exchange.time - VALIDITY - 1))


def test_prices_of_the_last_tick_are_for_every_tick_of_the_batch():
    """The window is the batch's, not the tick's: nothing else is signed."""
    now = FREE.time + 1000
    bounds = [FREE.signed(PRICE, now)], [FREE.signed(PRICE, now)]
    accepted(FREE.input(FREE.state({}), [FREE.tick(PRICE, 10), FREE.tick(PRICE, 1000)], *bounds))


# Spread.


@pytest.mark.parametrize("spread", [0, 1, ONE // 50, ONE])
def test_a_signed_maximum_is_no_further_above_its_minimum_than_the_spread(spread):
    exchange = FREE.with_limits(max_price_spread=spread)
    most = PRICE * (ONE + spread) >> 32
    for high, check in ((most, accepted), (most + 1, refused)):
        now = exchange.time
        bounds = [exchange.signed(PRICE, now)], [exchange.signed(high, now)]
        check(exchange.input(exchange.state({}), [], *bounds))


def test_a_maximum_has_a_minimum():
    signed = [EXCHANGE.signed(PRICE, EXCHANGE.time)]
    refused(EXCHANGE.input(EXCHANGE.state({}), [], [], signed))
    accepted(EXCHANGE.input(EXCHANGE.state({}), [], signed, []))


def test_any_spread_is_within_version_1():
    exchange = LimitedExchange(limits=None)
    bounds = [exchange.signed(1, exchange.time)], [exchange.signed(2**63, exchange.time)]
    accepted(exchange.input(exchange.state({}), [], *bounds))
    accepted(exchange.input(exchange.state({}), [], [], bounds[1]))


# Move.


def move(exchange: LimitedExchange, elapsed: int, price: int = PRICE) -> int:
    limits = exchange.limits
    share = min(limits.max_price_move_per_tick, limits.max_price_move_per_hour * elapsed // 3600)
    return price * share >> 32


@pytest.mark.parametrize(
    ("per_tick", "per_hour", "elapsed"),
    [
        (ONE // 5, ONE, 1),
        (ONE // 5, ONE, 720),
        (ONE // 5, ONE, 719),
        (ONE // 5, 16 * ONE, 3600),
        (ONE, 16 * ONE, 10**6),
        (ONE, 1, 3599),
        (ONE, 1, 3600),
        (1, 16 * ONE, 3600),
        (ONE // 5, ONE, 0),
    ],
)
def test_a_price_moves_by_no_more_than_both_limits(per_tick, per_hour, elapsed):
    exchange = EXCHANGE.with_limits(max_price_move_per_tick=per_tick, max_price_move_per_hour=per_hour)
    most = move(exchange, elapsed)
    up, down = PRICE + most, PRICE - most
    accepted(ticked(exchange, up, elapsed, up))
    refused(ticked(exchange, up + 1, elapsed, up + 1))
    if down:
        accepted(ticked(exchange, down, elapsed, down))
        refused(ticked(exchange, down - 1, elapsed, down - 1))


def test_a_price_stays_between_the_signed_ones_where_it_may():
    elapsed, spread = 360, ONE // 50
    low, high = PRICE * 102 // 100, PRICE * 103 // 100
    assert high * ONE <= low * (ONE + spread) and high < PRICE + move(EXCHANGE, elapsed)
    for price, check in [(low, accepted), (high, accepted), (low - 1, refused), (high + 1, refused), (PRICE, refused)]:
        check(ticked(EXCHANGE, price, elapsed, low, high))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_market_that_jumped_is_followed_as_far_as_it_goes(sign):
    """No less and no more than the limit, and not the other way."""
    elapsed = 360
    target, most = PRICE + sign * PRICE // 2, move(EXCHANGE, elapsed)
    accepted(ticked(EXCHANGE, PRICE + sign * most, elapsed, target))
    for price in (PRICE + sign * (most - 1), PRICE + sign * (most + 1), PRICE, PRICE - sign * most, target):
        refused(ticked(EXCHANGE, price, elapsed, target))


def test_a_jump_is_followed_in_several_ticks():
    exchange, target, prices = EXCHANGE, PRICE * 3 // 2, [PRICE]
    transactions = []
    for tick in range(1, 4):
        most = move(exchange, 600, prices[-1])
        prices.append(min(target, prices[-1] + most))
        transactions.append(exchange.tick(prices[-1], 600 * tick))
    now = exchange.time + 1800
    bounds = [exchange.signed(target, now)], [exchange.signed(target, now)]
    assert prices[3] == target > prices[2]
    found = accepted(exchange.input(exchange.state({}), transactions, *bounds))
    assert prices_after(found)[asset_id(0)] == target
    hasty = [transactions[0], exchange.tick(prices[2], 600), *transactions[2:]]
    refused(exchange.input(exchange.state({}), hasty, *bounds))


def test_a_funding_tick_counts_as_the_last_one():
    """Time that a tick has used up moves no price a second time."""
    most = move(EXCHANGE, 100)
    now = EXCHANGE.time + 110
    for price, check in ((PRICE + most, accepted), (PRICE + most + 1, refused)):
        bounds = [EXCHANGE.signed(price, now)], [EXCHANGE.signed(price, now)]
        check(EXCHANGE.input(EXCHANGE.state({}), [EXCHANGE.funding_tick(), EXCHANGE.tick(price, 110)], *bounds))


@pytest.mark.parametrize("elapsed", [0, 360])
def test_a_first_price_lies_between_the_signed_ones(elapsed):
    before = EXCHANGE.state({})
    before = type(before)(**{**vars(before), "oracle_prices": before.oracle_prices[1:]})
    low, high = 10 * PRICE, 10 * PRICE + PRICE // 10
    now = EXCHANGE.time + elapsed
    bounds = [EXCHANGE.signed(low, now)], [EXCHANGE.signed(high, now)]
    for price, check in [(low, accepted), (high, accepted), (low - 1, refused), (high + 1, refused)]:
        check(EXCHANGE.input(before, [EXCHANGE.tick(price, elapsed)], *bounds))


@pytest.mark.parametrize("elapsed", [0, 360])
def test_a_ticked_price_is_signed_on_both_sides(elapsed):
    """Also where it may go as low as it goes: without a maximum it would always be above it."""
    low = [EXCHANGE.signed(PRICE, EXCHANGE.time + elapsed)]
    for price in (PRICE, PRICE - move(EXCHANGE, elapsed)):
        accepted(ticked(EXCHANGE, price, elapsed, price))
        refused(EXCHANGE.input(EXCHANGE.state({}), [EXCHANGE.tick(price, elapsed)], low, []))
        refused(EXCHANGE.input(EXCHANGE.state({}), [EXCHANGE.tick(price, elapsed)], [], []))


def test_between_crossed_bounds_only_a_whole_move_is_possible():
    """Medians of other signers may cross."""
    elapsed = 360
    most = move(EXCHANGE, elapsed)
    now = EXCHANGE.time + elapsed
    bounds = [EXCHANGE.signed(PRICE * 2, now)], [EXCHANGE.signed(PRICE * 3 // 2, now)]
    for price, check in [(PRICE + most, accepted), (PRICE + most - 1, refused), (PRICE, refused)]:
        check(EXCHANGE.input(EXCHANGE.state({}), [EXCHANGE.tick(price, elapsed)], *bounds))


def test_a_price_never_becomes_0():
    exchange = EXCHANGE.with_limits(max_price_move_per_tick=ONE, max_price_move_per_hour=16 * ONE)
    accepted(ticked(exchange, 1, 3600, 1))
    given = ticked(exchange, 1, 3600, 1)
    given["batch"]["transactions"][0]["prices"][0][1] = "0"
    refused(given)


LIES = {
    "a larger move": ("divmod(ids.current * ids.share, 2**32)", "(ids.current * ids.share >> 32) + 1, 0"),
    "a larger move with its remainder": (
        "divmod(ids.current * ids.share, 2**32)",
        "(ids.current * ids.share >> 32) + 1, (ids.current * ids.share % 2**32 - 2**32) % PRIME",
    ),
    "a smaller move, remainder too large": (
        "divmod(ids.current * ids.share, 2**32)",
        "(ids.current * ids.share >> 32) - 1, ids.current * ids.share % 2**32 + 2**32",
    ),
    "a larger share": (
        "divmod(ids.by_time, ids.HOUR)",
        "ids.by_time // ids.HOUR + 1, (ids.by_time % ids.HOUR - ids.HOUR) % PRIME",
    ),
    "a larger share, no remainder": ("divmod(ids.by_time, ids.HOUR)", "ids.by_time // ids.HOUR + 1, 0"),
    "a smaller share": (
        "divmod(ids.by_time, ids.HOUR)",
        "ids.by_time // ids.HOUR - 1, ids.by_time % ids.HOUR + ids.HOUR",
    ),
    "as much as at once": ("int(ids.by_time < ids.at_once * ids.HOUR)", "0"),
}


@pytest.mark.parametrize("name", LIES)
@pytest.mark.parametrize("change", [-2, -1, 1, 2])
def test_an_operator_cannot_lie_about_how_far_a_price_may_go(name, change):
    """Neither where oracles signed just this price, nor where the market is further away."""
    elapsed = 359
    price = PRICE + move(EXCHANGE, elapsed)
    accepted(ticked(EXCHANGE, price, elapsed, 2 * PRICE))
    for target in (2 * PRICE, *([price + change] if change > 0 else [])):
        given = ticked(EXCHANGE, price + change, elapsed, target)
        with pytest.raises(RunFailed) as refusal:
            run_program(lying_program(LIES[name]), given)
        assert "hint fails" not in str(refusal.value)


def test_an_operator_cannot_leave_aside_what_is_allowed_at_once():
    elapsed = 1000
    price = PRICE + (PRICE * (ONE * elapsed // HOUR) >> 32)
    assert price > PRICE + move(EXCHANGE, elapsed)
    for target in (price, 2 * PRICE):
        with pytest.raises(RunFailed, match="range_check"):
            run_program(
                lying_program(("int(ids.by_time < ids.at_once * ids.HOUR)", "1")),
                ticked(EXCHANGE, price, elapsed, target),
            )


def test_time_does_not_run_out_of_the_comparison():
    """After eighty years, as far as a signature can name, a price still moves by no more than one tick's share."""
    exchange = EXCHANGE.with_limits(max_price_move_per_hour=16 * ONE)
    elapsed = 2**32 - 1 - exchange.time
    up = PRICE + PRICE // 5
    for price, check in ((up - 1, accepted), (up + 1, refused)):
        check(ticked(exchange, price, elapsed, price))


def test_a_deposit_after_a_tick_is_executed_as_before():
    exchange = EXCHANGE
    given = exchange.input(
        five_asset_state(exchange),
        [exchange.tick(PRICE, 10), deposit(ALICE, A, 7)],
        [exchange.signed(PRICE, exchange.time)],
        [exchange.signed(PRICE, exchange.time)],
    )
    accepted(given)

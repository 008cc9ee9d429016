"""Liquidation and deleverage in version 2: what a position loses, how much it gives, and what comes after."""

from __future__ import annotations

import pytest

from prover.applications.perpetual import samples as sample
from prover.applications.perpetual.samples import (
    ALICE,
    BANKRUPT,
    BOB,
    CAROL,
    FEES,
    LIQUID,
    RISK,
    A,
    B,
    SampleExchange,
    asset_id,
    five_assets,
    forced_withdrawal,
    position,
)
from prover.applications.perpetual.transactions import Deleverage
from tests.support.limited_exchange import ONE, LimitedExchange, accepted, refused

UNLIMITED = LimitedExchange(limits=None)
PENALTY, BUFFER = ONE // 40, ONE // 4
EXCHANGE = LimitedExchange().with_limits(liquidation_penalty=PENALTY, liquidation_buffer=BUFFER)
RICH = {A: position(ALICE, 10**14, five_assets()), B: position(BOB, 10**14, five_assets(-1))}


def liquidation(exchange: LimitedExchange, collateral: int, held: dict[int, int], synthetic: int, paid: int) -> dict:
    """Of Carol's position with this collateral and these holdings, in its first asset, by Alice."""
    is_long = held[0] > 0
    # Funding of one index takes a unit of a long holding.
    state = exchange.state({**RICH, LIQUID: position(CAROL, collateral + is_long, held)})
    order = exchange.order(ALICE, A, 0, is_long, synthetic, paid)
    return exchange.input(state, [sample.liquidation(order)])


@pytest.mark.parametrize("is_long", [True, False])
@pytest.mark.parametrize("penalty", [0, 1, PENALTY, ONE - 1])
@pytest.mark.parametrize("synthetic", [1, 39, 10**6 + 1])
def test_a_liquidated_position_loses_no_more_than_the_penalty_up_to_a_unit(is_long, penalty, synthetic):
    """At 2 for each quantum the notional is twice the amount; a price in favour of the position is fine."""
    exchange = EXCHANGE.with_limits(liquidation_penalty=penalty, liquidation_buffer=ONE)
    most = -(-penalty * 2 * synthetic // ONE)
    held, notional = 10**9 if is_long else -(10**9), 2 * synthetic
    equity = 2 * 10**9 * RISK * 4 // ONE // 5
    collateral = equity - 2 * held
    for loss, check in ((most, accepted), (most + 1, refused), (0, accepted), (-1, accepted)):
        paid = notional - loss if is_long else notional + loss
        if paid < 1 or not ratio_kept(equity, held, synthetic, loss):
            continue
        check(liquidation(exchange, collateral, {0: held}, synthetic, paid))
    paid = max(notional - most - 1, 1) if is_long else notional + most + 1
    if ratio_kept(equity, held, synthetic, abs(notional - paid)):
        accepted(liquidation(UNLIMITED, collateral, {0: held}, synthetic, paid))


def ratio_kept(equity: int, held: int, synthetic: int, loss: int) -> bool:
    """Version 1 asks for it too."""
    return equity * (abs(held) - synthetic) <= (equity - loss) * abs(held)


def restored_by(equity: int, holding: int, buffer: int) -> int:
    """The least amount after which a position with this holding at 2, sold at the price, has margin and buffer."""
    least, most = 0, holding
    while least < most:
        middle = (least + most) // 2
        risk = 2 * ONE * (holding - middle) * RISK
        if risk * (ONE + buffer) <= equity * ONE * ONE * ONE:
            most = middle
        else:
            least = middle + 1
    return least


@pytest.mark.parametrize("is_long", [True, False])
@pytest.mark.parametrize("buffer", [0, 1, BUFFER, ONE])
@pytest.mark.parametrize("equity", [1, 10**7, 69_999_999])
def test_a_liquidation_is_no_larger_than_restores_margin_and_buffer(is_long, buffer, equity):
    exchange = EXCHANGE.with_limits(liquidation_penalty=0, liquidation_buffer=buffer)
    held = 10**9 if is_long else -(10**9)
    most = restored_by(equity, abs(held), buffer)
    assert 0 < most < 10**9 or (equity == 1 and most == 10**9)
    for synthetic, check in ((most, accepted), (most + 1, refused), (1, accepted)):
        if synthetic <= 10**9:
            check(liquidation(exchange, equity - 2 * held, {0: held}, synthetic, 2 * synthetic))
    accepted(liquidation(UNLIMITED, equity - 2 * held, {0: held}, 10**9, 2 * 10**9))


@pytest.mark.parametrize("equity", [0, -1, -(10**6)])
def test_a_position_without_value_is_closed_whole_at_a_price_that_leaves_no_debt(equity):
    held = 10**9
    collateral = equity - 2 * held
    accepted(liquidation(EXCHANGE, collateral, {0: held}, held, 2 * held - equity))
    refused(liquidation(EXCHANGE, collateral, {0: held}, held, 2 * held - equity - 1), names="NO_RISK_REDUCED|REDUCING")


def test_risk_that_grows_as_a_holding_shrinks_is_compared_all_the_same():
    """A segment may ask for less of more: the risk after is above the risk before."""
    config = EXCHANGE.config()
    segments = [{"upper_bound": 10**8, "risk": ONE // 2}, {"upper_bound": 2**128 - 1, "risk": ONE // 50}]
    first = config.synthetic_assets[0].model_validate(
        {**config.synthetic_assets[0].model_dump(), "risk_segments": segments}
    )
    changed = {"synthetic_assets": (first, *config.synthetic_assets[1:]), "is_risk_by_balance_only": 1}
    exchange = LimitedExchange(limits=EXCHANGE.limits, changed=changed)
    # At 2 and with a value of 10^7: 10^9 ask for 4 * 10^7, one above 10^8 for 4 * 10^6, and 10^8 for 10^8.
    collateral = 10**7 - 2 * 10**9
    almost, whole = 899_999_999, 9 * 10**8
    refused(liquidation(exchange, collateral, {0: 10**9}, almost, 2 * almost))
    accepted(liquidation(exchange, collateral, {0: 10**9}, whole, 2 * whole + 16 * 10**6))
    unlimited = LimitedExchange(limits=None, changed=changed)
    accepted(liquidation(unlimited, collateral, {0: 10**9}, almost, 2 * almost))


# Deleverage.


def deleveraged(exchange: SampleExchange, collateral: int, synthetic: int = 100, buys: int = 0, place: int = 1) -> dict:
    """Of what case e07 leaves: short 100 at a price of 1, and a debt that no holding covers."""
    before = exchange.state({BANKRUPT: position(CAROL, -1400, {place: -100}), B: position(BOB, 10**6, {place: 10**4})})
    return exchange.input(before, [deleverage(collateral, synthetic, buys, place)])


def deleverage(collateral: int, synthetic: int, buys: int, place: int) -> Deleverage:
    return Deleverage(
        deleveragable_position_id=BANKRUPT,
        deleverager_position_id=B,
        synthetic_asset_id=asset_id(place),
        amount_synthetic=synthetic,
        amount_collateral=collateral,
        deleverager_is_buying_synthetic=buys,
    )


@pytest.mark.parametrize(("synthetic", "fair"), [(100, -1400), (50, -700), (1, -14)])
def test_a_short_whose_loss_exceeds_its_notional_is_deleveraged_at_a_negative_amount(synthetic, fair):
    accepted(deleveraged(EXCHANGE, fair, synthetic))
    for amount in (fair - 1, fair + 1, -fair, 0):
        refused(deleveraged(EXCHANGE, amount, synthetic), names="")
    refused(deleveraged(UNLIMITED, fair, synthetic))


def set_amount(given: dict, amount: int) -> dict:
    given["batch"]["transactions"][0]["amount_collateral"] = str(amount)
    return given


@pytest.mark.parametrize("size", [2**64 - 1, 2**64, 2**120, 2**130])
@pytest.mark.parametrize("sign", [1, -1])
def test_no_amount_takes_a_balance_out_of_its_range(sign, size):
    """From 2^64 on by the amount's own bound, before that by the update's: balances have 63 bits."""
    for buys in (0, 1):
        refused(set_amount(deleveraged(EXCHANGE, 0, buys=buys), sign * size), names="OUT_OF_RANGE_BALANCE|range_check")


def test_a_positive_amount_stays_as_it_was():
    for exchange in (EXCHANGE, UNLIMITED):
        state = sample.five_asset_state(exchange)
        accepted(exchange.input(state, [sample.deleverage(2_002_001)]))
        for amount in (2_002_000, 2_002_002, -2_002_001):
            refused(exchange.input(state, [sample.deleverage(amount)]), names="")


# Forced requests come first.


def forced_requests(exchange: LimitedExchange) -> dict:
    return {
        "valid withdrawal": forced_withdrawal(ALICE, A, 9),
        "invalid withdrawal": forced_withdrawal(ALICE, B, 9),
        "valid trade": sample.forced_trade((ALICE, A), (BOB, B)),
        "invalid trade": sample.forced_trade((BOB, A), (BOB, B)),
    }


@pytest.mark.parametrize("name", forced_requests(EXCHANGE))
def test_a_forced_request_comes_before_every_deleverage(name):
    request, strike = forced_requests(EXCHANGE)[name], sample.deleverage()
    state = sample.five_asset_state(EXCHANGE)
    others = [sample.deposit(ALICE, A, 1), EXCHANGE.funding_tick()]
    accepted(EXCHANGE.input(state, [request, sample.deposit(ALICE, A, 1)]))
    accepted(EXCHANGE.input(state, [strike, *others]))
    refused(EXCHANGE.input(state, [strike, request]))
    refused(EXCHANGE.input(state, [strike, *others, request]))
    accepted(UNLIMITED.input(sample.five_asset_state(UNLIMITED), [strike, *others, request]))


def test_forced_requests_then_deleverages():
    state = sample.five_asset_state(EXCHANGE)
    requests = [forced_withdrawal(ALICE, A, 9), forced_withdrawal(ALICE, FEES, 9)]
    accepted(EXCHANGE.input(state, [*requests, sample.deleverage()]))

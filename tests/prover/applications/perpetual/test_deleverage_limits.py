"""Deleverage in version 2: every bankrupt position can be closed, and none of it comes before a forced request."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from prover.applications.perpetual.config import Limits
from prover.applications.perpetual.errors import Code, RuleBroken
from prover.applications.perpetual.margin import totals
from prover.applications.perpetual.positions import EMPTY
from prover.applications.perpetual.transactions import Deleverage
from tests.support.world import (
    ALICE,
    BOB,
    BTC,
    CAROL,
    ETH,
    ONE,
    apply,
    configured,
    forced_trade,
    forced_withdrawal,
    holds,
    liquidate,
    order,
    refused,
    world,
)

MALLORY = 0xBAD
LIMITED = configured(limits=Limits())


def deleverage(size: int, collateral: int, buys: bool, other: int, asset: int = ETH) -> Deleverage:
    """Of position 7."""
    return Deleverage(
        deleveragable_position_id=7,
        deleverager_position_id=other,
        synthetic_asset_id=asset,
        amount_synthetic=size,
        amount_collateral=collateral,
        deleverager_is_buying_synthetic=int(buys),
    )


def fair(state, config, size: int, buys: bool, other: int, asset: int, amounts) -> list[int]:
    accepted = []
    for amount in amounts:
        try:
            apply(state, deleverage(size, amount, buys, other, asset), config=config)
        except RuleBroken:
            continue
        accepted.append(amount)
    return accepted


# --- an amount that flows the other way

CRASHED = {
    7: holds(ALICE, -1500, {BTC: 50, ETH: -100}),
    8: holds(BOB, 10**6, {BTC: -(10**4)}),
    9: holds(CAROL, 10**6, {ETH: 10**4}),
}


def test_a_loss_above_the_notional_is_deleveraged_whole():
    """Alice's long crashed: she owes 1,500 and holds 100 worth of BTC and a short of 100 worth of ETH.

    After the long is gone a short is left whose loss is above its notional: whoever takes it over is paid nothing and
    pays. In version 1 no amount does it, and neither does a liquidation; in version 2 exactly one.
    """
    for config in (configured(), LIMITED):
        state = world(CRASHED, config)
        first = fair(state, config, 50, True, 8, BTC, range(840, 860))
        assert first == [850], "the long's share of the debt"
        half = apply(state, deleverage(50, 850, True, 8, BTC), config=config).after
        assert half.position(7) == holds(ALICE, -650, {ETH: -100})
        with refused(Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO):
            apply(half, liquidate(order(CAROL, 9, False, 1000, 1), 7, 100, 0), config=config)
        found = fair(half, config, 100, False, 9, ETH, range(-660, 20))
        assert found == ([] if config.version == 1 else [-650])
    closed = apply(half, deleverage(100, -650, False, 9), config=LIMITED).after
    assert closed.position(7) == EMPTY and closed.position(9) == holds(CAROL, 10**6 - 650, {ETH: 10**4 - 100})


def test_version_1_takes_no_negative_amount():
    state = world(CRASHED)
    with refused(Code.OUT_OF_RANGE_AMOUNT):
        apply(state, deleverage(100, -650, False, 9))


def test_an_amount_has_a_sign_and_64_bits():
    for amount in (1 - 2**64, 2**64 - 1):
        assert deleverage(1, amount, True, 8).amount_collateral == amount
    for amount in (-(2**64), 2**64):
        with pytest.raises(ValidationError, match="amount_collateral"):
            deleverage(1, amount, True, 8)


@given(st.integers(-5000, 2000), st.integers(-900, 900).filter(bool), st.integers(-900, 900).filter(bool), st.data())
@settings(max_examples=60, deadline=None)
def test_every_bankrupt_position_can_be_closed_asset_by_asset(collateral, btc, eth, data):
    """In either order and whatever it owes: one amount is fair each time, and nothing is left at the end."""
    bankrupt = holds(ALICE, collateral, {BTC: btc, ETH: eth})
    # 8 and 9 hold the other sides, with enough to bear any of these losses.
    sides = {8: (BOB, BTC, btc), 9: (CAROL, ETH, eth)}
    others = {place: holds(owner, 10**7, {asset: -held}) for place, (owner, asset, held) in sides.items()}
    state = world({7: bankrupt, **others}, LIMITED)
    if totals(bankrupt, state.market(LIMITED)).total_value >= 0:
        return
    for place in data.draw(st.permutations([8, 9])):
        _, asset, held = sides[place]
        amount = fair_amount(state, asset, held)
        state = apply(state, deleverage(abs(held), amount, held > 0, place, asset), config=LIMITED).after
    assert state.position(7) == EMPTY


def fair_amount(state, asset: int, held: int) -> int:
    """What keeps the ratio of value to risk, in favour of the bankrupt side by less than a unit."""
    position, market = state.position(7), state.market(LIMITED)
    before = totals(position, market)
    after = totals(position.with_balance(asset, 0, 0), market)
    wanted = -(-before.total_value * after.total_risk // before.total_risk)
    paid = -((after.total_value - wanted) // ONE)
    return paid if held > 0 else -paid


# --- forced requests come first

WINNER = {7: holds(MALLORY, -1300, {ETH: 1000}), 8: holds(BOB, 2000, {ETH: -1000}), 9: holds(CAROL, 10**6)}
STRIKE = deleverage(1000, 1300, True, 8)


def test_no_deleverage_comes_before_a_request_in_its_batch():
    """Bob is short and winning, and asks for 965 on chain. The operator deleverages him first, against a bankrupt
    account of its own: in version 1 the request is then proven invalid. In version 2 no batch has both in this order.
    """
    request = forced_withdrawal(BOB, 8, 965)
    for config in (configured(), LIMITED):
        state = world(WINNER, config)
        assert apply(state, request, config=config).served == (Code.SUCCESS,)
        assert apply(state, request, deleverage(0, 0, True, 8), config=config).served == (Code.SUCCESS,)
        if config.version == 1:
            (served,) = apply(state, STRIKE, request, config=config).served
            assert served == Code.ILLEGAL_POSITION_TRANSITION_NO_RISK_REDUCED_VALUE
        else:
            with refused("FORCED_AFTER_DELEVERAGE"):
                apply(state, STRIKE, request, config=config)


def test_a_batch_before_the_requests_own_may_deleverage():
    """No rule of a batch cures this: the strike is proven one batch earlier. The contract's grace period lets it."""
    struck = apply(world(WINNER, LIMITED), STRIKE, config=LIMITED).after
    (served,) = apply(struck, forced_withdrawal(BOB, 8, 965), config=LIMITED).served
    assert served != Code.SUCCESS


@pytest.mark.parametrize(
    "request_", [forced_withdrawal(CAROL, 9, 1), forced_trade((BOB, 8), (CAROL, 9), True, 1, 1)], ids=lambda r: r.type
)
def test_neither_kind_of_request_follows_even_an_empty_deleverage(request_):
    state, nothing = world(WINNER, LIMITED), deleverage(0, 0, True, 8)
    assert apply(state, request_, nothing, config=LIMITED)
    with refused("FORCED_AFTER_DELEVERAGE"):
        apply(state, nothing, request_, config=LIMITED)
    assert apply(state, nothing, request_)

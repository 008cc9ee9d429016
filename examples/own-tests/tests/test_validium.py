"""A day on a Validium: deposits, a trade at a signed price, a withdrawal, and what is refused."""

from decimal import Decimal

import pytest

from freehold.testing.exchange import COIN, PriceTooFar

HOUR = 3_600


@pytest.fixture
def traded(validium):
    """Alice is long, bob is short, by 0.05 BTC at 20,000 coins."""
    alice, bob = validium.people
    deposits = [validium.deposit(alice, 600 * COIN), validium.deposit(bob, 600 * COIN)]
    trade = validium.trade(alice, bob, "BTC", amount=Decimal("0.05"), total=1_000 * COIN)
    validium.serve(*deposits, trade)
    return validium


def test_a_trade_gains_what_the_price_gains(traded):
    alice, bob = traded.people
    traded.wait(HOUR)
    traded.serve(prices={"BTC": 21_250})
    assert traded.worth(alice) == 662_500_000
    assert traded.worth(bob) == 537_500_000


def test_a_price_needs_time(traded):
    with pytest.raises(PriceTooFar, match="BTC-10"):
        traded.serve(prices={"BTC": 21_250})


def test_a_withdrawal_is_paid(validium):
    alice, _ = validium.people
    validium.give((alice, 100 * COIN))
    validium.serve(validium.withdrawal(alice, 40 * COIN))
    assert validium.withdraw(alice) == 40 * COIN
    assert validium.tokens(alice) == 940 * COIN


def test_nobody_withdraws_more_than_they_have(validium):
    """The rules refuse the batch, so that there is nothing to prove."""
    alice, _ = validium.people
    validium.give((alice, 100 * COIN))
    with validium.refused("ILLEGAL_POSITION_TRANSITION_NO_RISK_REDUCED_VALUE"):
        validium.serve(validium.withdrawal(alice, 101 * COIN))


def test_nobody_asks_for_somebody_elses_position(validium):
    alice, bob = validium.people
    ask = validium.contract.forcedWithdrawalRequest
    with validium.refused("NotKeyOwner", starkKey=alice.stark_key):
        ask(alice.stark_key, alice.position_id, 1, False, sender=bob.account)

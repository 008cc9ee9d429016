"""The operator falls silent: a freeze, and everybody leaves with what the last state owes them."""

from decimal import Decimal

import pytest

from freehold.testing.exchange import COIN


@pytest.fixture
def abandoned(validium):
    """Alice is long, bob is short, and alice's forced withdrawal was never served."""
    alice, bob = validium.people
    deposits = [validium.deposit(alice, 600 * COIN), validium.deposit(bob, 600 * COIN)]
    trade = validium.trade(alice, bob, "BTC", amount=Decimal("0.05"), total=1_000 * COIN)
    validium.serve(*deposits, trade)
    request = validium.forced_withdrawal(alice, 10 * COIN)
    return validium, request


def test_nobody_freezes_before_the_deadline(abandoned):
    exchange, request = abandoned
    exchange.wait(exchange.deployed.delays.freeze_grace - 60)
    with exchange.refused("GracePeriodNotOver"):
        exchange.freeze(request)
    assert not exchange.contract.isFrozen()


def test_everybody_leaves(abandoned):
    exchange, request = abandoned
    exchange.fall_silent(request)
    assert [exchange.escape(user) for user in exchange.people] == [600 * COIN, 600 * COIN]
    assert exchange.held() == 0
    with exchange.refused("StateIsFrozen"):
        exchange.serve()

"""What other people's tests stand on: the exchange of `freehold.testing` does what it says, and a false test fails."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ape.exceptions import ContractLogicError

from freehold.chain.deployed import DAY, Delays
from freehold.testing.exchange import COIN, WEALTH, Asset, PriceTooFar
from freehold.testing.machine.exchange import ExchangeMachine, machine
from freehold.testing.proofs import Proven
from freehold.testing.refused import refused
from prover.applications.perpetual.errors import Code
from prover.applications.perpetual.positions import Position

pytest_plugins = ["freehold.testing.plugin"]
UNHEALTHY = "ILLEGAL_POSITION_TRANSITION_NO_RISK_REDUCED_VALUE"


def test_every_batch_is_by_the_rules(validium):
    """A request that cannot be met is proven invalid; what nobody may sign is refused before anything is sent."""
    alice, bob = validium.people
    validium.give((alice, 10 * COIN), (bob, 10 * COIN))
    served = validium.serve(validium.forced_withdrawal(alice, 4 * COIN), validium.forced_withdrawal(bob, 11 * COIN))
    assert served.served[0] == Code.SUCCESS != served.served[1]
    assert (validium.withdraw(alice), validium.withdrawable(bob)) == (4 * COIN, 0)
    with validium.refused(UNHEALTHY):
        validium.serve(validium.transfer(alice, bob, 7 * COIN))
    assert validium.contract.getSequenceNumber() == 2


@pytest.mark.parametrize("mode", ["validium", "rollup"])
def test_a_forced_trade_is_served_or_freezes(request, mode):
    exchange = request.getfixturevalue(mode)
    alice, bob = exchange.people
    exchange.give((alice, 600 * COIN), (bob, 600 * COIN))
    trade = exchange.forced_trade(alice, bob, "BTC", Decimal("0.01"), 200 * COIN)
    with exchange.example():
        assert exchange.serve(trade).served == (Code.SUCCESS,)
        assert exchange.position(alice).assets[0].balance == 10**8
    assert exchange.position(alice).assets == ()
    exchange.fall_silent(trade)
    assert exchange.contract.isFrozen()


def test_what_an_example_did_is_forgotten_by_chain_and_exchange(validium):
    alice, _ = validium.people
    before = validium.state.hash()
    with validium.example():
        carol = validium.newcomer("carol", 5 * COIN)
        validium.give((alice, COIN), (carol, 2 * COIN))
        validium.wait(3_600)
        validium.serve(prices={"BTC": 21_250})
        assert validium.position(carol).collateral_balance == 2 * COIN and validium.tokens(carol) == 3 * COIN
    assert validium.state.hash() == before == bytes(validium.contract.sharedStateHash())
    assert (validium.tokens(alice), validium.held(), validium.pending(alice)) == (WEALTH, 0, 0)
    validium.serve()  # at the first price again: it moved in no time
    with pytest.raises(PriceTooFar, match="BTC-10 gets to"):
        validium.serve(prices={"BTC": 21_250})


def test_positions_assets_delays_and_rules_are_the_tests_own(new_exchange):
    eth = Asset("ETH", 9, Decimal(10))
    exchange = new_exchange(
        assets=(eth,),
        prices={"ETH": 2_500},
        delays=Delays(freeze_grace=2 * DAY),
        wealth=7,
        max_funding_rate=1,
        positions={11: Position(1, 40)},
    )
    assert exchange.deployed.config.max_funding_rate == 1 and exchange.held() == 40
    assert exchange.contract.FREEZE_GRACE_PERIOD() == 2 * DAY
    assert exchange.tokens(exchange.people[0]) == 7
    exchange.serve()
    assert dict(exchange.state.oracle_prices) == {eth.asset_id: 2_500 * 2**32 // 1_000}


def test_real_proofs_are_asked_for_and_taken(new_exchange):
    """The same words in a test: only what a batch's fact rests on is another. Nothing goes without its proof."""
    exchange = new_exchange("rollup", proofs=Proven())
    alice, _ = exchange.people
    batch = exchange.batch(exchange.deposit(alice, 5 * COIN))
    with pytest.raises(ContractLogicError):
        exchange.bring(batch)
    exchange.serve(*batch.transactions[-1:])
    assert exchange.state_from_chain().position(alice.position_id).collateral_balance == 5 * COIN


def test_another_refusal_and_none_are_no_refusal(validium):
    """`ape.reverts` would let some of these pass."""
    alice, bob = validium.people
    ask = validium.contract.forcedWithdrawalRequest

    def by_bob():
        ask(alice.stark_key, alice.position_id, 1, False, sender=bob.account)

    with refused("NotKeyOwner", starkKey=alice.stark_key):
        by_bob()
    for name, values, act, said in (
        ("StateIsFrozen", {}, by_bob, "StateIsFrozen.* was expected, NotKeyOwner"),
        ("NotKeyOwner", {"starkKey": 5}, by_bob, "NotKeyOwner.*5.* was expected"),
        ("NotKeyOwner", {}, lambda: None, "nothing was refused"),
        (UNHEALTHY, {}, by_bob, f"{UNHEALTHY}.* was expected"),
        ("NotKeyOwner", {}, lambda: validium.batch(validium.transfer(alice, bob, 1)), "the rules refuse with"),
    ):
        with pytest.raises(AssertionError, match=said), refused(name, **values):
            act()


class Blind(ExchangeMachine):
    """Foretells that a deposit of nobody's is refused."""

    def attempt(self, error, call):
        return super().attempt(error or "StateIsFrozen", call)


def test_a_machine_that_foretells_falsely_fails(world):
    made = machine(world, Blind)()
    made.begin()
    try:
        with pytest.raises(AssertionError, match="StateIsFrozen was expected, nothing was refused"):
            made.deposit("alice", 5, True)
        assert made.astray
    finally:
        made.teardown()


def test_a_machine_leaves_no_trace(world):
    before = world.books()
    made = machine(world)()
    made.begin()
    made.deposit("alice", 5, True)
    made.books_agree_and_nobody_lost_anything()
    made.teardown()
    assert world.books() == before

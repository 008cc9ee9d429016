"""Whose money it is: waiting deposits and granted withdrawals are set apart, escapes draw on the rest."""

import ape
import pytest

from freehold.testing.kit import DAY, Kit


@pytest.fixture(scope="module")
def ether(project, accounts, chain):
    made = Kit(project, accounts, chain, token=None)
    made.register(made.alice, made.bob)
    return made


def paid(kit, user) -> int:
    """By a withdrawal of all that is booked and payable now, as its event says."""
    before = kit.token.balanceOf(user.account)
    (event,) = kit.withdraw(user).decode_logs(kit.exchange.LogWithdrawalPerformed)
    assert event.quantizedAmount == event.nonQuantizedAmount == kit.token.balanceOf(user.account) - before
    return event.quantizedAmount


def claim(kit, user, amount: int) -> None:
    kit.declare_escape(user, amount)
    kit.escape(user, amount)


def payable(kit, user) -> int:
    return kit.exchange.payableNow(user.stark_key, kit.asset)


def test_a_deposit_that_no_batch_took_pays_nobodys_claim(kit):
    """The state owes alice 11 where 10 were put in; bob's deposit never entered a position."""
    kit.give(kit.alice, 10)
    kit.deposit(kit.bob, 5)
    kit.freeze_with(kit.alice)
    kit.cancel(kit.bob)
    claim(kit, kit.alice, 11)
    assert paid(kit, kit.alice) == 10
    kit.wait(2 * DAY)
    kit.reclaim(kit.bob)
    assert kit.token.balanceOf(kit.bob.account) == kit.START
    assert kit.withdrawable(kit.alice) == 1 and paid(kit, kit.alice) == 0


def test_a_granted_withdrawal_pays_nobodys_claim(kit):
    """Bob's withdrawal was accepted by a batch before the freeze, and waits; alice's claim takes the rest."""
    state = kit.give(kit.alice, 10)
    state = kit.give(kit.bob, 4, state)
    kit.serve(state, modifications=[(kit.bob.stark_key, 8, -4)])
    kit.freeze_with(kit.alice)
    claim(kit, kit.alice, 13)
    assert paid(kit, kit.alice) == 10
    assert paid(kit, kit.bob) == 4


def test_the_last_claim_gets_what_is_left(kit):
    """A state that is short by one unit of two thousand."""
    state = kit.give(kit.alice, 1000)
    kit.give(kit.bob, 999, state)
    kit.freeze_with(kit.alice)
    for user in (kit.alice, kit.bob):
        claim(kit, user, 1000)
    assert paid(kit, kit.alice) == 1000
    assert payable(kit, kit.bob) == 999 and kit.withdrawable(kit.bob) == 1000
    receipt = kit.withdraw(kit.bob)
    (short,) = receipt.decode_logs(kit.exchange.WithdrawalIncomplete)
    assert (short.ownerKey, short.quantizedAmount, short.stillBooked) == (kit.bob.stark_key, 999, 1)
    assert kit.held() == 0 and kit.withdrawable(kit.bob) == 1 and payable(kit, kit.bob) == 0


def test_what_was_not_paid_is_paid_once_the_exchange_is_filled_up(kit):
    """By a plain transfer of tokens, from anybody, while it is frozen."""
    kit.give(kit.alice, 10)
    kit.freeze_with(kit.alice)
    claim(kit, kit.alice, 12)
    assert paid(kit, kit.alice) == 10
    kit.token.mint(kit.exchange, 1, sender=kit.stranger)
    assert payable(kit, kit.alice) == 1 and paid(kit, kit.alice) == 1
    kit.token.mint(kit.exchange, 5, sender=kit.stranger)
    assert paid(kit, kit.alice) == 1 and kit.withdrawable(kit.alice) == 0 and kit.held() == 4


def test_one_keys_granted_withdrawal_comes_before_its_claim(kit):
    """Alice has both; bob's granted withdrawal stays covered."""
    state = kit.give(kit.alice, 10)
    kit.serve(state, modifications=[(kit.alice.stark_key, 7, -3), (kit.bob.stark_key, 8, -2)])
    kit.freeze_with(kit.alice)
    claim(kit, kit.alice, 9)
    assert kit.withdrawable(kit.alice) == 12
    assert kit.exchange.setApart() == (0, 5)
    assert paid(kit, kit.alice) == 8
    assert kit.withdrawable(kit.alice) == 4 and kit.exchange.setApart() == (0, 2)
    assert paid(kit, kit.bob) == 2


def test_granted_withdrawals_beyond_what_is_held_leave_deposits_alone(kit):
    """Batches may grant what a bankrupt position owes: the first are paid, and a deposit that waits is not touched."""
    state = kit.give(kit.alice, 10)
    kit.deposit(kit.bob, 5)
    kit.serve(state, modifications=[(kit.alice.stark_key, 7, -12)])
    assert kit.exchange.setApart() == (5, 12)
    assert paid(kit, kit.alice) == 10 and kit.withdrawable(kit.alice) == 2
    kit.cancel(kit.bob)
    kit.wait(2 * DAY)
    kit.reclaim(kit.bob)
    assert kit.held() == 0 and kit.exchange.setApart() == (0, 2)


def test_the_sums_follow_deposits_and_batches(kit):
    apart = kit.exchange.setApart
    kit.deposit(kit.alice, 10)
    kit.deposit(kit.bob, 7)
    assert apart() == (17, 0)
    kit.cancel(kit.bob)
    kit.wait(2 * DAY)
    kit.reclaim(kit.bob)
    assert apart() == (10, 0)
    changes = [(kit.alice.stark_key, 7, 4), (kit.alice.stark_key, 7, 5), (kit.bob.stark_key, 8, -3)]
    kit.serve(modifications=changes)
    assert apart() == (1, 3)
    kit.withdraw(kit.bob)
    assert apart() == (1, 0)


def test_claims_of_a_solvent_state_are_paid_in_full_beside_everything_else(kit):
    state = kit.give(kit.alice, 10)
    state = kit.give(kit.bob, 6, state)
    kit.serve(state, modifications=[(kit.bob.stark_key, 8, -2)])
    kit.deposit(kit.bob, 1)
    kit.freeze_with(kit.alice)
    claim(kit, kit.alice, 10)
    claim(kit, kit.bob, 4)
    kit.cancel(kit.bob)
    assert paid(kit, kit.alice) == 10 and paid(kit, kit.bob) == 6
    kit.wait(2 * DAY)
    kit.reclaim(kit.bob)
    assert kit.held() == 0


def test_the_insolvent_state_of_the_page(kit):
    """The page on leaving tells it: the state at 18,000 of the page on liquidation, whose debts nobody bore."""
    state = kit.give(kit.alice, 308_600)
    kit.serve(state, modifications=[(kit.bob.stark_key, 8, -2_000)])
    kit.deposit(kit.bob, 1_000)
    kit.freeze_with(kit.alice)
    claim(kit, kit.alice, 312_100)
    kit.cancel(kit.bob)
    assert kit.exchange.setApart() == (1_000, 2_000) and kit.held() == 309_600
    assert payable(kit, kit.alice) == 306_600
    assert paid(kit, kit.alice) == 306_600 and kit.withdrawable(kit.alice) == 5_500
    assert paid(kit, kit.bob) == 2_000
    kit.wait(2 * DAY)
    kit.reclaim(kit.bob)
    assert kit.held() == 0
    kit.token.mint(kit.exchange, 5_500, sender=kit.stranger)
    assert paid(kit, kit.alice) == 5_500


def test_ether_is_set_apart_and_filled_up_alike(ether):
    alice, bob = ether.alice, ether.bob
    ether.exchange.depositEth(*ether.slot(alice), value=10, sender=alice.account)
    ether.serve(modifications=[(alice.stark_key, 7, 10)])
    ether.exchange.depositEth(*ether.slot(bob), value=5, sender=bob.account)
    ether.freeze_with(alice)
    claim(ether, alice, 11)
    held = alice.account.balance
    ether.withdraw(alice)
    assert alice.account.balance == held + 10 and ether.withdrawable(alice) == 1 and ether.exchange.balance == 5
    receipt = ether.exchange.topUp(value=3, sender=ether.stranger)
    (event,) = receipt.decode_logs(ether.exchange.ToppedUp)
    assert (event.sender, event.amount) == (ether.stranger.address, 3)
    ether.withdraw(alice)
    assert alice.account.balance == held + 11 and ether.exchange.balance == 5 + 2


def test_tokens_are_filled_up_by_a_transfer_and_not_by_ether(kit):
    with ape.reverts(kit.error("NotEth"), assetType=kit.asset):
        kit.exchange.topUp(value=3, sender=kit.stranger)

"""What a stranger with gas tries: to stop the exchange, to tax it, or to pay with other people's money."""

import ape
import pytest

from freehold.testing.kit import BTC, DAY, GRACE, HOUR, Kit
from freehold.testing.output_words import Withdrawal

REVERTS = 5
"""`OddToken`'s manner: it stops everybody, as a token does that blocks an address."""


def key_of(account) -> int:
    return int(account.address, 16)


def test_deposits_of_nothing_change_nothing(kit):
    """They cost a stranger gas; the owner's cancellation goes on, and a batch in the making is not touched."""
    kit.deposit(kit.alice, 10)
    kit.cancel(kit.alice)
    asked = kit.exchange.getCancellationRequest(*kit.slot(kit.alice))
    for _ in range(3):
        kit.deposit(kit.alice, 0, sender=kit.stranger)
    assert kit.exchange.getCancellationRequest(*kit.slot(kit.alice)) == asked and kit.exchange.setApart() == (10, 0)
    kit.serve(modifications=[(kit.alice.stark_key, 7, 10)])


def test_a_strangers_deposit_does_not_hold_up_a_reclaim(kit):
    """What a stranger adds is the owner's, and goes with the rest."""
    kit.deposit(kit.alice, 10)
    kit.cancel(kit.alice)
    kit.wait(2 * DAY)
    kit.token.mint(kit.stranger, 1, sender=kit.governor)
    kit.token.approve(kit.exchange, 1, sender=kit.stranger)
    kit.deposit(kit.alice, 1, sender=kit.stranger)
    kit.reclaim(kit.alice)
    assert kit.token.balanceOf(kit.alice.account) == kit.START + 1


def test_a_slot_is_filled_up_at_the_fillers_cost_alone(kit):
    """Who fills another's place to its end gave that money away; the owner reclaims it."""
    kit.token.mint(kit.stranger, 2**63, sender=kit.governor)
    kit.token.approve(kit.exchange, 2**63, sender=kit.stranger)
    kit.deposit(kit.alice, 2**63 - 1, sender=kit.stranger)
    with ape.reverts(kit.error("DepositOutOfRange")):
        kit.deposit(kit.alice, 1)
    kit.cancel(kit.alice)
    kit.wait(2 * DAY)
    kit.reclaim(kit.alice)
    assert kit.token.balanceOf(kit.alice.account) == kit.START + 2**63 - 1
    kit.deposit(kit.alice, 1)


def test_a_long_list_of_requests_makes_nothing_dearer(kit):
    """The list of all requests only grows; no call walks through it but the one that is told how far."""
    first = kit.request(kit.alice, 1).gas_used
    for amount in range(2, 40):
        kit.request(kit.alice, amount)
    assert kit.request(kit.alice, 40).gas_used <= first
    assert len(kit.exchange.getForcedRequests(10, 5)) == 5


def test_a_strangers_requests_leave_the_owners_alone(kit):
    """Another key's request for alice's position has another hash: hers is neither used up nor put off."""
    kit.request(kit.alice, 5)
    by = {"sender": kit.stranger}
    kit.exchange.forcedWithdrawalRequest(key_of(kit.stranger), 7, 5, False, **by)
    kit.serve(forced=[Withdrawal(key_of(kit.stranger), 7, 5)])
    assert kit.requested_at(kit.alice, 5) != 0


def test_the_free_requests_of_a_block_are_taken_and_premium_is_left(kit, project):
    flooder = kit.stranger.deploy(project.Flooder)
    flooder.withdrawals(kit.exchange, 7, 0, 10, False, sender=kit.stranger)
    with ape.reverts(kit.error("MaxRequestsPerBlockReached")):
        flooder.withdrawals(kit.exchange, 7, 10, 11, False, sender=kit.stranger)
    kit.request(kit.alice, 5, premium=True)


def test_a_trade_with_oneself_is_for_two_positions_and_one_nonce(kit, project):
    """All that a flooder gains is gas spent: the same nonce is pending, another one is paid for."""
    flooder = kit.stranger.deploy(project.Flooder)
    by = {"sender": kit.stranger}
    flooder.trades(kit.exchange, kit.asset, BTC, 1, 1, **by)
    with ape.reverts(kit.error("ForcedRequestPending")):
        flooder.trades(kit.exchange, kit.asset, BTC, 1, 1, **by)
    assert flooder.trades(kit.exchange, kit.asset, BTC, 2, 1, **by).gas_used > 60_000


def test_bobs_signature_is_for_the_trade_he_signed(kit):
    """A stranger who has it cannot send it; alice cannot use it under another nonce, or twice."""
    trade, hour = kit.trade(), kit.now() // HOUR + 1
    signature = kit.sign_raw(kit.bob.account, trade.published_digest(hour))
    with ape.reverts(kit.error("NotKeyOwner")):
        kit.request_trade(trade, hour=hour, signature=signature, sender=kit.stranger)
    with ape.reverts(kit.error("InvalidSignature")):
        kit.request_trade(kit.trade(nonce=2), hour=hour, signature=signature)
    kit.request_trade(trade, hour=hour, signature=signature)
    kit.serve(forced=[trade])
    with ape.reverts(kit.error("ForcedRequestAlreadyServed")):
        kit.request_trade(trade, hour=hour, signature=signature)


def test_a_freeze_needs_a_late_request_and_a_cancelled_deposit_is_none(kit):
    kit.deposit(kit.alice, 10)
    kit.cancel(kit.alice)
    kit.wait(GRACE)
    with ape.reverts(kit.error("ForcedRequestNotPending")):
        kit.freeze(kit.alice, 10)


def test_an_owner_who_refuses_ether_holds_up_nobody_else(project, accounts, chain):
    """Their money stays set apart; the others are paid, and a request of theirs is served as any other."""
    ether = Kit(project, accounts, chain, token=None)
    ether.register(ether.alice)
    wallet = key_of(ether.wallet)
    ether.wallet.refuseEther(sender=ether.stranger)
    ether.exchange.depositEth(*ether.slot(ether.alice), value=10, sender=ether.alice.account)
    changes = [(ether.alice.stark_key, 7, 10), (wallet, 9, -4), (ether.alice.stark_key, 7, -3)]
    ether.serve(modifications=changes)
    with ape.reverts(ether.error("EthTransferFailed"), recipient=ether.wallet.address):
        ether.exchange.withdraw(wallet, ether.asset, sender=ether.stranger)
    held = ether.alice.account.balance
    ether.withdraw(ether.alice)
    assert ether.alice.account.balance == held + 3 and ether.exchange.setApart() == (0, 4)


@pytest.fixture(scope="module")
def odd(project, accounts, chain):
    made = Kit(project, accounts, chain, token="OddToken")
    made.register(made.alice)
    return made


def test_a_token_that_stops_everybody_moves_no_books(odd):
    """Batches, requests, freezes and escapes touch no token; what waits is paid once it moves again."""
    state = odd.give(odd.alice, 10)
    odd.token.behave(REVERTS, sender=odd.stranger)
    odd.serve(state, modifications=[(odd.alice.stark_key, 7, -4)])
    odd.freeze_with(odd.alice)
    odd.declare_escape(odd.alice, 6)
    odd.escape(odd.alice, 6)
    with ape.reverts(odd.token.TokenSaysNo):
        odd.withdraw(odd.alice)
    assert odd.withdrawable(odd.alice) == 10
    odd.token.behave(0, sender=odd.stranger)
    odd.withdraw(odd.alice)
    assert odd.token.balanceOf(odd.alice.account) == odd.START


def test_a_stranger_pays_an_owner_early_and_no_more(kit):
    """Anyone may send a withdrawal: it goes to the owner, once, and in part where a part is there."""
    kit.give(kit.alice, 10)
    kit.freeze_with(kit.alice)
    kit.declare_escape(kit.alice, 12)
    kit.escape(kit.alice, 12)
    for _ in range(3):
        kit.withdraw(kit.alice)
    assert kit.token.balanceOf(kit.alice.account) == kit.START and kit.withdrawable(kit.alice) == 2

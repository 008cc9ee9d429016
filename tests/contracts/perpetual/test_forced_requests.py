"""Forced withdrawals and trades, the freeze, escapes (requirements S2, S4)."""

import ape
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from freehold.scenarios.accounts import User
from freehold.testing.kit import BTC, DAY, GRACE, HOUR
from freehold.testing.output_words import Trade, Withdrawal
from prover.algebra.field import PRIME as FIELD
from prover.algebra.keccak import words_to_bytes

SERVED = 2**256 - 1
UNREQUESTED, PENDING, SERVED_TRADE = range(3)

# --- requests


def test_golden_hashes():
    withdrawal = "74c05f4df9853348a059d77079a83594dc15c1733e413b062ef03220f664f0a6"
    trade = Trade(0xAA, 0xBB, 1, 2, 0xCC, 0xDD, 5, 6, True, 9)
    assert Withdrawal(0x123, 7, 1000).hash().hex() == withdrawal
    assert trade.hash().hex() == "3f604b24437329aa666bd4bfef58c9a63f741631a6f36cc12b9326161f895432"
    digest = "e4c1304fef5451a124d24479c3014d29b6a69e6193e2c5660cc7a96b91a78889"
    assert trade.published_digest(480000).hex() == digest


def test_a_forced_withdrawal_is_recorded_under_its_published_hash(kit):
    receipt = kit.request(kit.alice, 5)
    request_hash = kit.withdrawal(kit.alice, 5).hash()
    assert kit.requested_at(kit.alice, 5) == receipt.timestamp
    assert kit.exchange.getActionCount() == 1 and bytes(kit.exchange.getActionHashByIndex(0)) == request_hash
    with ape.reverts(kit.error("ForcedRequestIndexTooHigh"), index=1, count=1):
        kit.exchange.getActionHashByIndex(1)
    (event,) = receipt.decode_logs(kit.exchange.LogForcedWithdrawalRequest)
    assert (event.starkKey, event.vaultId, event.quantizedAmount) == (kit.alice.stark_key, 7, 5)
    (companion,) = receipt.decode_logs(kit.exchange.ForcedRequestAccepted)
    assert bytes(companion.requestHash) == request_hash and companion.deadline == receipt.timestamp + GRACE


def test_forced_withdrawals_and_their_bounds(kit, accounts):
    carol = User("carol", accounts[7], 0xCA201, 9)
    with ape.reverts(kit.error("UserUnregistered"), starkKey=carol.stark_key):
        kit.request(carol, 1)
    request = kit.exchange.forcedWithdrawalRequest
    with ape.reverts(kit.error("NotKeyOwner")):
        request(kit.alice.stark_key, 7, 1, False, sender=kit.stranger)
    with ape.reverts(kit.error("PositionIdOutOfRange"), positionId=2**64):
        request(kit.alice.stark_key, 2**64, 1, False, sender=kit.alice.account)
    with ape.reverts(kit.error("AmountOutOfRange"), amount=2**64):
        kit.request(kit.alice, 2**64)
    request(kit.alice.stark_key, 2**64 - 1, 0, False, sender=kit.alice.account)
    kit.request(kit.alice, 2**64 - 1)
    with ape.reverts(kit.error("ForcedRequestPending")):
        kit.request(kit.alice, 2**64 - 1)
    request(int(kit.stranger.address, 16), 7, 1, False, sender=kit.stranger)  # an address is a key
    assert kit.exchange.getActionCount() == 3


def test_ten_requests_of_a_block_are_free_and_premium_ones_do_not_count(kit, project):
    """Eleven requests in one block: a wallet sends them in one transaction."""
    batcher = kit.stranger.deploy(project.Batcher)
    key, request = int(batcher.address, 16), kit.exchange.forcedWithdrawalRequest
    calls = [request.encode_input(key, 7, amount, False) for amount in range(10)]
    eleventh, premium = request.encode_input(key, 7, 10, False), request.encode_input(key, 7, 11, True)
    with ape.reverts(kit.error("MaxRequestsPerBlockReached"), limit=10):
        batcher.batch(kit.exchange, [*calls, eleventh], sender=kit.stranger)
    receipt = batcher.batch(kit.exchange, [*calls, premium], sender=kit.stranger)
    assert receipt.gas_used > 1_000_000
    assert kit.exchange.freeRequestsLeft() in (0, 10)  # of the last block, or of a coming one
    batcher.batch(kit.exchange, [eleventh], sender=kit.stranger)
    assert kit.exchange.getActionCount() == 12


def test_a_premium_request_burns_a_million_gas(kit):
    """S2-09, measured on both kinds."""
    assert kit.request(kit.alice, 1).gas_used < 200_000
    assert 1_000_000 <= kit.request(kit.alice, 2, premium=True).gas_used < 1_250_000
    assert kit.request_trade(kit.trade()).gas_used < 250_000
    assert 1_000_000 <= kit.request_trade(kit.trade(nonce=2), premium=True).gas_used < 1_300_000


# --- trades


def test_a_forced_trade_is_recorded_under_its_published_hash(kit):
    trade = kit.trade()
    receipt = kit.request_trade(trade)
    assert kit.trade_requested_at(trade) == receipt.timestamp
    assert bytes(kit.exchange.getActionHashByIndex(0)) == trade.hash()
    (event,) = receipt.decode_logs(kit.exchange.LogForcedTradeRequest)
    assert tuple(event.event_arguments.values()) == trade.arguments()
    with ape.reverts(kit.error("ForcedRequestPending")):
        kit.request_trade(trade)
    kit.request_trade(kit.trade(nonce=2))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"position_a": 2**64}, "PositionIdOutOfRange"),
        ({"position_b": 2**64}, "PositionIdOutOfRange"),
        ({"position_b": 7}, "IdenticalPositions"),
        ({"collateral": BTC}, "SystemAssetNotInTrade"),
        ({"synthetic": BTC + 1}, "UnknownAsset"),
        ({"amount_collateral": 2**64}, "AmountOutOfRange"),
        ({"amount_synthetic": 2**64}, "AmountOutOfRange"),
        ({"nonce": FIELD}, "InvalidNonce"),
    ],
)
def test_trades_that_are_refused_by_one_field(kit, changes, error):
    with ape.reverts(kit.error(error)):
        kit.request_trade(kit.trade(**changes))
    edges = {"position_a": 2**64 - 1, "amount_collateral": 2**64 - 1, "amount_synthetic": 0, "nonce": FIELD - 1}
    kit.request_trade(kit.trade(**edges))


def test_the_collateral_is_not_a_synthetic(kit):
    with ape.reverts(kit.error("IdenticalAssets"), assetId=kit.asset):
        kit.request_trade(kit.trade(synthetic=kit.asset))


def test_the_hour_of_expiration_is_the_last_that_is_accepted(kit):
    """S2-16."""
    hour = kit.now() // HOUR + 2
    kit.at((hour + 1) * HOUR)
    with ape.reverts(kit.error("RequestTimeExpired"), expirationHour=hour, currentHour=hour + 1):
        kit.request_trade(kit.trade(), hour=hour)
    kit.request_trade(kit.trade(), hour=hour + 1)
    kit.at((hour + 2) * HOUR - 1)
    kit.request_trade(kit.trade(nonce=2), hour=hour + 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"key_a": 0},
        {"position_a": 17},
        {"position_b": 18},
        {"amount_collateral": 101},
        {"amount_synthetic": 6},
        {"a_buys": False},
        {"nonce": 2},
    ],
)
def test_every_field_is_signed(kit, changes):
    """S4-16: b's signature over another trade is no signature over this one."""
    hour = kit.now() // HOUR + 1
    signature = kit.sign_raw(kit.bob.account, kit.trade(**changes).published_digest(hour))
    with ape.reverts(kit.error("InvalidSignature"), owner=kit.bob.account.address):
        kit.request_trade(kit.trade(), hour=hour, signature=signature)
    signature = kit.sign_raw(kit.bob.account, kit.trade().published_digest(hour))
    with ape.reverts(kit.error("InvalidSignature"), owner=kit.bob.account.address):
        kit.request_trade(kit.trade(), hour=hour + 1, signature=signature)
    kit.request_trade(kit.trade(), hour=hour, signature=signature)


def typed_message(kit, trade: Trade, hour: int) -> dict:
    words = ("starkKeyA", "starkKeyB", "vaultIdA", "vaultIdB", "collateralAssetId", "syntheticAssetId")
    kinds = [*((name, "uint256") for name in (*words, "amountCollateral", "amountSynthetic"))]
    kinds += [("aIsBuyingSynthetic", "bool"), ("submissionExpirationTime", "uint256"), ("nonce", "uint256")]
    *most, nonce = trade.arguments()
    domain = [("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address")]
    values = ("Freehold", "1", kit.chain.chain_id, kit.exchange.address)
    return {
        "types": {
            "EIP712Domain": [{"name": name, "type": kind} for name, kind in domain],
            "ForcedTrade": [{"name": name, "type": kind} for name, kind in kinds],
        },
        "primaryType": "ForcedTrade",
        "domain": dict(zip((name for name, _ in domain), values, strict=True)),
        "message": dict(zip((name for name, _ in kinds), (*most, hour, nonce), strict=True)),
    }


def typed_signature(kit, account, trade: Trade, hour: int) -> bytes:
    message = encode_typed_data(full_message=typed_message(kit, trade, hour))
    signed = Account.sign_message(message, private_key=account.private_key)
    return words_to_bytes([signed.r, signed.s]) + bytes([signed.v])


def test_a_typed_signature_is_as_good(kit):
    trade, hour = kit.trade(), kit.now() // HOUR + 1
    with ape.reverts(kit.error("InvalidSignature")):
        kit.request_trade(trade, hour=hour, signature=typed_signature(kit, kit.alice.account, trade, hour))
    *most, nonce = trade.arguments()
    published, typed = kit.exchange.forcedTradeDigests(*most, hour, nonce)
    assert bytes(published) == trade.published_digest(hour)
    assert typed_signature(kit, kit.bob.account, trade, hour) == kit.sign_raw(kit.bob.account, bytes(typed))
    kit.request_trade(trade, hour=hour, signature=typed_signature(kit, kit.bob.account, trade, hour))


def test_a_contract_signs_the_typed_digest_only(kit):
    """The stranger's wallet is party b; its key is its address."""
    trade, hour = kit.trade(key_b=int(kit.wallet.address, 16)), kit.now() // HOUR + 1
    published = kit.sign_raw(kit.stranger, trade.published_digest(hour))
    with ape.reverts(kit.error("InvalidSignature"), owner=kit.wallet.address):
        kit.request_trade(trade, hour=hour, signature=published)
    with ape.reverts(kit.error("InvalidSignature"), owner=kit.wallet.address):
        kit.request_trade(trade, hour=hour, signature=b"")
    kit.request_trade(trade, hour=hour, signature=typed_signature(kit, kit.stranger, trade, hour))


def test_signatures_that_are_none(kit):
    trade, hour = kit.trade(), kit.now() // HOUR + 1
    good = kit.sign_raw(kit.bob.account, trade.published_digest(hour))
    for bad in (b"", good[:-1], good[:-1] + b"\0", good[:-1] + bytes([good[-1] ^ 7]), bytes(65)):
        with ape.reverts(kit.error("InvalidSignature")):
            kit.request_trade(trade, hour=hour, signature=bad)
    kit.request_trade(trade, hour=hour, signature=good + b"trailing bytes are ignored, as in v3.2")


def test_both_parties_must_own_their_keys(kit, accounts):
    """S4-13."""
    carol = User("carol", accounts[7], 0xCA201, 9)
    with ape.reverts(kit.error("PartyBUnregistered"), starkKey=carol.stark_key):
        kit.request_trade(kit.trade(key_b=carol.stark_key))
    with ape.reverts(kit.error("NotKeyOwner")):
        kit.request_trade(kit.trade(), sender=kit.bob.account)
    with ape.reverts(kit.error("PartyBUnregistered"), starkKey=0):
        kit.request_trade(kit.trade(key_b=0), signature=bytes(65))


def test_one_person_trades_between_two_positions(kit):
    """S2-13, S4-14."""
    own = kit.trade(key_b=kit.alice.stark_key)
    hour = kit.now() // HOUR + 1
    kit.request_trade(own, hour=hour, signature=kit.sign_raw(kit.alice.account, own.published_digest(hour)))


def test_a_trade_served_once_never_comes_again(kit):
    """S2-15, S2-21: the mark of a served trade neither freezes nor wraps round."""
    trade = kit.trade()
    kit.request_trade(trade)
    state = kit.serve(forced=[trade])
    assert kit.trade_requested_at(trade) == SERVED
    with ape.reverts(kit.error("ForcedRequestAlreadyServed")):
        kit.request_trade(trade)
    kit.wait(GRACE)
    with ape.reverts(kit.error("ForcedRequestNotPending")):
        kit.freeze_trade(trade)
    output = kit.output(state, forced=[trade])
    kit.declare(output.words(), output.after)
    with ape.reverts(kit.error("ForcedRequestAlreadyServed")):
        kit.update(output.words())


# --- what watchers read


def test_a_pending_action_tells_its_age_and_time_left(kit):
    kit.request(kit.alice, 5)
    request_hash, asked = kit.withdrawal(kit.alice, 5).hash(), kit.requested_at(kit.alice, 5)
    kit.at(asked + GRACE - 1)
    kit.chain.mine()
    action = kit.exchange.getForcedRequest(request_hash)
    assert (action.status, action.age, action.timeLeft, action.freezable) == (PENDING, GRACE - 1, 1, False)
    kit.at(asked + GRACE)
    kit.chain.mine()
    action = kit.exchange.getForcedRequest(request_hash)
    assert (action.requestedAt, action.timeLeft, action.freezable) == (asked, 0, True)
    kit.freeze(kit.alice, 5)
    assert not kit.exchange.getForcedRequest(request_hash).freezable
    assert kit.exchange.getForcedRequest(bytes(32)).status == UNREQUESTED


def test_actions_are_listed_in_order(kit):
    trade = kit.trade()
    kit.request(kit.alice, 1)
    kit.request_trade(trade)
    kit.request(kit.alice, 2)
    kit.serve(forced=[kit.withdrawal(kit.alice, 1), trade])
    listed = kit.exchange.getForcedRequests(0, 99)
    assert [action.status for action in listed] == [UNREQUESTED, SERVED_TRADE, PENDING]
    assert [bytes(a.requestHash) for a in kit.exchange.getForcedRequests(1, 1)] == [trade.hash()]
    assert kit.exchange.getForcedRequests(3, 1) == [] and kit.exchange.getForcedRequests(2**255, 2**255) == []


# --- the freeze


def test_freezing_on_both_sides_of_the_deadline(kit):
    """S2-02, S2-28: a stranger, with public data."""
    with ape.reverts(kit.error("ForcedRequestNotPending")):
        kit.freeze(kit.alice, 1)
    with ape.reverts(kit.error("PositionIdOutOfRange"), positionId=2**64):
        kit.exchange.freezeRequest(kit.alice.stark_key, 2**64, 1, sender=kit.stranger)
    kit.request(kit.alice, 1)
    deadline = kit.requested_at(kit.alice, 1) + GRACE
    kit.at(deadline - 1)
    with ape.reverts(kit.error("GracePeriodNotOver"), deadline=deadline):
        kit.freeze(kit.alice, 1)
    kit.at(deadline)
    receipt = kit.freeze(kit.alice, 1)
    assert kit.exchange.isFrozen() and kit.exchange.getUnFreezeTime() == deadline + 365 * DAY
    assert len(receipt.decode_logs(kit.exchange.LogFrozen)) == 1
    (event,) = receipt.decode_logs(kit.exchange.FrozenByRequest)
    assert bytes(event.requestHash) == kit.withdrawal(kit.alice, 1).hash()


def test_an_unserved_trade_freezes_too(kit):
    trade = kit.trade()
    with ape.reverts(kit.error("ForcedRequestNotPending")):
        kit.freeze_trade(trade)
    for side in ("position_a", "position_b"):
        with ape.reverts(kit.error("PositionIdOutOfRange"), positionId=2**64):
            kit.freeze_trade(kit.trade(**{side: 2**64}))
    kit.request_trade(trade)
    deadline = kit.trade_requested_at(trade) + GRACE
    kit.at(deadline - 1)
    with ape.reverts(kit.error("GracePeriodNotOver"), deadline=deadline):
        kit.freeze_trade(trade)
    kit.at(deadline)
    kit.freeze_trade(trade)
    assert kit.exchange.isFrozen()


def test_a_frozen_exchange_takes_nothing_in_and_pays_out(kit):
    """S2-29, S2-30, and what keeps working."""
    state = kit.give(kit.alice, 50)
    kit.deposit(kit.alice, 5)
    kit.exchange.depositCancel(*kit.slot(kit.alice), sender=kit.alice.account)
    kit.serve(state, modifications=[(kit.alice.stark_key, 7, -20)])
    kit.freeze_with(kit.alice)
    by = {"sender": kit.governor}
    for refused in (
        lambda: kit.deposit(kit.alice, 1),
        lambda: kit.request(kit.alice, 2),
        lambda: kit.request_trade(kit.trade()),
        lambda: kit.freeze(kit.alice, 1),
        lambda: kit.freeze_trade(kit.trade()),
        lambda: kit.update([], []),
        lambda: kit.exchange.registerVerifier(kit.availability, "ObedientRegistry", **by),
        lambda: kit.exchange.announceVerifierRemovalIntent(kit.verifier, **by),
        lambda: kit.exchange.removeVerifier(kit.verifier, **by),
        lambda: kit.exchange.registerAvailabilityVerifier(kit.verifier, "ObedientRegistry", **by),
        lambda: kit.exchange.announceAvailabilityVerifierRemovalIntent(kit.availability, **by),
        lambda: kit.exchange.removeAvailabilityVerifier(kit.availability, **by),
        lambda: kit.exchange.upgradeTo(kit.verifier, b"", False, **by),
    ):
        with ape.reverts(kit.error("StateIsFrozen")):
            refused()
    kit.withdraw(kit.alice)
    kit.exchange.depositReclaim(*kit.slot(kit.alice), sender=kit.alice.account)
    assert kit.token.balanceOf(kit.alice.account) == kit.START - 30


def test_a_served_request_cannot_freeze_and_may_come_again(kit):
    """S2-26."""
    kit.request(kit.alice, 4)
    state = kit.serve(forced=[kit.withdrawal(kit.alice, 4)])
    kit.wait(GRACE)
    with ape.reverts(kit.error("ForcedRequestNotPending")):
        kit.freeze(kit.alice, 4)
    output = kit.output(state, forced=[kit.withdrawal(kit.alice, 4)])
    kit.declare(output.words(), output.after)
    with ape.reverts(kit.error("ForcedRequestNotPending")):
        kit.update(output.words())
    kit.freeze_with(kit.alice, 4)
    assert kit.exchange.isFrozen()


def test_unfreezing_waits_and_old_demands_start_anew(kit):
    """X10: no request from before the end of a freeze freezes again; its owner asks again."""
    with ape.reverts(kit.error("StateNotFrozen")):
        kit.exchange.unFreeze(sender=kit.governor)
    kit.request(kit.alice, 2)
    kit.freeze_with(kit.alice)
    until = kit.exchange.getUnFreezeTime()
    with ape.reverts(kit.error("OnlyGovernance"), caller=kit.stranger.address):
        kit.exchange.unFreeze(sender=kit.stranger)
    kit.at(until - 1)
    with ape.reverts(kit.error("UnfreezeNotAllowedYet"), unfreezeTime=until):
        kit.exchange.unFreeze(sender=kit.governor)
    kit.at(until)
    kit.exchange.unFreeze(sender=kit.governor)
    assert not kit.exchange.isFrozen()
    with ape.reverts(kit.error("RefreezeAttempt")):
        kit.freeze(kit.alice, 2)
    kit.request(kit.alice, 2)
    asked = kit.requested_at(kit.alice, 2)
    assert asked > until
    kit.serve()  # the state goes on from where it stood
    kit.at(asked + GRACE)
    kit.freeze(kit.alice, 2)


def test_a_trade_that_a_freeze_outlived_is_spent(kit):
    """B signed for one request: a year later, at another price, A does not come back with it. Nor does a batch."""
    trade, hour = kit.trade(), kit.now() // HOUR + 2 * 365 * 24
    signature = kit.sign_raw(kit.bob.account, trade.published_digest(hour))
    kit.request_trade(trade, hour=hour, signature=signature)
    asked = kit.trade_requested_at(trade)
    kit.freeze_with(kit.alice)
    kit.at(kit.exchange.getUnFreezeTime())
    kit.exchange.unFreeze(sender=kit.governor)
    with ape.reverts(kit.error("ForcedTradeSpent"), requestHash=trade.hash(), requestedAt=asked):
        kit.request_trade(trade, hour=hour, signature=signature)
    with ape.reverts(kit.error("RefreezeAttempt")):
        kit.freeze_trade(trade)
    output = kit.output(forced=[trade])
    kit.declare(output.words(), output.after)
    with ape.reverts(kit.error("ForcedTradeSpent"), requestHash=trade.hash(), requestedAt=asked):
        kit.update(output.words())
    again = kit.trade(nonce=2)
    kit.request_trade(again)
    kit.serve(forced=[again])


def test_an_escape_needs_a_freeze_and_a_proof_and_works_once(kit):
    kit.give(kit.alice, 10)
    with ape.reverts(kit.error("StateNotFrozen")):
        kit.escape(kit.alice, 10)
    kit.freeze_with(kit.alice)
    with ape.reverts(kit.error("EscapeLacksProof")):
        kit.escape(kit.alice, 10)
    kit.declare_escape(kit.alice, 10)
    for other in ((kit.bob.stark_key, 7, 10), (kit.alice.stark_key, 8, 10), (kit.alice.stark_key, 7, 11)):
        with ape.reverts(kit.error("EscapeLacksProof")):
            kit.exchange.escape(*other, sender=kit.stranger)
    receipt = kit.escape(kit.alice, 10)
    (event,) = receipt.decode_logs(kit.exchange.PositionEscaped)
    assert (event.positionId, event.starkKey, event.quantizedAmount) == (7, kit.alice.stark_key, 10)
    assert kit.exchange.escapeUsed(7) and kit.exchange.escapesUsedCount() == 1
    kit.declare_escape(kit.alice, 9)
    for amount in (10, 9):
        with ape.reverts(kit.error("EscapeAlreadyUsed"), positionId=7):
            kit.escape(kit.alice, amount)
    kit.withdraw(kit.alice)
    assert kit.token.balanceOf(kit.alice.account) == kit.START


def test_after_an_escape_nothing_is_ever_resumed(kit):
    """The frozen state still holds what was paid out, so it must not go on."""
    kit.give(kit.alice, 10)
    kit.freeze_with(kit.alice)
    kit.declare_escape(kit.alice, 10)
    kit.escape(kit.alice, 10)
    kit.wait(365 * DAY)
    with ape.reverts(kit.error("EscapesWereUsed"), count=1):
        kit.exchange.unFreeze(sender=kit.governor)


def test_one_registers_escapes_and_withdraws_while_frozen(kit, accounts):
    """X13."""
    carol = User("carol", accounts[7], 0xCA201, 9)
    kit.deposit(kit.alice, 10)
    kit.serve(modifications=[(kit.alice.stark_key, 7, 10)])
    kit.freeze_with(kit.alice)
    kit.declare_escape(carol, 10)
    kit.escape(carol, 10)
    kit.register(carol)
    kit.withdraw(carol)
    assert kit.token.balanceOf(carol.account) == 10

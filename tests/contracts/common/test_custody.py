"""Keys, deposits and withdrawals: each refusal beside the accepted case it differs from by one thing."""

import ape
import pytest

from freehold.scenarios.accounts import User
from freehold.testing.kit import BTC, DAY, ETH_INFO, Kit, asset_type, erc20_info
from prover.algebra import ecdsa
from prover.algebra.field import PRIME as FIELD
from prover.algebra.keccak import keccak256, words_to_bytes
from prover.applications.ledger.facts import registration_message

NOBODYS_KEY = 3 * 2**200  # above every address
BALANCE_BOUND = 2**63
"""No position holds as much."""


@pytest.fixture
def carol(accounts):
    """Not registered."""
    return User("carol", accounts[7], 0xCA201, 9)


# --- keys


def test_registration_needs_the_keys_own_signature_over_the_address(kit, carol):
    signature = carol.registration()
    register = kit.exchange.registerSender
    with ape.reverts(kit.error("SignatureRefused")):
        register(carol.stark_key, words_to_bytes([1]) + signature[32:], sender=carol.account)
    with ape.reverts(kit.error("SignatureRefused")):  # made for carol's address
        register(carol.stark_key, signature, sender=kit.stranger)
    with ape.reverts(kit.error("InvalidSignatureLength"), length=95):
        register(carol.stark_key, signature[:-1], sender=carol.account)
    register(carol.stark_key, signature, sender=carol.account)
    assert kit.exchange.getEthKey(carol.stark_key) == carol.account.address
    with ape.reverts(kit.error("StarkKeyUnavailable"), starkKey=carol.stark_key, owner=carol.account.address):
        register(carol.stark_key, signature, sender=carol.account)


def test_keys_that_cannot_be_registered(kit, carol):
    signature = carol.registration()
    off_curve = next(x for x in range(2, 99) if pow(x**3 + x + ecdsa.curve.BETA, (FIELD - 1) // 2, FIELD) != 1)
    for key in (0, FIELD, carol.stark_key + FIELD, off_curve):
        with ape.reverts(kit.error("InvalidStarkKey"), starkKey=key):
            kit.exchange.registerSender(key, signature, sender=carol.account)
    with ape.reverts(kit.error("InvalidEthAddress")):
        kit.exchange.registerEthAddress("0x" + "00" * 20, carol.stark_key, signature, sender=carol.account)


def test_signature_words_out_of_range_are_refused(kit, carol):
    r, s, y = (carol.registration()[i : i + 32] for i in (0, 32, 64))
    order = ecdsa.ORDER
    for which, words in (
        (1, words_to_bytes([0]) + s + y),
        (1, words_to_bytes([2**251]) + s + y),
        (2, r + words_to_bytes([0]) + y),
        (2, r + words_to_bytes([order]) + y),
        (3, r + words_to_bytes([pow(2**251, -1, order)]) + y),  # the inverse of s
    ):
        with ape.reverts(kit.error("SignatureOutOfRange"), which=which):
            kit.exchange.registerSender(carol.stark_key, words, sender=carol.account)
    with ape.reverts(kit.error("NotOnCurve"), x=carol.stark_key):
        kit.exchange.registerSender(carol.stark_key, r + s + words_to_bytes([5]), sender=carol.account)
    wrong_root = FIELD - int.from_bytes(y, "big")
    with ape.reverts(kit.error("SignatureRefused")):
        kit.exchange.registerSender(carol.stark_key, r + s + words_to_bytes([wrong_root]), sender=carol.account)


def test_a_signature_that_leads_to_the_point_at_infinity_is_refused(kit, carol):
    """r = -message / private key: both terms cancel, and no x is there to be compared."""
    message = registration_message(bytes.fromhex(carol.account.address[2:]), carol.stark_key)
    r = -message * pow(carol.stark_private_key, -1, ecdsa.ORDER) % ecdsa.ORDER
    assert 0 < r < 2**251
    words = words_to_bytes([r, 1, ecdsa.public_point(carol.stark_private_key).y])
    with ape.reverts(kit.error("SignatureRefused")):
        kit.exchange.registerSender(carol.stark_key, words, sender=carol.account)


def test_the_other_s_and_anybodys_transaction_register_too(kit, carol):
    """Harmless: a key is coupled once, to the address that the key signed."""
    r, s, y = (carol.registration()[i : i + 32] for i in (0, 32, 64))
    flipped = words_to_bytes([ecdsa.ORDER - int.from_bytes(s, "big")])
    kit.exchange.registerEthAddress(carol.account, carol.stark_key, r + flipped + y, sender=kit.stranger)
    assert kit.exchange.getEthKey(carol.stark_key) == carol.account.address


@pytest.mark.parametrize("private_key", [1, ecdsa.ORDER - 1])
def test_the_generator_and_its_negative_are_keys_too(kit, accounts, private_key):
    """Where the sum of generator and key is a doubling, or infinity."""
    user = User("edge", accounts[7], private_key, 9)
    kit.register(user)
    assert kit.exchange.getEthKey(user.stark_key) == accounts[7].address


def test_golden_registration(kit):
    key = 0x63CBF2811AEFBE6CF395EB5B1AA5DB62F6E2B3ADBAFB024B01F2C02DE1EC84D
    y = 0x7581CDA37583D3C9179FFD9ABEAAE8FF3D927FFEBE3C8117DB21C48BE2B7EEA
    r = 0x399AB58E2D17603EECCAE95933C81D504CE475EB1BD0080D2316B84232E133C
    s = 0xE1B596D9880E38DFA5174788CB65D3E966FFC35D4E3EEE05AC021493239FC1
    owner = "0x2222222222222222222222222222222222222222"
    kit.exchange.registerEthAddress(owner, key, words_to_bytes([r, s, y]), sender=kit.stranger)
    assert kit.exchange.getEthKey(key) == owner


def test_one_address_holds_many_keys_and_an_address_is_a_key(kit, carol):
    kit.register(carol)
    again = User("carol", carol.account, 0xCA202, 10)
    kit.register(again)
    assert kit.exchange.getEthKey(again.stark_key) == kit.exchange.getEthKey(carol.stark_key)
    assert kit.exchange.getEthKey(int(kit.stranger.address, 16)) == kit.stranger.address
    assert int(kit.exchange.getEthKey(NOBODYS_KEY), 16) == 0


# --- the collateral


def test_golden_asset_type_and_what_is_refused_as_collateral(kit, project):
    eth_type = 0x1142460171646987F20C714EDA4B92812B22B811F56F27130937C267E29BD9E
    assert asset_type(ETH_INFO) == eth_type
    assert kit.exchange.getAssetInfo(kit.asset) == kit.info and kit.exchange.isAssetRegistered(kit.asset)
    assert kit.exchange.getQuantum(kit.asset) == kit.exchange.getQuantum(5) == 1
    with ape.reverts(kit.error("AssetTypeNotRegistered"), assetType=eth_type):
        kit.exchange.getAssetInfo(eth_type)
    with ape.reverts(kit.error("SystemAssetTypeAlreadySet"), assetType=kit.asset):
        kit.exchange.registerSystemAssetType(eth_type, ETH_INFO, sender=kit.token_admin)


def test_collateral_is_checked_before_it_is_named(project, accounts, chain):
    made = Kit(project, accounts, chain, configured=False)
    made.start()
    register = made.exchange.registerSystemAssetType
    made.exchange.registerTokenAdmin(made.token_admin, sender=made.governor)
    nft = keccak256(b"ERC721Token(address,uint256)")[:4] + made.info[4:]
    nobody = made.info[:4] + bytes(12) + bytes(range(20))
    dirty = made.info[:4] + b"\1" + made.info[5:]
    for info, error in (
        (nft, "UnsupportedTokenType"),
        (b"", "UnsupportedTokenType"),
        (ETH_INFO + b"\0", "InvalidAssetString"),
        (made.info + b"\0", "InvalidAssetString"),
        (nobody, "BadTokenAddress"),
        (dirty, "BadTokenAddress"),
    ):
        with ape.reverts(made.error(error)):
            register(asset_type(info), info, sender=made.token_admin)
    with ape.reverts(made.error("InvalidAssetType"), assetType=made.asset ^ 1, derived=made.asset):
        register(made.asset ^ 1, made.info, sender=made.token_admin)
    with ape.reverts(made.error("OnlyTokenAdmin"), caller=made.governor.address):
        register(made.asset, made.info, sender=made.governor)
    with ape.reverts(made.error("AssetTypeNotRegistered"), assetType=made.asset):
        made.deposit(made.alice, 1)
    register(made.asset, made.info, sender=made.token_admin)
    made.deposit(made.alice, 1)


def test_other_kinds_of_token_are_refused_by_name(kit):
    exchange, asset, sender = kit.exchange, kit.asset, {"sender": kit.alice.account}
    for call in (
        lambda: exchange.depositNft(1, asset, 2, 3, **sender),
        lambda: exchange.depositERC1155(1, asset, 2, 3, 4, **sender),
        lambda: exchange.depositWithTokenId(1, asset, 2, 3, 4, **sender),
        lambda: exchange.depositNftReclaim(1, asset, 2, 3, **sender),
        lambda: exchange.depositWithTokenIdReclaim(1, asset, 2, 3, **sender),
        lambda: exchange.withdrawNft(1, asset, 2, **sender),
        lambda: exchange.withdrawWithTokenId(1, asset, 2, **sender),
        lambda: exchange.withdrawAndMint(1, asset, b"", **sender),
        lambda: exchange.calculateAssetIdWithTokenId(asset, 1),
        lambda: exchange.calculateMintableAssetId(asset, b""),
    ):
        with ape.reverts(kit.error("WrongTokenKind"), assetType=asset):
            call()
    with ape.reverts(kit.error("AssetTypeNotRegistered"), assetType=1):
        exchange.depositNft(1, 1, 2, 3, **sender)
    with ape.reverts(kit.error("UnsupportedFunction")):
        exchange.registerToken(asset, kit.info, **sender)
    with ape.reverts(kit.error("UnsupportedFunction")):
        exchange.registerToken(asset, kit.info, 1, **sender)
    received = exchange.onERC721Received
    assert bytes(received(kit.stranger, kit.stranger, 1, b"")) == bytes(4)
    assert bytes(received(exchange, kit.stranger, 1, b"")) == bytes.fromhex("150b7a02")


# --- deposits


@pytest.mark.parametrize("amount", [0, 1, BALANCE_BOUND - 1])
def test_a_deposit_moves_its_amount_and_waits(kit, amount):
    kit.token.mint(kit.alice.account, 2**65, sender=kit.governor)
    receipt = kit.deposit(kit.alice, amount)
    assert kit.pending(kit.alice) == kit.token.balanceOf(kit.exchange) == amount
    assert kit.exchange.getQuantizedDepositBalance(*kit.slot(kit.alice)) == amount
    (event,) = receipt.decode_logs(kit.exchange.LogDeposit)
    assert (event.starkKey, event.vaultId, event.quantizedAmount) == (kit.alice.stark_key, 7, amount)


def test_deposits_that_nobody_could_take_are_refused(kit):
    deposit, sender = kit.exchange.depositERC20, {"sender": kit.alice.account}
    off_curve = next(
        x for x in range(2**160, 2**160 + 99) if pow(x**3 + x + ecdsa.curve.BETA, (FIELD - 1) // 2, FIELD) != 1
    )
    for key in (0, FIELD, off_curve):
        with ape.reverts(kit.error("InvalidStarkKey"), starkKey=key):
            deposit(key, kit.asset, 7, 1, **sender)
    with ape.reverts(kit.error("PositionIdOutOfRange"), positionId=2**64):
        deposit(kit.alice.stark_key, kit.asset, 2**64, 1, **sender)
    with ape.reverts(kit.error("AssetTypeNotRegistered"), assetType=BTC):
        deposit(kit.alice.stark_key, BTC, 7, 1, **sender)
    deposit(kit.alice.stark_key, kit.asset, 2**64 - 1, 1, **sender)
    deposit(int(kit.stranger.address, 16), kit.asset, 7, 1, **sender)


def test_what_waits_at_one_place_fits_a_position(kit):
    """No batch could take more into it at once, and what it cannot hold would wait for ever."""
    kit.token.mint(kit.alice.account, 2**64, sender=kit.governor)
    for amount in (BALANCE_BOUND, 2**256 - 1):
        with ape.reverts(kit.error("DepositOutOfRange"), pending=0, amount=amount):
            kit.deposit(kit.alice, amount)
    kit.deposit(kit.alice, 1)
    for amount in (BALANCE_BOUND - 1, 2**256 - 1):
        with ape.reverts(kit.error("DepositOutOfRange"), pending=1, amount=amount):
            kit.deposit(kit.alice, amount)
    kit.deposit(kit.alice, BALANCE_BOUND - 2)
    with ape.reverts(kit.error("DepositOutOfRange"), pending=BALANCE_BOUND - 1, amount=1):
        kit.deposit(kit.alice, 1, sender=kit.alice.account)
    kit.deposit(kit.alice, 0)
    kit.exchange.depositERC20(kit.alice.stark_key, kit.asset, 8, 1, sender=kit.alice.account)  # another place
    assert kit.pending(kit.alice) == BALANCE_BOUND - 1


def test_both_overloads_of_a_deposit_and_their_assets(kit):
    kit.exchange.deposit(*kit.slot(kit.alice), 3, sender=kit.alice.account)
    assert kit.pending(kit.alice) == 3
    for method in (kit.exchange.deposit, kit.exchange.depositEth):
        with ape.reverts(kit.error("NotEth"), assetType=kit.asset):
            method(*kit.slot(kit.alice), value=3, sender=kit.alice.account)


def test_reclaim_on_both_sides_of_the_delay(kit):
    kit.deposit(kit.alice, 100)
    slot, by = kit.slot(kit.alice), {"sender": kit.alice.account}
    with ape.reverts(kit.error("DepositNotCanceled")):
        kit.exchange.depositReclaim(*slot, **by)
    with ape.reverts(kit.error("NotKeyOwner")):
        kit.exchange.depositCancel(*slot, sender=kit.stranger)
    kit.exchange.depositCancel(*slot, **by)
    with ape.reverts(kit.error("NotKeyOwner")):
        kit.exchange.depositReclaim(*slot, sender=kit.stranger)
    unlocked = kit.exchange.getCancellationRequest(*slot) + 2 * DAY
    kit.at(unlocked - 1)
    with ape.reverts(kit.error("DepositLocked"), until=unlocked):
        kit.exchange.depositReclaim(*slot, **by)
    kit.at(unlocked)
    kit.exchange.depositReclaim(*slot, **by)
    assert kit.token.balanceOf(kit.alice.account) == kit.START and kit.pending(kit.alice) == 0
    with ape.reverts(kit.error("DepositNotCanceled")):
        kit.exchange.depositReclaim(*slot, **by)


def test_nothing_pending_cannot_be_cancelled(kit):
    with ape.reverts(kit.error("DepositDoesNotExist"), starkKey=kit.alice.stark_key, vaultId=7):
        kit.exchange.depositCancel(*kit.slot(kit.alice), sender=kit.alice.account)
    with ape.reverts(kit.error("UserUnregistered"), starkKey=NOBODYS_KEY):
        kit.exchange.depositCancel(NOBODYS_KEY, kit.asset, 7, sender=kit.alice.account)


def test_only_the_owners_deposit_ends_a_cancellation_and_asking_again_restarts_it(kit):
    kit.deposit(kit.alice, 100)
    slot, request = kit.slot(kit.alice), kit.exchange.getCancellationRequest
    kit.exchange.depositCancel(*slot, sender=kit.alice.account)
    first = request(*slot)
    kit.wait(DAY)
    kit.exchange.depositCancel(*slot, sender=kit.alice.account)
    assert request(*slot) == first + DAY
    kit.deposit(kit.alice, 0, sender=kit.stranger)
    assert request(*slot) == first + DAY
    kit.deposit(kit.alice, 0)
    assert request(*slot) == 0


def test_reclaim_pays_what_a_batch_left(kit):
    """X14: the race of a cancellation with a batch that accepts the deposit."""
    kit.deposit(kit.alice, 100)
    kit.exchange.depositCancel(*kit.slot(kit.alice), sender=kit.alice.account)
    kit.serve(modifications=[(kit.alice.stark_key, 7, 60)])
    kit.wait(2 * DAY)
    kit.exchange.depositReclaim(*kit.slot(kit.alice), sender=kit.alice.account)
    assert kit.token.balanceOf(kit.alice.account) == kit.START - 60


def test_a_used_up_cancellation_is_over(kit):
    """Else what others deposit later could be pulled out at once, from under a batch that is being proven."""
    kit.deposit(kit.alice, 100)
    kit.cancel(kit.alice)
    state = kit.serve(modifications=[(kit.alice.stark_key, 7, 60)])
    assert kit.exchange.getCancellationRequest(*kit.slot(kit.alice)) != 0
    state = kit.serve(state, modifications=[(kit.alice.stark_key, 7, 40)])
    assert kit.exchange.getCancellationRequest(*kit.slot(kit.alice)) == 0
    kit.wait(2 * DAY)
    kit.token.mint(kit.stranger, 100, sender=kit.governor)
    kit.token.approve(kit.exchange, 100, sender=kit.stranger)
    kit.deposit(kit.alice, 100, sender=kit.stranger)  # alice's other account
    output = kit.output(state, modifications=[(kit.alice.stark_key, 7, 100)])
    kit.declare(output.words(), output.after)  # proven, and on its way
    with ape.reverts(kit.error("DepositNotCanceled")):
        kit.reclaim(kit.alice)
    kit.update(output.words())


# --- withdrawals


@pytest.mark.parametrize("amount", [0, 1, 2**64 - 1])
def test_anyone_pays_a_withdrawal_out_to_the_owner(kit, amount):
    kit.token.mint(kit.exchange, amount, sender=kit.governor)
    kit.serve(modifications=[(kit.alice.stark_key, 7, -amount)])
    assert kit.withdrawable(kit.alice) == amount
    receipt = kit.withdraw(kit.alice)
    (event,) = receipt.decode_logs(kit.exchange.LogWithdrawalPerformed)
    assert (event.quantizedAmount, event.recipient) == (amount, kit.alice.account.address)
    assert kit.token.balanceOf(kit.alice.account) == kit.START + amount
    kit.withdraw(kit.alice)
    assert kit.token.balanceOf(kit.alice.account) == kit.START + amount


def test_a_withdrawal_needs_an_owner_and_the_collateral(kit):
    with ape.reverts(kit.error("UserUnregistered"), starkKey=NOBODYS_KEY):
        kit.exchange.withdraw(NOBODYS_KEY, kit.asset, sender=kit.stranger)
    with ape.reverts(kit.error("UserUnregistered"), starkKey=0):
        kit.exchange.withdraw(0, kit.asset, sender=kit.stranger)
    with ape.reverts(kit.error("AssetTypeNotRegistered"), assetType=1):
        kit.exchange.withdraw(kit.alice.stark_key, 1, sender=kit.stranger)


def test_a_key_that_registers_late_is_paid_then(kit, carol):
    """X13, without the freeze: money waits for a key nobody owned."""
    kit.token.mint(kit.exchange, 5, sender=kit.governor)
    kit.serve(modifications=[(carol.stark_key, 9, -5)])
    with ape.reverts(kit.error("UserUnregistered"), starkKey=carol.stark_key):
        kit.withdraw(carol)
    kit.register(carol)
    kit.withdraw(carol)
    assert kit.token.balanceOf(carol.account) == 5


# --- odd tokens and ETH


@pytest.fixture(scope="module")
def odd(project, accounts, chain):
    made = Kit(project, accounts, chain, token="OddToken")
    made.register(made.alice)
    return made


PLAIN, SAYS_NOTHING, SAYS_FALSE, SAYS_TWO, SAYS_LITTLE, REVERTS, TAKES_FEE, GIVES_MORE, MOVES_NOTHING, BACKWARDS = (
    range(10)
)


@pytest.mark.parametrize("manner", [PLAIN, SAYS_NOTHING])
def test_tokens_that_are_taken(odd, manner):
    odd.token.behave(manner, sender=odd.stranger)
    odd.deposit(odd.alice, 10)
    odd.serve(modifications=[(odd.alice.stark_key, 7, 10), (odd.alice.stark_key, 7, -10)])
    odd.withdraw(odd.alice)
    assert odd.token.balanceOf(odd.alice.account) == odd.START


@pytest.mark.parametrize(
    ("manner", "error"),
    [
        (SAYS_FALSE, "SafeERC20FailedOperation"),
        (SAYS_TWO, "SafeERC20FailedOperation"),
        (SAYS_LITTLE, "SafeERC20FailedOperation"),
        (REVERTS, "TokenSaysNo"),
        (TAKES_FEE, "IncorrectAmountTransferred"),
        (GIVES_MORE, "IncorrectAmountTransferred"),
        (MOVES_NOTHING, "IncorrectAmountTransferred"),
        (BACKWARDS, "IncorrectAmountTransferred"),
    ],
)
def test_tokens_that_are_refused_leave_the_books_as_they_were(odd, manner, error):
    odd.deposit(odd.alice, 30)
    odd.serve(modifications=[(odd.alice.stark_key, 7, 10), (odd.alice.stark_key, 7, -10)])
    odd.token.behave(manner, sender=odd.stranger)
    where = odd.token if error == "TokenSaysNo" else odd.exchange
    with ape.reverts(getattr(where, error)):
        odd.deposit(odd.alice, 10)
    if manner not in (TAKES_FEE, GIVES_MORE):  # these change the receiver's balance only
        with ape.reverts(getattr(where, error)):
            odd.withdraw(odd.alice)
    assert (odd.pending(odd.alice), odd.withdrawable(odd.alice)) == (20, 10)


def test_a_token_that_calls_back_is_refused(odd):
    odd.deposit(odd.alice, 30)
    odd.serve(modifications=[(odd.alice.stark_key, 7, 10), (odd.alice.stark_key, 7, -10)])
    calls = [
        odd.exchange.withdraw.encode_input(odd.alice.stark_key, odd.asset),
        odd.exchange.depositERC20.encode_input(*odd.slot(odd.alice), 1),
        odd.exchange.escape.encode_input(1, 2, 3),
        odd.exchange.updateState.encode_input([], []),
    ]
    for call in calls:
        odd.token.reenter(odd.exchange, call, sender=odd.stranger)
        with ape.reverts(odd.error("Reentrant")):
            odd.withdraw(odd.alice)
        with ape.reverts(odd.error("Reentrant")):
            odd.deposit(odd.alice, 1)


def test_a_token_that_changes_balances_can_leave_the_exchange_short(odd):
    """Documented as unsupported: what is lost is the token's doing, and nobody's books change."""
    odd.deposit(odd.alice, 20)
    odd.token.rebase(odd.exchange, 5, sender=odd.stranger)
    odd.exchange.depositCancel(*odd.slot(odd.alice), sender=odd.alice.account)
    odd.wait(2 * DAY)
    with ape.reverts(odd.token.InsufficientBalance, balance=5, needed=20):
        odd.exchange.depositReclaim(*odd.slot(odd.alice), sender=odd.alice.account)
    assert odd.pending(odd.alice) == 20


@pytest.fixture(scope="module")
def ether(project, accounts, chain):
    made = Kit(project, accounts, chain, token=None)
    made.register(made.alice)
    return made


def test_ether_as_collateral(ether):
    slot, by = ether.slot(ether.alice), {"sender": ether.alice.account}
    ether.exchange.depositEth(*slot, value=5, **by)
    ether.exchange.deposit(*slot, value=6, **by)
    assert ether.pending(ether.alice) == ether.exchange.balance == 11
    with ape.reverts(ether.error("NotErc20"), assetType=ether.asset):
        ether.exchange.deposit(*slot, 1, **by)
    ether.serve(modifications=[(ether.alice.stark_key, 7, 4), (ether.alice.stark_key, 7, -4)])
    held = ether.alice.account.balance
    ether.withdraw(ether.alice)
    assert ether.alice.account.balance == held + 4 and ether.exchange.balance == 7
    with ape.reverts(ether.error("NotExpectedToReceive")):
        ether.stranger.transfer(ether.exchange, 1)


def test_an_owner_that_takes_no_ether_keeps_his_claim_and_one_that_calls_back_is_refused(ether):
    key = int(ether.wallet.address, 16)
    ether.exchange.depositEth(*ether.slot(ether.alice), value=9, sender=ether.alice.account)
    ether.serve(modifications=[(ether.alice.stark_key, 7, 9), (key, 7, -4)])
    again = ether.exchange.withdraw.encode_input(key, ether.asset)
    ether.wallet.whenPaid(ether.exchange, again, sender=ether.stranger)
    with ape.reverts(ether.error("EthTransferFailed"), recipient=ether.wallet.address):
        ether.exchange.withdraw(key, ether.asset, sender=ether.stranger)
    ether.wallet.whenPaid("0x" + "00" * 20, b"", sender=ether.stranger)
    ether.exchange.withdraw(key, ether.asset, sender=ether.stranger)
    assert ether.wallet.balance == 4


def test_asset_infos_of_two_tokens_differ(kit, odd):
    assert erc20_info(kit.token) != erc20_info(odd.token) and kit.asset != odd.asset

"""What users run to come in, to have a deposit back, and to force a trade. Each refuses before it sends anything."""

from __future__ import annotations

import json
import re

import pytest
from eth_account import Account

from freehold.chain.exchange import trade_arguments
from freehold.leaving import stark_keys
from freehold.records import write_state
from freehold.scenarios.accounts import Accounts
from freehold.scenarios.acts import travel
from freehold.testing.exchange import BTC, taken
from prover.algebra.ecdsa import public_key
from prover.applications.perpetual.positions import Position
from prover.applications.perpetual.transactions import ForcedTrade, ForcedWithdrawal
from scripts import (
    deposit,
    deposit_cancel,
    deposit_reclaim,
    escape,
    forced_trade,
    forced_trade_offer,
    freeze,
    register,
    stark_key,
    status,
    withdraw,
)
from tests.support.script_kit import (
    DAY,
    HOUR,
    done,
    options,
    recorded,
    refused,
    run,
    run_json,
    stay_connected,
)

BALANCE, WEALTH = 1_000, 5_000
"""In alice's and bob's positions, and in their wallets."""


@pytest.fixture(scope="module")
def users():
    return Accounts.of_test_accounts()


@pytest.fixture(scope="module")
def deployed(tmp_path_factory, project, chain, users):
    positions = {user.position_id: Position(user.stark_key, BALANCE) for user in users.users}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("users"))
        return recorded(users, "validium", WEALTH, positions)


@pytest.fixture
def served(deployed):
    """As it was deployed: the chain forgets what a test did."""
    return deployed


@pytest.fixture(autouse=True)
def here(deployed, monkeypatch):
    monkeypatch.chdir(deployed.folder)
    stay_connected(monkeypatch)


@pytest.fixture
def alice(users):
    return users.users[0]


@pytest.fixture
def bob(users):
    return users.users[1]


@pytest.fixture
def hers(alice):
    return options(account=alice.account.alias, stark_key=hex(alice.stark_key), position=alice.position_id)


@pytest.fixture
def nothing_sent(chain):
    """No block is made."""
    before = chain.blocks.head.number
    yield
    assert chain.blocks.head.number == before


# --- keys


def test_a_key_of_a_file_is_registered_once(users, served, tmp_path):
    file = tmp_path / "key"
    made = done(run(stark_key, file))
    assert file.stat().st_mode & 0o077 == 0
    key = public_key(int(file.read_text(), 16))
    assert f"{key:#x}" in made
    as_carol = options(account="TEST::7", key_file=file)
    planned = done(run(register, *as_carol, "--dry-run"))
    assert "would send from" in planned and "registerSender(" in planned
    assert int(served.deployed.exchange.getEthKey(key), 16) == 0
    assert f"registered {key:#x}" in done(run(register, *as_carol))
    assert served.deployed.exchange.getEthKey(key) == users.governor.provider.account_manager.test_accounts[7].address
    refused(run(register, *as_carol), "is registered for")
    refused(run(register, *options(account="TEST::8", key_file=file)), "for ever: use another key")


def test_a_key_comes_from_a_signature_again_and_again(tmp_path):
    """Another account has another one."""
    keys = []
    for name, account in (("a", "TEST::7"), ("b", "TEST::7"), ("c", "TEST::8")):
        done(run(stark_key, tmp_path / name, "--derive", "--account", account))
        keys.append(int((tmp_path / name).read_text(), 16))
    assert keys[0] == keys[1] != keys[2]
    assert f"registered {public_key(keys[0]):#x}" in done(run(register, "--account", "TEST::7", "--derive"))


def test_a_wallet_that_signs_in_two_ways_gives_no_key(nothing_sent, monkeypatch):
    signatures = iter([b"\x01" * 32, b"\x02" * 32])

    class Twofold:
        address = "0x" + "11" * 20

        def sign_message(self, message):
            return type("Signed", (), {"r": next(signatures), "s": b"\x05", "v": 27})

    with pytest.raises(stark_keys.Refused, match="signs the same words in two ways"):
        stark_keys.derived_private_key(Twofold(), 1, "0x" + "22" * 20)


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ((), "name one of --key-file, --derive and --private-key"),
        (("--derive", "--key-file", "x"), "name one of --key-file, --derive and --private-key"),
        (("--private-key", "0x5"), "add --others-may-read-it"),
        (("--private-key", "0xg", "--others-may-read-it"), "--private-key is not one hexadecimal number"),
        (("--private-key", "0x0", "--others-may-read-it"), "--private-key is no private key"),
        (("--key-file", "nowhere"), "nowhere cannot be read"),
    ],
)
def test_a_registration_that_makes_no_sense_is_one_line(nothing_sent, given, cause):
    refused(run(register, *given), cause)


def test_a_private_key_is_taken_from_who_insists(served, alice):
    given = "--private-key", "0x777", "--others-may-read-it", "--account", alice.account.alias
    assert "0x777" not in done(run(register, *given)).replace(f"{public_key(0x777):#x}", "")
    assert served.deployed.exchange.getEthKey(public_key(0x777)) == alice.account.address


# --- deposits


def test_a_deposit_is_approved_and_made(served, alice, hers):
    """The second needs no approval, the third a new one; what waits is told."""
    token, exchange = served.deployed.token, served.deployed.exchange
    first = done(run(deposit, *hers, "--amount", 300, "--dry-run"))
    assert "1. allow the exchange to take 300: approve(" in first and "2. deposit 300 into position 11" in first
    assert token.balanceOf(alice.account) == WEALTH
    assert "deposited 300 into position 11" in done(run(deposit, *hers, "--amount", 300))
    token.approve(exchange, 50, sender=alice.account)
    assert "approve" not in done(run(deposit, *hers, "--amount", 20))
    third = done(run(deposit, *hers, "--amount", 31))
    assert "1. allow the exchange to take 0" in third and "2. allow the exchange to take 31" in third
    assert exchange.getQuantizedDepositBalance(alice.stark_key, served.deployed.asset_type, alice.position_id) == 351
    told = done(run(status, "--stark-key", hex(alice.stark_key)))
    assert "a deposit of 351 into position 11 waits: a batch may take it at any time" in told
    served.serve(taken(alice, 351))
    assert "waits" not in done(run(status, "--stark-key", hex(alice.stark_key)))


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"--amount": 0}, "--amount 0 deposits nothing"),
        ({"--amount": WEALTH + 1}, "has 5,000 of 0x"),
        ({"--amount": "1.5"}, "has more than 0 decimals"),
        ({"--amount": "NaN"}, "is not a number"),
        ({"--amount": 1 << 63}, "a position holds less than"),
        ({"--position": 1 << 16}, "the exchange has positions below 2^16"),
        ({"--position": 22}, "position 22 belongs to the Stark key"),
        ({"--stark-key": hex(public_key(0xCA201))}, "is not registered, nobody could ask for the deposit back"),
        ({"--stark-key": hex(public_key(0xB0B))}, "who alone could ask for the deposit back: --for-another"),
        ({"--account": "TEST::77"}, "there is no account"),
    ],
    ids=lambda value: " ".join(map(str, *value.items()))[:40] if isinstance(value, dict) else "",
)
def test_a_deposit_that_would_be_stuck_is_refused(nothing_sent, hers, change, cause):
    given = dict(zip(hers[::2], hers[1::2], strict=True)) | {"--amount": 5} | change
    refused(run(deposit, *(word for pair in given.items() for word in pair)), cause)


def test_a_deposit_for_another_is_made_by_who_means_it(hers, bob):
    given = options(account="TEST::4", stark_key=hex(bob.stark_key), position=bob.position_id, amount=5)
    assert "deposited 5" in done(run(deposit, *given, "--for-another"))


def test_a_deposit_is_cancelled_and_reclaimed(served, alice, bob, hers):
    """Not before the delay is over, and by the key's owner alone."""
    token = served.deployed.token
    refused(run(deposit_cancel, *hers), "no such deposit waits")
    done(run(deposit, *hers, "--amount", 300))
    refused(run(deposit_reclaim, *hers), "it was not cancelled: `ape run deposit_cancel` first")
    stranger = options(account=bob.account.alias, stark_key=hex(alice.stark_key), position=alice.position_id)
    refused(run(deposit_cancel, *stranger), "belongs to")
    assert "depositCancel(" in done(run(deposit_cancel, *hers, "--dry-run"))
    assert "in 2 d, at " in done(run(deposit_cancel, *hers))
    refused(run(deposit_cancel, *hers), "--again starts the delay anew")
    refused(run(deposit_reclaim, *hers), "it is too early by 2 d")
    refused(run(deposit, *hers, "--amount", 1), "a deposit would end its cancellation")
    assert "it was asked for back: reclaim it at " in done(run(status, "--owner", alice.account.address))
    travel(2 * DAY)
    refused(run(deposit_reclaim, *stranger), "belongs to")
    assert "`ape run deposit_reclaim" in done(run(status, "--owner", alice.account.address))
    assert f"paid 300 to {alice.account.address}" in done(run(deposit_reclaim, *hers))
    assert token.balanceOf(alice.account) == WEALTH
    refused(run(deposit_reclaim, *hers), "no such deposit waits")


def test_a_deposit_in_a_frozen_exchange_is_told_by_every_script(served, alice, bob, hers):
    """`status`, `withdraw` and `escape` say what to do; then it is done."""
    done(run(deposit, *hers, "--amount", 300))
    freeze_exchange(served, alice)
    told = "a deposit of 300 into position 11 waits: no batch takes it any more: `ape run deposit_cancel"
    assert told in done(run(status, "--stark-key", hex(alice.stark_key)))
    nothing = run(withdraw, "--stark-key", hex(alice.stark_key))
    refused(nothing, "nothing waits for the Stark key")
    assert told in nothing.output
    left = done(run(escape, "--position", alice.position_id))
    assert told in left and f"paid 1,000 to {alice.account.address}" in left
    refused(run(deposit, *hers, "--amount", 1), "the exchange is frozen and takes no deposit")
    done(run(deposit_cancel, *hers))
    travel(2 * DAY)
    assert "paid 300" in done(run(deposit_reclaim, *hers))


def freeze_exchange(served, user) -> None:
    exchange = served.deployed.exchange
    exchange.forcedWithdrawalRequest(user.stark_key, user.position_id, 3, False, sender=user.account)
    travel(7 * DAY)
    exchange.freezeRequest(user.stark_key, user.position_id, 3, sender=user.account)


# --- forced trades


@pytest.fixture
def offer(alice, bob, tmp_path):
    """Bob sells alice two hundred quanta of BTC-10 for 400: where the file will be, and the terms."""
    file = tmp_path / "offer.json"
    terms = options(
        account=bob.account.alias,
        stark_key=hex(bob.stark_key),
        position=bob.position_id,
        partner_key=hex(alice.stark_key),
        partner_position=alice.position_id,
        side="sells",
        asset="BTC-10",
        amount="0.00000002",
        total=400,
        nonce=9,
    )
    return file, terms


def trade_of(alice, bob, **changes) -> ForcedTrade:
    usual = {
        "public_key_a": alice.stark_key,
        "public_key_b": bob.stark_key,
        "position_id_a": alice.position_id,
        "position_id_b": bob.position_id,
        "synthetic_asset_id": BTC.asset_id,
        "amount_collateral": 400,
        "amount_synthetic": 200,
        "is_party_a_buying_synthetic": 1,
        "nonce": 9,
    }
    return ForcedTrade(**{**usual, **changes})


def test_a_forced_trade_is_offered_requested_and_served(served, alice, bob, offer):
    served.serve()  # prices and indices
    file, terms = offer
    last = file.with_name("state.json")
    write_state(last, served.deployed.config, served.state)
    assert "signs: position 11 buys 0.00000002 of BTC-10 from position 22 for 400" in done(
        run(forced_trade_offer, file, *terms)
    )
    by_alice = (*options(account=alice.account.alias, state=last),)
    planned = done(run(forced_trade, file, *by_alice, "--dry-run"))
    assert "forcedTradeRequest(" in planned and "none is pending" in done(run(status))
    asked = done(run(forced_trade, file, *by_alice))
    assert "warning" not in asked and "requested (" in asked and "--nonce 9` stops the exchange" in asked
    pending = done(run(status))
    assert "trade with position 22, buys 200 quanta of BTC-10 for 400, nonce 9, 7 d left" in pending
    refused(run(forced_trade, file, "--account", alice.account.alias), "the same trade is pending already")
    document = run_json(status)
    assert document["forced_requests"][0]["kind"] == "trade" and document["forced_requests"][0]["nonce"] in (9, "0x9")
    served.serve(trade_of(alice, bob))
    assert "none is pending" in done(run(status))
    refused(run(forced_trade, file, "--account", alice.account.alias), "is served once: it needs another nonce")


def test_an_unserved_trade_freezes(served, alice, bob, offer):
    file, terms = offer
    done(run(forced_trade_offer, file, *terms))
    done(run(forced_trade, file, "--account", alice.account.alias, "--yes"))
    named = options(stark_key=hex(alice.stark_key), nonce=9)
    refused(run(freeze, *options(stark_key=hex(alice.stark_key), nonce=10)), "no such request is pending")
    refused(run(freeze, *named, "--amount", 4), "named by --stark-key and --nonce alone")
    refused(run(freeze, "--stark-key", hex(alice.stark_key)), "name --position and --amount")
    refused(run(freeze, *named), "it is too early: the operator has 7 d left, until ")
    travel(7 * DAY)
    assert "late: anyone may freeze" in done(run(status))
    assert "frozen (" in done(run(freeze, "--account", "TEST::9", *named))
    after = done(run(status))
    assert "the exchange is frozen: nobody serves it" in after and "late: anyone may" not in after


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"--partner-position": 22}, "both parties have position 22"),
        ({"--position": 1 << 16}, "the exchange has positions below 2^16"),
        ({"--asset": "ETH-9"}, "how many quanta a unit has stands in the configuration"),
        ({"--asset": "A" * 16}, "1 to 15 bytes"),
        ({"--amount": "0"}, "0 quanta are not in [1, 2^64)"),
        ({"--amount": "0.00000000001"}, "less than one unit"),
        ({"--total": "0"}, "0 quanta are not in [1, 2^64)"),
        ({"--stark-key": hex(public_key(0xA11CE))}, "belongs to"),
    ],
    ids=lambda value: " ".join(map(str, *value.items()))[:40] if isinstance(value, dict) else "",
)
def test_an_offer_that_makes_no_sense_is_one_line(offer, nothing_sent, change, cause):
    file, terms = offer
    given = dict(zip(terms[::2], terms[1::2], strict=True)) | change
    refused(run(forced_trade_offer, file, *(word for pair in given.items() for word in pair)), cause)
    assert not file.exists()


def test_an_asset_that_is_not_configured_is_refused(offer, nothing_sent):
    file, terms = offer
    given = dict(zip(terms[::2], terms[1::2], strict=True)) | {"--asset": "ETH-9", "--amount": 5}
    words = (word for pair in given.items() for word in pair)
    refused(run(forced_trade_offer, file, *words, "--in-quanta"), "the exchange has no asset ETH-9")


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda offer: offer["trade"].update(amount_collateral="399"), "has not signed this trade and hour"),
        (
            lambda offer: offer.update(expiration=str(int(offer["expiration"]) + 1)),
            "has not signed this trade and hour",
        ),
        (lambda offer: offer.update(signature="0x" + "00" * 65), "has not signed this trade and hour"),
        (lambda offer: offer.update(signature="0x12"), "a signature has 65 bytes or more"),
        (lambda offer: offer.update(chain_id=5), "the offer is for chain 5, not for 1337"),
        (lambda offer: offer.update(exchange="0x" + "77" * 20), "the offer is for the exchange 0x77"),
        (lambda offer: offer.pop("trade"), "is no offer of a forced trade"),
        (
            lambda offer: offer["trade"].update(public_key_b=hex(public_key(0xCA201))),
            "the partner's Stark key 0x",
        ),
    ],
    ids=["terms", "hour", "zeros", "short", "chain", "exchange", "no trade", "unregistered"],
)
def test_an_offer_that_was_changed_is_refused(alice, offer, chain, change, cause):
    file, terms = offer
    done(run(forced_trade_offer, file, *terms))
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))
    before = chain.blocks.head.number
    refused(run(forced_trade, file, "--account", alice.account.alias), cause)
    assert chain.blocks.head.number == before


def test_an_offer_ends_with_its_hour(alice, offer):
    file, terms = offer
    done(run(forced_trade_offer, file, *terms, "--hours", 2))
    refused(run(forced_trade, file, "--account", "TEST::9"), "belongs to")
    travel(3 * HOUR)
    refused(run(forced_trade, file, "--account", alice.account.alias), "have it signed anew")


def test_the_published_digest_is_a_signature_too(served, alice, bob, offer):
    """As another tool than these scripts signs."""
    file, terms = offer
    done(run(forced_trade_offer, file, *terms))
    document = json.loads(file.read_text())
    *most, nonce = trade_arguments(trade_of(alice, bob), served.deployed.asset_type)
    digest = served.deployed.exchange.forcedTradeDigests(*most, int(document["expiration"]), nonce)[0]
    signed = Account.unsafe_sign_hash(bytes(digest), private_key=bob.account.private_key)
    document["signature"] = "0x" + bytes(signed.signature).hex()
    file.write_text(json.dumps(document))
    assert "requested (" in done(run(forced_trade, file, "--account", alice.account.alias, "--yes"))


def test_a_vain_trade_is_sent_on_confirmation_only(alice, offer, chain):
    """The exchange has no prices yet: nothing can be served."""
    file, terms = offer
    done(run(forced_trade_offer, file, *terms))
    before = chain.blocks.head.number
    result = run(forced_trade, file, "--account", alice.account.alias, answer="n\n")
    assert result.exit_code == 1 and "warning: " in result.output
    assert chain.blocks.head.number == before


# --- status


def test_where_a_withdrawal_is(served, alice):
    """From the request to the payment."""
    key = hex(alice.stark_key)
    exchange = served.deployed.exchange
    exchange.forcedWithdrawalRequest(alice.stark_key, alice.position_id, 40, False, sender=alice.account)
    told = done(run(status, "--stark-key", key))
    assert re.search(r"requested +\d+ \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\): a forced withdrawal of 40", told)
    served.serve(ForcedWithdrawal(public_key=alice.stark_key, position_id=alice.position_id, amount=40))
    told = done(run(status, "--stark-key", key))
    assert "40 waits: `ape run withdraw" in told and "40 left a position and may be withdrawn" in told
    done(run(withdraw, "--stark-key", key))
    told = done(run(status, "--stark-key", key))
    assert f"40 was paid to {alice.account.address}" in told and "waits" not in told
    document = run_json(status, "--stark-key", key)
    (mine,) = document["stark_keys"]
    assert mine["waits_to_be_withdrawn"] == 0 and [step["kind"] for step in mine["history"]] == [
        "requested",
        "taken out",
        "paid",
    ]
    assert document["frozen"] is False and document["sequence_number"] == 1

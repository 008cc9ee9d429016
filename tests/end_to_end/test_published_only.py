"""Scripts against an exchange that has the published functions and events of StarkPerpetual v3.2, and nothing else."""

from __future__ import annotations

import json

import pytest

from freehold.chain import logs
from freehold.records import write_state
from freehold.scenarios.accounts import Accounts
from freehold.scenarios.acts import travel
from prover.applications.perpetual.positions import Position
from scripts import (
    deposit,
    deposit_cancel,
    deposit_reclaim,
    escape,
    forced_trade,
    forced_trade_offer,
    forced_withdrawal,
    freeze,
    status,
    withdraw,
)
from tests.support.paths import ROOT
from tests.support.script_kit import DAY, done, options, recorded, refused, run, run_json, stay_connected

INDEX = json.loads((ROOT / "tests/vectors/published_index.json").read_text())
BALANCE, WEALTH = 1_000, 5_000
GETTERS = ("sharedStateHash", "getForcedRequests", "getUnFreezeTime", "escapeVerifier", "freeRequestsLeft")


@pytest.fixture(scope="module")
def deployed(tmp_path_factory, project, chain):
    """After an upgrade to code that answers what is in the index, by a registry that knows its selectors."""
    users = Accounts.of_test_accounts()
    positions = {user.position_id: Position(user.stark_key, BALANCE) for user in users.users}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("published"))
        exchange = recorded(users, "validium", WEALTH, positions)
    proxy, by = project.FreeholdProxy.at(exchange.deployed.exchange.address), {"sender": users.governor}
    published = users.governor.deploy(project.ObedientRegistry)
    for function in INDEX["functions"]:
        published.declare(bytes.fromhex(function["selector"][2:]).ljust(32, b"\0"), **by)
    code = users.governor.deploy(project.PublishedOnly, proxy.implementation(), published)
    proxy.addImplementation(code, b"", False, **by)
    travel(14 * DAY)
    proxy.upgradeTo(code, b"", False, **by)
    return exchange


@pytest.fixture(autouse=True)
def here(deployed, monkeypatch):
    """The node has no events of Freehold's own either."""
    monkeypatch.chdir(deployed.folder)
    stay_connected(monkeypatch)
    known = {event["signature"] for event in INDEX["events"]}

    def published_alone(addresses, events, *rest):
        return ask(addresses, [event for event in events if event.selector in known], *rest)

    ask = logs._ask
    monkeypatch.setattr(logs, "_ask", published_alone)


@pytest.fixture
def served(deployed):
    return deployed


@pytest.fixture
def alice(deployed):
    return deployed.accounts.users[0]


@pytest.fixture
def bob(deployed):
    return deployed.accounts.users[1]


@pytest.fixture
def hers(alice):
    return options(stark_key=hex(alice.stark_key), position=alice.position_id)


def test_the_exchange_answers_no_more_than_was_published(served):
    for getter in GETTERS:
        with pytest.raises(Exception, match=r"NoContractForFunction|selector"):
            getattr(served.deployed.exchange, getter)(*([0, 1] if getter == "getForcedRequests" else []))


def test_a_request_a_freeze_an_escape_and_a_payment(served, alice, hers):
    assert "its hash is not told" in done(run(status)) and "none is pending" in done(run(status))
    by_alice = (*options(account=alice.account.alias), *hers)
    assert "warning" not in done(run(forced_withdrawal, *by_alice, "--amount", 400))
    refused(run(forced_withdrawal, *by_alice, "--amount", 400), "the same request is pending already")
    assert "key" in (told := done(run(status))) and ": 400, 7 d left, until" in told
    refused(run(freeze, *hers, "--amount", 400), "it is too early")
    travel(7 * DAY)
    assert "late: anyone may freeze" in done(run(status))
    done(run(freeze, *hers, "--amount", 400))
    document = run_json(status, "--stark-key", hex(alice.stark_key))
    assert document["frozen"] is True and "it may resume at" not in json.dumps(document["forced_requests"])
    assert "yes; it may resume at" in done(run(status))
    assert f"paid 1,000 to {alice.account.address}" in done(run(escape, "--position", alice.position_id))
    refused(run(escape, "--position", alice.position_id), "has escaped already")
    refused(run(withdraw, "--stark-key", hex(alice.stark_key)), "nothing waits for the Stark key")


def test_another_state_is_told_by_roots_and_by_the_last_update(served, alice, hers, tmp_path):
    """After a batch: the state before it has other words, and the same roots where it only moved the clock."""
    served.serve()
    last, before = tmp_path / "last.json", tmp_path / "before.json"
    write_state(last, served.deployed.config, served.state)
    write_state(before, served.deployed.config, served.deployed.state)
    by_alice = (*options(account=alice.account.alias), *hers, "--amount", 400)
    stale = run(forced_withdrawal, *by_alice, "--state", before, answer="n\n")
    assert "the state file is not the state on chain" in stale.output
    assert "warning" not in done(run(forced_withdrawal, *by_alice, "--state", last))
    travel(7 * DAY)
    done(run(freeze, *hers, "--amount", 400))
    refused(run(escape, "--position", alice.position_id, "--state", before), "this is not the state on chain")
    assert "paid 1,000" in done(run(escape, "--position", alice.position_id, "--state", last))


def test_who_verifies_escapes_stands_in_the_record(served, alice, hers, tmp_path):
    record = json.loads(served.place.record_file.read_text())
    del record["escape_verifier"], record["token"]
    other = tmp_path / "deployment.json"
    other.write_text(json.dumps(record))
    exchange = served.deployed.exchange
    exchange.forcedWithdrawalRequest(alice.stark_key, alice.position_id, 3, False, sender=alice.account)
    travel(7 * DAY)
    done(run(freeze, "--deployment", other, *hers, "--amount", 3))
    state = options(deployment=other, state=served.place.state_file)
    refused(run(escape, *state, "--position", alice.position_id), "does not name its escape verifier")


def test_deposits_and_trades(served, alice, bob, hers, tmp_path):
    """Party B signs v3.2's own digest: typed data mean nothing to it."""
    by_alice = (*options(account=alice.account.alias), *hers)
    done(run(deposit, *by_alice, "--amount", 300))
    done(run(deposit_cancel, *by_alice))
    assert "reclaim it at" in done(run(status, "--stark-key", hex(alice.stark_key)))
    travel(2 * DAY)
    assert "paid 300" in done(run(deposit_reclaim, *by_alice))
    offer, terms = (
        tmp_path / "offer.json",
        options(
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
        ),
    )
    done(run(forced_trade_offer, offer, *terms))
    done(run(forced_trade, offer, "--account", alice.account.alias, "--yes"))
    assert "trade with position 22, buys 200 quanta of BTC-10 for 400, nonce 9" in done(run(status))
    travel(7 * DAY)
    done(run(freeze, "--stark-key", hex(bob.stark_key), "--nonce", 9))

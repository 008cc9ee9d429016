"""What users run against an exchange: status, forced withdrawal, freeze, escape. Each refuses before it sends anything.

The exchange is deployed with a state in which alice has a thousand coins, so that no proof and no verifier is needed.
"""

from __future__ import annotations

import json
from importlib import import_module

import click
import pytest
from click.testing import CliRunner

from freehold.chain.committee import availability_proof
from freehold.chain.contracts import contract_at
from freehold.chain.deployment import deploy_exchange
from freehold.chain.exchange import Exchange, open_exchange
from freehold.chain.record import chain_folder, place_of, write_deployment
from freehold.errors import Refused
from freehold.records import read_state
from freehold.scenarios.accounts import Accounts
from freehold.scenarios.acts import travel
from prover.applications.perpetual.escape import escape_proof
from prover.applications.perpetual.positions import Position
from prover.applications.perpetual.state import State
from scripts import (
    committee_key,
    deploy,
    escape,
    forced_withdrawal,
    freeze,
    status,
    withdraw,
)
from tests.support.paths import ROOT
from tests.support.script_kit import DAY, refused, run, stay_connected

BALANCE = 1_000


@pytest.fixture(scope="module")
def users():
    return Accounts.of_test_accounts()


@pytest.fixture(scope="module")
def folder(tmp_path_factory, no_verifier, project, chain, users):
    """Where the records lie; the exchange stands."""
    alice, _ = users.users

    def funded(config, time):
        return State.of(config, {alice.position_id: Position(alice.stark_key, BALANCE)}, {}, (), time, (), time)

    token = users.governor.deploy(project.PlainToken)
    now, governor = chain.blocks.head.timestamp, users.governor
    deployed = deploy_exchange(project, governor, users.operator, [users.member], token, now, first_state=funded)
    token.mint(deployed.exchange, BALANCE, sender=users.governor)
    deployed.exchange.registerSender(alice.stark_key, alice.registration(), sender=alice.account)
    path = tmp_path_factory.mktemp("scripts")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        write_deployment(deployed)
    return path


@pytest.fixture(autouse=True)
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    stay_connected(monkeypatch)


@pytest.fixture
def alice(users):
    return users.users[0]


@pytest.fixture
def position(alice):
    return "--stark-key", hex(alice.stark_key), "--position", alice.position_id


@pytest.fixture
def as_alice(alice, position):
    return "--account", alice.account.alias, *position


def test_an_unserved_request_a_freeze_and_an_escape(as_alice, position, alice, chain):
    """The way out, by scripts alone; status tells each part of it."""
    told = run(status).output
    assert "none is pending" in told
    assert "begun            with positions: root 0x" in told and "ask for the declared genesis" in told
    requested = run(forced_withdrawal, *as_alice, "--amount", 400)
    assert requested.exit_code == 0 and "the operator has 7 d" in requested.output, requested.output
    waiting = run(status).output
    assert f"position {alice.position_id}, key {alice.stark_key:#x}: 400, 7 d left" in waiting
    refused(run(freeze, *position, "--amount", 400), "it is too early: the operator has 7 d left")
    refused(run(escape, "--position", alice.position_id), "the exchange is not frozen")
    travel(7 * DAY)
    assert "late: anyone may freeze" in run(status).output
    frozen = run(freeze, "--account", "TEST::9", *position, "--amount", 400)
    assert frozen.exit_code == 0 and "frozen (" in frozen.output, frozen.output
    assert "frozen           yes" in run(status).output
    refused(run(freeze, *position, "--amount", 400), "frozen already")
    refused(run(forced_withdrawal, *as_alice, "--amount", 1), "the exchange is frozen: `ape run escape`")
    escaped = run(escape, "--account", "TEST::9", "--position", alice.position_id)
    assert escaped.exit_code == 0 and f"paid 1,000 to {alice.account.address}" in escaped.output, escaped.output
    refused(run(escape, "--position", alice.position_id), "has escaped already")
    refused(run(escape, "--position", 5), "worth 0: there is nothing to take")
    assert "collateral held  0 of" in run(status).output


def test_what_waits_is_paid_once(as_alice, position, alice, folder, users):
    """Booked by an escape in two calls, paid by the third, which a stranger sends."""
    exchange = open_exchange(place_of(None))
    run(forced_withdrawal, *as_alice, "--amount", 400)
    travel(7 * DAY)
    run(freeze, *position, "--amount", 400)
    _, state = read_state(place_of(None).state_file)
    verifier = contract_at(exchange.contract.escapeVerifier(), "the escape verifier's address", "EscapeVerifier")
    verifier.verifyEscape(escape_proof(state, alice.position_id), 0, state.words(), sender=users.governor)
    exchange.contract.escape(alice.stark_key, alice.position_id, BALANCE, sender=users.governor)
    before = exchange.token.balanceOf(alice.account)
    paid = run(withdraw, "--account", "TEST::9", "--stark-key", hex(alice.stark_key))
    assert paid.exit_code == 0 and f"paid 1,000 to {alice.account.address}" in paid.output, paid.output
    assert exchange.token.balanceOf(alice.account) == before + BALANCE
    refused(run(withdraw, "--stark-key", hex(alice.stark_key)), "nothing waits for the Stark key")
    unregistered = "0x1ef15c18599971b7beced415a40f0c7deacfd9b0d1819e03d723d8bc943cfca"
    refused(run(withdraw, "--stark-key", unregistered), "is not registered: nobody can be paid")


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"--amount": "1.5"}, "--amount 1.5 has more than 0 decimals"),
        ({"--amount": "-1"}, "is not in [0, 2^64) quanta"),
        ({"--amount": 1 << 64}, "is not in [0, 2^64) quanta"),
        ({"--amount": "many"}, "--amount 'many' is not a number"),
        ({"--position": 1 << 64}, "is not a number below 2^64"),
        ({"--position": "x"}, "is not a number below 2^64"),
        ({"--stark-key": "0xg"}, "is not a hexadecimal number"),
        ({"--stark-key": "0x5"}, "is not on the Stark curve"),
        ({"--stark-key": hex(0x1EF15C18599971B7BECED415A40F0C7DEACFD9B0D1819E03D723D8BC943CFCA)}, "is not registered"),
        ({"--account": "TEST::5"}, "belongs to"),
        ({"--account": "TEST::77"}, "there is no account 'TEST::77'"),
        ({"--account": "nobody"}, "there is no account 'nobody'"),
        ({"--deployment": "nowhere.json"}, "there is no record nowhere.json"),
        ({"--state": "nowhere.json"}, "there is no file nowhere.json"),
    ],
    ids=lambda value: " ".join(map(str, *value.items()))[:40] if isinstance(value, dict) else "",
)
def test_a_request_that_makes_no_sense_is_one_line(as_alice, chain, change, cause):
    options = dict(zip(as_alice[::2], as_alice[1::2], strict=True)) | {"--amount": 1} | change
    before = chain.blocks.head.number
    result = run(forced_withdrawal, *(word for pair in options.items() for word in pair))
    refused(result, cause)
    assert chain.blocks.head.number == before


def test_the_same_request_twice_is_refused(as_alice):
    assert run(forced_withdrawal, *as_alice, "--amount", 3).exit_code == 0
    refused(run(forced_withdrawal, *as_alice, "--amount", 3), "the same request is pending already")


def test_a_vain_request_is_sent_on_confirmation_only(as_alice, chain):
    before = chain.blocks.head.number
    result = run(forced_withdrawal, *as_alice, "--amount", BALANCE + 1, answer="n\n")
    assert result.exit_code == 1 and "would be proven invalid" in result.output
    assert chain.blocks.head.number == before
    assert run(forced_withdrawal, *as_alice, "--amount", BALANCE + 1, answer="y\n").exit_code == 0
    assert run(forced_withdrawal, *as_alice, "--amount", BALANCE + 2, "--yes").exit_code == 0


def test_a_request_that_nobody_made_freezes_nothing(position):
    refused(run(freeze, *position, "--amount", 7), "no such request is pending")


def test_another_state_than_the_chains_is_refused(as_alice, alice, position, folder):
    """Neither one that contradicts its own roots, nor one that is right in itself."""
    document = json.loads(place_of(None).state_file.read_text())
    other = folder / "other.json"
    document["state"]["positions"][str(alice.position_id)]["collateral_balance"] = str(BALANCE + 1)
    other.write_text(json.dumps(document))
    run(forced_withdrawal, *as_alice, "--amount", 2)
    travel(7 * DAY)
    assert run(freeze, *position, "--amount", 2).exit_code == 0
    refused(run(escape, "--position", alice.position_id, "--state", other), "positions_root")
    del document["state"]["positions_root"]
    other.write_text(json.dumps(document))
    refused(run(escape, "--position", alice.position_id, "--state", other), "is not the state on chain")
    other.write_text("{}")
    refused(run(escape, "--position", alice.position_id, "--state", other), "is no state of an exchange")
    other.write_text("{")
    refused(run(escape, "--position", alice.position_id, "--state", other), "is not JSON")


def test_a_record_of_another_chain_or_of_nothing_is_refused(folder):
    record = folder / "record.json"
    text = place_of(None).record_file.read_text()
    for content, cause in (
        (text.replace("1337", "1"), "is of chain 1"),
        ('{"chain_id": 5}', "exchange: Field required"),
        ('{"exchange": "0x5"}', "is not an address"),
        (f'{{"exchange": "0x{"77" * 20}"}}', "there is no contract at the exchange's address"),
    ):
        record.write_text(content)
        refused(run(status, "--deployment", record), cause)


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        (("--token", "0x12"), "--token '0x12' is not an address"),
        (("--token", "0x" + "00" * 20), "is not an address"),
        (("--token", "0x" + "00" * 19 + "99"), "there is no contract at --token"),
        (("--operator", "bob"), "--operator 'bob' is not an address"),
        (("--member", "0x5"), "--member '0x5' is not an address"),
        (("--account", "nobody"), "there is no account 'nobody'"),
        (("--required", 2), "--required 2 is not in [1, 1], the committee's size"),
        (("--member", "0x" + "01" * 20, "--member", "0x" + "01" * 20), "a committee member is named twice"),
        (("--member", "0x" + "01" * 20, "--bls-member", "x"), "name --member or --bls-member, not both"),
        (("--bls-member", "x"), "x is no file of a committee member"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_a_deployment_that_makes_no_sense_is_one_line(chain, options, cause):
    before = chain.blocks.head.number
    refused(run(deploy, *options), cause)
    assert chain.blocks.head.number == before


def test_a_committee_with_bls_keys_is_deployed(project, users, chain, tmp_path, monkeypatch):
    """Each member makes a key; two of two must sign, in one signature."""
    monkeypatch.chdir(tmp_path)
    made = [tmp_path / name for name in ("first", "second")]
    for path in made:
        assert CliRunner().invoke(committee_key.cli, [str(path)], catch_exceptions=False).exit_code == 0
        assert path.stat().st_mode & 0o077 == 0
    refused(CliRunner().invoke(committee_key.cli, [str(made[0])]), "first exists already")
    shown = [path.with_name(path.name + ".json") for path in made]
    (tmp_path / "short.json").write_text(json.dumps({"public_key": "0x00", "possession": "0x00"}))
    before = chain.blocks.head.number
    refused(run(deploy, "--bls-member", tmp_path / "short.json"), "is no file of a committee member: (1, 1) bytes")
    assert chain.blocks.head.number == before
    options = [word for path in shown for word in ("--bls-member", path)]
    result = run(deploy, *options, "--required", 2)
    assert result.exit_code == 0, result.output
    place = place_of(None)
    committee = project.BlsCommittee.at(place.record.committee)
    assert open_exchange(place).contract.isAvailabilityVerifier(committee)
    claim = bytes(range(32))
    proof = availability_proof(claim, {n: int(path.read_text(), 16) for n, path in enumerate(made)})
    committee.verifyAvailabilityProof(claim, proof, sender=users.stranger)
    assert committee.isValid(claim) and committee.signaturesRequired() == 2


def test_a_second_deployment_has_a_place_of_its_own(no_verifier, chain, tmp_path, monkeypatch):
    """And a name that is taken is refused before anything is sent."""
    monkeypatch.chdir(tmp_path)
    assert run(deploy, "--name", "first").exit_code == 0
    files = {path: path.read_bytes() for path in (chain_folder() / "first").iterdir()}
    assert sorted(path.name for path in files) == ["deployment.json", "state.json", "transactions.json"]
    before = chain.blocks.head.number
    refused(run(deploy, "--name", "first"), "first is another exchange's")
    refused(run(deploy, "--name", "../first"), "letters, digits")
    assert chain.blocks.head.number == before
    second = run(deploy)
    assert second.exit_code == 0 and str(chain_folder() / "0x") in second.output, second.output
    assert {path: path.read_bytes() for path in files} == files
    refused(run(status), "several exchanges, name one with --deployment: 0x")
    assert run(status, "--deployment", "first").exit_code == 0
    assert run(status, "--deployment", chain_folder() / "first").exit_code == 0


def test_what_is_no_token_is_refused(chain, folder):
    """A contract that does not answer totalSupply()."""
    exchange = place_of(None).record.committee
    before = chain.blocks.head.number
    refused(run(deploy, "--token", exchange), "does not answer as an ERC-20 token")
    assert chain.blocks.head.number == before


def test_amounts_are_in_the_tokens_units():
    coins = Exchange(None, None, 6)
    assert (coins.quanta("1.5"), coins.quanta("0.000001"), coins.coins(1_234_500_000)) == (1_500_000, 1, "1,234.5")
    with pytest.raises(Refused, match=r"0\.0000001 has more than 6 decimals"):
        coins.quanta("0.0000001")
    with pytest.raises(Refused, match="not in"):
        coins.quanta("18446744073709.551616")
    assert coins.quanta("18446744073709.551615") == (1 << 64) - 1


SCRIPTS = sorted(path.stem for path in (ROOT / "scripts").glob("[a-z]*.py"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_explains_every_option(name):
    script = import_module(f"scripts.{name}")
    result = CliRunner().invoke(script.cli, ["--help"])
    assert result.exit_code == 0 and script.cli.help
    options = [option for option in script.cli.params if isinstance(option, click.Option)]
    assert all(option.help for option in options if option.name != "provider_settings")

"""Deploying by a parameter file: what it costs is said first, a stop in the middle costs nothing, and it can trade."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from freehold.chain import deployment, sending
from freehold.chain import plan as plans
from freehold.chain.parameters import Parameters
from freehold.chain.plan import Plan, carry_out, differences, rehearse
from freehold.chain.record import chain_folder, place_of, sending_file, settle
from freehold.chain.verification import verify_deployment
from freehold.errors import Refused
from freehold.records import read_state
from prover.algebra.ecdsa import public_key
from prover.algebra.keccak import words_to_bytes
from scripts import deploy

ORACLES = (0x0AC1E1, 0x0AC1E2, 0x0AC1E3)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """The suite's chain stays connected: a command's own connection would make Ape forget its snapshots."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ape.cli.commands.parse_network", lambda context: None)


@pytest.fixture
def people(accounts):
    return accounts


@pytest.fixture
def light(no_verifier, monkeypatch):
    """A registry in the place of the verifier, and another in that of the twelve tables of escapes: for tests of how
    transactions are sent."""

    def deploy_registry(project, account):
        return account.deploy(getattr(project, "ObedientEscapes", project.ObedientRegistry))

    monkeypatch.setattr(deployment, "deploy_escape_verifier", deploy_registry)


def document(people, **changes: object) -> dict[str, object]:
    oracles = [{"name": f"o{place}", "key": hex(public_key(key))} for place, key in enumerate(ORACLES)]
    asset = {"name": "BTC", "decimals": 10, "segments": [{"margin": 10}], "oracles": oracles, "quorum": 3}
    whole = {
        "name": "mine",
        "proofs": "fast",
        "assets": [asset],
        "fees": {"position": 1, "key": hex(public_key(0xFEE))},
        "committee": {"members": [str(people[3]), str(people[2])], "required": 2},
        "roles": {
            "operators": [str(people[1]), str(people[6])],
            "main_governor": str(people[7]),
            "proxy_governor": str(people[8]),
        },
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def write(people, **changes: object) -> Path:
    path = Path("parameters.yaml")
    path.write_text(yaml.safe_dump(document(people, **changes)))
    return path


def run(*options: object):
    arguments = ["--network", "ethereum:local:test", *map(str, options)]
    return CliRunner().invoke(deploy.cli, arguments, catch_exceptions=False)


def refused(result, cause: str) -> None:
    assert result.exit_code == 2 and cause in result.output, result.output


def test_a_dry_run_says_what_it_costs_and_sends_nothing(light, people, chain):
    before = chain.blocks.head.number
    result = run("--config", write(people), "--dry-run")
    assert result.exit_code == 0, result.output
    assert chain.blocks.head.number == before
    assert not list(Path().glob(".build/**/*.json"))
    assert f"afterwards {people[7]} accepts to be main governor" in result.output
    assert f"afterwards {people[8]} accepts to be proxy governor" in result.output
    assert "transactions of TEST::0" in result.output and "ether at" in result.output


def test_what_is_not_this_source_trees_is_not_to_be_used(light, people, chain, monkeypatch):
    """Both doubles are found by what the chain tells, though all is as it was rehearsed."""
    monkeypatch.setattr(deploy, "verify_deployment", verify_deployment)
    done = run("--config", write(people))
    assert done.exit_code == 1 and "do not use this exchange: " in done.output, done.output
    assert "escape verifier: code different (not EscapeVerifier" in done.output
    assert "verifier 1: verifier different (not StarkVerifier" in done.output


def test_what_the_dry_run_says_is_what_is_sent(light, people, chain):
    path = write(people)
    said = run("--config", path, "--dry-run").output
    first = chain.blocks.head.number
    done = run("--config", path)
    assert done.exit_code == 0, done.output
    assert "code, roles, delays, configuration and state are those of the parameters" in done.output
    place = place_of("mine")
    sent = json.loads(place.record_file.with_name("transactions.json").read_text())["sent"]
    assert chain.blocks.head.number - first == len(sent)
    for entry in sent:
        assert f"{entry['what']:<34} {entry['gas']:>11,} gas" in said
    assert not sending_file("mine").exists()


def test_everything_the_file_says_is_on_chain(light, people, project):
    assert run("--config", write(people)).exit_code == 0
    record = place_of("mine").record
    config, state = read_state(place_of("mine").state_file)
    exchange = project.IFreehold.at(record.exchange)
    assert exchange.isOperator(people[1]) and exchange.isOperator(people[6]) and not exchange.isOperator(people[0])
    assert bytes(exchange.globalConfigurationHash()) == words_to_bytes([config.hash()])
    (btc,) = config.synthetic_assets
    assert bytes(exchange.configurationHash(btc.asset_id)) == words_to_bytes([btc.hash()])
    assert bytes(exchange.sharedStateHash()) == state.hash()
    committee = project.Committee.at(record.committee)
    assert committee.signaturesRequired() == 2 and committee.isMember(people[2]) and committee.isMember(people[3])
    exchange.mainAcceptGovernance(sender=people[7])
    exchange.proxyAcceptGovernance(sender=people[8])
    assert exchange.mainIsGovernor(people[7]) and exchange.proxyIsGovernor(people[8])


class Killed(BaseException):
    """As if the process had been ended."""


def plan_of(people, **changes: object) -> Plan:
    return Plan.of(Parameters.model_validate(document(people, **changes)), Path(), None, str(people[0]))


@pytest.mark.parametrize("moment", ["before it is sent", "after it was sent"])
def test_killed_at_every_transaction_nothing_is_sent_twice(light, people, chain, monkeypatch, moment):
    """Each run is ended at its first new transaction; the next goes on, and the exchange is whole in the end."""
    plan, file = plan_of(people), Path("journal.json")
    rehearsal = rehearse(plan, people[0])
    first, runs = chain.blocks.head.number, 0
    provider = type(chain.provider)
    send = provider.send_transaction

    def ends(self, txn):
        if moment == "after it was sent":
            send(self, txn)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(provider, "send_transaction", ends)
        while runs < len(rehearsal.sent):
            with pytest.raises(Killed):
                carry_out(plan, people[0], file)
            runs += 1
            *before, last = sending.Journal.model_validate_json(file.read_text()).sent
            assert last.signed is not None and len(before) == runs - 1 and all(sent.gas for sent in before)
        made, journal = carry_out(plan, people[0], file)
    assert len(journal.sent) == chain.blocks.head.number - first == runs
    assert differences(plan, made, journal, rehearsal) == []
    assert [sent.gas for sent in journal.sent] == [sent.gas for sent in rehearsal.sent]


def test_a_second_run_of_the_command_goes_on(light, people, chain, monkeypatch):
    path, first = write(people), chain.blocks.head.number
    count = len(rehearse(plan_of(people), people[0]).sent)
    with monkeypatch.context() as patch:
        tell = sending.Recorded._done

        def stop_at_the_tenth(self, sent, receipt):
            tell(self, sent, receipt)
            if self.journal._file is not None and len(self.journal.sent) == 10:
                raise Killed

        patch.setattr(sending.Recorded, "_done", stop_at_the_tenth)
        with pytest.raises(Killed):
            run("--config", path)
    assert sending_file("mine").exists() and not (chain_folder() / "mine").exists()
    refused(run("--config", write(people, max_funding_rate=7)), "is of a deployment with other parameters")
    refused(run("--config", write(people), "--account", "TEST::5"), "is of a deployment with other parameters")
    result = run("--config", write(people))
    assert result.exit_code == 0 and "sent before" in result.output, result.output
    assert f"11 of {count}" in result.output and f"10 of {count}" not in result.output
    assert chain.blocks.head.number - first == count
    refused(run("--config", write(people)), "mine is another exchange's")


def test_a_transaction_that_was_replaced_is_sent_anew(light, people, monkeypatch):
    """The account's owner used its nonce for something else while the deployment was stopped."""
    plan, file = plan_of(people), Path("journal.json")
    with monkeypatch.context() as patch:

        def kill(*_):
            raise Killed

        patch.setattr(type(people[0].provider), "send_transaction", kill)
        with pytest.raises(Killed):
            carry_out(plan, people[0], file)
    people[0].transfer(people[9], 1)
    made, journal = carry_out(plan, people[0], file)
    assert differences(plan, made, journal, rehearse(plan, people[0])) == []


def test_a_stop_between_record_and_end_makes_no_second_place(light, people, monkeypatch):
    path = write(people, name=None)
    with monkeypatch.context() as patch:

        def kill(*_):
            raise Killed

        patch.setattr(sending.Journal, "move", kill)
        with pytest.raises(Killed):
            run("--config", path)
    assert run("--config", path).exit_code == 0
    assert len(list(chain_folder().glob("*/deployment.json"))) == 1
    assert not sending_file(None).exists()


def test_other_contracts_than_those_that_were_begun_are_refused(light, people, monkeypatch):
    plan, file = plan_of(people), Path("journal.json")
    carry_out(plan, people[0], file)
    document = json.loads(file.read_text())
    document["sent"][3]["digest"] = "00"
    file.write_text(json.dumps(document))
    with pytest.raises(Refused, match=r"transaction 4 was .* have changed since"):
        carry_out(plan, people[0], file)


def test_what_differs_in_the_end_is_named(light, people, project):
    plan = plan_of(people)
    rehearsal = rehearse(plan, people[0])
    made, journal = carry_out(plan, people[0], Path("journal.json"))
    assert differences(plan, made, journal, rehearsal) == []
    made.exchange.unregisterOperator(people[6], sender=people[0])
    other = project.PlainToken.deploy(sender=people[0])
    committee = next(sent for sent in journal.sent if sent.what == "Committee")
    committee.contract = other.address
    wrong = differences(plan, made, journal, rehearsal)
    assert any(f"operator {people[6]}: the exchange says False" in line for line in wrong)
    assert any(line.startswith("Committee at") and "other code" in line for line in wrong)
    assert settle(made, journal, None).record.exchange == made.exchange.address


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"mode": "rollup", "assets": [], "heights": {"positions": 0}}, "heights.positions"),
        ({"delays": {"upgrade": "1 hour"}}, ""),
        ({"name": "../x"}, "letters, digits"),
    ],
)
def test_what_would_be_refused_on_the_way_is_refused_first(light, people, chain, changes, cause):
    before = chain.blocks.head.number
    result = run("--config", write(people, **changes))
    assert result.exit_code != 0 and cause in result.output, result.output
    assert chain.blocks.head.number == before


def test_an_even_quorum_is_refused_before_anything_is_sent(light, people, chain):
    before = chain.blocks.head.number
    (asset,) = document(people)["assets"]
    refused(run("--config", write(people, assets=[{**asset, "quorum": 2}])), "is 2, must be odd")
    refused(run("--config", write(people), "--name", "other"), "name --config or the other options, not both")
    assert chain.blocks.head.number == before


def test_who_cannot_pay_for_all_sends_nothing(light, people, chain, monkeypatch):
    monkeypatch.setattr(deploy, "gas_price", lambda: 10**18)
    before = chain.blocks.head.number
    refused(run("--config", write(people)), "ether are needed on")
    assert chain.blocks.head.number == before


def test_without_a_terminal_and_a_passphrase_nothing_is_begun(people, monkeypatch):
    from scripts import _arguments

    monkeypatch.setattr(_arguments, "is_local", lambda: False)
    with pytest.raises(Refused, match="signs 5 transactions: use a terminal"):
        _arguments.unlock(people[0], 5, yes=True)


def test_a_token_of_eighteen_decimals_is_refused(light, people, chain, monkeypatch, project):
    token = project.PlainToken.deploy(sender=people[0])
    monkeypatch.setattr(plans, "decimals_of", lambda address: 18)
    before = chain.blocks.head.number
    refused(run("--config", write(people, collateral={"token": token.address, "decimals": 6})), "has 18 decimals")
    refused(run("--config", write(people, collateral={"token": token.address})), "9 whole coins")
    assert chain.blocks.head.number == before

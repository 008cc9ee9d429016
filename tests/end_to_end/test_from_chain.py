"""A rollup's last state out of what the chain has, by scripts: written to a file, and escaped from."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from freehold import patience
from freehold.chain import logs
from freehold.chain.network import head_number
from freehold.commands.main import main
from freehold.records import read_state
from freehold.scenarios.accounts import Accounts
from freehold.scenarios.acts import travel
from prover.applications.perpetual.facts import update_words
from prover.applications.perpetual.positions import Position
from scripts import escape, forced_withdrawal, freeze, last_state
from tests.support.script_kit import DAY, done, recorded, refused, run, stay_connected


@pytest.fixture(scope="module")
def users():
    return Accounts.of_test_accounts()


@pytest.fixture(scope="module")
def served(tmp_path_factory, project, chain, users):
    """Three batches, the last with a second deposit of alice."""
    alice, bob = users.users
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("rollup"))
        exchange = recorded(users, "rollup", 10_000)
    exchange.give((alice, 1_000))
    exchange.give((bob, 500))
    exchange.give((alice, 50), (bob, 5))
    return exchange


@pytest.fixture(autouse=True)
def here(served, monkeypatch):
    """Deployments are written below the folder; no node of these tests is waited for."""
    monkeypatch.chdir(served.folder)
    monkeypatch.setattr(patience, "PAUSE", 0)
    stay_connected(monkeypatch)


@pytest.fixture
def alice(users):
    return users.users[0]


def test_the_last_state_is_rebuilt(served, tmp_path):
    """With the configuration of the first state's file: then the file is a whole one."""
    file = tmp_path / "last.json"
    assert "2 positions" in done(run(last_state, file))
    config, state = read_state(file)
    assert config == served.deployed.config
    assert state.hash() == served.state.hash() and state.positions == served.state.positions


def test_without_any_file_it_is_good_for_an_escape(served, alice, tmp_path):
    served.place.state_file.rename(tmp_path / "kept.json")
    try:
        file = tmp_path / "last.json"
        assert "without the configuration" in done(run(last_state, file))
    finally:
        (tmp_path / "kept.json").rename(served.place.state_file)
    plan = CliRunner().invoke(main, ["leave", str(file), "--position", str(alice.position_id), "--json"])
    assert plan.exit_code == 0, plan.output
    document = json.loads(plan.output)
    assert document["shared_state_hash"] == "0x" + served.state.hash().hex() and document["worth"] == 1_050
    refused(
        run(
            forced_withdrawal,
            "--state",
            file,
            "--account",
            alice.account.alias,
            "--stark-key",
            hex(alice.stark_key),
            "--position",
            alice.position_id,
            "--amount",
            1,
        ),
        "good for an escape alone",
    )


def test_who_has_nothing_but_the_chain_escapes(served, alice):
    request = "--stark-key", hex(alice.stark_key), "--position", alice.position_id, "--amount", 7
    done(run(forced_withdrawal, "--account", alice.account.alias, *request, "--yes"))
    travel(7 * DAY)
    done(run(freeze, *request))
    stale = run(escape, "--position", alice.position_id)
    refused(stale, "this is not the state on chain")
    assert f"paid 1,050 to {alice.account.address}" in done(
        run(escape, "--position", alice.position_id, "--from-chain")
    )


def test_an_older_state_is_a_beginning(served, users, alice, tmp_path, monkeypatch):
    """Only what came after it is asked for: the node forgets the transactions before. The last one is an end too."""
    older = tmp_path / "older.json"
    done(run(last_state, older))
    asked = []
    monkeypatch.setattr(
        "freehold.chain.rollup.transaction", lambda sent, ask=logs.transaction: asked.append(sent) or ask(sent)
    )
    same = tmp_path / "same.json"
    done(run(last_state, same, "--state", older))
    assert same.read_bytes() == older.read_bytes() and asked == []
    served.give((alice, 3))
    newer = tmp_path / "newer.json"
    done(run(last_state, newer, "--state", older))
    assert read_state(newer)[1].hash() == served.state.hash() and len(asked) == 2
    document = json.loads(older.read_text())
    document["state"]["system_time"] = "5"
    strange = tmp_path / "strange.json"
    strange.write_text(json.dumps(document))
    refused(run(last_state, tmp_path / "x.json", "--state", strange), "it is no state of this exchange")


def test_a_node_that_fails_now_and_then_is_asked_again(served, tmp_path, networks, monkeypatch):
    """It takes spans of 40 blocks, and fails at every third question."""
    eth, asked = networks.provider.web3.eth, []
    give = eth.get_logs

    def get_logs(question):
        asked.append(int(question["toBlock"], 16) - int(question["fromBlock"], 16) + 1)
        if asked[-1] > 40 or len(asked) % 3 == 0:
            raise ConnectionError("busy")
        return give(question)

    monkeypatch.setattr(eth, "get_logs", get_logs)
    file = tmp_path / "last.json"
    done(run(last_state, file))
    assert read_state(file)[1].hash() == served.state.hash() and max(asked) > 40


def test_what_was_read_before_a_failure_is_kept(served, tmp_path, networks, monkeypatch):
    """The node has lost the third batch's transaction; once it has it again, only that one is asked for."""
    eth, seen = networks.provider.web3.eth, []
    give = eth.get_transaction

    def get_transaction(sent):
        seen.append(sent)
        if len(set(seen)) == 3:
            raise ConnectionError("not found")
        return give(sent)

    with monkeypatch.context() as patch:
        patch.setattr(eth, "get_transaction", get_transaction)
        broken = run(last_state, tmp_path / "last.json")
    refused(broken, "the node failed 8 times in a row: not found")
    kept = served.place.state_file.with_name("partial-state.json")
    assert f"go on with --state {kept.relative_to(served.folder)}" in broken.output
    file = tmp_path / "last.json"
    done(run(last_state, file, "--state", kept))
    state = json.loads(file.read_text())["state"]
    assert state["positions_root"] == hex(served.state.tree.root)
    kept.unlink()


def test_what_is_not_in_the_logs_is_named(served, tmp_path, project, users):
    """A record that begins after the first batch; and data that another contract brought."""
    text = served.place.record_file.read_text()
    record = json.loads(text)
    first, *_ = logs.read_logs(
        [served.deployed.exchange.address],
        logs.events_of(served.deployed.exchange, "LogStateTransitionFact"),
        0,
        head_number() + 1,
    )
    late = tmp_path / "deployment.json"
    late.write_text(json.dumps({**record, "block": first.block_number + 1}))
    refused(run(last_state, tmp_path / "last.json", "--deployment", late), "publishes no data")


def test_a_validium_has_nothing_on_chain(project, users, chain, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    alice, _ = users.users
    recorded(users, "validium", 0, {alice.position_id: Position(alice.stark_key, 5)})
    refused(run(last_state, tmp_path / "last.json"), "the state is with its committee")


def test_data_of_another_contract_are_named(served, project, users, alice, tmp_path):
    batcher = users.stranger.deploy(project.Batcher)
    batch = served.batch(served.deposit(alice, 3))
    served.prove(batch)
    adapter = served.deployed.adapter
    call = adapter.publish.encode_input(batch.main_words(), batch.data())
    batcher.batch(adapter, [call], sender=users.stranger)
    served.deployed.exchange.updateState(update_words(batch), [4, 3, 0], sender=users.operator)
    refused(run(last_state, tmp_path / "last.json"), "another contract did")

"""What a member exports is enough to leave, with the chain's word for the prices or, without a node, the gateway's."""

import json

import pytest
from click.testing import CliRunner

from freehold.commands.main import main
from freehold.errors import Refused
from freehold.leaving.plan import plan_from_state
from freehold.records import read_state, read_to_leave
from freehold.services.base.claims import AccountSigner
from freehold.services.base.doors import served
from freehold.services.committee.beginning import Beginning, begin
from freehold.services.committee.chain_state import ChainState, state_after
from freehold.services.committee.export import batch_of_id, last_state
from freehold.services.committee.member import Member
from freehold.services.committee.store import open_store
from freehold.services.committee.tables import Batch
from prover.applications.perpetual.facts import update_words
from prover.applications.perpetual.last_state import LastState
from tests.support.fake_node import EXCHANGE, FakeNode, served_by
from tests.support.recorded_gateway import RecordedGateway
from tests.support.recorded_history import history
from tests.support.world import CONFIG, USD

SIGNER = AccountSigner(0xA)


def run(*arguments: object):
    return CliRunner().invoke(main, list(map(str, arguments)))


def fails(result, cause: str) -> None:
    assert result.exit_code == 1 and cause in result.output, result.output


@pytest.fixture
def settings(tmp_path, database_url):
    """Of a member that has signed the whole history."""
    (tmp_path / "key").write_text("0xa")
    made = run(
        *("committee", "init", tmp_path / "member", "--gateway", "http://127.0.0.1:1", "--key", tmp_path / "key"),
        *("--store", database_url, "--collateral", hex(USD)),
    )
    assert made.exit_code == 0 and SIGNER.member in made.output, made.output
    store = open_store(database_url)
    member = Member(store, [RecordedGateway.of_history()], SIGNER)
    while member.step():
        pass
    store.close()
    return tmp_path / "member" / "member.toml"


def on_chain(settings, url: str) -> None:
    settings.write_text(settings.read_text() + f'rpc = "{url}"\nexchange = "{EXCHANGE}"\nblock = 3\n')


def forget_words(database_url: str) -> None:
    store = open_store(database_url)
    with store.unit() as session:
        for batch in session.query(Batch):
            batch.words = None
    store.close()


def test_every_state_is_exported_and_plans_of_its_positions_are_those_of_the_state(settings, tmp_path):
    for made in history():
        file, after = tmp_path / f"state{made.id}.json", made.applied.after
        done = run("committee", "export", file, "--settings", settings, "--batch", made.id)
        assert done.exit_code == 0, done.output
        assert f"0x{after.hash().hex()}" in done.output and "what the gateway told" in done.output
        collateral, state = read_to_leave(file)
        assert (collateral, state.hash()) == (USD, after.hash())
        for position_id in after.positions:
            assert plan_from_state(collateral, state, position_id) == plan_from_state(USD, after, position_id)


def test_the_command_to_leave_reads_the_file(settings, tmp_path):
    file, after = tmp_path / "state.json", history()[3].applied.after
    assert run("committee", "export", file, "--settings", settings, "--batch", 3).exit_code == 0
    left = json.loads(run("leave", file, "--position", 7, "--json").output)
    assert left["calls"][0]["data"] == "0x" + plan_from_state(USD, after, 7).calls[0].data.hex()


def test_the_chains_last_state_is_found_and_needs_nobodys_word(settings, tmp_path, database_url):
    forget_words(database_url)
    node, file = FakeNode(USD), tmp_path / "state.json"
    for block, number in ((5, 0), (6, 1), (9, 3)):
        node.update(block, history()[number].applied)
    with served(served_by(node), "127.0.0.1:0") as door:
        on_chain(settings, door.url)
        done = run("committee", "export", file, "--settings", settings)
        assert done.exit_code == 0, done.output
        assert "after batch 3" in done.output and "the chain's last update" in done.output
        assert read_to_leave(file)[1].hash() == node.hash
        older = run("committee", "export", tmp_path / "older.json", "--settings", settings, "--batch", 1)
        fails(older, "nobody told the prices of batch 1")
    assert not (tmp_path / "older.json").exists()


def test_a_root_names_the_state_too(settings, tmp_path):
    root = f"{history()[1].applied.after.tree.root:064x}"
    done = run("committee", "export", tmp_path / "state.json", "--settings", settings, "--root", root)
    assert "after batch 1" in done.output
    for wrong, cause in (("12", "no batch here has"), ("xy", "is not hex")):
        fails(run("committee", "export", tmp_path / "no.json", "--settings", settings, "--root", wrong), cause)
    fails(run("committee", "export", tmp_path / "no.json", "--settings", settings), "must say which state")
    fails(run("committee", "export", tmp_path / "no.json", "--settings", settings, "--batch", 9), "batch 9 is not here")
    both = run("committee", "export", tmp_path / "no.json", "--settings", settings, "--root", "1", "--batch", 1)
    assert both.exit_code == 2
    assert not (tmp_path / "no.json").exists()


def test_a_member_that_knows_the_configuration_exports_all_of_the_state(tmp_path, database_url):
    """An operator can go on from it: it has the orders."""
    file = tmp_path / "begin.json"
    file.write_text(LastState.of(CONFIG, history()[0].applied.after).model_dump_json())
    (tmp_path / "key").write_text("0xa")
    made = run(
        *("committee", "init", tmp_path / "m", "--gateway", "http://127.0.0.1:1", "--key", tmp_path / "key"),
        *("--store", database_url, "--state", file, "--batch", 0, "--sequence-number", 0),
    )
    assert made.exit_code == 0, made.output
    store = open_store(database_url)
    member = Member(store, [RecordedGateway.of_history()], SIGNER)
    while member.step():
        pass
    store.close()
    settings = tmp_path / "m" / "member.toml"
    done = run("committee", "export", tmp_path / "state.json", "--settings", settings, "--batch", 3)
    assert done.exit_code == 0, done.output
    config, state = read_state(tmp_path / "state.json")
    assert config == CONFIG and state.shared() == history()[3].applied.after.shared()
    assert dict(state.orders) == dict(history()[3].applied.after.orders)
    first = run("committee", "export", tmp_path / "first.json", "--settings", settings, "--batch", 0)
    assert first.exit_code == 0, first.output


def test_the_status_says_what_was_signed_and_what_refused(settings, database_url):
    store = open_store(database_url)
    liar = RecordedGateway({4: {**RecordedGateway.of_history().updates[3], "order_root": "0" * 64}})
    assert not Member(store, [liar], SIGNER).step()
    store.close()
    found = json.loads(run("committee", "status", "--settings", settings, "--json").output)
    assert (found["last_kept"], found["last_signed"], found["sequence_number"]) == (3, 3, 2)
    assert found["positions_root"] == f"{history()[3].applied.after.tree.root:064x}"
    assert [(piece["batch"], piece["kind"]) for piece in found["evidence"]] == [(4, "orders root")]
    text = run("committee", "status", "--settings", settings).output
    assert "last signed: 3" in text and "refused: batch 4 of http://recorded" in text


def test_words_of_another_state_make_no_file(settings, database_url):
    store = open_store(database_url)
    with store.unit() as session, pytest.raises(Refused, match="not those of batch 1: they name other roots"):
        last_state(session, batch_of_id(session, 1), history()[0].applied.after.shared(), lambda: USD)
    store.close()


# --- what init refuses


@pytest.mark.parametrize(
    ("key", "options", "cause"),
    [
        ("zz", [], "holds no key"),
        ("0x0", [], "no account's secret key"),
        ("0x0", ["--kind", "bls"], "no BLS secret key"),
        ("0xa", ["--collateral", "zz"], "is not hex"),
        ("0xa", ["--collateral", "0x" + "f" * 64], "below 2^250"),
    ],
)
def test_what_is_no_key_makes_no_member(tmp_path, key, options, cause):
    (tmp_path / "key").write_text(key)
    base = ("committee", "init", tmp_path / "m", "--gateway", "http://127.0.0.1:1", "--key", tmp_path / "key")
    fails(run(*base, *options), cause)
    assert not (tmp_path / "m" / "member.toml").exists()
    (tmp_path / "key").write_text("0xa")
    assert run(*base).exit_code == 0
    fails(run(*base), "exists already")


def test_a_store_that_is_another_members_stays_its(tmp_path, database_url):
    store = open_store(database_url)
    begin(store, Beginning())
    store.close()
    (tmp_path / "key").write_text("0xa")
    base = ("committee", "init", tmp_path / "m", "--gateway", "http://127.0.0.1:1", "--key", tmp_path / "key")
    fails(run(*base, "--store", database_url), "is a member's already")
    assert not (tmp_path / "m" / "member.toml").exists()


# --- the chain's word


@pytest.fixture
def node():
    made = FakeNode(USD)
    for block, number in ((5, 0), (60, 1), (90, 3)):
        made.update(block, history()[number].applied)
    return made


def test_the_words_are_those_of_the_last_updates_calldata(node):
    chain = ChainState(node, EXCHANGE)
    assert chain.shared_state() == history()[3].applied.after.shared()
    assert chain.collateral() == USD


@pytest.mark.parametrize("is_published", [False, True])
def test_a_node_that_gives_few_blocks_at_once_is_asked_again(node, is_published):
    node.is_published, node.head, node.most_blocks = is_published, 40_000, 700
    node.sent[39_000] = node.sent.pop(90)
    assert ChainState(node, EXCHANGE, 3).shared_state() == history()[3].applied.after.shared()
    assert node.asked.count("eth_getLogs") < 200


def test_calldata_that_lead_elsewhere_are_refused(node):
    node.hash = bytes(32)
    node.is_published = True
    with pytest.raises(Refused, match="the last update leads to"):
        ChainState(node, EXCHANGE).shared_state()


def test_what_cannot_be_read_is_refused(node):
    words = update_words(history()[3].applied)
    sent, _ = node.sent[90]
    for calldata, cause in (
        (b"\0" * 100, "through another contract"),
        (sent[:-64][: 4 + 32 * 3], "cannot be read"),
        (sent[:4], "cannot be read"),
    ):
        with pytest.raises(Refused, match=cause):
            state_after(calldata)
    assert len(words) < len(sent)


def test_a_node_or_an_address_that_is_of_no_exchange_is_named(node):
    with pytest.raises(Refused, match="it is no exchange"):
        ChainState(node, "0x" + "cd" * 20).shared_state()
    node.most_blocks = 0
    with pytest.raises(Refused, match="fails at eth_getLogs"):
        ChainState(node, EXCHANGE).shared_state()
    node.sent, node.most_blocks = {}, 1 << 60
    with pytest.raises(Refused, match="has accepted no update since block 3"):
        ChainState(node, EXCHANGE, 3).shared_state()

    class Dead:
        def make_request(self, method, params):
            raise OSError("refused")

    with pytest.raises(Refused, match="does not answer eth_call"):
        ChainState(Dead(), EXCHANGE).shared_state()

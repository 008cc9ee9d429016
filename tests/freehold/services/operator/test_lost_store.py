"""A store is lost and comes back from a backup, or not at all: the exchange goes on, and nothing happens twice."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from sqlalchemy import select
from structlog.testing import capture_logs

from freehold.commands.main import main
from freehold.records import Place
from freehold.services.base.claims import AccountSigner
from freehold.services.base.settings import read_settings
from freehold.services.base.store import Store
from freehold.services.committee.beginning import Beginning, begin
from freehold.services.committee.gateway import Gateway
from freehold.services.committee.member import Member
from freehold.services.committee.store import open_store as open_members
from freehold.services.operator import behind, jobs
from freehold.services.operator.availability import Availability, door
from freehold.services.operator.backup import COPY, MANIFEST
from freehold.services.operator.run import Operator, opened
from freehold.services.operator.settings import AvailabilitySettings, OperatorSettings
from freehold.services.operator.tables import Batch
from tests.support.anvil import anvil
from tests.support.operated_exchange import Doubles, Operated
from tests.support.operator_kit import document
from tests.support.served_exchange import PROGRAM

SETTINGS = """
[store]
url = "sqlite:///{store}"

[batch]
max_transactions = 2
max_age = 0.0
min_signature_life = 3_600
{seen}
[intake]
listen = "127.0.0.1:0"
[availability]
listen = "127.0.0.1:0"
[pages]
listen = "127.0.0.1:0"
"""


def command(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    return result.output


@dataclass
class Business:
    """An operator's folder, and the stores of two members of three. What the operator holds is all in the folder."""

    operated: Operated
    folder: Path

    def __post_init__(self) -> None:
        for path in (self.operated.place.record_file, self.operated.place.state_file):
            shutil.copy(path, self.folder)
        (self.folder / "key").write_text(self.operated.kit.operator.private_key)
        self.configure()
        self.member_stores = [self.member_store(f"member{number}.db") for number in range(2)]

    def member_store(self, name: str) -> Store:
        """One that begins with the exchange, or the one that is there."""
        is_new, began = not (self.folder / name).exists(), self.operated.kit.began
        store = open_members(f"sqlite:///{self.folder / name}")
        if is_new:
            begin(store, Beginning(-1, 0, began.tree.height, began.orders_tree.height))
        return store

    # --- settings

    @property
    def file(self) -> Path:
        return self.folder / "operator.toml"

    def configure(self, store: str = "operator.db", seen: int | None = None) -> None:
        """As `operator init` writes it, with other sections."""
        self.file.unlink(missing_ok=True)
        record = self.folder / self.operated.place.record_file.name
        given = ("--rpc", self.operated.anvil.url, "--record", record, "--key", self.folder / "key")
        command("operator", "init", self.file, *given, "--confirmations", 0, "--finality", 1)
        chain = self.file.read_text().split("[store]")[0]
        more = SETTINGS.format(store=self.folder / store, seen="" if seen is None else f"seen = {seen}")
        self.file.write_text(chain + more)

    def settings(self) -> OperatorSettings:
        return read_settings(OperatorSettings, self.file)

    def lose_store(self) -> None:
        for path in self.folder.glob("operator.db*"):
            path.unlink()

    # --- at work

    @contextmanager
    def operating(self):
        with opened(self.settings()) as operator:
            operator.engine = Doubles(operator.store)
            yield operator

    def members(self, operator: Operator) -> list[Member]:
        accounts = self.operated.kit.members[:2]
        signers = [AccountSigner(int(account.private_key, 16)) for account in accounts]
        app, _, _ = door(Availability(operator.store, lambda: {one.member for one in signers}), AvailabilitySettings())
        gateway = Gateway(TestClient(app), "http://testserver")
        return [Member(store, [gateway], one) for store, one in zip(self.member_stores, signers, strict=True)]

    def turn(self, operator: Operator, times: int = 1) -> None:
        for _ in range(times):
            operator.turn()
            for member in self.members(operator):
                while member.step():
                    pass
            self.operated.anvil.mine()

    def settle(self, operator: Operator) -> None:
        for _ in range(40):
            self.turn(operator)
            if self.operated.is_done(operator.store):
                return
        raise AssertionError("the batches do not come to their end")

    def send(self, operator: Operator, first: int, *amounts: int) -> None:
        """Transfers from Alice to Bob, with ids from `first` on."""
        rules, (alice, bob) = replace(self.operated.kit.rules(), time=operator.world.now()), self.people
        parties = (alice.stark_private_key, alice.position_id, bob.stark_private_key, bob.position_id)
        sent = [document(rules.transfer(*parties, amount), rules.collateral) for amount in amounts]
        bodies = [json.dumps({"tx_id": n, "tx": one}).encode() for n, one in enumerate(sent, first)]
        assert all(answer.is_accepted for answer in operator.intake.take(bodies))

    @property
    def people(self):
        return self.operated.kit.alice, self.operated.kit.bob

    def updates(self) -> list[int]:
        return self.operated.books()["updates"]

    def balances(self, operator: Operator) -> list[int]:
        return [operator.batcher.head.positions[one.position_id].collateral_balance for one in self.people]

    def export(self) -> Path:
        """By the first member, with the chain's word."""
        settings, file = self.folder / "member.toml", self.folder / "export.json"
        settings.write_text(
            f'[gateway]\nurls = ["http://127.0.0.1:1"]\n[key]\nfile = "{self.folder / "key"}"\n'
            f'[store]\nurl = "sqlite:///{self.folder / "member0.db"}"\n'
            f'[chain]\nrpc = "{self.operated.anvil.url}"\nexchange = "{self.operated.kit.exchange.address}"\n'
        )
        command("committee", "export", file, "--settings", settings)
        return file

    def close(self) -> None:
        for store in self.member_stores:
            store.close()


@pytest.fixture(scope="module")
def operated(project, accounts, chain, tmp_path_factory):
    with anvil() as node:
        yield Operated.made(node, project, accounts, chain, tmp_path_factory.mktemp("exchange"))


@pytest.fixture(scope="module")
def program_of_doubles():
    """The verifier's double knows programs by their numbers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "exchange_identity", lambda: PROGRAM)
        yield


@pytest.fixture(scope="module")
def prepared(operated, program_of_doubles, tmp_path_factory):
    """Two batches are final, and a backup was taken while the operator ran."""
    business = Business(operated, tmp_path_factory.mktemp("business"))
    with business.operating() as operator:
        operated.people_act(operator)
        business.settle(operator)
        said = command("operator", "backup", business.folder / "backup", "--config", business.file)
    assert "batches up to 1, transactions up to 2" in said
    business.close()
    return business


@pytest.fixture
def business(prepared, tmp_path):
    """A copy of it, on a chain that stands where it stood."""
    anvil = prepared.operated.anvil
    snapshot = anvil.snapshot()
    shutil.copytree(prepared.folder, tmp_path, dirs_exist_ok=True)
    business = Business(prepared.operated, tmp_path)
    yield business
    business.close()
    anvil.automine(True)
    anvil.revert(snapshot)


def restored(business, **changes) -> None:
    business.lose_store()
    business.configure(**changes)
    command("operator", "restore", business.folder / "backup", "--config", business.file)


def test_a_store_as_new_as_the_chain_goes_on(business):
    restored(business)
    with business.operating() as operator:
        business.send(operator, 3, 5)
        business.settle(operator)
        assert business.balances(operator) == [1_000 - 30 - 70 - 5, 500 + 70 + 5]
    assert business.updates() == [0, 1, 2]


def test_an_update_that_was_sent_before_the_backup_is_found_on_chain(business):
    with business.operating() as operator:
        business.send(operator, 3, 5)
        business.turn(operator, 2)
        command("operator", "backup", business.folder / "later", "--config", business.file)
        business.settle(operator)
    business.lose_store()
    command("operator", "restore", business.folder / "later", "--config", business.file)
    with business.operating() as operator:
        business.settle(operator)
    assert business.updates() == [0, 1, 2]


def test_an_older_store_is_refused_and_the_exchange_goes_on_from_a_members_file(business):
    with business.operating() as operator:
        business.send(operator, 3, 5)
        business.settle(operator)
    restored(business)
    for _ in range(2):  # nothing was begun by the first start
        said = command("operator", "run", "--config", business.file, code=3)
        assert "the exchange is at batch 2" in said and "its newest batch is 1" in said
        assert "freehold operator anew FILE" in said
    file = business.export()
    document = json.loads(file.read_text())
    assert "config" not in document
    without_orders = business.folder / "without.json"
    del document["state"]["orders"]
    without_orders.write_text(json.dumps(document))
    refused = command("operator", "anew", file, "--config", business.file, code=1)
    assert "names a store that has begun" in refused
    business.configure(store="anew.db")
    first_state = business.folder / "state.json"
    before = first_state.read_text()
    said = command("operator", "anew", without_orders, "--config", business.file, code=1)
    assert "it has no orders" in said
    said = command("operator", "anew", file, "--config", business.file)
    assert "with 2 positions" in said and first_state.read_text() != before
    assert [path.read_text() for path in business.folder.glob("state-*.json")] == [before]
    with business.operating() as operator:
        business.send(operator, 0, 6)
        business.settle(operator)
        assert business.balances(operator) == [1_000 - 30 - 70 - 11, 500 + 70 + 11]
        assert operator.about.configuration == hex(operator.config.hash())
    assert business.updates() == [0, 1, 2, 3]


def test_a_state_that_is_not_the_exchanges_is_nothing_to_begin_with(business):
    business.configure(store="anew.db")
    before = (business.folder / "state.json").read_text()
    said = command("operator", "anew", business.folder / "state.json", "--config", business.file, code=1)
    assert "the exchange is at 0x" in said
    assert (business.folder / "state.json").read_text() == before


def test_a_lost_operators_update_that_comes_later_stops_the_restored_one(business):
    with business.operating() as lost:
        business.send(lost, 3, 5)
        business.turn(lost, 2)
        restored(business, store="restored.db")
        with business.operating() as operator:
            operator.turn()
            business.settle(lost)
            with pytest.raises(behind.StoreBehind, match="took a batch 2 that is not this store's"):
                for _ in range(40):
                    operator.turn()


def seen_and_lost(business) -> None:
    """The members have signed batch 2, and nothing of it came on chain."""
    with business.operating() as operator:
        business.send(operator, 3, 5)
        business.operated.anvil.automine(False)
        operator.turn()
        for member in business.members(operator):
            while member.step():
                pass
        with operator.store.unit() as session:
            assert session.get(Batch, 2) is not None
    business.operated.anvil.automine(True)
    business.lose_store()


def test_ids_that_members_have_seen_are_left_out(business):
    seen_and_lost(business)
    restored(business, seen=2)
    for _ in range(2):
        with business.operating() as operator, operator.store.unit() as session:
            assert list(session.scalars(select(Batch.id).order_by(Batch.id))) == [-1, 0, 1, 2]
    with business.operating() as operator:
        business.send(operator, 3, 7)
        business.settle(operator)
        assert business.balances(operator) == [1_000 - 30 - 70 - 7, 500 + 70 + 7]
    assert business.updates() == [0, 1, 3]


def test_without_them_left_out_nobody_signs_and_it_is_told(business):
    seen_and_lost(business)
    restored(business)
    with business.operating() as operator:
        with capture_logs() as logs:
            business.turn(operator)
        ahead = [log for log in logs if log["event"] == "a member has seen batches that are not in the store"]
        assert [(log["seen"], log["newest"]) for log in ahead] == [(2, 1)] * len(ahead) != []
        business.send(operator, 3, 7)
        business.turn(operator, 6)
        assert not business.operated.is_done(operator.store)
    assert business.updates() == [0, 1]


def test_a_member_that_lacks_what_is_left_out_signs_it_and_goes_on(business):
    seen_and_lost(business)
    business.member_stores.pop().close()
    business.member_stores.append(business.member_store("new.db"))
    restored(business, seen=4)
    with business.operating() as operator:
        business.send(operator, 3, 7)
        business.settle(operator)
    assert business.updates() == [0, 1, 5]


def test_a_version_whose_program_the_verifier_does_not_know_is_refused(business, monkeypatch):
    monkeypatch.setattr(jobs, "exchange_identity", lambda: PROGRAM + 1)
    said = command("operator", "run", "--config", business.file, code=1)
    assert f"takes proofs of the program {PROGRAM:#x}, this version's is {PROGRAM + 1:#x}" in said


def test_an_id_far_away_is_a_mistake(business):
    restored(business, seen=1_000_000)
    assert "seen = 1000000 in [batch]" in command("operator", "run", "--config", business.file, code=1)


# --- what is refused


def test_a_damaged_backup_is_refused_and_leaves_nothing(business):
    copy = business.folder / "backup" / COPY
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    business.lose_store()
    said = command("operator", "restore", business.folder / "backup", "--config", business.file, code=1)
    assert "is damaged" in said
    (business.folder / "backup" / MANIFEST).unlink()
    said = command("operator", "restore", business.folder / "backup", "--config", business.file, code=1)
    assert "is no backup" in said
    assert not list(business.folder.glob("operator.db*"))


def test_nothing_is_written_over(business):
    backup = business.folder / "backup"
    before = (backup / COPY).read_bytes()
    assert "exists already" in command("operator", "backup", backup, "--config", business.file, code=1)
    assert (backup / COPY).read_bytes() == before
    for name in ("operator.db", "operator.db-wal"):
        business.lose_store()
        (business.folder / name).write_text("mine")
        said = command("operator", "restore", backup, "--config", business.file, code=1)
        assert f"{name} is there: move it away first" in said
        assert (business.folder / name).read_text() == "mine"


def test_record_and_state_come_back_too(business):
    business.lose_store()
    place = Place(business.settings().chain.record)
    texts = [path.read_text() for path in (place.record_file, place.state_file)]
    place.state_file.unlink()
    place.record_file.unlink()
    command("operator", "restore", business.folder / "backup", "--config", business.file)
    assert [path.read_text() for path in (place.record_file, place.state_file)] == texts

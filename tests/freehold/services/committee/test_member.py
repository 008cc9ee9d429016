"""The member: it signs what it found true, keeps all of it, and nothing makes it sign or skip anything else."""

import json
from threading import Event, Thread

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, inspect, select
from structlog.testing import capture_logs

from freehold.errors import Refused
from freehold.services.base.claims import AccountSigner, is_signature
from freehold.services.committee.beginning import Beginning, begin
from freehold.services.committee.books import ORDERS, POSITIONS, Books
from freehold.services.committee.gateway import Gateway
from freehold.services.committee.member import (
    ORDERS_ROOT,
    OTHER_UPDATE,
    OUTSIDE,
    OWN_RULE,
    POSITIONS_ROOT,
    PREVIOUS,
    Member,
    rules_of,
)
from freehold.services.committee.settings import MemberSettings
from freehold.services.committee.store import open_store
from freehold.services.committee.tables import Base, Batch, Evidence, Node, OrderLeaf, PositionLeaf
from freehold.services.operator.availability import Availability, door
from freehold.services.operator.settings import AvailabilitySettings
from freehold.services.operator.store import open_store as open_operators
from freehold.services.operator.tables import Signature
from prover.applications.perpetual.facts import availability_claim
from prover.applications.perpetual.last_state import LastState
from tests.support.recorded_gateway import RecordedGateway, update_of
from tests.support.recorded_history import add_history, history

SIGNER = AccountSigner(0xA)


def member_of(store, *gateways, rules=()) -> Member:
    return Member(store, gateways, SIGNER, rules, lambda: 1_800_000_000.0)


def work(member: Member) -> int:
    """Steps until there is nothing to do."""
    steps = 0
    while member.step():
        steps += 1
    return steps


def rows(store, table) -> list:
    with store.unit() as session:
        return list(session.scalars(select(table)))


def kept(store) -> list[int]:
    return sorted(row.id for row in rows(store, Batch))


def counts(store) -> list[int]:
    with store.unit() as session:
        return [
            session.scalar(select(func.count()).select_from(kind)) for kind in (Batch, PositionLeaf, OrderLeaf, Node)
        ]


def claims() -> list[bytes]:
    return [availability_claim(made.applied.after, made.sequence_number) for made in history()]


def test_it_keeps_and_signs_batch_after_batch_in_order(member_store):
    gateway = RecordedGateway.of_history()
    member = member_of(member_store, gateway)
    assert work(member) == 8
    assert [(batch, claim) for batch, _, _, claim in gateway.approved] == list(enumerate(claims()))
    for _, signature, name, claim in gateway.approved:
        assert name == SIGNER.member and is_signature(name, claim, signature)
    batches = {row.id: row for row in rows(member_store, Batch)}
    assert batches.keys() == {-1, 0, 1, 2, 3}
    for made in history():
        row = batches[made.id]
        assert (row.previous, row.sequence_number) == (made.previous, made.sequence_number)
        assert (row.positions_root, row.orders_root) == (made.applied.after.tree.root, made.applied.after.orders_root)
        assert json.loads(row.words) == made.applied.after.words()
        assert row.sent_at is not None


def test_its_books_have_every_state_whichever_batch_they_stand_at(member_store):
    work(member_of(member_store, RecordedGateway.of_history()))
    for made in (*history(), *reversed(history())):
        with member_store.unit() as session:
            books, after = Books(session), made.applied.after
            books.move_to(made.id)
            assert books.tree(POSITIONS).root(session) == after.tree.root
            assert books.tree(ORDERS).root(session) == after.orders_root
            assert [key for key, _ in books.positions(made.id)] == sorted(after.positions)
            assert dict(books.orders(made.id)) == dict(after.orders)


def test_a_lineage_leaves_out_what_branched_off_an_abandoned_batch(member_store):
    with member_store.unit() as session:
        for batch, previous in ((0, -1), (1, 0), (2, 0), (3, 1), (4, 3), (5, 2)):
            fields = {"positions_root": 0, "orders_root": 0, "claim": bytes(32), "received_at": 0.0}
            session.add(Batch(id=batch, previous=previous, sequence_number=0, **fields))
            session.flush()
        books = Books(session)
        assert books.lineage(4) == [(-1, 1), (3, 4)]
        assert books.lineage(5) == [(-1, 0), (2, 2), (5, 5)]
        assert books.lineage(1) == [(-1, 1)]


def wrong(**changes):
    return {**update_of(history()[1]), **changes}


SECOND = update_of(history()[1])
OTHER_LEAF = {**SECOND["positions"], "7": {**SECOND["positions"]["7"], "collateral_balance": "5"}}
ONE_ORDER = dict(list(SECOND["orders"].items())[:1])
LIES = {
    "positions root": (wrong(position_root="0" * 63 + "5"), POSITIONS_ROOT),
    "orders root": (wrong(order_root="0" * 63 + "5"), ORDERS_ROOT),
    "a leaf": (wrong(positions=OTHER_LEAF), POSITIONS_ROOT),
    "a leaf less": (wrong(positions={"7": SECOND["positions"]["7"]}), POSITIONS_ROOT),
    "an order less": (wrong(orders=ONE_ORDER), ORDERS_ROOT),
    "an order more": (wrong(orders={**SECOND["orders"], "5": {"fulfilled_amount": "5"}}), ORDERS_ROOT),
    "the root as previous": (wrong(prev_batch_id=-1), POSITIONS_ROOT),
    "itself as previous": (wrong(prev_batch_id=1), PREVIOUS),
    "a later one as previous": (wrong(prev_batch_id=7), PREVIOUS),
}


@pytest.mark.parametrize("lie", list(LIES))
def test_a_lie_is_refused_with_evidence_nothing_is_kept_and_the_same_is_asked_again(member_store, lie):
    update, kind = LIES[lie]
    gateway = RecordedGateway.of_history(1)
    member = member_of(member_store, gateway)
    work(member)
    before = counts(member_store)
    gateway.updates[1], gateway.updates[2] = update, update_of(history()[2])
    for _ in range(2):
        assert not member.step()
    assert counts(member_store) == before
    assert gateway.asked[-2:] == [1, 1]
    (evidence,) = rows(member_store, Evidence)
    assert (evidence.batch, evidence.kind) == (1, kind)
    assert json.loads(evidence.body)["update"] == update
    assert len(gateway.approved) == 1
    gateway.updates[1] = SECOND
    assert work(member) == 4


def test_another_gateway_is_asked_when_one_lies_or_is_silent(member_store):
    liar, silent, honest = (RecordedGateway.of_history(2) for _ in range(3))
    liar.updates[1], silent.silent = LIES["a leaf"][0], {"batch_data", "approve"}
    liar.silent = {"approve"}
    assert work(member_of(member_store, silent, liar, honest)) == 4
    assert [batch for batch, *_ in honest.approved] == [0, 1]
    assert [evidence.batch for evidence in rows(member_store, Evidence)] == [1]


def test_a_silent_gateway_is_asked_again(member_store):
    gateway = RecordedGateway.of_history(1)
    gateway.silent = {"batch_data"}
    member = member_of(member_store, gateway)
    with capture_logs() as lines:
        assert not member.step()
    assert [(line["event"], line["batch"]) for line in lines] == [("gateway", 0)]
    gateway.silent = {"shared_state", "created"}  # which other operators do not answer
    assert work(member) == 2
    assert rows(member_store, Batch)[-1].words is None


def test_a_signature_that_is_not_taken_is_sent_again_before_anything_else(member_store):
    gateway = RecordedGateway.of_history(2)
    gateway.silent = {"approve"}
    member = member_of(member_store, gateway)
    assert work(member) == 1
    assert kept(member_store) == [-1, 0]
    gateway.silent = set()
    assert work(member) == 3
    assert [batch for batch, *_ in gateway.approved] == [0, 1]


def test_killed_between_store_and_send_it_sends_the_same_after_a_restart(member_store, monkeypatch):
    gateway = RecordedGateway.of_history(1)
    first = member_of(member_store, gateway)
    assert first.step()

    class Killed(BaseException):
        pass

    def after_sending(*arguments):
        RecordedGateway.approve(gateway, *arguments)
        raise Killed

    monkeypatch.setattr(gateway, "approve", after_sending, raising=False)
    with pytest.raises(Killed):  # the gateway has it, the member does not know
        first.step()
    monkeypatch.undo()
    member_store.close()
    again = open_store(member_store.url)
    assert work(member_of(again, gateway)) == 1
    again.close()
    assert len(gateway.approved) == 2 and len(set(gateway.approved)) == 1


@pytest.mark.parametrize("place", ["Books.add", "_fitting"])
def test_killed_while_it_stores_nothing_is_kept(member_store, monkeypatch, place):
    gateway = RecordedGateway.of_history(2)
    member = member_of(member_store, gateway)
    work(member_of(member_store, RecordedGateway.of_history(1)))
    before = counts(member_store)

    class Killed(BaseException):
        pass

    def killed(*_):
        raise Killed

    monkeypatch.setattr(f"freehold.services.committee.member.{place}", killed)
    with pytest.raises(Killed):
        member.step()
    monkeypatch.undo()
    assert counts(member_store) == before
    assert work(member) == 2


def test_a_second_update_of_a_batch_that_was_signed_is_kept_as_evidence(member_store):
    gateway, other = RecordedGateway.of_history(2), RecordedGateway.of_history(2)
    member = member_of(member_store, gateway, other)
    work(member)
    assert member.audit()
    other.updates[1] = LIES["a leaf"][0]
    with capture_logs() as lines:
        assert not member.audit()
        assert not member.audit()
    assert {line["kind"] for line in lines} == {OTHER_UPDATE}
    (evidence,) = rows(member_store, Evidence)
    assert (evidence.batch, evidence.kind) == (1, OTHER_UPDATE)
    assert len(gateway.approved) == 2 and other.approved == []


def test_another_spelling_is_the_same_update(member_store):
    gateway = RecordedGateway.of_history(2)
    member = member_of(member_store, gateway)
    work(member)
    gateway.updates[1] = json.loads(json.dumps(dict(reversed(SECOND.items()))))
    assert member.audit()


def test_an_operator_that_forgot_what_was_signed_is_told_of(member_store):
    gateway = RecordedGateway.of_history(1)
    member = member_of(member_store, gateway)
    assert member.audit()  # nothing is signed yet
    work(member)
    gateway.updates.clear()
    with capture_logs() as lines:
        assert member.audit()
    assert [line["event"] for line in lines] == ["signed batch is gone"]


def test_words_of_another_state_are_not_kept_and_stop_nothing(member_store):
    gateway = RecordedGateway.of_history(2)
    gateway.words[0], gateway.words[1] = gateway.words[1], [1, 2]
    assert work(member_of(member_store, gateway)) == 4
    assert [row.words for row in rows(member_store, Batch)] == [None] * 3


def refuse_the_second(batch_id, update):
    return "a pause" if batch_id == 1 else None


def test_a_rule_of_its_own_can_refuse(member_store):
    settings = MemberSettings(rules=(f"{__name__}:refuse_the_second",))
    member = member_of(member_store, RecordedGateway.of_history(2), rules=[refuse_the_second])
    assert work(member) == 2
    assert [evidence.kind for evidence in rows(member_store, Evidence)] == [OWN_RULE]
    with pytest.raises(Refused, match="no_such:rule cannot be imported"):
        rules_of(MemberSettings(rules=("no_such:rule",)))
    assert settings.rules[0].endswith("refuse_the_second")
    assert rules_of(MemberSettings(rules=("json:loads",))) == [json.loads]


def test_a_leaf_outside_the_tree_is_refused(database_url):
    store = open_store(database_url)
    begin(store, Beginning(positions_height=3, orders_height=64))
    assert work(member_of(store, RecordedGateway.of_history(1))) == 0
    assert [evidence.kind for evidence in rows(store, Evidence)] == [OUTSIDE]
    store.close()


def test_an_exchange_that_began_elsewhere(database_url, tmp_path):
    """A state's file of a later batch, with the id and the number that the exchange has: claims are the same."""
    state = LastState.of(history()[1].applied.config, history()[1].applied.after)
    file = tmp_path / "state.json"
    file.write_text(state.model_dump_json())
    store = open_store(database_url)
    begin(store, Beginning.of_file(file, 1, 1))
    with pytest.raises(Refused, match="is a member's already"):
        begin(store, Beginning())
    gateway = RecordedGateway.of_history()
    assert work(member_of(store, gateway)) == 4
    assert [(batch, claim) for batch, _, _, claim in gateway.approved] == list(enumerate(claims()))[2:]
    store.close()


def test_a_state_without_orders_is_nothing_to_begin_with(tmp_path):
    sealed = history()[1].applied.after.sealed(5)
    file = tmp_path / "state.json"
    file.write_text(LastState.of(history()[1].applied.config, sealed).model_dump_json())
    with pytest.raises(Refused, match="it has no orders"):
        Beginning.of_file(file, 1, 1)


def test_without_a_beginning_it_does_not_start(database_url):
    store = open_store(database_url)
    store.migrate()
    with pytest.raises(Refused, match="has no beginning"):
        member_of(store, RecordedGateway()).step()
    store.close()


def test_it_runs_until_it_is_stopped(member_store):
    gateway, stop = RecordedGateway.of_history(), Event()
    member = member_of(member_store, gateway)
    thread = Thread(target=member.run, args=(MemberSettings(poll=0.01, audit=0.01), stop))
    thread.start()
    for _ in range(1000):
        if len(gateway.approved) == 4 and gateway.asked.count(3) > 1:
            break
        thread.join(0.02)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert [batch for batch, *_ in gateway.approved] == [0, 1, 2, 3]


def test_three_members_sign_at_the_operators_gateway_at_the_same_time(served_databases, database_url):
    kind = "sqlite" if database_url.startswith("sqlite") else "postgresql"
    operators = open_operators(database_url)
    operators.migrate()
    with operators.unit() as session:
        add_history(session)
    signers = [AccountSigner(secret) for secret in (0xA, 0xB, 0xC)]
    app, _, _ = door(Availability(operators, lambda: {one.member for one in signers}), AvailabilitySettings())
    stores = [open_store(served_databases.new(kind)) for _ in signers]
    members = []
    for store, signer in zip(stores, signers, strict=True):
        begin(store, Beginning())
        members.append(Member(store, [Gateway(TestClient(app), "http://testserver")], signer))
    threads = [Thread(target=work, args=(member,)) for member in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    found = {(row.batch, row.member) for row in rows(operators, Signature)}
    assert found == {(made.id, signer.member) for made in history() for signer in signers}
    assert json.loads(rows(stores[0], Batch)[1].words) == history()[0].applied.after.words()
    for store in (*stores, operators):
        store.close()


def test_the_migrations_make_the_tables_that_the_code_names(member_store):
    for table in Base.metadata.sorted_tables:
        found = inspect(member_store.engine)
        columns = {column["name"]: bool(column["nullable"]) for column in found.get_columns(table.name)}
        assert columns == {column.name: bool(column.nullable) for column in table.columns}
        indexes = {index["name"] for index in found.get_indexes(table.name) if "duplicates_constraint" not in index}
        assert indexes == {index.name for index in table.indexes}

"""The watcher follows the chain through reorganisations, and a node that fails, is wrong or behind, spoils nothing."""

import json
import socket
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from freehold.abi import abi_of
from freehold.ethereum.node import Header, Log, Node, NodeRefuses
from freehold.services.operator import chain_events, chain_view, watcher
from freehold.services.operator.tables import Block, Event
from freehold.services.operator.watcher import ReorganisedBeyondFinality
from tests.support.ports import free_port


@dataclass(frozen=True)
class Change:
    """A wrong answer of a node: of this method, by this function of the right one."""

    method: str
    by: object


class Wrong(Node):
    change: Change

    def ask(self, method, *parameters):
        answer = super().ask(method, *parameters)
        return self.change.by(answer) if method == self.change.method else answer


def wrong(operator, method, by):
    node = Wrong(operator.served.anvil.url)
    node.change = Change(method, by)
    return replace(operator, node=node)


def events(operator, *names) -> list[Event]:
    with operator.writer.store.unit() as session:
        found = select(Event).join(Block, Block.hash == Event.block).where(Block.canonical)
        found = found.where(Event.name.in_(names)) if names else found
        return list(session.scalars(found.order_by(Block.number, Event.place)))


def numbers(operator) -> list[int]:
    with operator.writer.store.unit() as session:
        return list(session.scalars(select(Block.number).where(Block.canonical).order_by(Block.number)))


def deposit(operator, amount: int) -> None:
    with operator.served.people() as kit:
        kit.deposit(kit.alice, amount)


def test_events_are_rows_with_what_queries_look_for(operator):
    deposit(operator, 5)
    operator.read()
    (row,) = events(operator, "LogDeposit")
    alice = operator.served.kit.alice
    assert (row.stark_key, row.position_id, row.amount) == (alice.stark_key, alice.position_id, 5)
    assert json.loads(row.arguments)["quantizedAmount"] == "5"
    with operator.served.people() as kit:
        kit.request(kit.alice, 3)
    operator.read()
    accepted, asked = events(operator, "ForcedRequestAccepted", "LogForcedWithdrawalRequest")
    assert accepted.request == asked.request == operator.served.kit.withdrawal(alice, 3).hash()


def test_blocks_are_a_gapless_chain_up_to_the_head(operator):
    operator.served.anvil.mine(5)
    operator.read()
    head = operator.served.anvil.node.head()
    assert numbers(operator)[-1] == head.number and operator.watcher.behind == 0
    with operator.writer.store.unit() as session:
        by_number = {row.number: row for row in session.scalars(select(Block).where(Block.canonical))}
        assert all(by_number[n].parent == by_number[n - 1].hash for n in by_number if n - 1 in by_number)
        assert chain_view.head(session).hash == head.hash
        assert chain_view.confirmed_number(session, 3) == head.number - 3


def test_two_blocks_under_a_deposit_are_reorganised_and_it_is_gone(operator):
    deposit(operator, 5)
    operator.served.anvil.mine(1)
    operator.read()
    assert len(events(operator, "LogDeposit")) == 1
    before = numbers(operator)
    operator.served.anvil.reorganise(2)
    operator.read()
    assert events(operator, "LogDeposit") == [] and numbers(operator) == before
    with operator.writer.store.unit() as session:
        assert session.scalar(select(func.count()).where(~Block.canonical, Block.number > before[-3])) == 2


def test_a_branch_that_comes_back_counts_again(operator):
    """The chain goes from one branch to another and back to the first: its events are there once."""
    deposit(operator, 5)
    operator.read()
    with operator.writer.unit() as session:
        row = session.scalar(select(Block).order_by(Block.number.desc()).limit(1))
        row.canonical = False
        other = Header(b"\1" * 32, row.number, row.parent, row.time)
        session.add(watcher._block(other))
    assert events(operator, "LogDeposit") == []
    operator.read()
    assert len(events(operator, "LogDeposit")) == 1
    with operator.writer.store.unit() as session:
        assert not session.get_one(Block, b"\1" * 32).canonical


@pytest.mark.parametrize(
    ("method", "by"),
    [
        ("eth_getBlockByHash", lambda answer: None),
        ("eth_getBlockByHash", lambda answer: {**answer, "hash": "0x" + "11" * 32}),
        ("eth_getLogs", lambda answer: [{**one, "blockHash": "0x" + "11" * 32} for one in answer]),
        ("eth_getLogs", lambda answer: [{**one, "topics": ["0x" + "11" * 32]} for one in answer]),
        ("eth_getLogs", lambda answer: "no"),
        ("eth_getBlockByNumber", lambda answer: None),
        ("eth_getBlockByNumber", lambda answer: {"number": "0x1"}),
    ],
    ids=["no parent", "another parent", "logs of another block", "unknown logs", "no logs", "no head", "half a head"],
)
def test_a_wrong_node_changes_nothing(operator, method, by):
    before = numbers(operator)
    deposit(operator, 5)
    operator.served.anvil.mine(1)
    liar = wrong(operator, method, by)
    assert liar.watcher.step() is False and liar.watcher.failing_since is not None
    assert numbers(operator) == before
    operator.read()
    assert len(events(operator, "LogDeposit")) == 1


def test_a_block_in_its_parents_place_is_refused(operator):
    """It is on the chain, and not the one that was asked for: between it and the head one would be missing."""
    before = numbers(operator)
    operator.served.anvil.mine(4)
    node = operator.served.anvil.node

    def one_lower(answer):
        return node.ask("eth_getBlockByNumber", hex(int(answer["number"], 16) - 1), False)

    liar = wrong(operator, "eth_getBlockByHash", one_lower)
    assert liar.watcher.step() is False and numbers(operator) == before


def test_a_silent_node_is_noticed_and_then_forgotten(operator):
    silent = replace(operator, node=Node(f"http://127.0.0.1:{free_port()}", timeout=0.2))
    assert silent.watcher.step() is False and silent.watcher.failing_since is not None
    silent.watcher.node = operator.node
    silent.watcher.step()
    assert silent.watcher.failing_since is None


def test_a_slow_node_is_given_up_in_time(operator, slow_server):
    slow = replace(operator, node=Node(slow_server, timeout=0.2))
    assert slow.watcher.step() is False and slow.watcher.failing_since is not None


@pytest.fixture
def slow_server():
    """Takes connections and says nothing."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_head_that_goes_back_to_a_known_block_is_a_node_behind(operator):
    deposit(operator, 5)
    operator.read()
    before = numbers(operator)
    number = hex(before[-1] - 2)
    old = operator.node.ask("eth_getBlockByNumber", number, False)
    behind = wrong(operator, "eth_getBlockByNumber", lambda answer: old)
    with capture_logs() as told:
        assert behind.watcher.step() is False and numbers(operator) == before
    assert [line["event"] for line in told] == ["node behind"]
    assert len(events(operator, "LogDeposit")) == 1


# --- finality


def test_what_is_final_by_depth_is_marked(operator):
    deep = replace(operator, finality=2)
    deep.served.anvil.mine(4)
    deep.read()
    with operator.writer.store.unit() as session:
        assert chain_view.final_number(session) == deep.head() - 2


def test_the_nodes_tag_says_what_is_final(operator):
    tagged = replace(operator, finality="finalized")
    tagged.served.anvil.mine(70)
    tagged.read()
    found = tagged.served.anvil.node.header("finalized").number
    with operator.writer.store.unit() as session:
        assert chain_view.final_number(session) == found > 0


def test_a_reorganisation_below_what_was_final_stops_the_operator(operator):
    deep = replace(operator, finality=1)
    deep.served.anvil.mine(4)
    deep.read()
    before = numbers(deep)
    deep.served.anvil.reorganise(3)
    deep.served.anvil.mine(1)
    with pytest.raises(ReorganisedBeyondFinality, match="was final and is another one now"):
        deep.watcher.step()
    assert numbers(deep) == before


def test_old_blocks_are_forgotten_but_those_in_which_something_happened(operator, monkeypatch):
    monkeypatch.setattr(watcher, "NEAR", 8)
    deep = replace(operator, finality=2)
    before = events(deep)
    for _ in range(10):
        deep.served.anvil.mine(3)
        deep.read()
    with deep.writer.store.unit() as session:
        final = chain_view.final_number(session)
    kept = set(numbers(deep))
    assert set(range(final - 7, final + 3)) <= kept
    idle = kept - set(range(final - 8, final + 3))
    with deep.writer.store.unit() as session:
        busy = {session.get_one(Block, one.block).number for one in before}
        was_final = set(session.scalars(select(Block.number).where(Block.final)))
    assert busy <= kept and idle <= busy | was_final
    assert len(events(deep)) == len(before)


# --- far behind


def test_far_behind_it_reads_spans_and_keeps_what_happened(operator, monkeypatch):
    monkeypatch.setattr(watcher, "NEAR", 6)
    deposit(operator, 5)
    operator.served.anvil.mine(40)
    operator.read()
    assert len(events(operator, "LogDeposit")) == 1
    head = operator.served.anvil.node.head()
    assert numbers(operator)[-1] == head.number
    found = numbers(operator)
    assert set(range(head.number - 5, head.number + 1)) <= set(found) and len(found) < 20


def test_a_node_that_takes_narrow_spans_alone_is_asked_for_less(operator, monkeypatch):
    monkeypatch.setattr(watcher, "NEAR", 6)
    deposit(operator, 5)
    operator.served.anvil.mine(60)

    class Narrow(Node):
        def logs(self, start, stop, contract, names) -> list[Log]:
            if stop - start > 16:
                raise NodeRefuses("eth_getLogs", "too many blocks")
            return super().logs(start, stop, contract, names)

    narrow = replace(operator, node=Narrow(operator.served.anvil.url))
    for _ in range(40):
        narrow.watcher.step()
    assert len(events(operator, "LogDeposit")) == 1
    assert numbers(operator)[-1] == operator.served.anvil.node.head().number


def test_a_branch_that_was_left_while_the_operator_was_away_is_noticed(operator, monkeypatch):
    monkeypatch.setattr(watcher, "NEAR", 6)
    deposit(operator, 5)
    operator.served.anvil.mine(1)
    operator.read()
    operator.served.anvil.reorganise(2)
    operator.served.anvil.mine(20)
    operator.read()
    assert events(operator, "LogDeposit") == []
    assert numbers(operator)[-1] == operator.served.anvil.node.head().number


def test_all_that_is_followed_is_in_the_abi():
    known = {entry["name"] for entry in abi_of("Exchange") if entry["type"] == "event"}
    assert set(chain_events.FOLLOWED) <= known


def test_a_lie_about_the_final_block_is_no_finality(operator):
    class Tagged(Node):
        def ask(self, method, *parameters):
            if parameters[:1] == ("finalized",):
                return {**super().ask(method, "0x5", False), "hash": "0x" + "22" * 32}
            return super().ask(method, *parameters)

    liar = replace(operator, node=Tagged(operator.served.anvil.url), finality="finalized")
    operator.served.anvil.mine(1)
    operator.read()
    with operator.writer.unit() as session:
        session.merge(Block(**{**_fifth(operator), "canonical": True, "final": False}))
    assert liar.watcher.step() is False and liar.watcher.failing_since is not None
    with operator.writer.store.unit() as session:
        assert chain_view.final_number(session) == -1


def _fifth(operator) -> dict:
    header = operator.served.anvil.node.header(5)
    return {"hash": header.hash, "number": 5, "parent": header.parent, "time": header.time}

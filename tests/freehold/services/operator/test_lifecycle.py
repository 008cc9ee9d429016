"""A batch's state follows from what is known, there and back; what is abandoned gives its transactions back."""

import pytest
from sqlalchemy import select

from freehold.services.operator.batches import claim_of
from freehold.services.operator.lifecycle import LAG_BOUND, MARGIN, Lifecycle, abandon, reach
from freehold.services.operator.tables import Batch, Block, ChainTx, Event, Received, Signature, Stage
from tests.support.operator_rows import batch_row, entry_row, received_row
from tests.support.served_exchange import proof_job

WORDS = (1, 64, 2, 64)
NOW = 1_000_000.0


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


class Batches:
    """Rows as the others write them."""

    def __init__(self, writer) -> None:
        self.writer, self.clock = writer, Clock()
        self.lifecycle = Lifecycle(writer, 2, self.clock)
        with writer.unit() as session:
            session.add(batch_row(-1, None, WORDS, b"\0" * 32, 0, state="final"))

    def add(self, *ids: int, previous: int | None = None, **fields) -> None:
        for batch_id in ids:
            before = batch_id - 1 if previous is None else previous
            state_hash = (100 + batch_id).to_bytes(32, "big")
            with self.writer.unit() as session:
                session.add(batch_row(batch_id, before, WORDS, state_hash, batch_id + 1, **fields))

    def prove(self, batch_id: int) -> None:
        with self.writer.unit() as session:
            session.add(proof_job(batch_id, b"\0" * 32, b"\1" * 32))

    def sign(self, batch_id: int, members: int = 2, claim: bytes | None = None) -> None:
        with self.writer.unit() as session:
            ours = claim_of(session.get_one(Batch, batch_id))
            for member in range(members):
                row = Signature(batch=batch_id, member=hex(member), claim=claim or ours, signature=b"", received_at=0.0)
                session.add(row)

    def send(self, batch_id: int, nonce: int = 0) -> None:
        with self.writer.unit() as session:
            row = ChainTx(sender="0x1", nonce=nonce, attempt=0, purpose="update", batch=batch_id, hash=b"", raw=b"")
            row.max_fee = row.tip = 0
            session.add(row)

    def mine(self, batch_id: int, number: int = 5) -> None:
        block = number.to_bytes(32, "big")
        with self.writer.unit() as session:
            state_hash = session.get_one(Batch, batch_id).state_hash.hex()
            session.add(Block(hash=block, number=number, parent=b"", time=0, canonical=True))
            session.flush()
            for place, name in enumerate(("SharedStateUpdated", "LogUpdateState")):
                arguments = f'{{"sharedStateHash": "0x{state_hash}"}}'
                row = Event(block=block, place=place, name=name, arguments=arguments, transaction=b"")
                row.batch_id = batch_id if place else None
                session.add(row)

    def set_block(self, number: int, **fields) -> None:
        with self.writer.unit() as session:
            row = session.get_one(Block, number.to_bytes(32, "big"))
            for name, value in fields.items():
                setattr(row, name, value)

    def step(self) -> bool:
        return self.lifecycle.step()

    def states(self) -> dict[int, str]:
        with self.writer.store.unit() as session:
            return dict(session.execute(select(Batch.id, Batch.state).where(Batch.id >= 0).order_by(Batch.id)).all())

    def state(self) -> str:
        self.step()
        return self.states()[0]

    def stage(self, batch_id: int, name: str) -> float | None:
        with self.writer.store.unit() as session:
            row = session.get(Stage, (batch_id, name))
            return None if row is None else row.at

    def error(self, batch_id: int) -> str:
        with self.writer.store.unit() as session:
            return session.get_one(Batch, batch_id).error or ""


@pytest.fixture
def batches(writer):
    return Batches(writer)


def test_a_batch_goes_through_its_states_and_back_where_a_reorganisation_takes_it(batches):
    batches.add(0)
    assert batches.state() == "executed"
    batches.prove(0)
    assert batches.state() == "executed" and batches.stage(0, "proved") == NOW
    batches.sign(0)
    assert batches.state() == "ready" and batches.stage(0, "signed") == NOW
    batches.send(0)
    assert batches.state() == "sent" and batches.stage(0, "sent") == NOW
    batches.mine(0)
    assert batches.state() == "mined" and batches.stage(0, "mined") == NOW
    batches.set_block(5, canonical=False)
    assert batches.state() == "sent"
    batches.clock.now += 60
    batches.set_block(5, canonical=True)
    assert batches.state() == "mined" and batches.stage(0, "mined") == NOW + 60
    batches.set_block(5, final=True)
    assert batches.state() == "final" and batches.stage(0, "final") == NOW + 60
    assert batches.step() is False


def test_signatures_of_another_claim_or_too_few_are_no_quorum(batches):
    batches.add(0, 1)
    for batch_id in (0, 1):
        batches.prove(batch_id)
    batches.sign(0, claim=b"\3" * 32)
    batches.sign(1, members=1)
    batches.step()
    assert batches.states() == {0: "executed", 1: "executed"}


def test_a_rollups_batch_needs_no_signatures(batches):
    batches.lifecycle.required = 0
    batches.add(0)
    batches.prove(0)
    assert batches.state() == "ready" and batches.stage(0, "signed") is None


# --- too late


def test_a_deadline_that_passed_abandons_the_batch_and_all_that_follow_it(batches):
    batches.add(0, deadline=int(NOW) + 1)
    batches.add(1, 2)
    batches.add(3, previous=-1)
    assert batches.state() == "executed"
    batches.clock.now += 1
    batches.prove(1)
    batches.sign(1)
    batches.step()
    assert batches.states() == {0: "abandoned", 1: "abandoned", 2: "abandoned", 3: "executed"}
    assert "deadline has passed" in batches.error(0) and "batch 0 was abandoned" in batches.error(2)
    assert batches.stage(2, "abandoned") == NOW + 1
    batches.step()
    assert batches.states()[1] == "abandoned"


def test_a_system_time_that_the_exchange_would_soon_refuse_abandons_the_batch(batches):
    batches.add(0, system_time=int(NOW) - LAG_BOUND + MARGIN + 1)
    assert batches.state() == "executed"
    batches.clock.now += 1
    assert batches.state() == "abandoned" and "600 s are left" in batches.error(0)


def test_what_was_sent_is_left_to_the_exchange_to_refuse(batches):
    batches.add(0, deadline=int(NOW) - 1)
    batches.send(0)
    assert batches.state() == "sent"


# --- abandoning


def test_transactions_of_an_abandoned_batch_wait_again_but_its_reason(batches):
    batches.add(0)
    with batches.writer.unit() as session:
        for tx_id, state in ((1, "batched"), (2, "batched"), (3, "rejected")):
            session.add(received_row(tx_id, {"type": "TRANSFER"}, state, 0))
        abandon(session, 0, "a reason", NOW, {2: "FACT_NOT_REGISTERED"})
    with batches.writer.store.unit() as session:
        rows = [session.get_one(Received, tx_id) for tx_id in (1, 2, 3)]
    assert [(row.state, row.code, row.batch) for row in rows] == [
        ("received", None, None),
        ("rejected", "FACT_NOT_REGISTERED", 0),
        ("rejected", None, 0),
    ]


@pytest.mark.parametrize("state", ["mined", "final", "abandoned"])
def test_what_is_on_chain_is_not_abandoned(batches, state):
    batches.add(0, state=state)
    with batches.writer.unit() as session:
        abandon(session, 0, "a reason", NOW)
    assert batches.states() == {0: state} and batches.error(0) == ""


def test_an_abandoned_batch_that_comes_on_chain_is_mined_and_what_was_built_beside_it_abandoned(batches):
    batches.add(0)
    batches.add(1)
    with batches.writer.unit() as session:
        session.add(received_row(1, {"type": "TRANSFER"}, "batched", 0))
        session.add(received_row(2, {"type": "TRANSFER"}, "received"))
        session.flush()
        session.add_all([entry_row(0, 0, "TRANSFER", 1), entry_row(0, 1, "TRANSFER", 2, code="INVALID")])
        abandon(session, 0, "a reason", NOW)
    batches.add(2, previous=-1)
    batches.mine(0)
    batches.step()
    assert batches.states() == {0: "mined", 1: "abandoned", 2: "abandoned"}
    assert "came on chain after all" in batches.error(2) and batches.error(0) == ""
    with batches.writer.store.unit() as session:
        assert [session.get_one(Received, tx_id).state for tx_id in (1, 2)] == ["batched", "received"]


def test_what_follows_a_batch_that_came_back_stays(batches):
    batches.add(0)
    with batches.writer.unit() as session:
        abandon(session, 0, "a reason", NOW)
    batches.add(1, previous=0)
    batches.mine(0)
    batches.step()
    assert batches.states() == {0: "mined", 1: "executed"}


def test_a_stage_that_is_come_to_again_keeps_the_last_time(batches):
    batches.add(0)
    with batches.writer.unit() as session:
        reach(session, 0, "tracing", 1.0)
        reach(session, 0, "tracing", 2.0)
    assert batches.stage(0, "tracing") == 2.0

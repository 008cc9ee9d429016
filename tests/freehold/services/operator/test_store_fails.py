"""The disk is full, or the database is gone for a while: nothing is lost, nothing is half written, and it goes on by
itself when there is a store again."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from freehold.services.base.store import Store
from freehold.services.operator.intake import Groups, Intake, Terms
from freehold.services.operator.store import open_store
from tests.support.anvil import anvil
from tests.support.databases import databases
from tests.support.operated_exchange import BOOKS, Operated
from tests.support.operator_kit import OperatorKit
from tests.support.waiting import wait_for


@contextmanager
def full_disk(store: Store) -> Iterator[None]:
    """Of SQLite: its file grows no more. What is written in place of something else still is."""

    def limit(pages: int):
        def set_limit(connection):
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

        return set_limit

    least, usual = limit(1), limit(1 << 30)  # never below what the file has
    event.listen(store.engine, "begin", least)
    try:
        yield
    finally:
        event.remove(store.engine, "begin", least)
        event.listen(store.engine, "begin", usual)


@pytest.fixture
def kit(tmp_path):
    with databases(tmp_path) as served:
        store = open_store(served.new("sqlite"))
        kit = OperatorKit(store, max_transactions=500, max_steps=1 << 21)
        kit.begin()
        yield kit
        store.close()


def bodies(kit: OperatorKit, count: int) -> list[bytes]:
    """The same transfer under the next ids: it is stored as often."""
    return [json.dumps({"tx_id": n, "tx": kit.transfer(n + 1)}).encode() for n in range(count)]


def test_a_full_disk_accepts_nothing_and_loses_nothing(kit):
    intake = Intake(kit.store, Terms(kit.exchange.collateral, 3_600), kit.world.clock)
    sent = bodies(kit, 40)
    with full_disk(kit.store):
        with pytest.raises(OperationalError, match="full"):
            intake.take(sent)
        assert kit.received() == {}
    assert all(answer.is_accepted for answer in intake.take(sent))
    assert set(kit.received()) == set(range(40))


def test_who_sends_to_a_full_disk_is_told_to_send_again(kit):
    """By the door, which answers everybody who waits."""

    async def ask(groups: Groups, sent: list[bytes]) -> list[str]:
        working = asyncio.create_task(groups.run())
        answers = await asyncio.gather(*(groups.add(body) for body in sent))
        working.cancel()
        return [answer.code for answer in answers]

    intake = Intake(kit.store, Terms(kit.exchange.collateral, 3_600), kit.world.clock)
    with full_disk(kit.store):
        codes = asyncio.run(ask(Groups(intake), bodies(kit, 40)))
    assert set(codes) == {"API_FUNCTION_TEMPORARILY_DISABLED"}


def test_a_batch_that_does_not_fit_the_disk_is_not_half_there(kit):
    intake = Intake(kit.store, Terms(kit.exchange.collateral, 3_600), kit.world.clock)
    intake.take(bodies(kit, 40))
    batcher = kit.batcher()
    while batcher.step():
        pass
    kit.world.time += 600
    with full_disk(kit.store):
        with pytest.raises(SQLAlchemyError, match="full"):
            batcher.step()
        assert [batch.id for batch in kit.batches()] == [-1]
        assert {state for state, _, _ in kit.received().values()} == {"received"}
    while batcher.step():
        pass
    assert [batch.id for batch in kit.batches()] == [-1, 0]
    assert set(kit.received().values()) == {("batched", None, 0)}


@pytest.mark.slow
def test_a_database_that_is_gone_for_a_while_is_waited_for(project, accounts, chain, tmp_path):
    """A whole operator, in the middle of its batches."""
    with anvil() as node, databases(tmp_path) as served:
        operated = Operated.made(node, project, accounts, chain, tmp_path)
        store = open_store(served.new("postgresql"))
        store.migrate()
        operator = operated.operator(store)
        operated.people_act(operator)
        stop = threading.Event()
        running = threading.Thread(target=operator.run, args=(stop,))
        running.start()
        try:
            wait_for(lambda: _goes_on(operated, store, 1))
            served.halt()
            with pytest.raises(SQLAlchemyError):
                operated.members_sign(store)
            stop.wait(2)
            assert running.is_alive()
            served.resume()
            wait_for(lambda: _goes_on(operated, store, None), 60)
        finally:
            stop.set()
            running.join(30)
            store.close()
        assert operated.books() == BOOKS


def _goes_on(operated: Operated, store: Store, batches: int | None) -> bool:
    """Members and the chain do their part. Whether there are so many batches, or all is final."""
    try:
        operated.members_sign(store)
        operated.anvil.mine()
        if batches is None:
            return operated.is_done(store)
        return bool(operated.books()["updates"][:batches])
    except OperationalError:
        return False

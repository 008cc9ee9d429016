"""The operator is killed after each of its commits in turn, and started again: in the end the chain says the same, and
nothing has happened twice."""

import pytest

from freehold.services.operator.store import open_store
from tests.support.operated_exchange import Killed, Operated, killed_after

BOOKS = {"updates": [0, 1], "withdrawable": [30, 0], "pending": [0, 0], "requested": 0}


@pytest.fixture(scope="module")
def operated(anvil, project, accounts, chain, tmp_path_factory):
    return Operated.made(anvil, project, accounts, chain, tmp_path_factory.mktemp("exchange"))


@pytest.fixture
def ready(operated, served_databases):
    """The exchange as it began, and an empty store."""
    snapshot = operated.anvil.snapshot()
    store = open_store(served_databases.new("sqlite"))
    store.migrate()
    yield operated, store
    store.close()
    operated.anvil.revert(snapshot)


def commits_of_a_life(operated, store) -> int:
    operator = operated.operator(store)
    operated.people_act(operator)
    with killed_after(store, None) as counted:
        operated.life(operator)
        return counted()


def test_a_life_without_a_kill(ready):
    operated, store = ready
    assert commits_of_a_life(operated, store) > 10
    assert operated.books() == BOOKS


def test_killed_after_each_commit(operated, served_databases):
    number, was_killed = 1, True
    while was_killed:
        snapshot = operated.anvil.snapshot()
        store = open_store(served_databases.new("sqlite"))
        store.migrate()
        operator = operated.operator(store)
        operated.people_act(operator)
        with killed_after(store, number):
            try:
                operated.life(operator)
                was_killed = False
            except Killed:
                operated.life(operated.operator(store))
        assert operated.books() == BOOKS, f"killed after commit {number}"
        store.close()
        operated.anvil.revert(snapshot)
        number += 1
    assert number > 10

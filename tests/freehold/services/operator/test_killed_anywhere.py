"""The operator is killed after one of its commits, and started again: in the end the chain says the same, and nothing
has happened twice."""

import pytest

from freehold.services.operator.store import open_store
from tests.support.anvil import anvil
from tests.support.operated_exchange import Killed, Operated, killed_after

BOOKS = {"updates": [0, 1], "withdrawable": [30, 0], "pending": [0, 0], "requested": 0}


@pytest.fixture(scope="module")
def operated(project, accounts, chain, tmp_path_factory):
    """On a chain of its own: what other tests expect of theirs depends on how many blocks it has."""
    with anvil() as node:
        yield Operated.made(node, project, accounts, chain, tmp_path_factory.mktemp("exchange"))


@pytest.fixture
def ready(operated, served_databases):
    """Gives the exchange as it began and an empty store, as often as it is asked."""
    stores = []

    def begin():
        operated.anvil.revert(snapshots.pop())
        snapshots.append(operated.anvil.snapshot())
        store = open_store(served_databases.new("sqlite"))
        store.migrate()
        stores.append(store)
        return store

    snapshots = [operated.anvil.snapshot()]
    yield begin
    for store in stores:
        store.close()
    operated.anvil.revert(snapshots.pop())


def life(operated, store, number: int | None) -> tuple[bool, int]:
    """A life that is killed after so many commits and then goes on; whether it was, and how many commits there were."""
    operator = operated.operator(store)
    operated.people_act(operator)
    with killed_after(store, number) as counted:
        try:
            operated.life(operator)
            was_killed = False
        except Killed:
            operated.life(operated.operator(store))
            was_killed = True
    assert operated.books() == BOOKS, f"killed after commit {number}"
    return was_killed, counted()


def test_killed_at_five_places_of_its_life(operated, ready):
    was_killed, commits = life(operated, ready(), None)
    assert not was_killed and commits > 10
    for number in range(1, commits, commits // 5):
        was_killed, _ = life(operated, ready(), number)
        assert was_killed


@pytest.mark.slow
def test_killed_after_each_commit(operated, ready):
    number, was_killed = 0, True
    while was_killed:
        number += 1
        was_killed, _ = life(operated, ready(), number)
    assert number > 10

"""The operator is killed at its commits, and started again: in the end the chain says the same, nothing has happened
twice, and nothing was sent that is not written down."""

import pytest

from freehold.services.operator.store import open_store
from tests.support.anvil import anvil
from tests.support.operated_exchange import AFTER, BEFORE, BOOKS, Killed, Operated, killed_at


@pytest.fixture(scope="module")
def operated(project, accounts, chain, tmp_path_factory):
    """On a chain of its own: what other tests expect of theirs depends on how many blocks it has."""
    with anvil() as node:
        yield Operated.made(node, project, accounts, chain, tmp_path_factory.mktemp("exchange"))


@pytest.fixture
def live(operated, served_databases):
    """Lives a life that begins with an empty store and is killed at a commit; how many commits it made by then."""

    def live(number=None, when=AFTER):
        snapshot, began = operated.anvil.snapshot(), operated.anvil.node.head().number
        store = open_store(served_databases.new("sqlite"))
        store.migrate()
        operator = operated.operator(store)
        operated.people_act(operator)
        with killed_at(store, number, when) as counted:
            try:
                operated.life(operator)
                commits = counted()
            except Killed:
                commits = counted()
                operated.life(operated.operator(store))
        assert operated.books() == BOOKS, f"killed {when} {number}"
        assert not operated.unwritten(store, began), f"killed {when} {number}"
        store.close()
        operated.anvil.revert(snapshot)
        return commits

    return live


def test_killed_at_five_places_of_its_life(live):
    commits = live()
    assert commits > 10
    for place, number in enumerate(range(1, commits, commits // 5)):
        assert live(number, (AFTER, BEFORE)[place % 2]) == number


@pytest.mark.slow
@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_killed_at_each_commit(live, when):
    for number in range(1, live() + 1):
        assert live(number, when) == number

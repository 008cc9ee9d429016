"""The tree whose nodes are rows beside the tree in memory: the same roots, and no more rows than the leaves need."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select

from freehold.services.committee.store import open_store
from freehold.services.committee.tables import Node
from freehold.services.committee.trees import StoredTree
from prover.applications.ledger.merkle import MerkleTree

EMPTY = 7


class Beside:
    """Both trees, of one height."""

    def __init__(self, store, height: int, name: str = "tree") -> None:
        self.store, self.name = store, name
        self.leaves: dict[int, int] = {}
        self.plain = MerkleTree(height, EMPTY)

    def update(self, leaves: dict[int, int]) -> None:
        with self.store.unit() as session:
            stored = StoredTree(session, self.name, self.plain.height, EMPTY, self._known)
            root = stored.update(leaves)
            self.plain = self.plain.update(leaves)
            assert root == stored.root() == self.plain.root
        self.leaves = {key: leaf for key, leaf in {**self.leaves, **leaves}.items() if leaf != EMPTY}

    def _known(self, indices):
        return {index: self.leaves[index] for index in indices}

    def rows(self) -> list[tuple[int, int, int, int | None]]:
        columns = (Node.height, Node.prefix, Node.hash, Node.lone)
        with self.store.unit() as session:
            found = session.execute(select(*columns).where(Node.tree == self.name).order_by(*columns[:2]))
            return [tuple(row) for row in found]


@pytest.fixture(scope="module")
def sqlite_store(tmp_path_factory):
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('trees') / 'trees.db'}")
    store.migrate()
    yield store
    store.close()


def updates(bits: int):
    leaf = st.one_of(st.just(EMPTY), st.integers(8, 99))
    return st.lists(st.dictionaries(st.integers(0, (1 << bits) - 1), leaf, max_size=6), max_size=8)


@pytest.mark.parametrize(("height", "bits"), [(64, 3), (3, 3), (1, 1)])
def test_every_update_gives_the_same_root(sqlite_store, height, bits):
    name = iter(range(1 << 20))

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(updates(bits))
    def every(batches):
        both = Beside(sqlite_store, height, f"{height} {bits} {next(name)}"[:12])
        for leaves in batches:
            both.update(leaves)
        fresh = Beside(sqlite_store, height, f"{height} {bits} {next(name)}"[:12])
        fresh.update(both.leaves)
        assert fresh.rows() == both.rows()

    every()


def test_leaves_far_apart_and_close_come_and_go(database_url):
    store, draw = open_store(database_url), random.Random(5)
    store.migrate()
    both = Beside(store, 64)
    for _ in range(12):
        leaves = {draw.randrange(1 << draw.choice([4, 64])): draw.randrange(8, 99) for _ in range(9)}
        gone = dict.fromkeys(draw.sample(sorted(both.leaves), min(4, len(both.leaves))), EMPTY)
        both.update({**leaves, **gone})
    assert len(both.rows()) < 64 * len(both.leaves) // 4
    both.update(dict.fromkeys(both.leaves, EMPTY))
    assert both.rows() == []
    store.close()


def test_two_leaves_need_what_parts_them_and_no_more(sqlite_store):
    both = Beside(sqlite_store, 64, "two")
    both.update({5: 8})
    assert [row[0] for row in both.rows()] == [64]
    both.update({1 << 63: 9})
    assert [row[0] for row in both.rows()] == [63, 63, 64]
    both.update({4: 9})
    assert [row[0] for row in both.rows()] == [0, 0, *range(1, 64), 63, 64]


def test_an_update_reads_its_own_paths_alone(sqlite_store):
    """Fifty times the leaves, nearly the same statements."""
    both, draw, statements = Beside(sqlite_store, 64, "big"), random.Random(6), []

    def note(*arguments):
        statements.append(arguments[2])

    counts = []
    event.listen(sqlite_store.engine, "before_cursor_execute", note)
    for size in (20, 1000):
        both.update({draw.randrange(1 << 64): 8 for _ in range(size)})
        statements.clear()
        both.update({draw.randrange(1 << 64): 9 for _ in range(5)})
        counts.append(len(statements))
    event.remove(sqlite_store.engine, "before_cursor_execute", note)
    assert counts[1] < counts[0] + 20 < 60
    with sqlite_store.unit() as session:
        assert session.scalar(select(func.count()).where(Node.tree == "big")) < 4 * len(both.leaves)


@pytest.mark.parametrize("index", [-1, 8])
def test_an_index_outside_is_refused(sqlite_store, index):
    with pytest.raises(ValueError, match=f"{index} is no leaf of a tree of height 3"):
        Beside(sqlite_store, 3, "outside").update({index: 8})

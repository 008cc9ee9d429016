"""Trees in a store are the trees in memory, whatever comes and goes; a batch reads no more than its paths."""

import random
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select

from freehold.services.base.trees import StoredTree
from freehold.services.committee.store import open_store as open_members_store
from freehold.services.committee.tables import Node as MembersNode
from freehold.services.operator.store import open_store
from freehold.services.operator.tables import Node
from prover.applications.ledger.merkle import MerkleTree

EMPTY = 5
SPREAD = 0x9E3779B97F4A7C15


class Beside:
    """A stored tree and one in memory, with the same leaves."""

    def __init__(self, store, height: int, name: str = "tree", table=Node) -> None:
        self.store, self.table, self.leaves = store, table, {}
        self.tree, self.plain = StoredTree(table, name, height, EMPTY), MerkleTree(height, EMPTY)

    def write(self, leaves: dict[int, int]) -> None:
        with self.store.unit() as session:
            root = self.tree.write(session, leaves)
            self.plain = self.plain.update(leaves)
            assert root == self.tree.root(session) == self.plain.root
        self.leaves = {key: leaf for key, leaf in {**self.leaves, **leaves}.items() if leaf != EMPTY}

    def rows(self) -> list[tuple[int, int, int, int | None, int | None]]:
        node = self.table
        columns = (node.height, node.prefix, node.hash, node.lone, node.leaf)
        with self.store.unit() as session:
            found = session.execute(select(*columns).where(node.tree == self.tree.name).order_by(*columns[:2]))
            return [tuple(row) for row in found]


@pytest.fixture(scope="module")
def sqlite_store(served_databases):
    store = open_store(served_databases.new("sqlite"))
    store.migrate()
    yield store
    store.close()


def changes(bits: int):
    leaf = st.sampled_from([EMPTY, 6, 7])
    return st.lists(st.dictionaries(st.integers(0, (1 << bits) - 1), leaf, max_size=5), max_size=7)


NAMES = count()


@pytest.mark.parametrize(("height", "bits", "examples"), [(4, 4, 40), (64, 3, 15), (1, 1, 10)])
def test_roots_and_rows_are_those_of_the_leaves_whatever_came_before(sqlite_store, height, bits, examples):
    @settings(max_examples=examples, deadline=None)
    @given(changes(bits))
    def every(history):
        both = Beside(sqlite_store, height, f"t{next(NAMES)}")
        for leaves in history:
            both.write(leaves)
        fresh = Beside(sqlite_store, height, f"t{next(NAMES)}")
        fresh.write(both.leaves)
        assert fresh.rows() == both.rows()
        both.write(dict.fromkeys(both.leaves, EMPTY))
        assert both.rows() == []

    every()


@given(changes(4))
@settings(max_examples=40, deadline=None)
def test_a_part_has_the_leaves_that_it_was_opened_for(sqlite_store, history):
    both = Beside(sqlite_store, 4, f"t{next(NAMES)}")
    for leaves in history:
        both.write(leaves)
    with sqlite_store.unit() as session:
        part = both.tree.open(session, range(16)).tree
    assert [part.leaf(index) for index in range(16)] == [both.plain.leaf(index) for index in range(16)]
    for height, prefix, _, lone, leaf in both.rows():
        below = {index: value for index, value in both.leaves.items() if index >> height == prefix}
        assert (lone, leaf) == (next(iter(below.items())) if len(below) == 1 else (None, None))


def test_a_part_is_true_where_a_subtree_is_the_same_as_one_beside_it(sqlite_store):
    """What is below the other is not read, and their hashes are one."""
    both = Beside(sqlite_store, 4, "same")
    both.write(dict.fromkeys([0, 2, 4, 6], 6))
    both.write({0: EMPTY})


def test_a_part_is_enough_for_a_change_and_its_proof(store):
    both = Beside(store, 64)
    both.write({index * SPREAD % (1 << 64): index + 6 for index in range(200)})
    touched = {**dict.fromkeys(list(both.leaves)[:5], 77), 12345: 9}
    with store.unit() as session:
        part = both.tree.open(session, touched).tree
    assert part.touched_nodes(touched) == both.plain.touched_nodes(touched)
    assert part.update(touched).root == both.plain.update(touched).root
    assert len(part.nodes) < len(both.plain.nodes) / 3


def test_leaves_far_apart_and_close_come_and_go_in_a_members_store(database_url):
    store, draw = open_members_store(database_url), random.Random(5)
    store.migrate()
    both = Beside(store, 64, table=MembersNode)
    for _ in range(8):
        leaves = {draw.randrange(1 << draw.choice([4, 64])): draw.randrange(8, 99) for _ in range(9)}
        both.write({**leaves, **dict.fromkeys(draw.sample(sorted(both.leaves), min(4, len(both.leaves))), EMPTY)})
    assert len(both.rows()) < 64 * len(both.leaves) // 4
    both.write(dict.fromkeys(both.leaves, EMPTY))
    assert both.rows() == []
    store.close()


def test_two_leaves_need_what_parts_them_and_no_more(sqlite_store):
    both = Beside(sqlite_store, 64, "two")
    both.write({5: 8})
    assert [row[0] for row in both.rows()] == [64]
    both.write({1 << 63: 9})
    assert [row[0] for row in both.rows()] == [63, 63, 64]
    both.write({4: 9})
    assert [row[0] for row in both.rows()] == [0, 0, *range(1, 64), 63, 64]


def test_the_store_grows_by_two_rows_a_leaf(sqlite_store):
    both = Beside(sqlite_store, 64, "grows")
    both.write({index * SPREAD % (1 << 64): 1 for index in range(500)})
    assert 500 <= len(both.rows()) <= 2 * 500 * 1.5


def test_a_change_reads_its_own_paths_alone(sqlite_store):
    """Fifty times the leaves, nearly the same statements."""
    both, draw, statements = Beside(sqlite_store, 64, "big"), random.Random(6), []

    def note(*arguments):
        statements.append(arguments[2])

    counts = []
    event.listen(sqlite_store.engine, "before_cursor_execute", note)
    for size in (20, 1000):
        both.write({draw.randrange(1 << 64): 8 for _ in range(size)})
        statements.clear()
        both.write({draw.randrange(1 << 64): 9 for _ in range(5)})
        counts.append(len(statements))
    event.remove(sqlite_store.engine, "before_cursor_execute", note)
    assert counts[1] < counts[0] + 20 < 60


def test_trees_do_not_mix(sqlite_store):
    first, second = Beside(sqlite_store, 8, "a"), Beside(sqlite_store, 8, "b")
    first.write({1: 1})
    with sqlite_store.unit() as session:
        assert second.tree.root(session) == second.plain.root != first.tree.root(session)


@pytest.mark.parametrize("index", [-1, 256])
def test_an_index_outside_is_refused_and_nothing_is_written(store, index):
    both = Beside(store, 8)
    with pytest.raises(ValueError, match=f"{index} is no leaf of a tree of height 8"):
        both.write({1: 1, index: 1})
    assert both.rows() == []


def test_a_unit_that_fails_leaves_the_tree(store):
    both = Beside(store, 8)
    both.write({1: 1})
    before = both.rows()
    with pytest.raises(RuntimeError), store.unit() as session:
        both.tree.write(session, {1: 2, 3: 4})
        raise RuntimeError
    assert both.rows() == before
    with store.unit() as session:
        assert session.scalar(select(func.count()).select_from(Node)) == len(before)


@pytest.mark.parametrize("n_leaves", [0, 1, 2])
def test_a_change_of_nothing_leaves_the_tree(sqlite_store, n_leaves):
    """As of a batch in which no order is used."""
    both = Beside(sqlite_store, 64, f"unchanged {n_leaves}")
    both.write({index: 7 for index in range(n_leaves)})
    with sqlite_store.unit() as session:
        opened = both.tree.open(session, [])
        opened.write(session, opened.tree, {})
        assert both.tree.root(session) == both.plain.root

"""Trees in the store are the trees in memory, whatever comes and goes; a batch reads no more than its paths."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from freehold.services.operator.store import open_store
from freehold.services.operator.tables import Node
from freehold.services.operator.trees import StoredTree
from prover.applications.ledger.merkle import MerkleTree

EMPTY = 5


def written(store, tree: StoredTree, leaves: dict[int, int]) -> int:
    with store.unit() as session:
        return tree.write(session, leaves)


def rows(store) -> int:
    with store.unit() as session:
        return session.scalar(select(func.count()).select_from(Node))


indices = st.integers(0, 15) | st.sampled_from([0, 1, 2, 3])
changes = st.lists(st.dictionaries(indices, st.sampled_from([EMPTY, 6, 7]), max_size=4), max_size=6)


@pytest.fixture(scope="module")
def stores(served_databases):
    store = open_store(served_databases.new("sqlite"))
    store.migrate()
    yield store
    store.close()


@given(changes)
@settings(max_examples=60, deadline=None)
def test_the_roots_and_paths_are_those_of_a_tree_in_memory(stores, history):
    tree, plain = StoredTree("small", 4, EMPTY), MerkleTree(4, EMPTY)
    with stores.unit() as session:
        for leaves in history:
            plain = plain.update(leaves)
            assert tree.write(session, leaves) == plain.root
            part = tree.open(session, range(16)).tree
            assert [part.leaf(index) for index in range(16)] == [plain.leaf(index) for index in range(16)]
            for height in range(1, 5):
                for place, node in tree._rows(session, height, range(16)).items():
                    below = [plain.leaf(i) for i in range(16) if i >> height == place[1]]
                    alone = sum(leaf != EMPTY for leaf in below) == 1
                    assert alone == (node.lone is not None), place
        tree.write(session, {index: EMPTY for index in range(16)})
        assert session.scalar(select(func.count()).select_from(Node).where(Node.tree == "small")) == 0


def test_a_part_is_enough_for_a_change_and_its_proof(store):
    tree, plain = StoredTree("orders", 64, 0), MerkleTree(64, 0)
    leaves = {index * 0x9E3779B97F4A7C15 % (1 << 64): index + 1 for index in range(200)}
    assert written(store, tree, leaves) == plain.update(leaves).root
    plain = plain.update(leaves)
    touched = {**dict.fromkeys(list(leaves)[:5], 77), 12345: 9}
    with store.unit() as session:
        part = tree.open(session, touched).tree
        assert part.touched_nodes(touched) == plain.touched_nodes(touched)
        assert part.update(touched).root == plain.update(touched).root
        assert len(part.nodes) < len(plain.nodes) / 3


def test_the_store_grows_by_two_rows_a_leaf(store):
    tree = StoredTree("orders", 64, 0)
    written(store, tree, {index * 0x9E3779B97F4A7C15 % (1 << 64): 1 for index in range(500)})
    assert 500 <= rows(store) <= 2 * 500 * 1.5


def test_trees_do_not_mix(store):
    first, second = StoredTree("a", 8, 0), StoredTree("b", 8, 0)
    written(store, first, {1: 1})
    with store.unit() as session:
        assert second.root(session) == MerkleTree(8, 0).root != first.root(session)


def test_an_index_outside_is_refused_and_nothing_is_written(store):
    tree = StoredTree("a", 8, 0)
    with pytest.raises(ValueError, match="256 is no leaf"):
        written(store, tree, {1: 1, 256: 1})
    assert rows(store) == 0


def test_a_unit_that_fails_leaves_the_tree(store):
    tree = StoredTree("a", 8, 0)
    root = written(store, tree, {1: 1})
    with pytest.raises(RuntimeError), store.unit() as session:
        tree.write(session, {1: 2, 3: 4})
        raise RuntimeError
    with store.unit() as session:
        assert tree.root(session) == root


@pytest.mark.parametrize("n_leaves", [0, 1, 2])
def test_a_change_of_nothing_leaves_the_tree(store, n_leaves):
    """As of a batch in which no order is used."""
    tree = StoredTree("orders", 64, 0)
    root = written(store, tree, {index: 7 for index in range(n_leaves)})
    with store.unit() as session:
        opened = tree.open(session, [])
        opened.write(session, opened.tree, {})
        assert tree.root(session) == root

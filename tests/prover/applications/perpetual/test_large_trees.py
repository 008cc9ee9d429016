"""A million positions: built, loaded and updated with the kernel's hashes in bulk."""

import time

import pytest
from click.testing import CliRunner

from freehold.commands.main import main
from prover.applications.ledger.merkle import MerkleTree
from prover.applications.perpetual.positions import EMPTY, Position, leaves


def built(count: int) -> tuple[MerkleTree, float]:
    positions = [Position(1 + number, number + 5) for number in range(count)]
    began = time.process_time()
    tree = MerkleTree(64, EMPTY.leaf(), dict(enumerate(leaves(positions))))
    return tree, time.process_time() - began


def test_ten_thousand_positions_and_any_path():
    """Each node is made once: the tree of neighbours has as many as leaves, and a few above."""
    tree, _ = built(10_000)
    assert len(tree.nodes) < 10_000 + 200
    for index in (0, 4_321, 9_999, 10_000, 2**64 - 1):
        assert len(tree.path(index)) == 64
    updated = tree.update({index: index for index in range(0, 10_000, 10)})
    assert updated.leaf(4_320) == 4_320 and tree.leaf(4_320) == Position(4_321, 4_325).leaf()
    assert updated.update({index: tree.leaf(index) for index in range(0, 10_000, 10)}).root == tree.root


def test_the_command_that_measures():
    result = CliRunner().invoke(main, ["bench", "trees", "--positions", "300", "--updates", "7"])
    assert result.exit_code == 0 and "leaves of 300" in result.output and "update of 7" in result.output


@pytest.mark.slow
def test_a_million_positions():
    tree, seconds = built(1_000_000)
    began = time.process_time()
    tree.update({index * 997: index for index in range(1_000)})
    print(f"built in {seconds:.1f} CPU-seconds, 1,000 leaves in {time.process_time() - began:.2f}")
    assert seconds + time.process_time() - began < 10

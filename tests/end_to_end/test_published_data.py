"""What a reader of a rollup's calldata takes for its data, and what not."""

import pytest

from freehold.chain.rollup import published_data
from freehold.published import DataElsewhere
from prover.algebra.keccak import keccak_of_words
from prover.applications.perpetual.positions import Position
from tests.support.rollup_kit import PROGRAM, batch, data_words, publish, record, rollup

__all__ = ["rollup"]


def test_data_counts_where_a_transaction_brought_it(rollup, project):
    """Published and not taken: left out. Published again by way of another contract: nothing changes. Only by that
    way: named."""
    kit, adapter, _ = rollup
    by_others = kit.stranger.deploy(project.Batcher)

    def publish_by_others(output, data):
        call = adapter.publish.encode_input(output.main_words(), data)
        by_others.batch(adapter, [call], sender=kit.stranger)

    data = data_words([], [record(3, Position(0xA, 50), 0, {})])
    output = batch(kit, kit.state, 5, data)
    publish(kit, adapter, output, data)
    publish_by_others(output, data)
    assert list(published_data(kit.exchange, adapter)) == []
    kit.update(output.words(), [1, 0, 0])
    assert list(published_data(kit.exchange, adapter)) == [data]
    data = data_words([], [record(3, Position(0xA, 60), 0, {})])
    output = batch(kit, output.after, 6, data)
    full = keccak_of_words([*output.main_words(), *data])
    kit.verifier.declare(keccak_of_words([PROGRAM, int.from_bytes(full, "big")]), sender=kit.stranger)
    publish_by_others(output, data)
    kit.update(output.words(), [2, 1, 0])
    with pytest.raises(DataElsewhere, match=adapter.address):
        list(published_data(kit.exchange, adapter))

"""States from published batches: each is checked, and what is missing or does not fit is named."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from freehold.published import BatchMissing, DataUnfit, PublishedBatch, follow
from prover.applications.perpetual.batch import Batch
from tests.support.random_batches import Seeded, a_config, a_history

BATCHES = 12


@cache
def history() -> list[Batch]:
    """Of a rollup that begins with positions."""
    choose = Seeded(5)
    return a_history(choose, a_config(choose).model_copy(update={"data_availability_mode": 1}), BATCHES)


def published(batches: list[Batch]) -> list[PublishedBatch]:
    return [PublishedBatch(batch.main_words(), batch.data(), 100 + place) for place, batch in enumerate(batches)]


@pytest.mark.parametrize("start", [0, 1, BATCHES - 1])
def test_every_state_follows_from_one_before(start):
    batches = history()[start:]
    states = list(follow(published(batches), batches[0].before))
    assert [state.hash() for state in states] == [batch.after.hash() for batch in batches]
    assert states[-1].positions == batches[-1].after.positions


def test_positions_before_the_first_batch_are_named():
    with pytest.raises(BatchMissing, match=r"before the batch of block 100, .* there were positions already"):
        list(follow(published(history()), None))


def test_a_batch_that_is_left_out_is_named():
    moving = next(
        place for place in range(2, BATCHES) if history()[place].before.hash() != history()[place].after.hash()
    )
    batches = published(history())
    del batches[moving]
    with pytest.raises(
        BatchMissing, match=rf"the batch of block {101 + moving} follows .* a batch between them is missing"
    ):
        list(follow(batches, history()[0].before))


def test_data_of_another_batch_do_not_fit():
    batches = published(history())
    touching = next(place for place, batch in enumerate(batches) if place and len(batch.data) > 1)
    batches[touching] = replace(batches[touching], data=[0])
    with pytest.raises(DataUnfit, match=f"of block {100 + touching} lead to positions with the root"):
        list(follow(batches, history()[0].before))


def test_data_cut_off_are_named():
    batches = published(history())
    touching = next(place for place, batch in enumerate(batches) if len(batch.data) > 1)
    batches[touching] = replace(batches[touching], data=batches[touching].data[:-1])
    with pytest.raises(DataUnfit, match=f"of block {100 + touching} do not fit: word"):
        list(follow(batches, history()[0].before))

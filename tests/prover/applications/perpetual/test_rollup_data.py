"""Positions from a rollup's data: from any state on, word for word, and what cannot be read is refused by name."""

from collections import Counter
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prover.applications.perpetual.batch import Batch
from prover.applications.perpetual.documents import StateDocument
from prover.applications.perpetual.errors import (
    DataRefused,
    IndexUnread,
    NotAscending,
    OutputCutOff,
    OutputMalformed,
    PositionsDiffer,
    TickUnread,
    WordOutOfRange,
)
from prover.applications.perpetual.escape import escape_amount, escape_proof
from prover.applications.perpetual.rollup_data import Published, RollupData
from prover.applications.perpetual.state import State
from tests.support.every_kind import every_kind
from tests.support.random_batches import Seeded, a_config, a_history
from tests.support.world import ALICE, BOB, ETH, HALF, NOW, apply, configured, deposit, funding, holds, key, world

ROLLUP = configured(data_availability_mode=1)
N_BATCHES = 53


@cache
def history() -> list[Batch]:
    """Batches of one rollup, with ticks, orders used in part, positions emptied and refilled."""
    choose = Seeded(13)
    config = a_config(choose).model_copy(update={"data_availability_mode": 1})
    return a_history(choose, config, N_BATCHES)


def test_the_history_has_what_matters():
    """Else the tests below say little."""
    kinds = Counter(transaction.type for batch in history() for transaction in batch.transactions)
    assert len(kinds) == 11, kinds
    assert sum(bool(batch.after.orders) for batch in history()) > N_BATCHES // 2
    assert sum(bool(batch.funding_ticks) for batch in history()) >= 5
    times = [
        (record.funding_timestamp, batch.before.funding_timestamp)
        for batch in history()
        for record in batch.rollup_data().records
    ]
    assert sum(0 < time <= before for time, before in times) > 20


def test_positions_follow_from_the_data_after_any_state():
    """The reader knows one state and reads every later batch's words; after each its positions are the state's."""
    for start in range(N_BATCHES):
        published = Published.after(history()[start].before)
        for batch in history()[start:]:
            published.read(batch.data())
            assert published.root(8) == batch.after.tree.root
            held = {place: position for place, position in published.positions.items() if not position.is_empty()}
            assert held == batch.after.positions


def test_whoever_read_the_data_can_leave():
    """Words of the state and positions are enough: no order is known, and the proof is that of who knows all."""
    published = Published.after(history()[0].before)
    for batch in history():
        published.read(batch.data())
        known = published.state(batch.after.shared())
        assert known.words() == batch.after.words()
        file = StateDocument.of(known).model_dump_json()
        read = StateDocument.model_validate_json(file).state(batch.config)
        for position_id, position in batch.after.positions.items():
            assert escape_proof(read, position_id) == escape_proof(batch.after, position_id)
            worth = escape_amount(position, batch.after.funding_indices, batch.after.oracle_prices)
            assert escape_amount(read.position(position_id), read.funding_indices, read.oracle_prices) == worth


@pytest.mark.parametrize("left_out", range(N_BATCHES - 1))
def test_a_batch_that_was_left_out_is_noticed(left_out):
    """By a tick or an index that nobody read, at the latest by the root."""
    missing = history()[left_out]
    published = Published.after(history()[0].before)
    try:
        for batch in history():
            if batch is not missing:
                published.read(batch.data())
            if batch.before is missing.after:
                break
        published.state(batch.after.shared())
    except DataRefused:
        return
    later = {record.position_id for record in batch.rollup_data().records}
    changed = {i for i in missing.touched_positions if missing.before.position(i) != missing.after.position(i)}
    assert changed <= later


@pytest.mark.parametrize("start", range(1, N_BATCHES, 4))
def test_a_reader_who_knows_no_state_is_told_so(start):
    """Data say what changed, and not what was: no start in the middle without the positions there."""
    published = Published()
    with pytest.raises(DataRefused):
        for batch in history()[start:]:
            published.read(batch.data())
        published.state(batch.after.shared())


def test_the_tick_of_the_state_before_is_known_too():
    """A position is touched before the batch's first tick, or by a batch without any."""
    state = world({7: holds(ALICE, 100, {ETH: 5})}, ROLLUP, indices={ETH: 3})
    for transactions in ((deposit(ALICE, 7, 1),), (deposit(ALICE, 7, 1), funding(NOW + 5, indices={ETH: 4}))):
        batch = apply(state, *transactions, config=ROLLUP)
        published = Published.after(state)
        published.read(batch.data())
        assert published.state(batch.after.shared()).positions == batch.after.positions


def test_the_beginning_needs_no_tick():
    """Whoever starts with the exchange knows that nobody holds anything; deposits may come before the first tick."""
    state = State.initial(ROLLUP, NOW)
    published = Published()
    for transactions in ((deposit(ALICE, 7, 5),), (deposit(BOB, 8, 6), funding(NOW + 5), deposit(ALICE, 7, 1))):
        batch = apply(state, *transactions, config=ROLLUP)
        published.read(batch.data())
        state = batch.after
        assert published.state(state.shared()).positions == state.positions


def test_what_was_not_read_is_named():
    state = world({7: holds(ALICE, 100, {ETH: 5})}, ROLLUP)
    data = apply(state, deposit(ALICE, 7, 1), config=ROLLUP).data()
    with pytest.raises(TickUnread) as unread:
        Published(state.positions).read(data)
    assert (unread.value.position_id, unread.value.timestamp) == (7, state.funding_timestamp)
    for time in (NOW, 0):
        published = Published(world({7: holds(BOB, 5)}, ROLLUP).positions)
        with pytest.raises(IndexUnread) as unread:
            published.read([1, 0, NOW, 5, 7, key(ALICE), HALF, time, ETH << 64 | HALF + 1])
        assert (unread.value.position_id, unread.value.asset_id, unread.value.timestamp) == (7, ETH, time)
        assert published.positions == {7: holds(BOB, 5)}
    with pytest.raises(PositionsDiffer):
        Published().state(state.shared())


RECORD = [7, 1, HALF, 0]
MALFORMED = {
    "nothing": ([], OutputCutOff, 0),
    "no indices where some are counted": ([1, 2, ETH, HALF], OutputCutOff, 4),
    "record cut off": ([0, 4, 7, 1, HALF], OutputCutOff, 5),
    "record too short": ([0, 3, 7, 1, HALF], WordOutOfRange, 1),
    "the same position twice": ([0, 4, *RECORD, 4, *RECORD], NotAscending, 7),
    "the same asset twice": ([0, 6, *RECORD, ETH << 64 | 5, ETH << 64 | 6], NotAscending, 7),
    "a balance beyond the biases": ([0, 4, 7, 1, 2**64, 0], WordOutOfRange, 4),
    "a position beyond 64 bits": ([0, 4, 2**64, 1, HALF, 0], WordOutOfRange, 2),
    "an asset beyond 120 bits": ([0, 5, *RECORD, 1 << 184], WordOutOfRange, 6),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_data_that_no_program_wrote_are_refused_by_name_and_place(name):
    words, error, place = MALFORMED[name]
    published = Published(world({7: holds(BOB, 5)}, ROLLUP).positions)
    with pytest.raises(error) as refusal:
        published.read(words)
    assert refusal.value.place == place and type(refusal.value) is error
    assert published.positions == {7: holds(BOB, 5)}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_data_cut_off_anywhere_are_refused_or_other(data):
    words = every_kind(1).data()
    place = data.draw(st.integers(0, len(words) - 1))
    try:
        read = RollupData.read(words[:place])
    except OutputMalformed:
        return
    assert read.words() == words[:place] and read != RollupData.read(words)

"""What is said of the operator is what its rows say: in every database, after a restart, after a reorganisation."""

import json

import pytest

from freehold.services.operator import figures as asked
from freehold.services.operator import history as history_module
from freehold.services.operator.claims import DEEP, Claims, on_chain
from freehold.services.operator.figures import ChainFacts, Figures
from freehold.services.operator.history import History
from freehold.services.operator.store import open_store
from freehold.services.operator.tables import Batch, Block, Job, Received
from freehold.services.operator.whereabouts import where_is
from tests.support import operated_rows as rows
from tests.support.databases import KINDS
from tests.support.operating import (
    ABOUT,
    COMMITTED,
    DAY,
    FACTS,
    HELD,
    MEMBERS,
    NOW,
    OWNER,
    PENDING,
    POSITION,
    WITHDRAWABLE,
    fill,
)

GRACE = 7 * DAY
STAGES = {"opened": 100.0, "executed": 160.0, "sent": 400.0, "mined": 430.0, "final": 900.0}


@pytest.fixture(scope="module", params=KINDS)
def one_store(request, served_databases):
    """Of each kind one, which nobody commits to."""
    store = open_store(served_databases.new(request.param))
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def session(one_store):
    with one_store.unit() as session:
        rows.add_root(session)
        yield session
        session.rollback()


@pytest.fixture
def filled(store):
    fill(store)
    return store


def snapshot(store, facts=FACTS):
    return Figures(store, ABOUT, lambda: facts, lambda: float(NOW)).now()


def test_a_day_in_the_middle(filled):
    now = snapshot(filled)
    assert (now.head.number, now.lag) == (1_001, 2)
    assert now.batches_by_state == {"executed": 1, "mined": 1, "final": 8, "abandoned": 1}
    assert {state: last.id for state, last in now.last.items()} == {"executed": 10, "mined": 9, "final": 8}
    assert [batch.id for batch in now.batches] == list(range(10, -1, -1))
    assert (now.batches[0].work, now.batches[1].work, now.batches[0].signatures) == ("leased", "done", 1)
    assert now.waiting == 5
    assert {(job.state, job.count) for job in now.jobs} == {("done", 10), ("leased", 1)}
    assert (now.quorum.batch, now.quorum.signatures) == (10, 1)
    assert list(now.members) == list(MEMBERS[:2])
    assert now.prices == {"BTC-10": NOW - 300, "ETH-9": NOW - 300}
    assert now.reorganisations == [2]
    assert {one.purpose: one.gas for one in now.spent} == dict.fromkeys(("availability", "fact", "update"), 24e6)
    assert sum(one.wei for one in now.spent) == 24 * 3_000_000 * 2e9


def test_an_empty_store_has_figures_too(store):
    now = snapshot(store, ChainFacts())
    assert (now.head, now.lag, now.quorum, now.solvency, now.earliest_deadline, now.waiting) == (*[None] * 5, 0)


def test_figures_are_asked_for_once_in_a_while(filled, monkeypatch):
    time, reads = [float(NOW)], []
    monkeypatch.setattr(asked, "head", lambda session: reads.append(1))
    figures = Figures(filled, ABOUT, lambda: FACTS, lambda: time[0])
    for later in (0, 1, 1.9, 2.1, 3):
        time[0] = NOW + later
        figures.now()
    assert len(reads) == 2


# --- forced requests


def test_an_obligation_lasts_until_its_batch_is_on_chain(session):
    block = rows.add_block(session, 5, 1_000)
    request = rows.add_forced_withdrawal(session, block, 0, 7, 77, 50)
    rows.add_batch(session, 0)
    rows.add_entry(session, 0, 0, "forced_withdrawal", "forced", request=request)
    (waiting,) = asked.obligations(session, GRACE)
    assert (waiting.kind, waiting.position_id, waiting.deadline, waiting.batch) == ("withdrawal", 77, 1_000 + GRACE, 0)
    session.get(Batch, 0).state = "abandoned"
    session.flush()
    assert asked.obligations(session, GRACE)[0].batch is None
    session.get(Batch, 0).state = "mined"
    session.flush()
    assert asked.obligations(session, GRACE) == []


def test_a_request_made_again_is_an_obligation_again(session):
    first, second = rows.add_block(session, 5, 1_000), rows.add_block(session, 6, 2_000)
    request = rows.add_forced_withdrawal(session, first, 0, 7, 77, 50)
    rows.add_forced_withdrawal(session, second, 0, 7, 77, 50)
    rows.add_batch(session, 0, "mined")
    rows.add_entry(session, 0, 0, "forced_withdrawal", "forced", request=request)
    (waiting,) = asked.obligations(session, GRACE)
    assert waiting.requested_at == 2_000


def test_a_request_that_a_reorganisation_took_back_is_none(session):
    rows.add_forced_withdrawal(session, rows.add_block(session, 5, 1_000, branch=1), 0, 7, 77, 50)
    assert asked.obligations(session, GRACE) == []


def test_the_earliest_deadline_comes_first(session):
    for number, time in ((5, 3_000), (6, 2_000)):
        rows.add_forced_withdrawal(session, rows.add_block(session, number, time), 0, 7, number, 50)
    assert [one.position_id for one in asked.obligations(session, GRACE)] == [6, 5]


# --- reorganisations, signatures


def test_each_branch_that_was_left_is_counted_by_its_length(session):
    for number in (10, 11, 12):
        rows.add_block(session, number, number)
    rows.add_block(session, 11, 11, branch=1, parent=0)
    for number, parent in ((10, 0), (11, None), (12, None)):
        rows.add_block(session, number, number, branch=2, parent=parent)
    assert asked.reorganisations(session) == [1, 3]


@pytest.mark.parametrize(("quorum", "oldest"), [(0, None), (1, 1), (2, 0)])
def test_the_oldest_batch_with_too_few_signatures_is_told_of(session, quorum, oldest):
    for number in (0, 1):
        rows.add_batch(session, number)
    rows.add_signature(session, 0, "0xa", 5.0)
    found = asked.oldest_unsigned(session, quorum)
    assert (None if found is None else found.batch) == oldest


# --- history


def test_final_batches_are_added_up_once_and_the_sums_are_right(session):
    history = History()
    for number, state in enumerate(("final", "abandoned", "mined", "final")):
        rows.add_batch(session, number, state, stages=STAGES)
    for _ in range(3):
        sums = history.read(session)
        assert (sums.stages["fill"].count, sums.stages["fill"].total) == (4, 240.0)
        assert dict(sums.failed) == {"update": 1}
    assert history._upto == 1  # batch 2 can still change
    session.get(Batch, 2).state = "final"
    session.flush()
    assert history.read(session).stages["update"].total == 120.0
    assert history._upto == 3
    assert History().read(session) == history.read(session)


def test_history_needs_no_batch_twice(session, monkeypatch):
    history, looked_at = History(), []
    for number in range(3):
        rows.add_batch(session, number, "final", stages=STAGES)
    history.read(session)
    monkeypatch.setattr(history_module, "_add", lambda sums, facts: looked_at.append(facts.batch.id))
    rows.add_batch(session, 3, "mined", stages=STAGES)
    history.read(session)
    assert looked_at == [3]


def test_each_transaction_is_counted_once_whatever_becomes_of_it(session):
    history = History()
    for number, state in enumerate(("final", "abandoned", "executed")):
        rows.add_batch(session, number, state)
        rows.add_received(session, number, {"type": "TRADE"}, "batched", batch=number)
    rows.add_received(session, 3, {"type": "TRADE"})
    rows.add_received(session, 4, {"type": "TRADE"}, "rejected", batch=0, code="WHY")
    expected = {("TRADE", "batched", ""): 3, ("TRADE", "received", ""): 1, ("TRADE", "rejected", "WHY"): 1}
    assert history.read(session).taken == history.read(session).taken == expected
    again = session.get(Received, 1)
    again.batch, again.state = 2, "batched"  # of the abandoned batch, in another one
    session.get(Batch, 2).state = "final"
    session.flush()
    assert history.read(session).taken == History().read(session).taken == expected


def test_proofs_are_told_apart_by_their_steps(session):
    for number, steps in enumerate((1 << 17, (1 << 17) + 1)):
        rows.add_batch(session, number, "final", n_steps=steps)
        seconds = json.dumps({"run": 1.0, "prove": 9.0, "verify": 0.5})
        rows.add_job(session, number, "done", 120_000, seconds=seconds)
    sums = History().read(session)
    assert {shape: one.total for shape, one in sums.proving.items()} == {"2^17": 10.5, "2^18": 10.5}
    assert sums.stages["verify"].total == 1.0
    assert sums.proof_bytes.total == 240_000


def test_a_withdrawal_takes_from_its_request_to_the_update(session):
    rows.add_received(session, 1, {"type": "WITHDRAWAL"}, "batched", received_at=30)
    request = rows.add_forced_withdrawal(session, rows.add_block(session, 5, 330), 0, 7, 77, 50)
    rows.add_forced_withdrawal(session, rows.add_block(session, 6, 5_000), 0, 7, 77, 50)  # the next one, later
    rows.add_batch(session, 0, "final", stages=STAGES)
    rows.add_entry(session, 0, 0, "WITHDRAWAL", tx_id=1)
    rows.add_entry(session, 0, 1, "forced_withdrawal", "forced", request=request)
    rows.add_entry(session, 0, 2, "WITHDRAWAL", tx_id=1, code="REFUSED")
    assert (History().read(session).withdrawals.count, History().read(session).withdrawals.total) == (2, 400.0 + 100.0)


# --- solvency


def test_claims_are_deposits_withdrawals_and_positions(filled):
    held = snapshot(filled).solvency
    assert (held.committed, held.pending_deposits, held.withdrawable) == (COMMITTED, PENDING, WITHDRAWABLE)
    assert held.margin == HELD - COMMITTED - PENDING - WITHDRAWABLE == 0


def test_sums_that_were_kept_are_those_of_a_restart(filled):
    claims = Claims(filled)
    with filled.unit() as session:
        before = claims.solvency(session, HELD)
        session.get(Batch, 9).state = "final"
        rows.add_batch(session, 11, "mined", stages=STAGES)
        rows.add_position(session, 11, POSITION, 7, OWNER)
        rows.add_position(session, 11, 123, 11, OWNER)
        block = rows.add_block(session, 1_100, NOW)
        rows.add_event(session, block, 0, "LogUpdateState", {"batchId": 11}, batch_id=11)
        rows.add_event(session, block, 1, "DepositAccepted", {"quantizedAmount": PENDING})
    with filled.unit() as session:
        after = claims.solvency(session, HELD)
        assert after == Claims(filled).solvency(session, HELD) != before
        assert (after.committed, after.pending_deposits) == (10**6 + 7 + 11, 0)


def test_an_update_that_a_reorganisation_took_back_counts_no_more(filled):
    claims = Claims(filled)
    with filled.unit() as session:
        block = rows.add_block(session, 1_100, NOW)
        rows.add_event(session, block, 0, "LogUpdateState", {"batchId": 10}, batch_id=10)
        assert on_chain(session) == 10
        assert claims.solvency(session, HELD).committed == COMMITTED - 50 * 10**6
        session.get(Block, block).canonical = False
        session.flush()
        assert on_chain(session) == 9
        assert claims.solvency(session, HELD).committed == COMMITTED


def test_events_far_below_the_head_are_added_up_once(filled):
    claims = Claims(filled)
    with filled.unit() as session:
        rows.add_block(session, 700 + DEEP, NOW)
        first = claims.solvency(session, HELD)
        assert claims._moved.upto == 700
        assert claims.solvency(session, HELD) == first == Claims(filled).solvency(session, HELD)


@pytest.mark.parametrize("facts", [ChainFacts(), ChainFacts(held=HELD, is_frozen=True)])
def test_what_cannot_be_said_is_not_said(filled, facts):
    assert snapshot(filled, facts).solvency is None


def test_a_state_that_is_none_of_ours_has_no_margin(filled):
    with filled.unit() as session:
        block = rows.add_block(session, 1_100, NOW)
        rows.add_event(session, block, 0, "LogUpdateState", {"batchId": 500}, batch_id=500)
        assert Claims(filled).solvency(session, HELD) is None


def test_an_operator_that_takes_over_counts_what_was_before_it(store):
    """Batch 41 is the state to begin with: of 1,000 that were deposited, 700 stand in it, 100 wait for their owner."""
    events = [
        ("LogDeposit", {"quantizedAmount": 1_000}),
        ("DepositAccepted", {"quantizedAmount": 1_000}),
        ("LogUpdateState", {"batchId": 40}),
        ("LogWithdrawalAllowed", {"quantizedAmount": 300}),
        ("LogWithdrawalPerformed", {"quantizedAmount": 200}),
        ("LogUpdateState", {"batchId": 41}),
        ("LogDeposit", {"quantizedAmount": 50}),
    ]
    said = []
    with store.unit() as session:
        rows.add_root(session).id = 41
        rows.add_position(session, 41, POSITION, 700, OWNER)
    claims = Claims(store)
    for number, (name, arguments) in enumerate(events):
        with store.unit() as session:
            block = rows.add_block(session, number, NOW)
            rows.add_event(session, block, 0, name, arguments, batch_id=arguments.get("batchId"))
            said.append(claims.solvency(session, 850))
    assert said[:5] == [None] * 5
    assert [(one.committed, one.pending_deposits, one.withdrawable) for one in said[5:]] == [
        (700, 0, 100),
        (700, 50, 100),
    ]
    assert said[-1].margin == 0


# --- where a withdrawal is


def test_a_withdrawal_goes_through_five_words(filled):
    with filled.unit() as session:
        found = [(one.amount // 10**6, one.word, one.batch, one.is_forced) for one in where_is(session, POSITION)]
    assert found == [
        (25, "requested", None, False),
        (30, "requested", None, True),
        (50, "batched", 10, False),
        (500, "withdrawable", 7, False),
        (100, "paid", 2, False),
    ]


def test_a_batch_whose_proof_is_done_is_proved(filled):
    with filled.unit() as session:
        for state, job in (("executed", "done"), ("ready", "leased"), ("sent", "leased")):
            session.get(Batch, 10).state = state
            session.query(Job).filter_by(batch=10).update({"state": job})
            session.flush()
            assert [one.word for one in where_is(session, POSITION)][2] == "proved"
        session.get(Batch, 10).state = "abandoned"
        session.flush()
        assert [one.batch for one in where_is(session, POSITION)] == [None, None, 7, 2]


def test_a_payment_pays_all_that_was_allowed_before_it(session):
    """Also what was allowed before the operator's time, and what another position of the owner's was allowed."""
    block = rows.add_block(session, 5, 5)
    for number, position in enumerate((70, 71, 70)):
        rows.add_batch(session, number, "final")
        rows.add_position(session, number, position, 5)
        rows.add_movement(session, number, 0, 9, position, -10)
        rows.add_event(session, block, number, "LogWithdrawalAllowed", {"quantizedAmount": 10}, stark_key=9)
    rows.add_event(session, block, 3, "LogWithdrawalAllowed", {"quantizedAmount": 1_000}, stark_key=9)

    def words() -> list[str]:
        return [one.word for position in (70, 71) for one in where_is(session, position)]

    rows.add_event(session, block, 4, "LogWithdrawalPerformed", {"quantizedAmount": 1_010}, stark_key=9)
    assert words() == ["withdrawable", "paid", "withdrawable"]
    rows.add_event(session, block, 5, "LogWithdrawalPerformed", {"quantizedAmount": 20}, stark_key=9)
    assert words() == ["paid", "paid", "paid"]


def test_a_withdrawal_among_several_is_found_and_anothers_is_not(session):
    mine = {"type": "WITHDRAWAL", "position_id": "77", "amount": "5"}
    other = {"type": "WITHDRAWAL", "position_id": "7", "amount": "6"}
    transfer = {"type": "TRANSFER", "position_id": "77", "amount": "7"}
    rows.add_received(session, 0, {"type": "MULTI_TRANSACTION", "txs": [mine, other, transfer]})
    assert [one.amount for one in where_is(session, 77)] == [5]
    assert [one.amount for one in where_is(session, 7)] == [6]

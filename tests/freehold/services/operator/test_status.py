"""The operator's pages: what they answer when all is well, and that they say so when it is not."""

import json
import re
from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError

from freehold.services.operator import leaves, page, status
from freehold.services.operator.figures import ChainFacts, last_batches
from freehold.services.operator.status import LIVE_WITHIN, application
from freehold.services.operator.store import open_store
from freehold.services.operator.tables import Batch, Lease
from prover.applications.perpetual.last_state import LastState
from tests.support import operated_rows as rows
from tests.support.operating import ABOUT, FACTS, NOW, OWNER, POSITION, fill
from tests.support.served import get
from tests.support.world import ALICE, BOB, BTC, CONFIG, ETH, holds, world


@pytest.fixture
def plain(tmp_path):
    """SQLite: where the database makes no difference."""
    store = open_store(f"sqlite:///{tmp_path / 'operator.db'}")
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def filled(plain):
    fill(plain)
    return plain


def app(store, facts=FACTS, turned=NOW - 1, about=ABOUT):
    return application(store, about, lambda: facts, lambda: turned, lambda: float(NOW))


def text_of(store, path="/status", **changes) -> str:
    answer = get(app(store, **changes), path, accept="text/html,*/*;q=0.8")
    assert answer.headers["content-type"].startswith("text/html")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text))


# --- alive and ready


@pytest.mark.parametrize(("since", "expected"), [(0, 200), (LIVE_WITHIN - 1, 200), (LIVE_WITHIN, 503)])
def test_it_lives_while_the_loop_turns(plain, since, expected):
    assert get(app(plain, turned=NOW - since), "/live").status_code == expected


def test_it_is_ready_when_all_agree(filled):
    answer = get(app(filled), "/ready")
    assert (answer.status_code, set(answer.json().values())) == (200, {True})


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        (replace(FACTS, head=None), "node"),
        (replace(FACTS, configuration_agrees=False), "configuration"),
        (replace(FACTS, configuration_agrees=None), "configuration"),
    ],
)
def test_it_is_not_ready_where_one_does_not_agree(filled, facts, wrong):
    answer = get(app(filled, facts), "/ready")
    assert answer.status_code == 503
    assert [name for name, is_well in answer.json().items() if not is_well] == [wrong]


@pytest.mark.parametrize("until", [NOW, 0])
def test_without_its_lease_it_is_not_ready(filled, until):
    with filled.unit() as session:
        session.get(Lease, "operator").until = until
    assert get(app(filled), "/ready").json()["lease"] is False


def test_a_store_that_fails_is_said_and_tells_nothing_of_itself(filled, monkeypatch):
    def fails(*_):
        raise OperationalError("select secret", {}, Exception("postgresql://user:password@host"))

    monkeypatch.setattr(status.Figures, "now", fails)
    monkeypatch.setattr(status, "is_reachable", lambda store: False)
    assert get(app(filled), "/ready").json()["store"] is False
    for path in ("/status", "/metrics"):
        answer = get(app(filled), path)
        assert (answer.status_code, answer.json()["code"]) == (503, "API_FUNCTION_TEMPORARILY_DISABLED")
        assert "password" not in answer.text


# --- status


def test_programs_get_the_same_as_people(filled):
    found = get(app(filled), "/status").json()
    shown = text_of(filled)
    assert found["last_batches"]["final"]["id"] == 8
    for text in ("#8", "Everything is as it should be", ABOUT.identity, ABOUT.configuration, "0x" + "5a" * 20, "0.1.0"):
        assert text in shown
    assert found["about"]["program_identity"] == ABOUT.identity
    assert found["solvency"]["margin"] == 0
    assert found["obligations"][0]["seconds_left"] == 5 * 86_400


def test_a_position_is_asked_for_by_its_id(filled):
    found = get(app(filled), f"/status?position={POSITION}").json()["withdrawals"]
    assert [one["word"] for one in found] == ["requested", "requested", "batched", "withdrawable", "paid"]
    assert "of position 5 no withdrawal is known" in text_of(filled, "/status?position=5").lower()


@pytest.mark.parametrize(
    "asked", ["-1", "0x5", "5.0", "five", str(1 << 64), "9" * 99, "%D9%A5", "%3Cscript%3E", "1%20or%201=1"]
)
def test_what_is_no_id_is_refused(filled, asked):
    for accept in ("text/html", "application/json"):
        answer = get(app(filled), f"/status?position={asked}", accept=accept)
        assert answer.status_code == 400
        assert "<script>" not in answer.text
    assert answer.json()["code"] == "OUT_OF_RANGE_POSITION_ID"


ALARMS = {
    "frozen": (replace(FACTS, is_frozen=True), "is frozen"),
    "insolvent": (replace(FACTS, held=FACTS.held - 1), "holds less than it owes"),
    "silent": (ChainFacts(), "node does not answer"),
    "behind": (replace(FACTS, head=1_012), "11 blocks of the chain were not read"),
    "another configuration": (replace(FACTS, configuration_agrees=False), "configuration on chain is another"),
    "poor": (replace(FACTS, balances={"submitter": 10**15}), "balance of submitter pays for fewer than 10 updates"),
}


@pytest.mark.parametrize("trouble", ALARMS)
def test_trouble_is_told_first(filled, trouble):
    facts, says = ALARMS[trouble]
    alarms = get(app(filled, facts), "/status").json()["alarms"]
    assert any(says in alarm for alarm in alarms), alarms
    shown = text_of(filled, facts=facts)
    assert says in shown
    assert "as it should be" not in shown


def test_just_before_trouble_all_is_well(filled):
    assert get(app(filled, replace(FACTS, head=1_011)), "/status").json()["alarms"] == []


@pytest.mark.parametrize(
    ("grace", "says"), [(8 * 86_400, None), (86_400, "is late"), (2 * 86_400 + 60, "within 1 min")]
)
def test_an_obligation_alarms_in_the_last_quarter(filled, grace, says):
    alarms = get(app(filled, about=replace(ABOUT, grace_period=grace)), "/status").json()["alarms"]
    assert [alarm for alarm in alarms if "forced" in alarm] == ([] if says is None else alarms)
    assert says is None or says in alarms[0]


def test_a_proof_that_was_given_up_alarms(filled):
    with filled.unit() as session:
        rows.add_batch(session, 11)
        rows.add_job(session, 11, "failed")
    assert "A proof was given up." in get(app(filled), "/status").json()["alarms"]


def test_errors_are_shown_as_text(filled):
    with filled.unit() as session:
        session.get(Batch, 4).error = "<b>bold</b>"
    answer = get(app(filled), "/status", accept="text/html").text
    assert "<b>bold</b>" not in answer
    assert "&lt;b&gt;bold" in answer


def test_the_pages_tell_browsers_to_run_nothing(filled):
    headers = get(app(filled), "/status", accept="text/html").headers
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert headers["x-content-type-options"] == "nosniff"
    assert get(app(filled), "/status.css").headers["content-type"].startswith("text/css")


def test_nothing_can_be_written(filled):
    allowed = {method for route in app(filled).routes for method in getattr(route, "methods", ())}
    assert allowed <= {"GET", "HEAD"}


@pytest.mark.parametrize(
    ("stages", "state", "expected"),
    [
        ({}, "executed", [("wait", 50)]),
        ({"tracing": 60}, "executed", [("wait", 10), ("prove", 40)]),
        ({"tracing": 60, "signed": 61}, "executed", [("wait", 10), ("prove", 40)]),
        ({"tracing": 60, "proved": 70}, "executed", [("wait", 10), ("prove", 10), ("sign", 30)]),
        (
            {"tracing": 60, "proved": 70, "signed": 75},
            "ready",
            [("wait", 10), ("prove", 10), ("sign", 5), ("send", 25)],
        ),
        ({"proved": 70, "mined": 80, "final": 90}, "final", [("prove", 20), ("send", 10), ("settle", 10)]),
        ({"proved": 70, "abandoned": 75}, "abandoned", [("prove", 20), ("sign", 5)]),
        ({"mined": 10, "final": 5}, "final", []),
    ],
)
def test_a_bar_is_made_of_what_lay_between_the_rows(plain, stages, state, expected):
    with plain.unit() as session:
        rows.add_root(session)
        rows.add_batch(session, 0, state, stages={"opened": 20, "executed": 50, **stages}, created_at=50)
    with plain.unit() as session:
        (batch,) = last_batches(session, 5)
    expected = [("fill", 30), *expected]
    assert [(one["name"], one["seconds"]) for one in page.phases(batch, 100, True)] == expected


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_725, "1 h 2 min"),
        (86_400 + 5, "1 d"),
        (200_000, "2 d 7 h"),
        (-70, "-1 min 10 s"),
    ],
)
def test_durations_are_said_in_two_units(seconds, text):
    assert page.duration(seconds) == text


@pytest.mark.parametrize(
    ("quanta", "text"),
    [(0, "0"), (5, "0.000005"), (-1_500_000, "-1.5"), (1_234_000_000, "1,234"), (10**13, "10,000,000")],
)
def test_amounts_are_exact(quanta, text):
    assert page.amount(quanta, 10**6) == text


# --- the state


def test_anybody_can_leave_with_the_state_of_a_final_batch(store, monkeypatch):
    """In both databases. A state file's roots are made anew when it is read: here they are those of the batch."""
    monkeypatch.setattr(leaves, "AT_ONCE", 2)
    monkeypatch.setattr(status, "ENTRIES_AT_ONCE", 2)
    first = world({1: holds(0xFEE, 5), 7: holds(ALICE, -100, {BTC: 5}), (1 << 64) - 1: holds(BOB, 9)}, orders={3: 4})
    second = world({1: holds(0xFEE, 5), 7: holds(ALICE, 50, {ETH: -2, BTC: 5}), 8: holds(BOB, 1)}, orders={3: 5, 4: 1})
    with store.unit() as session:
        rows.add_root(session, first.words())
        rows.add_state(session, rows.ROOT, first)
        rows.add_batch(session, 0, "abandoned")
        rows.add_position(session, 0, 7, 1_000)
        rows.add_position(session, 0, 1_000, 1_000)
        rows.add_batch(session, 1, "final", second.words(), previous=-1)
        rows.add_state(session, 1, second)
        rows.add_position(session, 1, (1 << 64) - 1, 0, key=0)
        rows.add_batch(session, 2, "mined", second.words())
        rows.add_position(session, 2, 8, 77, OWNER)
    for number, state in ((-1, first), (1, second)):
        answer = get(app(store), f"/state/{number}")
        assert answer.status_code == 200
        assert answer.headers["content-disposition"] == f'attachment; filename="state-{number}.json"'
        config, read = LastState.parsed(json.loads(answer.text))
        assert config == CONFIG
        assert (read.words(), read.positions, read.orders) == (state.words(), state.positions, state.orders)


def test_a_state_without_positions_is_one_too(plain):
    nothing = world({})
    with plain.unit() as session:
        rows.add_root(session, nothing.words())
    _, read = LastState.parsed(get(app(plain), "/state/-1").json())
    assert read.words() == nothing.words()


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("9", "batch 9 is mined"),
        ("4", "batch 4 is abandoned"),
        ("500", "no batch 500"),
        ("-2", "no batch -2"),
        (str(1 << 64), "no batch 1844"),
        ("one", "no batch one"),
        ("%D9%A5", "no batch"),
    ],
)
def test_a_state_that_can_still_change_is_not_given(filled, asked, says):
    answer = get(app(filled), f"/state/{asked}")
    assert (answer.status_code, answer.json()["code"]) == (404, "INVALID_BATCH_ID")
    assert says in answer.json()["message"]


def test_no_more_than_a_part_of_a_state_is_in_memory(plain, monkeypatch):
    """The pieces come one by one, each from its own unit of work."""
    monkeypatch.setattr(leaves, "AT_ONCE", 10)
    with plain.unit() as session:
        rows.add_root(session, world({}).words())
        for number in range(1, 101):
            rows.add_position(session, rows.ROOT, number, number)
    units, unit = [], plain.unit
    monkeypatch.setattr(plain, "unit", lambda: units.append(1) or unit())
    pieces = leaves.positions(plain, rows.ROOT)
    taken = [next(pieces)[0] for _ in range(15)]
    assert (taken, len(units)) == (list(range(1, 16)), 2)
    assert len(list(pieces)) == 85

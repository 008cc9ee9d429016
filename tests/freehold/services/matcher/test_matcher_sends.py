"""Whatever the matcher sends is accepted by the rules, in its order, upon the state that it began with; and the log
alone makes the state, wherever it is cut."""

from collections import Counter
from dataclasses import replace

import pytest

from freehold.services.matcher import liquidation, snapshots
from freehold.services.matcher.engine import Engine, TimeWentBack
from freehold.services.matcher.events import Pass, event_document, event_of
from freehold.services.matcher.outputs import Closed, Deleveraged, Filled, LeftBelowMargin, Liquidated, Reason, Refused
from freehold.services.matcher.snapshots import Snapshot
from freehold.services.matcher.view import View
from prover.applications.perpetual.errors import RuleBroken
from prover.applications.perpetual.margin import totals
from prover.applications.perpetual.samples import asset_id
from tests.support.restless_floor import Restless

SEEDS = range(12)


@pytest.mark.parametrize("version", [1, 2])
def test_whatever_is_sent_is_accepted_by_the_rules(version):
    """And all kinds of it are sent, and the engine's view is the rules' state."""
    seen = Counter()
    for seed in SEEDS:
        restless = Restless(seed, version)
        outputs = restless.run(250)
        seen.update(type(output).__name__ for output in outputs)
        seen.update(output.reason for output in outputs if isinstance(output, Closed))
        seen.update(type(output.refusal).__name__ for output in outputs if isinstance(output, Refused))
        check_view(restless)
    expected = {Filled, Liquidated, Deleveraged, LeftBelowMargin}
    assert {kind.__name__ for kind in expected} <= set(seen)
    assert {Reason.LIQUIDATED, Reason.RULES, "MarginTooLow", "BrokenRule"} <= set(seen)


def test_with_signatures_too():
    restless = Restless(7, 2, is_signing=True)
    outputs = restless.run(250)
    assert any(isinstance(output, Liquidated) for output in outputs)
    check_view(restless)


def check_view(restless):
    floor, view = restless.floor, restless.floor.engine.view
    judged = floor.judged()
    for position_id, position in view.all_positions():
        assert judged.position(position_id) == position
    assert view.market == judged.market
    for place in range(2):
        assert sum(position.balance(asset_id(place)) for _, position in view.all_positions()) == 0
    for order in floor.engine.open.values():
        assert judged.orders.get(order.order_id, 0) == order.order.amount_synthetic - floor.engine.left(order)


@pytest.mark.parametrize("version", [1, 2])
def test_a_replayed_log_gives_the_same_outputs_and_the_same_state(version):
    """Through JSON, and from a snapshot after any event: no order is lost, no fill comes twice."""
    restless = Restless(5, version)
    restless.run(120)
    floor = restless.floor
    log = [event_document(event) for event in floor.log]
    engine = Engine.of(floor.config, floor.settings, floor.state)
    outputs, hashes, snapshots = [], [Snapshot.of(engine).hash()], [Snapshot.of(engine).document()]
    for document in log:
        outputs.append(engine.apply(event_of(document)))
        hashes.append(Snapshot.of(engine).hash())
        snapshots.append(Snapshot.of(engine).document())
    assert hashes[-1] == Snapshot.of(floor.engine).hash()
    for cut in range(0, len(log) + 1, 7):
        again = Snapshot.read(snapshots[cut]).engine(floor.config, floor.settings)
        assert Snapshot.of(again).hash() == hashes[cut]
        for place in range(cut, len(log)):
            assert again.apply(event_of(log[place])) == outputs[place]
        assert Snapshot.of(again).hash() == hashes[-1]


def test_time_that_goes_back_is_refused_and_nothing_happens():
    floor = Restless(1).floor
    before = Snapshot.of(floor.engine).hash()
    with pytest.raises(TimeWentBack, match=f"{floor.time - 1} s follows one of {floor.time} s"):
        floor.engine.apply(Pass(floor.time - 1))
    assert Snapshot.of(floor.engine).hash() == before
    floor.engine.apply(Pass(floor.time))


def test_nobody_who_was_well_leveraged_is_not_so_after_an_order():
    """Only ticks make a position badly leveraged."""
    for seed in SEEDS:
        restless = Restless(seed)
        for _ in range(60):
            n_events = len(restless.floor.log)
            view = restless.floor.engine.view
            before = {key: well(view, key) for key, _ in view.all_positions()}
            restless.step()
            if restless.floor.log[n_events].kind != "execute":
                assert all(well(view, key) for key, was_well in before.items() if was_well)


def well(view, position_id) -> bool:
    return totals(view.funded(position_id), view.market).is_well_leveraged()


# --- broken twins


def a_unit_less(*arguments):
    return PROCEEDS(*arguments) - 1


def without_fees(one):
    return replace(OPEN(one), fee_paid=0)


PROCEEDS, OPEN = liquidation.proceeds, snapshots._open

TWINS = {
    "what was refused leaves a trace": (View, "roll_back", lambda self, mark: None),
    "a takeover rounds against the position": (liquidation, "proceeds", a_unit_less),
    "a snapshot forgets fees": (snapshots, "_open", without_fees),
    "a snapshot forgets the order of arrival": (Snapshot, "engine", lambda self, *rest: ENGINE(reversed_(self), *rest)),
}


def reversed_(snapshot):
    return replace(snapshot, open=snapshot.open[::-1])


ENGINE = Snapshot.engine


@pytest.mark.parametrize("name", TWINS)
def test_each_broken_engine_is_caught(name, monkeypatch):
    place, attribute, broken = TWINS[name]
    monkeypatch.setattr(place, attribute, broken)
    checks = (
        lambda: test_whatever_is_sent_is_accepted_by_the_rules(1),
        lambda: test_whatever_is_sent_is_accepted_by_the_rules(2),
        lambda: test_a_replayed_log_gives_the_same_outputs_and_the_same_state(1),
        lambda: test_a_replayed_log_gives_the_same_outputs_and_the_same_state(2),
    )
    assert any(map(fails, checks))


def fails(check) -> bool:
    try:
        check()
    except (AssertionError, RuleBroken, KeyError):
        return True
    return False

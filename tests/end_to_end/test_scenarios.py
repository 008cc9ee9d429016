"""Scenarios: each step goes as its file says or the run fails, and what is no scenario is refused in one line."""

import click
import pytest
import yaml
from ape.exceptions import ContractLogicError

from freehold.scenarios.document import Scenario, Step, read_scenario, seconds
from freehold.scenarios.report import Deviation
from freehold.scenarios.runner import Runner, refusal_of
from freehold.testing.parameters import SMALL
from prover.algebra.keccak import keccak256

SHORT = """
title: Nobody serves anything
people: {alice: 100}
steps:
  - join: {who: alice, amount: 60}
  - forced_withdrawal: {who: alice, amount: 50}
  - {freeze: {who: alice, request_of: alice, amount: 50}, refused: GracePeriodNotOver}
  - wait: 7 days
  - {freeze: {who: alice, request_of: alice, amount: 51}, refused: ForcedRequestNotPending}
  - freeze: {who: alice, request_of: alice, amount: 50}
end:
  tokens: {alice: 40}
  frozen: true
"""


@pytest.fixture(autouse=True)
def here(networks, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def short(**changes: object) -> Scenario:
    return Scenario.model_validate({**yaml.safe_load(SHORT), **changes})


def test_the_runner_handles_every_kind_of_step(no_verifier):
    kinds = set(Step.model_fields) - {"refused", "invalid"}
    assert set(Runner(SMALL, short()).handlers) == kinds


def test_a_scenario_goes_as_its_file_says(no_verifier):
    Runner(SMALL, short()).run()


@pytest.mark.parametrize(
    ("end", "cause"),
    [
        ({"tokens": {"alice": 41}, "frozen": True}, "alice's coins in the end"),
        ({"tokens": {"alice": 40}, "frozen": False}, "frozen in the end"),
    ],
)
def test_another_end_fails(no_verifier, end, cause):
    with pytest.raises(Deviation, match=cause):
        Runner(SMALL, short(end=end)).run()


@pytest.mark.parametrize(
    ("place", "step", "cause"),
    [
        (
            1,
            {"forced_withdrawal": {"who": "alice", "amount": 50}, "refused": "Frozen"},
            "was to be refused with Frozen and was not",
        ),
        (2, {"freeze": {"who": "alice", "request_of": "alice", "amount": 50}}, "refuses with GracePeriodNotOver"),
    ],
)
def test_a_step_that_goes_otherwise_fails(no_verifier, place, step, cause):
    steps = yaml.safe_load(SHORT)["steps"]
    steps[place] = step
    with pytest.raises(Deviation, match=cause):
        Runner(SMALL, short(steps=steps)).run()


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        ("title", "titel", "title: Field required"),
        ("people: {alice: 100}", "people: {}", "people: "),
        ("wait: 7 days", "wait: 7 weeks", "'7 weeks' is no time"),
        ("wait: 7 days", "wait: 0 days", "'0 days' is no time"),
        ("wait: 7 days", "sleep: 7 days", "Extra inputs are not permitted"),
        ("wait: 7 days", "{wait: 7 days, refused: X}", "'wait' cannot be refused"),
        ("amount: 60", "amount: -60", "greater than 0"),
        ("who: alice, amount: 60", "who: carol, amount: 60", "step 0: carol is not among the people"),
        ("tokens: {alice", "tokens: {carol", "step end: carol is not among the people"),
        ("join: {who: alice, amount: 60}", "{}", "a step does one thing, not nothing"),
        ("title:", "title: [", "is not YAML"),
    ],
)
def test_what_is_no_scenario_is_refused_in_one_line(tmp_path, old, new, cause):
    path = tmp_path / "scenario.yaml"
    path.write_text(SHORT.replace(old, new))
    with pytest.raises(click.UsageError) as refusal:
        read_scenario(path)
    assert cause in str(refusal.value) and "\n" not in str(refusal.value)


def test_a_refusal_has_its_name_even_as_bytes(no_verifier):
    runner = Runner(SMALL, short())
    runner.deploy()
    data = keccak256(b"ForcedRequestNotPending(bytes32)")[:4] + bytes(32)
    assert refusal_of(ContractLogicError(str(data)), runner.exchange) == "ForcedRequestNotPending"
    assert refusal_of(ContractLogicError(str(bytes(4))), runner.exchange) == "0x00000000"
    assert refusal_of(ContractLogicError("out of gas"), runner.exchange) == "ContractLogicError"


def test_each_run_has_a_place_of_its_own(no_verifier):
    """Neither record nor state of the first is touched by the second."""
    kept = {}
    for _ in range(2):
        runner = Runner(SMALL, short())
        runner.run()
        assert {path: path.read_bytes() for path in kept} == kept
        kept |= {path: path.read_bytes() for path in (runner.place.record_file, runner.place.state_file)}
    assert len(kept) == 4


def test_times():
    assert [seconds(text) for text in ("1 second", "2 minutes", "1 hour", "7 days")] == [1, 120, 3_600, 604_800]

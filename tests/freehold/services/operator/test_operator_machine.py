"""An operator in a world in which everything fails, beside a book of what must hold; and broken twins of it."""

import pytest
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.exc import IntegrityError

from tests.support.anvil import anvil
from tests.support.operated_exchange import Operated
from tests.support.operator_machine import OperatorMachine, examples
from tests.support.operator_twins import STORIES, TWINS

FEW = 40
"""Turns in which a story must come to its end."""
QUICK = ("sent_again", "overtaken", "late_worker")
"""Stories that are short enough to be told of their twins at each change."""


@pytest.fixture(scope="module", autouse=True)
def world(project, accounts, chain, tmp_path_factory, served_databases):
    with anvil() as node:
        OperatorMachine.operated = Operated.made(node, project, accounts, chain, tmp_path_factory.mktemp("exchange"))
        OperatorMachine.databases = served_databases
        yield


@pytest.fixture
def machine():
    made = OperatorMachine()
    made.drain = FEW
    made.both_have_something()
    yield made
    made.close()


def test_nothing_is_lost():
    run_state_machine_as_test(OperatorMachine, settings=examples(2, 12))


@pytest.mark.slow
def test_nothing_is_lost_in_many_worlds():
    run_state_machine_as_test(OperatorMachine, settings=examples(60, 30))


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_story_ends_well(machine, story):
    story(machine)


def as_told(twin):
    marks = () if twin.story.__name__ in QUICK else (pytest.mark.slow,)
    return pytest.param(twin, id=twin.name, marks=marks)


@pytest.mark.parametrize("twin", [as_told(twin) for twin in TWINS])
def test_a_broken_twin_is_seen(machine, monkeypatch, twin):
    twin.change(monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception, IntegrityError)):
        twin.story(machine)

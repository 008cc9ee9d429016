"""The whole contract beside its model, over random lives."""

import pytest
from ape.exceptions import ContractLogicError
from hypothesis.stateful import run_state_machine_as_test

from freehold.testing.machine.exchange import budget, hunt, machine
from freehold.testing.machine.world import World
from tests.support.twins import TWINS, Twin, TwinProject, broken_sources, compile_twin

TWIN_EXAMPLES, TWIN_STEPS = 60, 40


@pytest.fixture(scope="module")
def world(project, accounts, chain):
    return World(project, accounts, chain)


def test_the_contract_does_what_the_model_says(world):
    run_state_machine_as_test(machine(world), settings=hunt(6, 25))


@pytest.mark.slow
def test_the_contract_does_what_the_model_says_for_long(world):
    run_state_machine_as_test(machine(world), settings=budget(150, 50))


def test_every_twin_still_breaks_something():
    """Each replaces what the sources have, once; the slow test shows that the machine catches it."""
    assert len({twin.name for twin in TWINS}) == len(TWINS) >= 12
    for twin in TWINS:
        assert broken_sources(twin)


def caught(project, accounts, chain, twin: Twin) -> bool:
    container = compile_twin(twin)
    world = World(TwinProject(project, twin, container), accounts, chain)
    try:
        run_state_machine_as_test(machine(world), settings=hunt(TWIN_EXAMPLES, TWIN_STEPS))
    except (AssertionError, ContractLogicError):  # something else than predicted came of a call
        return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.name)
def test_a_broken_twin_is_caught(project, accounts, chain, twin):
    assert caught(project, accounts, chain, twin)

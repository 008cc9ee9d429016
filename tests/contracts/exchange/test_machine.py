"""The whole contract beside its model, over random lives."""

import pytest
from exchange_machine import World, machine
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test


def budget(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )


@pytest.fixture(scope="module")
def world(project, accounts, chain):
    return World(project, accounts, chain)


def test_the_contract_does_what_the_model_says(world):
    run_state_machine_as_test(machine(world), settings=budget(6, 25))


@pytest.mark.slow
def test_the_contract_does_what_the_model_says_for_long(world):
    run_state_machine_as_test(machine(world), settings=budget(150, 50))

"""An operator in a world in which everything fails, beside a book of what must hold."""

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.support.anvil import anvil
from tests.support.operated_exchange import Operated
from tests.support.operator_machine import OperatorMachine, examples


@pytest.fixture(scope="module", autouse=True)
def world(project, accounts, chain, tmp_path_factory, served_databases):
    with anvil() as node:
        OperatorMachine.operated = Operated.made(node, project, accounts, chain, tmp_path_factory.mktemp("exchange"))
        OperatorMachine.databases = served_databases
        yield


def test_nothing_is_lost():
    run_state_machine_as_test(OperatorMachine, settings=examples(3, 15))


@pytest.mark.slow
def test_nothing_is_lost_in_many_worlds():
    run_state_machine_as_test(OperatorMachine, settings=examples(25, 30))

"""One exchange for all its tests; Ape starts each test function from one snapshot.

On anvil Ape's own work would take most of the time; here it leaves out what no test reads.
"""

from __future__ import annotations

from functools import cache

import ape_test.accounts
import pytest
from ape_ethereum.trace import Trace
from exchange_kit import Kit


@pytest.fixture(scope="session", autouse=True)
def _no_idle_work():
    """Nobody prints the call tree of an expected refusal, and a test account's keys are derived once."""
    derive, show = ape_test.accounts.generate_dev_accounts, Trace.show
    ape_test.accounts.generate_dev_accounts = cache(derive)
    Trace.show = lambda *_, **__: None
    yield
    ape_test.accounts.generate_dev_accounts, Trace.show = derive, show


@pytest.fixture(scope="session")
def kit(project, accounts, chain):
    """Alice and bob are registered."""
    made = Kit(project, accounts, chain)
    made.register(made.alice, made.bob)
    return made

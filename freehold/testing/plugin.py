"""Fixtures for `ape test` in any repository. In its outermost `conftest.py`:

    pytest_plugins = ["freehold.testing.plugin"]

Nobody has them who does not write this line. Ape is imported when a fixture is used, no earlier. Ape takes back what a
test did on its chain; the exchanges here remember nothing that the chain forgot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ape.managers.project import ProjectManager

    from freehold.testing.exchange import ExchangeUnderTest
    from freehold.testing.machine.world import World


@pytest.fixture(scope="session")
def freehold_contracts() -> ProjectManager:
    """Freehold's contracts by name, doubles of tests among them: `account.deploy(freehold_contracts.PlainToken)`."""
    from freehold.chain.managers import project

    return project


@pytest.fixture(scope="session")
def _quick_chain() -> Iterator[None]:
    from freehold.testing.speed import no_idle_work

    with no_idle_work():
        yield


@pytest.fixture(scope="session")
def new_exchange(networks: object, _quick_chain: None) -> Callable[..., ExchangeUnderTest]:
    """Deploys one, as `ExchangeUnderTest.deploy` takes it: for fixtures of any scope, and for single tests."""
    from freehold.testing.exchange import ExchangeUnderTest

    return ExchangeUnderTest.deploy


@pytest.fixture(scope="session")
def validium(new_exchange: Callable[..., ExchangeUnderTest]) -> ExchangeUnderTest:
    """Alice and bob are registered, each with 1,000 coins. Batches are by the rules, and declared proven."""
    return new_exchange("validium")


@pytest.fixture(scope="session")
def rollup(new_exchange: Callable[..., ExchangeUnderTest]) -> ExchangeUnderTest:
    """The same, with its data on chain."""
    return new_exchange("rollup")


@pytest.fixture(scope="session")
def proven(new_exchange: Callable[..., ExchangeUnderTest]) -> ExchangeUnderTest:
    """A Validium whose batches are proven by the prover and checked by the verifier contract: seconds for each."""
    from freehold.testing.proofs import Proven

    return new_exchange("validium", proofs=Proven())


@pytest.fixture(scope="module")
def world(
    freehold_contracts: ProjectManager, accounts: object, chain: object, networks: object, _quick_chain: None
) -> World:
    """What the exchange's machine runs on: `run_machine(KIND, world)`."""
    from freehold.testing.machine.world import World

    return World(freehold_contracts, accounts, chain)

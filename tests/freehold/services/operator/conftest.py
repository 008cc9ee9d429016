"""One anvil for all tests of the chain's side, with an exchange of each kind; each test begins where the last began."""

import pytest

from freehold.services.operator.lease import Writer
from tests.support.anvil import anvil as started
from tests.support.served_exchange import GWEI, Operator, raise_fee, serve


@pytest.fixture(scope="session")
def anvil():
    with started() as node:
        yield node


@pytest.fixture(scope="session")
def exchange(anvil, project, accounts, chain):
    """A validium's, with a committee of accounts."""
    return serve(anvil, project, accounts, chain)


@pytest.fixture
def served(exchange, anvil):
    snapshot = anvil.snapshot()
    yield exchange
    anvil.revert(snapshot)
    anvil.automine(True)
    anvil.next_base_fee(GWEI // 100)  # a snapshot does not keep it


@pytest.fixture
def writer(store):
    writer = Writer(store, "first")
    writer.acquire()
    return writer


@pytest.fixture
def operator(served, writer):
    """With its root batch, and all of the chain read."""
    operator = Operator(served, writer)
    operator.root()
    operator.read()
    return operator


@pytest.fixture
def first(operator):
    """The output of batch 0, which is proved and signed."""
    with operator.served.people() as kit:
        output = kit.output()
    operator.ready(0, output)
    return output


@pytest.fixture
def stuck(operator, first):
    """Its first transactions are broadcast and in no block, for the base fee has risen above what they pay."""
    operator.served.anvil.automine(False)
    operator.turn()
    operator.turn()
    raise_fee(operator, 1)
    return first

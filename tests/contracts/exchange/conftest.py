"""One exchange for all its tests. Ape starts each test function from one snapshot."""

import pytest
from exchange_kit import Kit


@pytest.fixture(scope="session")
def kit(project, accounts, chain):
    """Alice and bob are registered."""
    made = Kit(project, accounts, chain)
    made.register(made.alice, made.bob)
    return made

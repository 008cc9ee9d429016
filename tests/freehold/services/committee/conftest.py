"""Members' stores of both kinds."""

import pytest

from freehold.services.committee.beginning import Beginning, begin
from freehold.services.committee.store import open_store
from tests.support.world import USD


@pytest.fixture
def member_store(database_url):
    """Of a member that begins with an empty exchange."""
    store = open_store(database_url)
    begin(store, Beginning(collateral=USD))
    yield store
    store.close()

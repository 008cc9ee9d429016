"""What the services' tests share: a store of each kind."""

import pytest

from freehold.services.operator.store import open_store
from tests.support.databases import KINDS, databases


@pytest.fixture(scope="session")
def served_databases(tmp_path_factory):
    with databases(tmp_path_factory.mktemp("db")) as served:
        yield served


@pytest.fixture(params=KINDS)
def database_url(request, served_databases):
    """Of an empty database, SQLite and PostgreSQL in turn."""
    return served_databases.new(request.param)


@pytest.fixture
def store(database_url):
    """An operator's store, migrated."""
    store = open_store(database_url)
    store.migrate()
    yield store
    store.close()

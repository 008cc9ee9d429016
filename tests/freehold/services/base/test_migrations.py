"""Stores of other versions: an older one is brought to this version's schema at the start, a newer one is refused."""

import shutil

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, inspect, text

from freehold.commands.main import main
from freehold.errors import Refused
from freehold.services.base.store import Store
from freehold.services.committee import store as members
from freehold.services.operator import store as operators

LATER = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9999", "{head}"


def upgrade():
    op.create_table("later", sa.Column("id", sa.Integer(), primary_key=True))
"""
FAILING = LATER + '    raise RuntimeError("in the middle")\n'


def later_version(service, folder, text=LATER):
    """The migrations of a version after this one."""
    shutil.copytree(service.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    head = max(path.name for path in (folder / "versions").glob("0*.py"))[:4]
    (folder / "versions" / "9999_later.py").write_text(text.format(head=head))
    return folder


def tables(url):
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


@pytest.fixture(params=[operators, members], ids=["operator", "member"])
def service(request):
    return request.param


@pytest.fixture
def migrated(service, database_url):
    """The store as this version leaves it, closed."""
    store = service.open_store(database_url)
    store.migrate()
    store.close()
    return database_url


def test_an_older_store_is_migrated_and_then_refused_by_the_older_version(service, migrated, tmp_path):
    later = Store(migrated, later_version(service, tmp_path / "later"))
    later.migrate()
    later.close()
    assert "later" in tables(migrated)
    before = service.open_store(migrated)
    with pytest.raises(Refused, match="has the schema 9999, which this version does not know: a newer version made it"):
        before.migrate()
    before.close()


def test_a_migration_that_fails_leaves_the_store_as_it_was(service, migrated, tmp_path):
    broken = Store(migrated, later_version(service, tmp_path / "broken", FAILING))
    with pytest.raises(RuntimeError, match="in the middle"):
        broken.migrate()
    broken.close()
    assert "later" not in tables(migrated)
    again = service.open_store(migrated)
    again.migrate()
    again.close()


def at_another_version(service, url, revision):
    store = service.open_store(url)
    store.migrate()
    with store.unit() as session:
        session.execute(text("update alembic_version set version_num = :found"), {"found": revision})
    store.close()


def test_commands_refuse_a_newer_store_in_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    at_another_version(operators, "sqlite:///operator.db", "9999")
    at_another_version(members, "sqlite:///member.db", "9999")
    (tmp_path / "key").write_text("0xa\n")
    (tmp_path / "member.toml").write_text('[gateway]\nurls = ["http://127.0.0.1:1"]\n[key]\nfile = "key"\n')
    for command in ("committee status", "committee run", "worker run --once --store sqlite:///operator.db"):
        result = CliRunner().invoke(main, command.split())
        assert result.exit_code == 1 and "a newer version made it" in result.output, result.output


def test_a_worker_waits_for_the_operator_to_migrate(tmp_path):
    url = f"sqlite:///{tmp_path / 'operator.db'}"
    store = Store(url, later_version(operators, tmp_path / "later"))
    operators.open_store(url).migrate()
    with pytest.raises(Refused, match="this version's is 9999: whoever it belongs to brings it there"):
        store.refuse_another_schema()
    store.migrate()
    store.refuse_another_schema()
    store.close()

"""A service's memory: one database, its schema by migrations, and units of work.

SQLite by file, or PostgreSQL, told apart by the URL. Numbers that no 64-bit column holds are kept as bytes that compare
as they do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Dialect, Engine, Float, LargeBinary, create_engine, event, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from freehold.errors import Refused

WAITS_FOR_A_LOCK = 30
"""Seconds, before a unit of work gives up on another one's."""
ROWS_AT_ONCE = 400
"""That one statement names: databases limit its parameters."""
T = TypeVar("T")


def in_groups(entries: Iterable[T], size: int = ROWS_AT_ONCE) -> Iterator[list[T]]:
    """The entries in their order, so many at a time; the last group may be smaller."""
    rest = iter(entries)
    while group := list(islice(rest, size)):
        yield group


class _Unsigned(TypeDecorator[int]):
    """Big-endian bytes of a fixed length: they compare and sort as the numbers do, in every database."""

    impl = LargeBinary
    size: int

    def __init__(self) -> None:
        super().__init__(self.size)

    def process_bind_param(self, value: int | None, dialect: Dialect) -> bytes | None:
        return None if value is None else int(value).to_bytes(self.size, "big")

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> int | None:
        return None if value is None else int.from_bytes(value, "big")


class U64(_Unsigned):
    """Position ids, order ids, amounts."""

    cache_ok = True
    size = 8
    cache_ok = True  # SQLAlchemy asks each class for itself


class Felt(_Unsigned):
    """Field elements, hashes as numbers."""

    cache_ok = True
    size = 32
    cache_ok = True


class database_time(FunctionElement[float]):
    """Seconds since the epoch by the database's clock, to a thousandth: the one clock that all its users share."""

    type = Float()
    inherit_cache = True


@compiles(database_time, "sqlite")
def _sqlite_time(*_: Any, **__: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(database_time, "postgresql")
def _postgresql_time(*_: Any, **__: Any) -> str:
    return "extract(epoch from clock_timestamp())::double precision"


class Store:
    """One database. `url` is SQLAlchemy's, `migrations` the folder that makes its schema."""

    def __init__(self, url: str, migrations: Path) -> None:
        self.engine = _engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self.url, self.migrations = url, migrations

    def migrate(self) -> None:
        """Brings the schema to this version's, all of the way or not at all. Raises Refused for a newer one."""
        config = self._migrations()
        with self.engine.begin() as connection:
            if self.is_sqlite:
                connection.execute(text("begin immediate"))  # else each statement would be committed by itself
            self._refuse_newer(MigrationContext.configure(connection).get_current_revision())
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def refuse_another_schema(self) -> None:
        """For those who use what somebody else migrates. Raises Refused, unless the schema is this version's."""
        with self.engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
        self._refuse_newer(found)
        head = ScriptDirectory.from_config(self._migrations()).get_current_head()
        if found != head:
            raise Refused(
                f"the store {self._shown} has the schema {found}, this version's is {head}: whoever it belongs to "
                "brings it there by starting in this version"
            )

    def _migrations(self) -> Config:
        config = Config()
        config.set_main_option("script_location", str(self.migrations).replace("%", "%%"))
        return config

    def _refuse_newer(self, found: str | None) -> None:
        known = {step.revision for step in ScriptDirectory.from_config(self._migrations()).walk_revisions()}
        if found is not None and found not in known:
            raise Refused(
                f"the store {self._shown} has the schema {found}, which this version does not know: a newer version "
                "made it, and only that one or a later one can use it"
            )

    @property
    def _shown(self) -> str:
        return self.engine.url.render_as_string(hide_password=True)

    @contextmanager
    def unit(self) -> Iterator[Session]:
        """A unit of work: all of it is committed, or nothing."""
        with self._sessions.begin() as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A unit of work that only reads: whatever is committed meanwhile, it sees one state."""
        with self.unit() as session:
            if self.is_sqlite:
                session.execute(text("begin"))  # else each statement would see a state of its own
            else:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def close(self) -> None:
        self.engine.dispose()


def _engine(url: str) -> Engine:
    is_sqlite = url.startswith("sqlite")
    engine = create_engine(url, connect_args={"timeout": WAITS_FOR_A_LOCK} if is_sqlite else {}, pool_pre_ping=True)
    if is_sqlite:
        event.listen(engine, "connect", _careful)
    return engine


def _careful(connection: Any, _record: Any) -> None:
    """What SQLite is told: readers do not wait for the writer, and what is committed outlives a loss of power."""
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")

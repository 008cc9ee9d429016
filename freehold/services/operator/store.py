"""What the operator remembers: tables, and units of work.

The schema is made by the migrations beside this file; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import BigInteger, Engine, Index, LargeBinary, String, Text, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

MIGRATIONS = Path(__file__).parent / "migrations"
WAITS_FOR_A_LOCK = 30
"""Seconds, before a unit of work gives up on another one's."""


class Base(DeclarativeBase):
    pass


class Received(Base):
    """A transaction as it was taken in. `body` is its canonical JSON, `digest` the body's SHA-256."""

    __tablename__ = "transaction"

    tx_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(32))
    body: Mapped[str] = mapped_column(Text)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    state: Mapped[str] = mapped_column(String(16))
    code: Mapped[str | None] = mapped_column(String(80))
    """Why it was rejected."""
    received_at: Mapped[int] = mapped_column(BigInteger)
    """Seconds since the epoch."""

    __table_args__ = (Index("transaction_by_state", "state", "tx_id"),)


class Store:
    """One database. `url` is SQLAlchemy's; SQLite by file, or PostgreSQL."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self.url = url

    def migrate(self) -> None:
        """Brings the schema to this version's; a newer one is refused."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def unit(self) -> Iterator[Session]:
        """A unit of work: all of it is committed, or nothing."""
        with self._sessions.begin() as session:
            yield session

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

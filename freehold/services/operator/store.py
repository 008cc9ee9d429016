"""The operator's store."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from freehold.errors import Refused
from freehold.services.base.store import Store
from freehold.services.operator.tables import Job

MIGRATIONS = Path(__file__).parent / "migrations"


def open_store(url: str) -> Store:
    """Not migrated: who starts the operator does that."""
    return Store(url, MIGRATIONS)


def open_operating_store(url: str) -> Store:
    """Of an operator that was started: for those who work beside it. Raises Refused."""
    try:
        store = open_store(url)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise Refused(f"not the URL of a store: {error}") from error
    where = store.engine.url
    shown = where.render_as_string(hide_password=True)
    if store.is_sqlite and not Path(where.database or "").is_file():  # connecting would make it
        raise Refused(f"there is no file {where.database}")
    try:
        has_jobs = inspect(store.engine).has_table(Job.__tablename__)
    except SQLAlchemyError as error:
        store.close()
        raise Refused(f"the store {shown} cannot be reached: {getattr(error, 'orig', error)}") from error
    if not has_jobs:
        store.close()
        raise Refused(f"the store {shown} is no operator's: it has no jobs")
    try:
        store.refuse_another_schema()
    except Refused:
        store.close()
        raise
    return store

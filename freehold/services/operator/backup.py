"""A copy of an operator's store that was made while it ran, and the way back.

Everything is in the database, inputs and proofs too. A SQLite file is copied by SQLite's own online backup: the
state of one moment, and nobody waits for it. PostgreSQL has `pg_dump`.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import file_digest
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel, ValidationError
from sqlalchemy import make_url

from freehold.errors import Refused
from freehold.files import write_whole
from freehold.records import RECORD, STATE, Place
from freehold.services.operator.settings import OperatorSettings

COPY, MANIFEST = "operator.db", "backup.json"
AT_ONCE = 1 << 12
"""Pages that are copied in one step."""


class Backup(BaseModel):
    """What the copy is. The file is written last: without it, there is no backup."""

    version: str
    schema_revision: str
    newest_batch: int | None
    newest_transaction: int | None
    sha256: str
    """Of the copy."""


def back_up(settings: OperatorSettings, folder: Path) -> Backup:
    """Writes the store's copy, the exchange's record and the state to begin with into a new folder. Raises Refused."""
    source = sqlite_file(settings.store.url, "pg_dump")
    if not source.is_file():
        raise Refused(f"there is no store {source}")
    if folder.exists():
        raise Refused(f"{folder} exists already: each backup has a folder of its own")
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        with closing(sqlite3.connect(source)) as store, closing(sqlite3.connect(partial / COPY)) as copy:
            store.backup(copy, pages=AT_ONCE)
            made = _described(copy, source)
        place = Place(settings.chain.record)
        for path, name in ((place.record_file, RECORD), (place.state_file, STATE)):
            shutil.copyfile(path, partial / name)
        found = made.model_copy(update={"sha256": _digest(partial / COPY)})
        write_whole(partial / MANIFEST, found.model_dump_json(indent=1) + "\n")
        for path in (*partial.iterdir(), partial):
            _sync(path)
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return found


def restore(settings: OperatorSettings, folder: Path) -> Backup:
    """Puts the copy where the settings have the store; record and state too, where they are missing. Raises Refused,
    and leaves what is there."""
    target = sqlite_file(settings.store.url, "pg_restore")
    found = _read(folder)
    leftovers = (target, *(target.with_name(target.name + end) for end in ("-wal", "-shm", "-journal")))
    for path in leftovers:
        if path.exists():
            raise Refused(f"{path} is there: move it away first, for two stores of one exchange must not both go on")
    if _digest(folder / COPY) != found.sha256:
        raise Refused(f"{folder / COPY} is damaged: it is not what was written when the backup was made")
    place = Place(settings.chain.record)
    for name, path in ((RECORD, place.record_file), (STATE, place.state_file), (COPY, target)):  # the store last
        if not path.exists():
            with _whole(path) as partial:
                shutil.copyfile(folder / name, partial)
    return found


def sqlite_file(url: str, instead: str) -> Path:
    """Raises Refused for another database."""
    store = make_url(url)
    if store.get_backend_name() != "sqlite" or store.database in (None, "", ":memory:"):
        raise Refused(
            f"{store.render_as_string(hide_password=True)} is no SQLite file: use `{instead}`, for everything of the "
            "operator is in its database"
        )
    return Path(store.database or "")


def _described(copy: sqlite3.Connection, source: Path) -> Backup:
    """Raises Refused for what is no operator's store, or damaged."""
    copy.execute("pragma journal_mode = delete")  # one file, whatever the store has beside it
    try:
        (revision,) = copy.execute("select version_num from alembic_version").fetchone()
        (batch,) = copy.execute("select max(id) from batch").fetchone()
        (transaction,) = copy.execute('select max(tx_id) from "transaction"').fetchone()
    except (sqlite3.Error, TypeError) as error:
        raise Refused(f"{source} is no operator's store: {error}") from error
    faults = [row[0] for row in copy.execute("pragma quick_check")]
    if faults != ["ok"]:
        raise Refused(f"{source} is damaged: {faults[0]}")
    return Backup(
        version=version("freehold"),
        schema_revision=revision,
        newest_batch=batch,
        newest_transaction=transaction,
        sha256="",
    )


def _read(folder: Path) -> Backup:
    try:
        return Backup.model_validate_json((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise Refused(f"{folder} is no backup: {MANIFEST} cannot be read ({error.strerror})") from error
    except ValidationError as error:
        raise Refused(f"{folder / MANIFEST} is not what `freehold operator backup` writes") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A file beside `path` that becomes it when the block ends, and is gone if it fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        yield partial
        _sync(partial)
        partial.rename(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

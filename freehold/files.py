"""Files that are there whole or not at all, work that no full disk loses, secrets, JSON that is read or refused in one
line."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any, NoReturn

from freehold.errors import Refused


def write_whole(path: Path, content: str | bytes) -> None:
    """Writes beside `path` and renames, so that nobody ever sees half of it; a failure leaves what was there before.

    What is no file, as a pipe or /dev/null, is written to and stays what it is; so does a link.
    """
    path, data = path.resolve(), content.encode() if isinstance(content, str) else content
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except BaseException:
        if partial.is_file():
            partial.unlink()
        raise


def write_work(path: Path, content: str | bytes) -> None:
    """The same for what took long to make: where `path` cannot be written it is kept elsewhere.

    Raises Refused, naming where.
    """
    try:
        write_whole(path, content)
    except OSError as error:
        kept = _kept_aside(path.name, content)
        where = f"what was made is kept in {kept}" if kept else "and there is no other place for it"
        raise Refused(f"{path} cannot be written ({error.strerror}): {where}") from error


def _kept_aside(name: str, content: str | bytes) -> Path | None:
    for folder in (tempfile.gettempdir(), Path.home(), Path.cwd()):
        try:
            aside = Path(tempfile.mkdtemp(prefix="freehold-", dir=folder)) / name
        except OSError:
            continue
        try:
            write_whole(aside, content)
            return aside
        except OSError:
            aside.parent.rmdir()
    return None


def write_secret(path: Path, content: str) -> None:
    """A new file that only its owner may read. Raises Refused where there is one already."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Refused(f"{path} exists already") from error
    with os.fdopen(handle, "w") as file:
        file.write(content)


def try_place(path: Path, room: int) -> None:
    """Raises Refused where a file of `room` bytes could not be written as `path`: the work need not begin.

    The trial file has no name, so that nothing of it is ever left.
    """
    try:
        path = path.resolve()
        if path.exists() and not path.is_file():
            return
        with tempfile.TemporaryFile(dir=path.parent) as trial:
            trial.write(bytes(room))
    except OSError as error:
        raise Refused(f"{path} cannot be written, tried with {room:,} bytes: {error.strerror}") from error


def read_json(path: Path) -> Any:
    """Raises Refused for what cannot be read, is no JSON, or holds numbers that JSON has not."""
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise Refused(f"{path} is not JSON: it is not text") from error
    except RecursionError as error:
        raise Refused(f"{path} is not JSON: it is nested too deeply") from error
    except ValueError as error:
        raise Refused(f"{path} is not JSON: {error}") from error
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")

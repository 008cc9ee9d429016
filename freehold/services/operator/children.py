"""Processes that do one thing and tell of it line by line: both ends of the pipe between them and who started them.

A child reads its request, one line of JSON, and answers with lines of JSON. Its standard input stays open: when that
ends, who started it is gone. What it writes to standard error is kept for the reason of its end.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

Message = dict[str, Any]
Tell = Callable[[Message], None]
PIECE = 1 << 16
TAIL = 2_000
"""Bytes of standard error of which the last line is told."""


class ChildEnded(RuntimeError):
    """It ended without an answer; the message says how."""


class Child:
    """`module` is run in a session of its own, so that a terminal's Ctrl-C is not sent to it."""

    def __init__(self, module: str, request: Message, environment: Mapping[str, str] | None = None) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed with the child
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
        assert self._process.stdin and self._process.stdout
        self._answers, self._unread = self._process.stdout, b""
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._answers, selectors.EVENT_READ)
        with contextlib.suppress(BrokenPipeError):  # how it ended is told by `message`
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()

    @property
    def pid(self) -> int:
        return self._process.pid

    def message(self, timeout: float) -> Message | None:
        """The next one, None where none came within `timeout` seconds. Raises ChildEnded."""
        until = time.monotonic() + timeout
        while b"\n" not in self._unread:
            if not self._ready.select(max(0.0, until - time.monotonic())):
                return None
            piece = os.read(self._answers.fileno(), PIECE)
            if not piece:
                raise ChildEnded(self._how_it_ended())
            self._unread += piece
        line, _, self._unread = self._unread.partition(b"\n")
        message: Message = json.loads(line)
        return message

    def returncode(self) -> int | None:
        """None while it lives."""
        return self._process.poll()

    def last_words(self) -> str:
        """The last line of its standard error."""
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - TAIL))
        lines = self._errors.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def end(self) -> None:
        """Kills it where it still lives."""
        self._process.kill()
        self._process.wait()
        self._ready.close()
        for pipe in (self._process.stdin, self._answers):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()  # type: ignore[union-attr]
        self._errors.close()

    def let_go(self) -> None:
        """Closes its standard input: it is to come to an end by itself."""
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _how_it_ended(self) -> str:
        code = self._process.wait()
        words = self.last_words()
        how = f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return f"{how}: {words}" if words else how


def serve(work: Callable[[Message, Tell], None], orphaned: Callable[[], None]) -> None:
    """A child's whole life: reads its request and works on it. `orphaned` is called, from another thread, when who
    started it is gone."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what else is printed is no message
    request = json.loads(sys.stdin.buffer.readline())

    def watch() -> None:
        while os.read(0, PIECE):
            pass
        orphaned()

    def tell(message: Message) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    threading.Thread(target=watch, daemon=True).start()
    work(request, tell)
    answers.flush()


def leave() -> None:
    """What most do when they are orphaned."""
    os._exit(1)

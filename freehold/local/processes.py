"""The programs of a local exchange: started in order, watched, and stopped in the reverse order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from freehold.errors import Refused

FAREWELL = 20.0
"""Seconds that each has to end by itself."""
BIN = Path(sys.executable).parent


@dataclass
class Processes:
    """`folder` gets a log for each."""

    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, command: Sequence[str | Path], **environment: str) -> None:
        """In a group of its own, so that Ctrl-C reaches this process alone."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                start_new_session=True,
            )

    def freehold(self, name: str, *arguments: str | Path, **environment: str) -> None:
        self.start(name, [BIN / "freehold", *arguments], **environment)

    def refuse_ended(self) -> None:
        """Raises Refused where one has ended, with its last words."""
        for name, process in self.running.items():
            if process.poll() is not None:
                raise Refused(f"{name} ended with {process.returncode}: {self.last_words(name)}")

    def wait_for(self, name: str, is_ready: Callable[[], bool], seconds: float = 60.0) -> None:
        until = time.monotonic() + seconds
        while True:
            self.refuse_ended()
            with suppress(Exception):  # not there yet: each library says so in its own way
                if is_ready():
                    return
            if time.monotonic() > until:
                raise Refused(f"{name} was not ready within {seconds:g} s: {self.last_words(name)}")
            time.sleep(0.1)

    def last_words(self, name: str) -> str:
        try:
            lines = (self.folder / f"{name}.log").read_text(errors="replace").strip().splitlines()
        except OSError:
            return "it said nothing"
        return lines[-1][:300] if lines else "it said nothing"

    def stop(self) -> None:
        """The newest first; who does not end by itself is killed."""
        for name in reversed(list(self.running)):
            process = self.running.pop(name)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(FAREWELL)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def run_once(command: Sequence[str | Path], folder: Path, name: str, environment: Mapping[str, str]) -> str:
    """To its end; what it printed. Raises Refused, with its last line."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, env={**os.environ, **environment}
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.log").write_text(done.stdout + done.stderr)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "nothing was said").splitlines()[-1]
        raise Refused(f"{name} failed: {last}")
    return done.stdout

"""The Solidity compiler as Ape finds it, `--version` and `--standard-json`: no input is compiled twice.

A request that names the files it wants is cut into parts: each wanted file with what it imports, and nothing else. An
answer is kept beside the compiler under the hash of its part and of the compiler's version, so that after an edit only
the edited file and those that import it are compiled, on all cores. A part's bytecode does not depend on what else is
compiled along. Its source maps number the files of the part alone, and there are no syntax trees: whoever reads them
asks for every file ("*"), which is answered in one piece.

Set-up writes the command `solc-v...`, which runs this file, and `worker`, which reads requests line by line and answers
them, into the folder `solc` of the environment. Only the standard library is used: it runs before anything is built.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

FOLDER = Path(sys.prefix) / "solc"
"""Of the environment that runs this."""
MOST_WORKERS = 4
"""Each takes up to 400 MB."""
KEPT_DAYS = 30
"""An answer that nobody asked for so long is removed."""
IMPORT = re.compile(r"""(?:^|;)\s*import\b[^;"']*["']([^"']+)["']""", re.MULTILINE)
"""What a statement imports. In a comment there may be the word, and quotes after it, but not at a line's beginning."""

IMMUTABLES = "evm.deployedBytecode.immutableReferences"
"""Asked for beside what Ape asks: `verification.py` compares code in which they have their values."""

Json = dict[str, Any]


class CompilerFailed(RuntimeError):
    """The compiler gave no answer."""


@dataclass(frozen=True)
class Part:
    """What is compiled in one go."""

    name: str
    """The wanted file, or "*"."""
    request: str

    @property
    def key(self) -> str:
        return sha256(f"{version()}\n{self.request}".encode()).hexdigest()


@dataclass(frozen=True)
class Compiled:
    """A part that was compiled just now."""

    part: Part
    answer: Json
    seconds: float
    done: int
    of: int


def is_set_up() -> bool:
    """This environment has the compiler."""
    return (FOLDER / "worker").is_file()


def version() -> str:
    """As the compiler says it; set-up asked."""
    return (FOLDER / "version").read_text()


def answer(request: Json, tell: Callable[[Compiled], None] = lambda _: None) -> Json:
    """The compiler's answer to a request in standard JSON. `tell` hears of each part that is compiled."""
    parts = parts_of(request)
    answers = {part: kept for part in parts if (kept := _kept(part)) is not None}
    for compiled in _compile([part for part in parts if part not in answers]):
        answers[compiled.part] = compiled.answer
        if not errors_of(compiled.answer):
            _keep(compiled)
        tell(compiled)
    _forget_old()
    return _merged([answers[part] for part in parts if part in answers])


def errors_of(answer: Json) -> list[str]:
    return [error["formattedMessage"] for error in answer.get("errors", []) if error["severity"] == "error"]


def missing(request: Json) -> int:
    """How many parts of a request are not kept."""
    return sum(not _place(part).exists() for part in parts_of(request))


def parts_of(request: Json) -> list[Part]:
    selection = request["settings"]["outputSelection"]
    if "*" in selection:
        return [Part("*", _line(request))]
    return [_part(request, name, wanted) for name, wanted in selection.items()]


def _part(request: Json, name: str, wanted: Json) -> Part:
    remappings = dict(remapping.split("=", 1) for remapping in request["settings"].get("remappings", []))
    used: set[str] = set()
    names = sorted(_closure(name, request["sources"], remappings, used))
    selected = {contract: [*dict.fromkeys([*outputs, IMMUTABLES])] for contract, outputs in wanted.items() if contract}
    settings = request["settings"] | {
        "outputSelection": {name: selected},
        "remappings": [f"{prefix}={target}" for prefix, target in sorted(remappings.items()) if prefix in used],
    }
    sources = {name: request["sources"][name] for name in names}
    return Part(name, _line(request | {"sources": sources, "settings": settings}))


def _closure(name: str, sources: Json, remappings: dict[str, str], used: set[str]) -> set[str]:
    """The file and all that it imports, of the sources given; adds the prefixes that were replaced to `used`."""
    found, waiting = set(), [name]
    while waiting:
        name = waiting.pop()
        if name in found or name not in sources:
            continue
        found.add(name)
        for imported in IMPORT.findall(sources[name]["content"]):
            prefixes = [prefix for prefix in remappings if imported.startswith(prefix)]
            if imported.startswith("."):
                imported = posixpath.normpath(posixpath.join(posixpath.dirname(name), imported))
            elif prefixes:
                prefix = max(prefixes, key=len)
                used.add(prefix)
                imported = remappings[prefix] + imported.removeprefix(prefix)
            waiting.append(imported)
    return found


def _line(request: Json) -> str:
    return json.dumps(request, sort_keys=True)


def _merged(answers: Iterable[Json]) -> Json:
    merged: Json = {"contracts": {}, "sources": {}}
    errors: dict[str, Json] = {}
    for one in answers:
        merged["contracts"] |= one.get("contracts", {})
        merged["sources"] |= one.get("sources", {})
        errors |= {error["formattedMessage"]: error for error in one.get("errors", [])}
    return merged | ({"errors": list(errors.values())} if errors else {})


def _place(part: Part) -> Path:
    return FOLDER / "kept" / f"{part.key}.json"


def _kept(part: Part) -> Json | None:
    place = _place(part)
    try:
        kept: Json = json.loads(place.read_text())
        os.utime(place)  # it is in use
        return kept
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def _keep(compiled: Compiled) -> None:
    place = _place(compiled.part)
    place.parent.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=place.parent, delete=False) as file:
        json.dump(compiled.answer, file)
    os.replace(file.name, place)


def _forget_old() -> None:
    oldest = time.time() - KEPT_DAYS * 86_400
    for place in (FOLDER / "kept").glob("*"):
        with suppress(FileNotFoundError):  # somebody else removed it
            if place.stat().st_mtime < oldest:
                place.unlink()


def _compile(parts: list[Part]) -> Iterator[Compiled]:
    """Those with most to read first, until one has an error."""
    waiting = sorted(parts, key=lambda part: len(part.request), reverse=True)
    workers = [_worker() for _ in range(min(len(waiting), MOST_WORKERS, os.cpu_count() or 1))]
    idle = deque(workers)

    def compile_one(part: Part) -> tuple[Part, Json, float]:
        worker, started = idle.popleft(), time.monotonic()
        output = _asked(worker, part)
        idle.append(worker)
        return part, output, time.monotonic() - started

    pool = ThreadPoolExecutor(max(len(workers), 1))
    try:
        tasks = [pool.submit(compile_one, part) for part in waiting]
        for done, task in enumerate(as_completed(tasks), start=1):
            compiled = Compiled(*task.result(), done, len(parts))
            yield compiled
            if errors_of(compiled.answer):
                return
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.kill()
            worker.wait()


def _worker() -> subprocess.Popen[str]:
    return subprocess.Popen([FOLDER / "worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _asked(worker: subprocess.Popen[str], part: Part) -> Json:
    assert worker.stdin is not None and worker.stdout is not None
    print(part.request, file=worker.stdin, flush=True)
    line = worker.stdout.readline()
    if not line:
        raise CompilerFailed(f"the compiler ended without an answer for {part.name}")
    answer: Json = json.loads(line)
    return answer


def main(arguments: list[str]) -> int:
    if "--version" in arguments:
        print(version(), end="")
    elif "--standard-json" in arguments:
        json.dump(answer(json.load(sys.stdin)), sys.stdout)
    else:
        print("solc: this one knows --version and --standard-json only", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

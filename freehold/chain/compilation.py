"""Ape's contracts as the sources are now: an edited file, and all that import it, are compiled before they are used.

Ape by itself looks at a contract's own file alone, and hands out old bytecode after an edit of a file that this one
imports. Its record of what is compiled, `.build/__local__.json`, is therefore dropped unless a stamp beside it says
that it was made here, of these very sources. What the record lacks is asked of `solc.py`, which compiles only what it
never saw. `python -m freehold.chain.compilation` compiles everything.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import click
from ape import compilers
from ape.contracts import ContractContainer
from ape.exceptions import CompilerError
from ape.logging import LogLevel, logger
from ape.managers.project import ContractManager, LocalProject

from freehold.chain import solc
from freehold.chain.packaged import CONFIG, is_checkout
from freehold.files import write_whole

NOTEWORTHY = 1.0
"""Seconds of compiling after which a file gets a line."""
NEEDED_BY_SCRIPTS = ("PlainToken.sol", "ObedientRegistry.sol", "ObedientEscapes.sol", "ExchangeShape.sol")
"""Of the folders `mocks` and `generated`, whose other files only tests deploy."""


class Contracts(ContractManager):
    """A project's contracts, never older than their sources. First comes what scripts need, the rest when asked for."""

    def get(self, name: str, compile_missing: bool = True, check_for_changes: bool = True) -> ContractContainer | None:
        if check_for_changes:
            bring_up_to_date(self.project, filter(needed_by_scripts, self.sources))
        if compile_missing and name not in (self.project.manifest.contract_types or {}):
            bring_up_to_date(self.project, self.sources)
        return super().get(name, compile_missing=False, check_for_changes=False)

    def __iter__(self) -> Iterator[str]:
        bring_up_to_date(self.project, self.sources)
        yield from super().__iter__()


def keep_fresh() -> None:
    """From here on the contracts of Freehold's checkouts are of their sources as they are. Other projects stay what
    Ape makes of them, with compilers of their own."""
    if solc.is_set_up() and is_checkout(Path.cwd()):
        os.environ.setdefault("SOLCX_BINARY_PATH", str(solc.FOLDER))
    contracts = cached_property(_manager_of)
    contracts.__set_name__(LocalProject, "contracts")
    cast(Any, LocalProject).contracts = contracts


def _manager_of(project: LocalProject) -> ContractManager:
    kind = Contracts if is_checkout(project.path) else ContractManager
    return kind(project, project.sources)


def bring_up_to_date(project: LocalProject, sources: Iterable[str]) -> None:
    """Drops Ape's record if any source changed, then compiles those of `sources` that it lacks."""
    stamp = project.manifest_path.with_name("compiled.json")
    compiled = _stamped(stamp, _fingerprint(project))
    if not compiled:
        cast(Any, project).clean()
    lacking = [source for source in sources if source not in compiled]
    if lacking:
        _compile_ahead(project, lacking)
        with logger.at_level(LogLevel.WARNING):  # it would list the files
            project.load_contracts(*lacking)
        content = {"of": _fingerprint(project), "files": sorted(compiled | set(lacking))}
        write_whole(stamp, json.dumps(content, indent=1))


def _stamped(stamp: Path, fingerprint: str) -> set[str]:
    """The files whose contracts Ape's record has; none if the record is of other sources, or was made elsewhere."""
    try:
        content = json.loads(stamp.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return set()
    return set(content["files"]) if content["of"] == fingerprint else set()


def _fingerprint(project: LocalProject) -> str:
    """Of all that the contracts are made from, and of Ape's record of them."""
    fingerprint = sha256()
    for path in (*project.sources.paths, project.path / CONFIG, solc.FOLDER / "version", project.manifest_path):
        content = sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        fingerprint.update(f"{path} {content}\n".encode())
    return fingerprint.hexdigest()


def needed_by_scripts(source: str) -> bool:
    path = Path(source)
    return path.parent.name not in ("mocks", "generated") or path.name in NEEDED_BY_SCRIPTS


def _compile_ahead(project: LocalProject, sources: list[str]) -> None:
    """Ape asks the compiler silently. Asked before, with the same requests, it has its answers ready."""
    solidity = compilers.get_compiler("solidity")
    paths = [project.path / source for source in sources if source.endswith(".sol")]
    if solidity is None or not paths or not solc.is_set_up():
        return
    for request in solidity.get_standard_input_json(paths, project=project).values():
        if lacking := solc.missing(request):
            started = time.monotonic()
            click.echo(f"Compiling {lacking} files of contracts (all of them take a minute on two cores)", err=True)
            if errors := solc.errors_of(solc.answer(request, _tell)):
                raise CompilerError("\n".join(errors))
            click.echo(f"Compiled in {time.monotonic() - started:.0f} s", err=True)


def _tell(compiled: solc.Compiled) -> None:
    if compiled.seconds > NOTEWORTHY:
        counted = f"{compiled.done} of {compiled.of}"
        click.echo(f"  {counted:>8}  {compiled.seconds:5.1f} s  {compiled.part.name}", err=True)


if __name__ == "__main__":
    from ape import project

    keep_fresh()
    bring_up_to_date(project, list(project.sources))

"""Kinds of arguments that commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from freehold.errors import Refused
from freehold.files import try_place
from prover.stark.parameters import NAMED

existing = click.Path(exists=True, dir_okay=False, path_type=Path)
parameters_option = click.option(
    "--parameters",
    "set_name",
    type=click.Choice(list(NAMED)),
    default="default",
    show_default=True,
    help="Named parameter set; `freehold security` lists them.",
)

trust_option = click.option(
    "--trust-hints",
    is_flag=True,
    help="Run all of the program's hints: Python of whoever wrote it, with all your rights.",
)

ROOM = 1 << 20
"""Bytes that a place must have room for: more than any proof here takes."""


class NewFile(click.Path):
    """A file to be written. Its place is tried, with room for a proof: refused before the work, not after it."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if not path.parent.is_dir():
            self.fail(f"there is no folder {path.parent}", param, ctx)
        try:
            try_place(path, ROOM)
        except Refused as error:
            self.fail(str(error), param, ctx)
        return path


class NewFolder(click.Path):
    """A folder for files to be written, made where it is missing; tried like a file's place."""

    def __init__(self) -> None:
        super().__init__(file_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        folder = Path(os.fsdecode(super().convert(value, param, ctx)))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            try_place(folder / "trial", ROOM)
        except OSError as error:
            self.fail(f"the folder {folder} cannot be made: {error.strerror}", param, ctx)
        except Refused as error:
            self.fail(str(error), param, ctx)
        return folder

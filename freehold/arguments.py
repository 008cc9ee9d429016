"""Kinds of arguments that commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

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


class NewFile(click.Path):
    """A file to be written, in a folder that is there and may be written to: refused before the work, not after it."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        folder = path.parent
        if not folder.is_dir():
            self.fail(f"there is no folder {folder}", param, ctx)
        if not os.access(folder, os.W_OK):
            self.fail(f"the folder {folder} may not be written to", param, ctx)
        return path

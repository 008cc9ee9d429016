"""`ape run sources FOLDER`: the compiler's input for each deployed contract, for whoever verifies sources."""

from pathlib import Path

import click

from freehold.chain.bundle import write_bundle


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def cli(folder: Path) -> None:
    """Write NAME.json into FOLDER for each contract of a deployment: standard JSON, which gives the same bytecode.

    Explorers take such a file as it is ("Solidity (Standard-Json-Input)"), with the compiler of FOLDER/compiler.txt.
    """
    click.echo(f"{len(write_bundle(folder))} files in {folder}")

"""`freehold oracle`: prices and funding rates from a seed, signed, for exchanges without a market of their own."""

from __future__ import annotations

from pathlib import Path

import click

from freehold.arguments import existing


@click.group("oracle")
def oracle_group() -> None:
    """Serve signed prices and funding rates that follow from a seed."""


@oracle_group.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path("."))
@click.option("--signers", type=click.IntRange(1, 64), default=3, show_default=True, help="Keys to make.")
def init_command(folder: Path, signers: int) -> None:
    """Make signers' keys, and settings, in FOLDER. The public keys are printed: an exchange's configuration names them.

    The file of the keys is secret, and only its owner may read it.
    """
    from freehold.services.oracle.service import KEYS, SETTINGS, init

    for key in init(folder, signers):
        click.echo(f"{key:#x}")
    click.echo(f"keys in {folder / KEYS}, settings in {folder / SETTINGS}", err=True)


@oracle_group.command("run")
@click.option("--config", type=existing, required=True, help="The settings' file.")
def run_command(config: Path) -> None:
    """Serve /quotes and /funding until stopped."""
    from freehold.services.oracle.service import run

    run(config)

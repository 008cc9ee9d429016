"""`ape run verify_deployment`: whether a deployed exchange is what this source tree deploys."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from freehold.chain.verification import Line, as_json, is_same, read_config, verify_deployment
from scripts._arguments import Script


@click.command(cls=Script)
@click.argument("address")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The general configuration's file, whose hashes the exchange ought to have.",
)
@click.option("--from-block", default=0, show_default=True, help="The exchange has no older logs.")
@click.option("--json", "in_json", is_flag=True, help="A list of lines for programs.")
@click.pass_context
def cli(context: click.Context, address: str, config: Path | None, from_block: int, in_json: bool) -> None:
    """Compare the exchange at ADDRESS with this source tree: code, tables, parameters, program, delays.

    Who may do what is listed. Reads only. Ends with 0 if all that the source tree knows is the same, with 1 if
    something differs or cannot be told.
    """
    lines = verify_deployment(address, read_config(config) if config else None, from_block)
    if in_json:
        click.echo(as_json(lines))
    else:
        show(lines)
    context.exit(0 if is_same(lines) else 1)


def show(lines: list[Line]) -> None:
    table = Table()
    for name in ("part", "what", "verdict", "found", "reason"):
        table.add_column(name, overflow="fold")
    for line in lines:
        table.add_row(line.part, line.what, line.verdict.value, line.found, line.reason)
    Console().print(table)

"""`ape run abi`: write the exchange's ABI, with every event and error, into the package."""

from pathlib import Path

import click

from freehold.chain.bundle import ABI, exchange_abi
from freehold.files import write_whole


@click.command()
def cli() -> None:
    """Make freehold/exchange_abi.json anew, after a change of the interfaces. To be run in the source tree."""
    path = Path("freehold") / ABI
    write_whole(path, exchange_abi())
    click.echo(f"{path} is written")

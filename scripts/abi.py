"""`ape run abi`: write the contracts' ABIs, with every event and error, into the package."""

from pathlib import Path

import click

from freehold.abi import BESIDE, EXCHANGE
from freehold.chain.bundle import contracts_abi, exchange_abi
from freehold.files import write_whole


@click.command()
def cli() -> None:
    """Make the ABIs in freehold/ anew, after a change of the interfaces. To be run in the source tree."""
    for name, make in ((EXCHANGE, exchange_abi), (BESIDE, contracts_abi)):
        path = Path("freehold") / name
        write_whole(path, make())
        click.echo(f"{path} is written")

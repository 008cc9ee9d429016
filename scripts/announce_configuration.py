"""`ape run announce_configuration FILE`: announce a configuration that the exchange is to have."""

from pathlib import Path

import click

from freehold.chain.configuration import announce, changes, read_config, refuse_stopping
from freehold.chain.exchange import open_exchange
from freehold.chain.record import place_of
from freehold.records import read_state
from scripts._arguments import Script, account_of, exchange_option


@click.command(cls=Script)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@exchange_option
@click.option("--account", help="A main governor.")
def cli(file: Path, deployment: str | None, account: str | None) -> None:
    """Announce what FILE changes: a parameter file, or a JSON document of the configuration.

    A configuration under which nothing would go on is refused. It says when each change is due and when it lapses.
    """
    place = place_of(deployment)
    exchange = open_exchange(place)
    config = read_config(file, exchange)
    refuse_stopping(exchange.contract, config, *read_state(place.state_file))
    wanted = changes(exchange.contract, config)
    if not wanted:
        raise click.UsageError("the exchange has this configuration already")
    announce(exchange.contract, account_of(account), wanted, click.echo)

"""`ape run apply_configuration FILE`: apply a configuration that was announced and is due."""

from pathlib import Path

import click

from freehold.chain.configuration import apply, changes, read_config, refuse_stopping
from freehold.chain.exchange import open_exchange
from freehold.chain.record import place_of
from freehold.records import read_state
from scripts._arguments import Script, account_of, exchange_option


@click.command(cls=Script)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@exchange_option
@click.option("--account", help="A main governor.")
def cli(file: Path, deployment: str | None, account: str | None) -> None:
    """Apply what FILE changes, once all of it is due. Stopped, the same command goes on.

    The document beside the record has the new configuration in the end. Batches that were proven under the old one are
    refused from then on.
    """
    place = place_of(deployment)
    exchange = open_exchange(place)
    config, (before, state) = read_config(file, exchange), read_state(place.state_file)
    refuse_stopping(exchange.contract, config, before, state)
    wanted = changes(exchange.contract, config)
    if not wanted and config == before:
        raise click.UsageError("the exchange has this configuration already")
    if wanted:
        apply(exchange.contract, account_of(account), wanted, click.echo)
    place.write_state(config, state)
    click.echo(f"batches are under this configuration from now on; it is in {place.state_file}")

"""`ape run last_state FILE`: write a rollup's last state, from which anybody leaves, out of what the chain has."""

from pathlib import Path

import click

from freehold.arguments import NewFile
from freehold.chain.exchange import Exchange, open_exchange
from freehold.chain.record import place_of
from freehold.errors import Refused
from freehold.records import Place, read_state, write_state, write_to_leave
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.state import State
from scripts._arguments import Script, exchange_option, state_option
from scripts._last_state import state_from_chain


@click.command(cls=Script)
@click.argument("file", type=NewFile())
@exchange_option
@state_option
def cli(file: Path, deployment: str | None, state: Path | None) -> None:
    """Read every batch that the exchange took and write the state after the last one into FILE.

    Each batch is checked against the roots that its proof names, the last state against the exchange. --state begins
    with an older state. The file is what `ape run escape --state` and `freehold leave` take; it has the
    configuration too if --state, or the state's file beside the record, has the one that the chain names.
    """
    place = place_of(deployment)
    exchange = open_exchange(place)
    last = state_from_chain(exchange, place, state)
    config = _config(exchange, place, state, last)
    if config is None:
        write_to_leave(file, exchange.asset_type, last)
    else:
        write_state(file, config, last)
    without = "" if config else ", without the configuration, which is not on chain: good for an escape"
    click.echo(f"{len(last.positions)} positions, state 0x{last.hash().hex()}, in {file}{without}")


def _config(exchange: Exchange, place: Place, path: Path | None, last: State) -> GeneralConfig | None:
    """The configuration of a file at hand, if it is the exchange's."""
    try:
        config, _ = read_state(path or place.state_file)
    except Refused:
        return None
    ids = {asset_id for asset_id, _ in last.funding_indices} | {asset_id for asset_id, _ in last.oracle_prices}
    known = ids <= {asset.asset_id for asset in config.synthetic_assets}
    contract = exchange.contract
    hashes = [(contract.globalConfigurationHash(), config.hash())]
    hashes += [(contract.configurationHash(asset.asset_id), asset.hash()) for asset in config.synthetic_assets]
    return config if known and all(int.from_bytes(chain, "big") == own for chain, own in hashes) else None

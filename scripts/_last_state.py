"""A rollup's last state, read from the chain: shared by the scripts that need it."""

from __future__ import annotations

from pathlib import Path

import click

from freehold.chain.exchange import Exchange
from freehold.errors import Refused
from freehold.leaving.from_chain import states_from_chain
from freehold.records import Place, read_state, read_to_leave, write_to_leave
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.state import State
from scripts._arguments import progress_on_stderr

from_chain_option = click.option(
    "--from-chain",
    is_flag=True,
    help="Of a rollup: read the last state from the chain, from --state on if one is named, else from the first batch.",
)


def state_from_chain(exchange: Exchange, place: Place, start: Path | None) -> State:
    """The last state. If the reading breaks off, what was read is kept beside the record, for the next --state."""
    begun = None if start is None else read_to_leave(start)[1]
    reached = begun
    try:
        for state in states_from_chain(exchange, begun, progress_on_stderr("published batches")):
            reached = state
    except Refused as error:
        if reached is begun or reached is None:
            raise
        kept = place.state_file.with_name("partial-state.json")
        write_to_leave(kept, exchange.asset_type, reached)
        raise Refused(f"{error}. {kept} has the state up to there: go on with --state {kept}") from error
    if reached is None:
        raise Refused("no batch was accepted yet: no position holds anything, and deposits can be cancelled")
    if not exchange.is_last(reached):
        raise Refused("the exchange took another batch in the meantime: try again")
    return reached


def known_state(path: Path | None, place: Place) -> tuple[GeneralConfig, State] | None:
    """The state of the file named, else of the one beside the record if it is there."""
    if path is None and not place.state_file.is_file():
        return None
    return read_state(path or place.state_file)


def known_config(path: Path | None, place: Place) -> GeneralConfig | None:
    """The configuration of the same file; None if it has none."""
    try:
        known = known_state(path, place)
    except Refused:
        if path is not None:
            raise
        return None
    return known[0] if known else None

"""`ape run deposit`: put collateral down for a position; the next batch takes it in."""

from pathlib import Path

import click

from freehold.chain.exchange import open_exchange
from freehold.chain.record import place_of
from freehold.errors import Refused
from freehold.leaving.depositing import deposit_calls, refuse_by_state, refuse_stuck
from freehold.records import Place, read_to_leave
from prover.applications.perpetual.state import State
from scripts._arguments import (
    Script,
    account_of,
    cost,
    dry_run_option,
    exchange_option,
    position_of,
    position_options,
    stark_key_of,
    state_option,
    transact,
)


@click.command(cls=Script)
@exchange_option
@click.option("--account", help="Who pays.")
@position_options
@click.option("--amount", required=True, help="How much, in units of the token.")
@click.option("--for-another", is_flag=True, help="The Stark key is another account's, who alone can have it back.")
@state_option
@dry_run_option
def cli(
    deployment: str | None,
    account: str | None,
    stark_key: str,
    position: str,
    amount: str,
    for_another: bool,
    state: Path | None,
    dry_run: bool,
) -> None:
    """Deposit collateral into a position; the token is approved first where it must be.

    Until a batch takes the deposit in it can be cancelled. What no batch could take is refused.
    """
    place = place_of(deployment)
    exchange = open_exchange(place)
    key, position_id, quanta = stark_key_of(stark_key), position_of(position), exchange.quanta(amount)
    sender = account_of(account)
    refuse_stuck(exchange, sender.address, key, position_id, quanta, for_another)
    refuse_by_state(exchange, _known(state, place), key, position_id, quanta)
    calls = deposit_calls(exchange, sender.address, key, position_id, quanta, sender.balance)
    if receipts := transact(calls, sender, dry_run):
        click.echo(f"deposited {exchange.coins(quanta)} into position {position_id} ({cost(receipts)})")
        click.echo("a batch takes it in; until then `ape run deposit_cancel` asks for it back")


def _known(path: Path | None, place: Place) -> State | None:
    """Of the file that was named, or of the one beside the record, if that is one."""
    if path is not None:
        return read_to_leave(path)[1]
    try:
        return read_to_leave(place.state_file)[1]
    except Refused:
        return None

"""`ape run escape`: leave a frozen exchange with what its last state owes a position. Anyone may send it."""

from pathlib import Path

import click

from freehold.chain.exchange import Exchange, open_exchange
from freehold.chain.record import place_of
from freehold.leaving.escape import plan_escape
from freehold.records import Place, read_to_leave
from prover.applications.ledger.units import CollateralId
from prover.applications.perpetual.state import State
from scripts._arguments import (
    Script,
    account_of,
    cost,
    dry_run_option,
    exchange_option,
    position_of,
    state_option,
    tell_booked,
    tell_deposits,
    transact,
)
from scripts._last_state import from_chain_option, state_from_chain


@click.command(cls=Script)
@exchange_option
@click.option("--account", help="Who sends it; the money goes to the owner of the position's key.")
@click.option("--position", required=True, help="The position's id.")
@state_option
@from_chain_option
@dry_run_option
def cli(
    deployment: str | None, account: str | None, position: str, state: Path | None, from_chain: bool, dry_run: bool
) -> None:
    """Prove a position of the last state, escape with its worth and pay it to its owner.

    The state is public data: the committee keeps it, or the chain has it (--from-chain). Nothing of the operator is
    needed.
    """
    place = place_of(deployment)
    exchange = open_exchange(place)
    position_id = position_of(position)
    if not exchange.contract.isFrozen():
        raise click.UsageError("the exchange is not frozen: `ape run forced_withdrawal` is the way out")
    tell_deposits(exchange, None, position_id)
    collateral, last = _last_state(exchange, place, state, from_chain)
    escape = plan_escape(exchange, collateral, last, position_id)
    if receipts := transact(escape.calls(), account_of(account), dry_run):
        (payment,) = receipts[-1].decode_logs(exchange.contract.LogWithdrawalPerformed)
        click.echo(f"paid {exchange.coins(payment.quantizedAmount)} to {escape.owner} ({cost(receipts)})")
        tell_booked(exchange, payment.ownerKey)


def _last_state(exchange: Exchange, place: Place, path: Path | None, from_chain: bool) -> tuple[CollateralId, State]:
    if from_chain:
        return exchange.asset_type, state_from_chain(exchange, place, path)
    return read_to_leave(path or place.state_file)

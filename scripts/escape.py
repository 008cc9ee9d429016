"""`ape run escape`: leave a frozen exchange with what its last state owes a position. Anyone may send it."""

from pathlib import Path

import click

from freehold.chain.exchange import open_exchange
from freehold.chain.record import place_of
from freehold.leaving.escape import plan_escape
from freehold.records import read_state
from scripts._arguments import Script, account_of, exchange_option, position_of, state_option


@click.command(cls=Script)
@exchange_option
@click.option("--account", help="Who sends it; the money goes to the owner of the position's key.")
@click.option("--position", required=True, help="The position's id.")
@state_option
def cli(deployment: str | None, account: str | None, position: str, state: Path | None) -> None:
    """Prove a position of the last state, escape with its worth and pay it to its owner.

    The state is public data: the committee keeps it, or the chain has it. Nothing of the operator is needed.
    """
    place = place_of(deployment)
    exchange = open_exchange(place)
    contract, position_id = exchange.contract, position_of(position)
    if not contract.isFrozen():
        raise click.UsageError("the exchange is not frozen: `ape run forced_withdrawal` is the way out")
    config, last = read_state(state or place.state_file)
    escape = plan_escape(exchange, config, last, position_id)
    receipts = escape.send(account_of(account))
    gas = sum(receipt.gas_used for receipt in receipts)
    (payment,) = receipts[-1].decode_logs(contract.LogWithdrawalPerformed)
    paid = exchange.coins(payment.quantizedAmount)
    click.echo(f"paid {paid} to {escape.owner} ({gas:,} gas in {len(receipts)} transactions)")
    booked = contract.getWithdrawalBalance(payment.ownerKey, escape.collateral)
    if booked:
        click.echo(f"{exchange.coins(booked)} stay booked: the exchange holds less than it owes")

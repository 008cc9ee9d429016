"""`ape run escape`: leave a frozen exchange with what its last state owes a position. Anyone may send it."""

from pathlib import Path

import click

from freehold.chain.exchange import open_exchange
from freehold.chain.record import STATE, read_state
from freehold.leaving.escape import plan_escape
from scripts._arguments import Script, account_of, exchange_option, position_of


@click.command(cls=Script)
@exchange_option
@click.option("--account", help="Who sends it; the money goes to the owner of the position's key.")
@click.option("--position", required=True, help="The position's id.")
@click.option(
    "--state", default=STATE, show_default=True, type=click.Path(dir_okay=False, path_type=Path), help="The last state."
)
def cli(deployment: Path, account: str | None, position: str, state: Path) -> None:
    """Prove a position of the last state, escape with its worth and pay it to its owner.

    The state is public data: the committee keeps it, or the chain has it. Nothing of the operator is needed.
    """
    exchange = open_exchange(deployment)
    contract, position_id = exchange.contract, position_of(position)
    if not contract.isFrozen():
        raise click.UsageError("the exchange is not frozen: `ape run forced_withdrawal` is the way out")
    config, last = read_state(state)
    escape = plan_escape(exchange, config, last, position_id)
    receipts = escape.send(account_of(account))
    gas = sum(receipt.gas_used for receipt in receipts)
    click.echo(f"paid {exchange.coins(escape.worth)} to {escape.owner} ({gas:,} gas in {len(receipts)} transactions)")

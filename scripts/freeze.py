"""`ape run freeze`: stop an exchange whose operator did not serve a forced request in time. Anyone may."""

from pathlib import Path

import click

from freehold.chain.exchange import open_exchange, span
from scripts._arguments import Script, account_of, exchange_option, position_of, position_options, stark_key_of


@click.command(cls=Script)
@exchange_option
@click.option("--account", help="Who sends it; anyone may.")
@position_options
@click.option("--amount", required=True, help="The amount that was requested, in units of the token.")
def cli(deployment: Path, account: str | None, stark_key: str, position: str, amount: str) -> None:
    """Freeze an exchange because of one late request; `ape run status` lists those that are pending."""
    exchange = open_exchange(deployment)
    key, position_id, quanta = stark_key_of(stark_key), position_of(position), exchange.quanta(amount)
    if exchange.contract.isFrozen():
        raise click.UsageError("the exchange is frozen already")
    request = exchange.request(key, position_id, quanta)
    if request is None:
        raise click.UsageError("no such request is pending: it was never made, or was served")
    if request.left > 0:
        raise click.UsageError(f"it is too early: the operator has {span(request.left)} left")
    receipt = exchange.contract.freezeRequest(key, position_id, quanta, sender=account_of(account))
    click.echo(f"frozen ({receipt.gas_used:,} gas, transaction {receipt.txn_hash}); `ape run escape` pays who is owed")

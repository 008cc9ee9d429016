"""`ape run withdraw`: pay out what a Stark key may take. Anyone may send it; the owner is paid."""

import click

from freehold.chain.exchange import open_exchange
from freehold.chain.record import place_of
from scripts._arguments import Script, account_of, exchange_option, stark_key_of


@click.command(cls=Script)
@exchange_option
@click.option("--account", help="Who sends it; the money goes to the owner of the Stark key.")
@click.option("--stark-key", required=True, help="The Stark key whose withdrawals were accepted, in hex.")
def cli(deployment: str | None, account: str | None, stark_key: str) -> None:
    """Pay what accepted batches and escapes left for a Stark key to its owner, frozen or not."""
    exchange, key = open_exchange(place_of(deployment)), stark_key_of(stark_key)
    contract = exchange.contract
    owner = contract.getEthKey(key)
    if int(owner, 16) == 0:
        raise click.UsageError(f"the Stark key {key:#x} is not registered: nobody can be paid")
    collateral = contract.getSystemAssetType()
    booked, amount = contract.getWithdrawalBalance(key, collateral), contract.payableNow(key, collateral)
    if booked == 0:
        raise click.UsageError(f"nothing waits for the Stark key {key:#x}")
    if amount == 0:
        raise click.UsageError(f"{exchange.coins(booked)} are booked, and nothing is left to be paid now")
    receipt = contract.withdraw(key, collateral, sender=account_of(account))
    click.echo(f"paid {exchange.coins(amount)} to {owner} ({receipt.gas_used:,} gas, transaction {receipt.txn_hash})")
    if amount < booked:
        click.echo(f"{exchange.coins(booked - amount)} stay booked: the exchange holds less than it owes")

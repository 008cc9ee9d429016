"""`ape run withdraw`: pay out what a Stark key may take. Anyone may send it; the owner is paid."""

from pathlib import Path

import click

from freehold.chain.exchange import open_exchange
from scripts._arguments import Script, account_of, exchange_option, stark_key_of


@click.command(cls=Script)
@exchange_option
@click.option("--account", help="Who sends it; the money goes to the owner of the Stark key.")
@click.option("--stark-key", required=True, help="The Stark key whose withdrawals were accepted, in hex.")
def cli(deployment: Path, account: str | None, stark_key: str) -> None:
    """Pay what accepted batches and escapes left for a Stark key to its owner, frozen or not."""
    exchange, key = open_exchange(deployment), stark_key_of(stark_key)
    contract = exchange.contract
    owner = contract.getEthKey(key)
    if int(owner, 16) == 0:
        raise click.UsageError(f"the Stark key {key:#x} is not registered: nobody can be paid")
    collateral = contract.getSystemAssetType()
    amount = contract.getWithdrawalBalance(key, collateral)
    if amount == 0:
        raise click.UsageError(f"nothing waits for the Stark key {key:#x}")
    receipt = contract.withdraw(key, collateral, sender=account_of(account))
    click.echo(f"paid {exchange.coins(amount)} to {owner} ({receipt.gas_used:,} gas, transaction {receipt.txn_hash})")

"""`ape run withdraw`: pay out what a Stark key may take. Anyone may send it; the owner is paid."""

import click

from freehold.chain.calls import ContractCall
from freehold.chain.exchange import open_exchange
from freehold.chain.record import place_of
from scripts._arguments import (
    Script,
    account_of,
    cost,
    dry_run_option,
    exchange_option,
    key_option,
    stark_key_of,
    tell_booked,
    tell_deposits,
    transact,
)


@click.command(cls=Script)
@exchange_option
@click.option("--account", help="Who sends it; the money goes to the owner of the Stark key.")
@key_option
@dry_run_option
def cli(deployment: str | None, account: str | None, stark_key: str, dry_run: bool) -> None:
    """Pay what accepted batches and escapes left for a Stark key to its owner, frozen or not."""
    exchange, key = open_exchange(place_of(deployment)), stark_key_of(stark_key)
    owner = exchange.owner_of(key)
    if owner is None:
        raise click.UsageError(
            f"the Stark key {key:#x} is not registered: nobody can be paid before `ape run register` did it"
        )
    collateral = exchange.asset_type
    booked, amount = exchange.contract.getWithdrawalBalance(key, collateral), exchange.payable_now(key)
    if booked == 0:
        tell_deposits(exchange, key, None)
        raise click.UsageError(
            f"nothing waits for the Stark key {key:#x}; `ape run status --stark-key` says what happened"
        )
    if amount == 0:
        raise click.UsageError(f"{exchange.coins(booked)} are booked, and nothing is left to be paid now")
    call = ContractCall(f"pay {exchange.coins(amount)} to {owner}", exchange.contract, "withdraw", (key, collateral))
    if receipts := transact([call], account_of(account), dry_run):
        click.echo(f"paid {exchange.coins(amount)} to {owner} ({cost(receipts)})")
        tell_booked(exchange, key)
    tell_deposits(exchange, key, None)

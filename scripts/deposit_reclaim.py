"""`ape run deposit_reclaim`: take a cancelled deposit back."""

import click

from freehold.chain.calls import ContractCall
from freehold.chain.exchange import date, open_exchange, span
from freehold.chain.managers import chain
from freehold.chain.record import place_of
from freehold.leaving.deposits import deposit_in
from scripts._arguments import (
    Script,
    account_of,
    cost,
    dry_run_option,
    exchange_option,
    position_of,
    position_options,
    stark_key_of,
    transact,
)


@click.command(cls=Script)
@exchange_option
@click.option("--account", help="The address that the Stark key is registered to; it is paid.")
@position_options
@dry_run_option
def cli(deployment: str | None, account: str | None, stark_key: str, position: str, dry_run: bool) -> None:
    """Pay what is left of a cancelled deposit to its owner, once the delay is over, frozen or not."""
    exchange = open_exchange(place_of(deployment))
    key, position_id = stark_key_of(stark_key), position_of(position)
    deposit = deposit_in(exchange, key, position_id)
    if deposit is None:
        raise click.UsageError("no such deposit waits: it was never made, was taken by a batch, or was reclaimed")
    if deposit.reclaimable_at is None:
        raise click.UsageError("it was not cancelled: `ape run deposit_cancel` first")
    left = deposit.reclaimable_at - int(chain.pending_timestamp)
    if left > 0:
        raise click.UsageError(
            f"it is too early by {span(left)}: reclaim it at {date(deposit.reclaimable_at)} or later"
        )
    owner = account_of(account)
    exchange.refuse_stranger(owner, key)
    what = f"pay {exchange.coins(deposit.amount)} of position {position_id} back to {owner.address}"
    call = ContractCall(what, exchange.contract, "depositReclaim", (key, exchange.asset_type, position_id))
    if receipts := transact([call], owner, dry_run):
        click.echo(f"paid {exchange.coins(deposit.amount)} to {owner.address} ({cost(receipts)})")

"""`ape run deposit_cancel`: ask for a deposit back that no batch has taken."""

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
@click.option("--account", help="The address that the Stark key is registered to.")
@position_options
@click.option("--again", is_flag=True, help="Cancel once more, which starts the delay anew.")
@dry_run_option
def cli(deployment: str | None, account: str | None, stark_key: str, position: str, again: bool, dry_run: bool) -> None:
    """Cancel all that waits for a position under a Stark key, frozen or not; after a delay it can be reclaimed."""
    exchange = open_exchange(place_of(deployment))
    key, position_id = stark_key_of(stark_key), position_of(position)
    deposit = deposit_in(exchange, key, position_id)
    if deposit is None:
        raise click.UsageError("no such deposit waits: it was never made, was taken by a batch, or was reclaimed")
    owner = account_of(account)
    exchange.refuse_stranger(owner, key)
    if deposit.reclaimable_at is not None and not again:
        raise click.UsageError(
            f"it was cancelled at {date(deposit.cancelled_at)}: {deposit.advice(frozen=True)}; --again starts the "
            "delay anew"
        )
    what = f"ask for {exchange.coins(deposit.amount)} of position {position_id} back"
    call = ContractCall(what, exchange.contract, "depositCancel", (key, exchange.asset_type, position_id))
    if receipts := transact([call], owner, dry_run):
        until = chain.blocks.head.timestamp + deposit.delay
        click.echo(
            f"cancelled ({cost(receipts)}); `ape run deposit_reclaim` in {span(deposit.delay)}, at {date(until)}"
        )

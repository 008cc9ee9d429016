"""`ape run forced_withdrawal`: request a withdrawal that the operator must serve, or prove invalid, in time."""

from pathlib import Path

import click

from freehold.chain.exchange import open_exchange, span
from freehold.chain.record import place_of
from freehold.leaving.forced_request import warning_of
from prover.applications.perpetual.transactions import ForcedWithdrawal
from scripts._arguments import (
    Script,
    account_of,
    exchange_option,
    position_of,
    position_options,
    stark_key_of,
    state_option,
)
from scripts._last_state import known_state


@click.command(cls=Script)
@exchange_option
@click.option("--account", help="The address that the Stark key is registered to.")
@position_options
@click.option("--amount", required=True, help="How much, in units of the token.")
@click.option("--premium", is_flag=True, help="Burn a million gas, to be sure of a place in a crowded block.")
@state_option
@click.option("--yes", is_flag=True, help="Send without asking, whatever there is to warn of.")
def cli(
    deployment: str | None,
    account: str | None,
    stark_key: str,
    position: str,
    amount: str,
    premium: bool,
    state: Path | None,
    yes: bool,
) -> None:
    """Request collateral out of a position. If it is not served in time, anyone may freeze the exchange.

    By the exchange's last state it warns of a request that would be proven invalid, of a position that a deleverage
    could close before, and of a thin margin after it.
    """
    place = place_of(deployment)
    exchange = open_exchange(place)
    key, position_id, quanta = stark_key_of(stark_key), position_of(position), exchange.quanta(amount)
    exchange.refuse_if_frozen()
    owner = account_of(account)
    exchange.refuse_stranger(owner, key)
    if request := exchange.request(key, position_id, quanta):
        raise click.UsageError(f"the same request is pending already, with {span(max(request.left, 0))} left")
    if not premium and exchange.free_requests_left() == 0:
        raise click.UsageError("this block has no free place left: wait for the next, or use --premium")
    wanted = ForcedWithdrawal(public_key=key, position_id=position_id, amount=quanta)
    warning = warning_of(exchange, known_state(state, place), wanted)
    if warning:
        click.echo(f"warning: {warning}")
        if not yes:
            click.confirm("Send it all the same?", abort=True)
    receipt = exchange.contract.forcedWithdrawalRequest(key, position_id, quanta, premium, sender=owner)
    click.echo(f"requested {exchange.coins(quanta)} ({receipt.gas_used:,} gas, transaction {receipt.txn_hash})")
    grace = exchange.contract.FREEZE_GRACE_PERIOD()
    click.echo(f"the operator has {span(grace)}; after that `ape run freeze` stops the exchange")

"""`ape run forced_withdrawal`: demand a withdrawal that the operator must serve, or prove invalid, in time."""

from pathlib import Path

import click

from prover.applications.ledger.fields import FXP32
from prover.applications.perpetual.batch import Batch, apply_batch
from prover.applications.perpetual.errors import Code, RuleBroken
from prover.applications.perpetual.margin import margin_left, totals
from prover.applications.perpetual.transactions import ForcedWithdrawal
from scripts._arguments import Script, account_of
from scripts._exchange import (
    Exchange,
    exchange_option,
    open_exchange,
    position_of,
    position_options,
    span,
    stark_key_of,
)
from scripts._record import STATE, read_state


@click.command(cls=Script)
@exchange_option
@click.option("--account", help="The address that the Stark key is registered to.")
@position_options
@click.option("--amount", required=True, help="How much, in units of the token.")
@click.option("--premium", is_flag=True, help="Burn a million gas, to be sure of a place in a crowded block.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The exchange's last state: warns of a vain or careless demand.",
)
@click.option("--yes", is_flag=True, help="Send without asking, whatever there is to warn of.")
def cli(deployment, account, stark_key, position, amount, premium, state, yes):
    """Demand collateral out of a position. If nobody serves it in time, anyone may freeze the exchange."""
    exchange = open_exchange(deployment)
    key, position_id, quanta = stark_key_of(stark_key), position_of(position), exchange.quanta(amount)
    exchange.refuse_if_frozen()
    owner = account_of(account)
    exchange.refuse_stranger(owner, key)
    if request := exchange.request(key, position_id, quanta):
        raise click.UsageError(f"the same demand waits already, with {span(max(request.left, 0))} left")
    if not premium and exchange.contract.freeRequestsLeft() == 0:
        raise click.UsageError("this block has no free place left: wait for the next, or use --premium")
    demand = ForcedWithdrawal(public_key=key, position_id=position_id, amount=quanta)
    warning = warning_of(exchange, state, demand)
    if warning:
        click.echo(f"warning: {warning}")
        if not yes:
            click.confirm("Send it all the same?", abort=True)
    receipt = exchange.contract.forcedWithdrawalRequest(key, position_id, quanta, premium, sender=owner)
    request = exchange.request(key, position_id, quanta)
    click.echo(f"demanded {exchange.coins(quanta)} ({receipt.gas_used:,} gas, transaction {receipt.txn_hash})")
    click.echo(f"the operator has {span(request.left)}; after that `ape run freeze` stops the exchange")


def warning_of(exchange: Exchange, state_file: Path | None, demand: ForcedWithdrawal) -> str:
    """What there is to say against the demand by the last state; empty if nothing is, or if nobody knows the state."""
    if state_file is None and not STATE.is_file():
        return ""
    config, state = read_state(STATE if state_file is None else state_file)
    if state.hash() != bytes(exchange.contract.sharedStateHash()):
        return "the state file is not the state on chain: nobody knows what the demand would come to"
    try:
        batch = apply_batch(config, state, [demand], 0)
    except RuleBroken as error:
        return f"in the last state nothing can be served: {error}"
    (code,) = batch.served
    if code != Code.SUCCESS:
        return f"in the last state this would be proven invalid ({code.name})"
    return thin_margin(exchange, batch, demand.position_id)


def thin_margin(exchange: Exchange, batch: Batch, position_id: int) -> str:
    """Who takes what the margin allows and keeps the risk is soon liquidated (S4-11): a forced trade goes first.

    Said where the position's value would be less than twice what it must be.
    """
    position, market = batch.after.position(position_id), batch.after.market(batch.config)
    left = margin_left(position, market)
    if left * FXP32**2 >= totals(position, market).total_risk:
        return ""
    return (
        f"the position would keep its synthetic assets and be worth {exchange.coins(left)} more than its margin: "
        "after a greater loss the operator may liquidate it. A forced trade first closes the risk"
    )

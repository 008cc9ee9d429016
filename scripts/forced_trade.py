"""`ape run forced_trade OFFER`: party A's half of a forced trade: request what party B offered."""

from pathlib import Path

import click

from freehold.arguments import existing
from freehold.chain.exchange import open_exchange, span
from freehold.chain.record import place_of
from freehold.leaving.forced_request import warning_of
from freehold.leaving.forced_trade import Offer, Terms, accept
from scripts._arguments import Script, account_of, cost, dry_run_option, exchange_option, state_option, transact
from scripts._last_state import known_config, known_state


@click.command(cls=Script)
@click.argument("offer", type=existing)
@exchange_option
@click.option("--account", help="Party A: the address that its Stark key is registered to.")
@click.option("--premium", is_flag=True, help="Burn a million gas, to be sure of a place in a crowded block.")
@state_option
@click.option("--yes", is_flag=True, help="Send without asking, whatever there is to warn of.")
@dry_run_option
def cli(
    offer: Path,
    deployment: str | None,
    account: str | None,
    premium: bool,
    state: Path | None,
    yes: bool,
    dry_run: bool,
) -> None:
    """Request the trade of an offer that party B signed. If it is not served in time, anyone may freeze the exchange.

    By the exchange's last state it warns of a trade that would be proven invalid.
    """
    place = place_of(deployment)
    exchange, read = open_exchange(place), Offer.read(offer)
    sender = account_of(account)
    call = accept(exchange, read, sender, premium)
    if not premium and exchange.free_requests_left() == 0:
        raise click.UsageError("this block has no free place left: wait for the next, or use --premium")
    terms = Terms(exchange, read.trade, read.expiration)
    click.echo(terms.describe(known_config(state, place)))
    warning = warning_of(exchange, known_state(state, place), read.trade)
    if warning:
        click.echo(f"warning: {warning}")
        if not yes and not dry_run:
            click.confirm("Send it all the same?", abort=True)
    if receipts := transact([call], sender, dry_run):
        grace = exchange.contract.FREEZE_GRACE_PERIOD()
        click.echo(f"requested ({cost(receipts)})")
        click.echo(
            f"the operator has {span(grace)}; after that `ape run freeze --stark-key {read.trade.public_key_a:#x} "
            f"--nonce {read.trade.nonce}` stops the exchange"
        )

"""`ape run freeze`: stop an exchange whose operator did not serve a forced request in time. Anyone may."""

import click

from freehold.chain.calls import ContractCall
from freehold.chain.exchange import Exchange, Trade, Withdrawal, date, open_exchange, span
from freehold.chain.record import place_of
from freehold.errors import Refused
from scripts._arguments import (
    Script,
    account_of,
    cost,
    dry_run_option,
    exchange_option,
    key_option,
    position_of,
    stark_key_of,
    transact,
)


@click.command(cls=Script)
@exchange_option
@click.option("--account", help="Who sends it; anyone may.")
@key_option
@click.option("--position", help="The position that a withdrawal was requested from.")
@click.option("--amount", help="The amount that was requested, in units of the token.")
@click.option("--nonce", type=int, help="Of a forced trade in the place of a withdrawal: the trade's nonce.")
@dry_run_option
def cli(
    deployment: str | None,
    account: str | None,
    stark_key: str,
    position: str | None,
    amount: str | None,
    nonce: int | None,
    dry_run: bool,
) -> None:
    """Freeze an exchange because of one late request; `ape run status` lists those that are pending."""
    exchange = open_exchange(place_of(deployment))
    key = stark_key_of(stark_key)
    request = _request(exchange, key, position, amount, nonce)
    if exchange.contract.isFrozen():
        raise click.UsageError("the exchange is frozen already")
    if request is None:
        raise click.UsageError("no such request is pending: it was never made, or was served")
    if request.left > 0:
        raise click.UsageError(
            f"it is too early: the operator has {span(request.left)} left, until {date(request.deadline)}"
        )
    if request.is_outlived:
        raise click.UsageError("an earlier freeze outlasted this request: it freezes no more, make it anew")
    call = ContractCall("freeze the exchange", exchange.contract, "freezeRequest", request.arguments)
    if receipts := transact([call], account_of(account), dry_run):
        click.echo(f"frozen ({cost(receipts)}); `ape run escape` pays who is owed")


def _request(
    exchange: Exchange, key: int, position: str | None, amount: str | None, nonce: int | None
) -> Withdrawal | Trade | None:
    """A withdrawal by its amount, or a trade by its nonce."""
    if nonce is None and (position is None or amount is None):
        raise Refused("name --position and --amount of a forced withdrawal, or --nonce of a forced trade")
    if nonce is None:
        return exchange.request(key, position_of(position or ""), exchange.quanta(amount or ""))
    if amount is not None or position is not None:
        raise Refused("a forced trade is named by --stark-key and --nonce alone")
    trades = (request for request in exchange.requests() if isinstance(request, Trade))
    return next((one for one in trades if one.arguments[-1] == nonce and key in one.arguments[:2]), None)

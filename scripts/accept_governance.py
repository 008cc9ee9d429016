"""`ape run accept_governance`: accept to govern the exchange, its proxy or both, after a nomination."""

from __future__ import annotations

import click
from ape.exceptions import ContractLogicError

from freehold.chain.exchange import open_exchange
from freehold.chain.record import place_of
from freehold.errors import Refused
from scripts._arguments import Script, account_of, exchange_option

SETS = {"main": ("mainAcceptGovernance", "mainIsGovernor"), "proxy": ("proxyAcceptGovernance", "proxyIsGovernor")}


@click.command(cls=Script)
@exchange_option
@click.option("--account", help="Who was nominated.")
@click.option(
    "--which", type=click.Choice([*SETS, "both"]), default="both", show_default=True, help="Set of governors."
)
@click.option("--calldata", is_flag=True, help="Send nothing: print what a Safe or another contract must send.")
def cli(deployment: str | None, account: str | None, which: str, calldata: bool) -> None:
    """Become a governor. Each set is accepted for itself; who was nominated for one alone accepts that one."""
    exchange = open_exchange(place_of(deployment)).contract
    wanted = list(SETS) if which == "both" else [which]
    if calldata:
        for name in wanted:
            data = getattr(exchange, SETS[name][0]).encode_input()
            click.echo(f"{name}: to {exchange.address}, value 0, data 0x{bytes(data).hex()}")
        return
    candidate = account_of(account)
    nominated = []
    for name in wanted:
        accept, governs = (getattr(exchange, function) for function in SETS[name])
        if governs(candidate):
            click.echo(f"{candidate.address} is a {name} governor already")
            continue
        try:
            accept.call(sender=candidate)
        except ContractLogicError:
            click.echo(f"{candidate.address} is not nominated to be a {name} governor")
        else:
            nominated.append((name, accept))
    if not nominated:
        raise Refused("there is nothing to accept")
    for name, accept in nominated:
        receipt = accept(sender=candidate)
        click.echo(f"{candidate.address} is a {name} governor ({receipt.gas_used:,} gas, {receipt.txn_hash})")
    click.echo("to govern alone, remove the others: mainRemoveGovernor, proxyRemoveGovernor")

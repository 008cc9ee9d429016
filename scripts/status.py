"""`ape run status`: what an exchange says of itself, and who waits for it."""

import click

from freehold.chain.exchange import open_exchange, span
from freehold.chain.managers import chain
from freehold.chain.network import network_name
from freehold.chain.record import place_of
from scripts._arguments import Script, exchange_option


@click.command(cls=Script)
@exchange_option
def cli(deployment: str | None) -> None:
    """Show an exchange's state and every pending forced request, with the time its operator has left."""
    exchange = open_exchange(place_of(deployment))
    contract = exchange.contract
    facts = {
        "exchange": f"{contract.address} on {network_name()}",
        "begun": exchange.beginning(),
        "time": f"{chain.blocks.head.timestamp} (block {chain.blocks.head.number})",
        "frozen": "yes" if contract.isFrozen() else "no",
        "updates": f"{contract.getSequenceNumber()}, the last batch is {contract.getLastBatchId()}",
        "shared state": "0x" + bytes(contract.sharedStateHash()).hex(),
        "configuration": "0x" + bytes(contract.globalConfigurationHash()).hex(),
        "verifiers": ", ".join(contract.getRegisteredVerifiers()) or "none",
        "availability": ", ".join(contract.getRegisteredAvailabilityVerifiers()) or "none",
        "collateral held": f"{exchange.coins(exchange.token.balanceOf(contract.address))} of {exchange.token.address}",
        "grace period": span(contract.FREEZE_GRACE_PERIOD()),
    }
    for name, fact in facts.items():
        click.echo(f"{name:<16} {fact}")
    requests = exchange.requests()
    click.echo(f"{'forced requests':<16} {len(requests) or 'none is pending'}")
    for request in requests:
        left = f"{span(request.left)} left" if request.left > 0 else "late: anyone may freeze the exchange"
        click.echo(
            f"  position {request.position_id}, key {request.stark_key:#x}: {exchange.coins(request.amount)}, {left}"
        )

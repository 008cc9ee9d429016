"""`ape run deploy`: deploy the exchange for a token, print the addresses and write them to .build/deployment.json."""

from pathlib import Path

import click
from ape import Contract, accounts, chain, project
from ape.cli import ConnectedProviderCommand, account_option

from scripts._deployment import deploy_exchange


@click.command(cls=ConnectedProviderCommand)
@account_option()
@click.option("--token", help="The collateral's address. On a local network one is deployed if none is named.")
@click.option("--operator", help="Who may submit batches; the deploying account if nobody is named.")
def cli(account, token, operator, network):
    """Deploy verifier, registry and exchange."""
    local = network.is_dev if hasattr(network, "is_dev") else network.is_local
    if token is None and not local:
        raise click.UsageError("--token is needed outside local networks")
    token = account.deploy(project.PlainToken) if token is None else Contract(token)
    who = accounts[operator] if operator else account
    deployment = deploy_exchange(project, account, who, [account], token, chain.blocks.head.timestamp, local=local)
    path = Path(".build/deployment.json")
    deployment.record(path)
    click.echo(", ".join(f"{name} delay {span}" for name, span in deployment.delays.describe().items()))
    click.echo(f"exchange {deployment.exchange.address}; all addresses in {path}")

"""`ape run stark_key FILE`: a new Stark key, by chance or out of an Ethereum signature."""

import secrets
from pathlib import Path

import click

from freehold.arguments import NewFile
from freehold.chain.exchange import open_exchange
from freehold.chain.managers import networks
from freehold.chain.record import place_of
from freehold.leaving.stark_keys import derived_private_key, write_private_key
from prover.algebra import ecdsa
from prover.algebra.curve import ORDER
from scripts._arguments import Script, account_of, exchange_option


@click.command(cls=Script)
@click.argument("file", type=NewFile())
@exchange_option
@click.option("--account", help="With --derive: whose signature the key comes from.")
@click.option("--derive", is_flag=True, help="From --account's signature: the same account gives the same key again.")
def cli(file: Path, deployment: str | None, account: str | None, derive: bool) -> None:
    """Make a Stark key: the private one into FILE, which only its owner may read; the public one is shown."""
    if file.exists():
        raise click.UsageError(f"{file} exists already")
    if derive:
        exchange = open_exchange(place_of(deployment))
        key = derived_private_key(account_of(account), networks.provider.chain_id, str(exchange.contract.address))
    else:
        key = 1 + secrets.randbelow(ORDER - 1)
    write_private_key(file, key)
    click.echo(f"private key in {file}; the Stark key is {ecdsa.public_key(key):#x}")

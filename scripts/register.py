"""`ape run register`: couple a Stark key with an Ethereum account, for ever."""

from pathlib import Path

import click
from ape.api.accounts import AccountAPI

from freehold.chain.calls import ContractCall
from freehold.chain.exchange import Exchange, open_exchange
from freehold.chain.managers import networks
from freehold.chain.record import place_of
from freehold.errors import Refused
from freehold.leaving.stark_keys import derived_private_key, private_key_of, read_private_key, registration
from scripts._arguments import Script, account_of, cost, dry_run_option, exchange_option, transact


@click.command(cls=Script)
@exchange_option
@click.option("--account", help="Who will own the key, and sends the transaction.")
@click.option(
    "--key-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The private Stark key in hex, as `ape run stark_key` writes it.",
)
@click.option("--derive", is_flag=True, help="Derive the key from --account's signature.")
@click.option("--private-key", help="The private Stark key itself; needs --others-may-read-it.")
@click.option("--others-may-read-it", is_flag=True, help="Take a key that the shell's history and process list show.")
@dry_run_option
def cli(
    deployment: str | None,
    account: str | None,
    key_file: Path | None,
    derive: bool,
    private_key: str | None,
    others_may_read_it: bool,
    dry_run: bool,
) -> None:
    """Register the Stark key that owns, or will own, your positions: it pays its withdrawals to --account.

    A key is registered once and for ever. It signs --account's address; the private key stays here.
    """
    if (key_file is not None) + derive + (private_key is not None) != 1:
        raise click.UsageError("name one of --key-file, --derive and --private-key")
    if private_key is not None and not others_may_read_it:
        raise click.UsageError(
            "on the command line a private key is read by others, in the shell's history and in the list of processes: "
            "use --key-file, or add --others-may-read-it"
        )
    exchange = open_exchange(place_of(deployment))
    owner = account_of(account)
    key, signature = registration(_private_key(exchange, owner, key_file, private_key), owner.address)
    _refuse_taken(exchange, key, owner)
    call = ContractCall(
        f"register the Stark key {key:#x} for {owner.address}", exchange.contract, "registerSender", (key, signature)
    )
    if receipts := transact([call], owner, dry_run):
        click.echo(f"registered {key:#x} ({cost(receipts)})")


def _private_key(exchange: Exchange, owner: AccountAPI, path: Path | None, text: str | None) -> int:
    if path is not None:
        return read_private_key(path)
    if text is not None:
        return private_key_of(text, "--private-key")
    return derived_private_key(owner, networks.provider.chain_id, str(exchange.contract.address))


def _refuse_taken(exchange: Exchange, key: int, account: AccountAPI) -> None:
    owner = exchange.owner_of(key)
    if owner == account.address:
        raise Refused(f"the Stark key {key:#x} is registered for {owner} already")
    if owner is not None:
        raise Refused(f"the Stark key {key:#x} belongs to {owner}, for ever: use another key")

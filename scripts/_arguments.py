"""What scripts ask of their arguments. A refusal is one line, and comes before any transaction is sent."""

from __future__ import annotations

import os

import click
from ape import Contract, accounts, networks, project
from ape.api import AccountAPI
from ape.cli import ConnectedProviderCommand
from ape.contracts import ContractInstance
from ape.exceptions import ApeException
from ape.logging import LogLevel, logger
from eth_utils import is_address, to_checksum_address


class Script(ConnectedProviderCommand):
    """A command with --network. What Ape or a contract refuses is one line; `--verbosity DEBUG` shows where."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ApeException as error:
            if logger.level <= LogLevel.DEBUG:
                raise
            raise click.ClickException(f"{type(error).__name__}: {error}") from error


def network_name() -> str:
    """As Ape writes it: ecosystem:network:provider."""
    return networks.provider.network_choice


def is_local() -> bool:
    """A chain of this machine's own, where nothing is worth anything."""
    return networks.provider.network.is_dev


def time_travels() -> bool:
    """The chain lets its clock be moved: Ape's embedded one does, and anvil as Ape's foundry provider."""
    return is_local() and networks.provider.name in ("test", "foundry")


def account_of(alias: str | None) -> AccountAPI:
    """The account named, or the first test account on a local chain. It must hold ether.

    With its passphrase in APE_ACCOUNTS_<alias>_PASSPHRASE an account signs without asking: for test networks only.
    """
    if alias is None and not is_local():
        raise click.UsageError(f"--account is needed on {network_name()}; `ape accounts list` names yours")
    alias = alias or "TEST::0"
    if alias.startswith("TEST::") and not is_local():
        raise click.UsageError(f"{alias} is everybody's account: name one of your own on {network_name()}")
    account = _load(alias)
    if account.balance == 0:
        raise click.UsageError(f"{alias} ({account.address}) has no ether on {network_name()}")
    if f"APE_ACCOUNTS_{alias}_PASSPHRASE" in os.environ:
        account.set_autosign(True)
    return account


def _load(alias: str) -> AccountAPI:
    if alias.startswith("TEST::"):
        index = alias.removeprefix("TEST::")
        if index.isdecimal() and int(index) < len(accounts.test_accounts):
            return accounts.test_accounts[int(index)]
    elif alias in accounts.aliases:
        return accounts.load(alias)
    raise click.UsageError(f"there is no account '{alias}'; `ape accounts list` names those there are")


def address_of(text: str, what: str) -> str:
    """A checksummed address other than zero."""
    if not is_address(text) or int(text, 16) == 0:
        raise click.UsageError(f"{what} '{text}' is not an address")
    return to_checksum_address(text)


def contract_at(text: str, what: str, kind: str) -> ContractInstance:
    """The contract at an address, spoken to as the project's contract `kind`."""
    address = address_of(text, what)
    if not networks.provider.get_code(address):
        raise click.UsageError(f"there is no contract at {what} {address} on {network_name()}")
    return Contract(address, contract_type=project.contracts[kind].contract_type)


def token_at(text: str) -> ContractInstance:
    """An ERC-20 token: something that answers totalSupply()."""
    token = contract_at(text, "--token", "PlainToken")
    try:
        token.totalSupply()
    except Exception as error:
        raise click.UsageError(f"{token.address} does not answer as an ERC-20 token") from error
    return token

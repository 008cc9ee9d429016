"""What scripts ask of their arguments. A refusal is one line, and comes before any transaction is sent."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from ape.api.accounts import AccountAPI
from ape.api.transactions import ReceiptAPI
from ape.cli.commands import ConnectedProviderCommand
from ape.contracts.base import ContractInstance
from ape.exceptions import ApeException
from ape.logging import LogLevel, logger

from freehold.chain.calls import ContractCall
from freehold.chain.contracts import contract_at
from freehold.chain.exchange import Exchange
from freehold.chain.managers import accounts
from freehold.chain.network import is_local, network_name
from freehold.chain.refusals import refusal
from freehold.errors import Refused
from freehold.leaving.deposits import waiting_deposits
from freehold.patience import Progress
from prover.algebra.curve import lift_x
from prover.algebra.field import PRIME
from prover.applications.perpetual.units import PositionId

F = TypeVar("F", bound=Callable[..., Any])


class Script(ConnectedProviderCommand):
    """A command with --network. What Ape or a contract refuses is one line; `--verbosity DEBUG` shows where."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Refused as error:
            raise click.UsageError(str(error), ctx) from error
        except ApeException as error:
            if logger.level <= LogLevel.DEBUG:
                raise
            raise click.ClickException(refusal(error)) from error


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
        cast(Any, account).set_autosign(True)  # of accounts in files and for tests; hardware ones have no passphrase
    return account


def unlock(account: AccountAPI, count: int, yes: bool) -> None:
    """Asks once for all that follows: whether to send, and for the passphrase. A device asks each time."""
    if is_local():
        return
    if f"APE_ACCOUNTS_{account.alias}_PASSPHRASE" in os.environ:
        return  # `account_of` has unlocked it
    if not sys.stdin.isatty():
        raise Refused(f"{account.alias} signs {count} transactions: use a terminal, or set the passphrase's variable")
    if not yes:
        click.confirm(f"Send {count} transactions?", abort=True)
    if hasattr(account, "set_autosign"):
        cast(Any, account).set_autosign(True)


def _load(alias: str) -> AccountAPI:
    if alias.startswith("TEST::"):
        index = alias.removeprefix("TEST::")
        if index.isdecimal() and int(index) < len(accounts.test_accounts):
            return cast(AccountAPI, accounts.test_accounts[int(index)])
    elif alias in accounts.aliases:
        return cast(AccountAPI, accounts.load(alias))
    raise click.UsageError(f"there is no account '{alias}'; `ape accounts list` names those there are")


def token_at(text: str) -> ContractInstance:
    """An ERC-20 token: something that answers totalSupply()."""
    token = contract_at(text, "--token", "PlainToken")
    try:
        token.totalSupply()
    except Exception as error:
        raise click.UsageError(f"{token.address} does not answer as an ERC-20 token") from error
    return token


def exchange_option(command: F) -> F:
    return click.option(
        "--deployment", help="The exchange: its record's file or folder, or its name; the only one of the chain."
    )(command)


state_option = click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The last state's file; the one beside the record.",
)


def position_options(command: F) -> F:
    """Whose position: its Stark key and its id."""
    for option in (
        click.option("--position", required=True, help="The position's id."),
        click.option("--stark-key", required=True, help="The Stark key that owns the position, in hex."),
    ):
        command = option(command)
    return command


POSITION_ID_UPPER_BOUND = 1 << 64


def stark_key_of(text: str) -> int:
    try:
        key = int(text, 16)
    except ValueError as error:
        raise Refused(f"--stark-key '{text}' is not a hexadecimal number") from error
    if not 0 < key < PRIME or lift_x(key) is None:
        raise Refused(f"--stark-key {text} is not on the Stark curve")
    return key


def position_of(text: str) -> PositionId:
    if not text.isdecimal() or int(text) >= POSITION_ID_UPPER_BOUND:
        raise Refused(f"--position '{text}' is not a number below 2^64")
    return PositionId(int(text))


key_option = click.option("--stark-key", required=True, help="The Stark key, in hex.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")


def transact(calls: Sequence[ContractCall], sender: AccountAPI, dry_run: bool) -> list[ReceiptAPI]:
    """Says what is sent, then sends it, one transaction after the other; nothing with --dry-run."""
    click.echo(f"{'would send' if dry_run else 'sends'} from {sender.address} on {network_name()}:")
    receipts = []
    for number, call in enumerate(calls, start=1):
        click.echo(f"  {number}. {call}")
        if not dry_run:
            receipts.append(call.send(sender))
    return receipts


def cost(receipts: Sequence[ReceiptAPI]) -> str:
    """What transactions cost, and the last one's hash."""
    gas = sum(receipt.gas_used for receipt in receipts)
    return f"{gas:,} gas in {len(receipts)} transaction{'s' * (len(receipts) > 1)}, {receipts[-1].txn_hash}"


def progress_on_stderr(what: str) -> Progress:
    """A line that counts, where somebody looks at it; nothing of it is in the output."""
    shown = [0]

    def show(done: int, whole: int) -> None:
        percent = 100 * done // max(whole, 1)
        if percent > shown[0]:
            shown[0] = percent
            end = "\n" if done >= whole else "\r"
            click.echo(f"{what}: {done:,} of {whole:,} blocks{end}", nl=False, err=True)

    return show


def tell_booked(exchange: Exchange, stark_key: int) -> None:
    """What could not be paid for the exchange holds too little."""
    booked = exchange.contract.getWithdrawalBalance(stark_key, exchange.asset_type)
    if booked:
        click.echo(f"{exchange.coins(booked)} stay booked: the exchange holds less than it owes")


def tell_deposits(exchange: Exchange, stark_key: int | None, position_id: int | None) -> None:
    """What waits to be taken into a position, and what its owner can do."""
    frozen, progress = exchange.contract.isFrozen(), progress_on_stderr("deposits")
    for deposit in waiting_deposits(exchange, stark_key, position_id, progress=progress):
        click.echo(
            f"a deposit of {exchange.coins(deposit.amount)} into position {deposit.position_id} waits: "
            f"{deposit.advice(frozen)}"
        )

"""`ape run escape`: leave a frozen exchange with what its last state owes a position. Anyone may send it."""

from pathlib import Path

import click

from prover.applications.perpetual.escape import escape_amount, escape_proof
from scripts._arguments import Script, account_of, contract_at
from scripts._exchange import exchange_option, open_exchange, position_of
from scripts._record import STATE, read_state


@click.command(cls=Script)
@exchange_option
@click.option("--account", help="Who sends it; the money goes to the owner of the position's key.")
@click.option("--position", required=True, help="The position's id.")
@click.option(
    "--state", default=STATE, show_default=True, type=click.Path(dir_okay=False, path_type=Path), help="The last state."
)
def cli(deployment, account, position, state):
    """Prove a position of the last state, escape with its worth and pay it to its owner.

    The state is public data: the committee keeps it, or the chain has it. Nothing of the operator is needed.
    """
    exchange = open_exchange(deployment)
    contract, position_id = exchange.contract, position_of(position)
    if not contract.isFrozen():
        raise click.UsageError("the exchange is not frozen: `ape run forced_withdrawal` is the way out")
    config, last = read_state(state)
    if last.hash() != bytes(contract.sharedStateHash()):
        raise click.UsageError(f"{state} is not the state on chain: it hashes to 0x{last.hash().hex()}")
    if contract.escapeUsed(position_id):
        raise click.UsageError(f"position {position_id} has escaped already")
    held = last.position(position_id)
    worth = escape_amount(held, last.funding_indices, last.oracle_prices)
    if worth <= 0:
        raise click.UsageError(f"position {position_id} is worth {exchange.coins(worth)}: there is nothing to take")
    owner = contract.getEthKey(held.public_key)
    if int(owner, 16) == 0:
        raise click.UsageError(f"the position's Stark key {held.public_key:#x} is not registered: register it first")
    sender = account_of(account)
    verifier = contract_at(contract.escapeVerifier(), "the escape verifier's address", "EscapeVerifier")
    receipts = [
        verifier.verifyEscape(escape_proof(last, position_id), len(held.assets), last.words(), sender=sender),
        contract.escape(held.public_key, position_id, worth, sender=sender),
        contract.withdraw(held.public_key, config.collateral_asset_id, sender=sender),
    ]
    gas = sum(receipt.gas_used for receipt in receipts)
    click.echo(f"paid {exchange.coins(worth)} to {owner} ({gas:,} gas in {len(receipts)} transactions)")

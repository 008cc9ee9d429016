"""`ape run submit_batch FILE`: prove a batch and bring it on chain, by hand; stopped, it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from ape.api.transactions import ReceiptAPI

from freehold.chain.availability import Signature, availability_of, read_secret
from freehold.chain.contracts import address_of
from freehold.chain.delivery import Condition, Delivery, proof_file, read_batch, read_proof, refuse_waiting
from freehold.chain.record import open_deployment, place_of
from freehold.errors import Refused
from freehold.files import write_whole
from prover.proving.batch import prove_batch
from prover.stark.proof import Proof
from scripts._arguments import Script, account_of, exchange_option

given = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(cls=Script)
@click.argument("file", type=given)
@exchange_option
@click.option("--account", help="An operator, who sends everything.")
@click.option("--proof", type=given, help="The batch's proof; without it FILE.proof, or one is made and kept there.")
@click.option("--signature", multiple=True, type=given, help="A member's file of `ape run sign_availability`.")
@click.option("--member", multiple=True, help="A member's account that signs here.")
@click.option("--bls-key", multiple=True, type=given, help="A member's secret BLS key that signs here.")
@click.option(
    "--condition", multiple=True, nargs=2, help="Registry and fact of each conditional transfer, in the batch's order."
)
@click.option("--batch-id", type=int, help="The last one and 1 if none is given.")
def cli(
    file: Path,
    deployment: str | None,
    account: str | None,
    proof: Path | None,
    signature: tuple[Path, ...],
    member: tuple[str, ...],
    bls_key: tuple[Path, ...],
    condition: tuple[tuple[str, str], ...],
    batch_id: int | None,
) -> None:
    """Bring FILE on chain: a batch that follows the last state, or one with its configuration and state.

    Proof, availability or data, state update: each step asks the chain what is there already, so that the same command
    goes on wherever an earlier one was stopped. In the end the state beside the record is the new one.
    """
    place = place_of(deployment)
    opened = open_deployment(place)
    batch = read_batch(file, opened)
    delivery = Delivery(opened, batch, tuple(_condition(*words) for words in condition))
    if not delivery.is_accepted():
        operator = account_of(account)
        if not opened.exchange.isOperator(operator):
            raise Refused(f"{operator.address} is no operator of {opened.exchange.address}")
        delivery.refuse_what_cannot_follow()
        refuse_waiting(operator)
        signatures = _signatures(delivery, signature, member, bls_key)
        delivery.send(
            operator, lambda: _proof(delivery, proof, file.with_name(file.name + ".proof")), signatures, batch_id, _tell
        )
    place.write_state(batch.config, batch.after)
    click.echo(f"accepted: batch {opened.exchange.getLastBatchId()}, state 0x{batch.after.hash().hex()}")


def _condition(registry: str, fact: str) -> Condition:
    try:
        word = bytes.fromhex(fact.removeprefix("0x"))
    except ValueError as error:
        raise Refused(f"--condition {registry} {fact}: the fact is no hexadecimal number") from error
    if len(word) != 32:
        raise Refused(f"--condition {registry} {fact}: a fact has 32 bytes")
    return address_of(registry, "--condition"), word


def _signatures(
    delivery: Delivery, files: Sequence[Path], members: Sequence[str], keys: Sequence[Path]
) -> list[Signature]:
    """Asked for and checked before anything is proven or sent."""
    committee = delivery.deployment.committee
    if committee is None or not delivery.needs_signatures():
        return []
    claim = delivery.claim()
    signatures = [Signature.read(path) for path in files]
    signatures += [Signature.of_key(read_secret(path), claim) for path in keys]
    signatures += [Signature.of_account(account_of(alias), claim) for alias in members]
    availability_of(committee, claim, signatures)
    return signatures


def _proof(delivery: Delivery, named: Path | None, kept: Path) -> Proof:
    """The named one, the one that was kept, or a new one, which is kept."""
    parameters = delivery.deployment.parameters
    if named is not None or kept.exists():
        return read_proof(named or kept, parameters)
    click.echo("proving the batch")
    proof = prove_batch(delivery.batch, parameters).proof
    write_whole(kept, proof_file(proof, parameters))
    return proof


def _tell(what: str, receipts: Sequence[ReceiptAPI]) -> None:
    gas = sum(receipt.gas_used for receipt in receipts)
    click.echo(f"{what}: {gas:,} gas in {len(receipts)} transactions")

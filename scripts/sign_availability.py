"""`ape run sign_availability FILE`: what a committee's member does about a batch: apply it, keep its data, sign."""

from __future__ import annotations

from pathlib import Path

import click

from freehold.chain.availability import Signature, read_secret
from freehold.chain.delivery import Delivery, read_batch
from freehold.chain.record import open_deployment, place_of
from freehold.errors import Refused
from freehold.records import write_state
from scripts._arguments import Script, account_of, exchange_option


@click.command(cls=Script)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@exchange_option
@click.option("--account", help="The member's account.")
@click.option(
    "--bls-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The member's secret BLS key, as `ape run committee_key` wrote it; in place of --account.",
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="FILE.MEMBER.signature if not given."
)
def cli(file: Path, deployment: str | None, account: str | None, bls_key: Path | None, output: Path | None) -> None:
    """Sign that you hold the state after the batch in FILE. Nothing is sent.

    The batch is applied here and must follow the exchange's state. The state after it is written to FILE.after.json:
    keep it. Whoever signs and does not keep it leaves users without the data they need to leave.
    """
    if account and bls_key:
        raise click.UsageError("a member has an account or a BLS key: name --account or --bls-key, not both")
    opened = open_deployment(place_of(deployment))
    if opened.committee is None:
        raise Refused("this exchange is a rollup: its data is on chain, nobody signs for it")
    delivery = Delivery(opened, read_batch(file, opened))
    if delivery.is_accepted():
        raise Refused("the exchange has accepted this batch already")
    if bytes(opened.exchange.sharedStateHash()) != delivery.batch.before.hash():
        raise Refused("the batch does not follow the exchange's last state")
    claim = delivery.claim()
    write_state(file.with_name(file.name + ".after.json"), delivery.batch.config, delivery.batch.after)
    if bls_key:
        signature = Signature.of_key(read_secret(bls_key), claim)
    else:
        signature = Signature.of_account(account_of(account), claim)
    path = output or file.with_name(f"{file.name}.{signature.member[:10].lower()}.signature")
    signature.write(path)
    click.echo(f"signature in {path}: give it to the operator; the data in {file}.after.json: keep it")

"""`ape run deploy`: deploy the exchange for a token and write its record, `deployments/CHAIN/NAME/`."""

from pathlib import Path

import click

from freehold.chain.committee import BlsMember, Members
from freehold.chain.contracts import address_of, deploy
from freehold.chain.deployment import deploy_exchange
from freehold.chain.managers import chain, project
from freehold.chain.network import is_local, refuse_old_chain
from freehold.chain.record import chain_folder, write_deployment
from freehold.records import refuse_taken
from prover.applications.ledger.units import Seconds
from scripts._arguments import Script, account_of, token_at


@click.command(cls=Script)
@click.option("--account", help="Who pays, and governs at first; a test account on a local network.")
@click.option("--token", help="The collateral's address. On a local network one is deployed if none is named.")
@click.option("--operator", help="Address of who may submit batches; the deploying account if nobody is named.")
@click.option("--member", multiple=True, help="Address of a committee member; the deploying account if none is named.")
@click.option(
    "--bls-member",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of a committee member with a BLS key, as `ape run committee_key` writes it; in place of --member.",
)
@click.option("--required", default=1, show_default=True, help="How many members must sign.")
@click.option("--name", help="Of the folder for record and state; the beginning of the address if none is given.")
def cli(
    account: str | None,
    token: str | None,
    operator: str | None,
    member: tuple[str, ...],
    bls_member: tuple[Path, ...],
    required: int,
    name: str | None,
) -> None:
    """Deploy verifier, registry and exchange.

    A committee of accounts signs one by one; members with BLS keys (--bls-member) make one signature in all, whose cost
    hardly grows with their number.

    On a live network name it with its node and an account of yours:
    ape run deploy --network ethereum:sepolia:https://... --account me --token 0x...
    """
    if token is None and not is_local():
        raise click.UsageError("--token is needed outside local networks")
    payer = account_of(account)
    operates = address_of(operator, "--operator") if operator else payer
    if member and bls_member:
        raise click.UsageError("a committee is of accounts or of BLS keys: name --member or --bls-member, not both")
    named = [BlsMember.read(path) for path in bls_member], [address_of(text, "--member") for text in member]
    members: Members = named[0] or named[1] or [payer]
    if len(set(members)) < len(members):
        raise click.UsageError("a committee member is named twice")
    if not 1 <= required <= len(members):
        raise click.UsageError(f"--required {required} is not in [1, {len(members)}], the committee's size")
    refuse_taken(chain_folder(), name)
    refuse_old_chain()
    collateral = token_at(token) if token else deploy(payer, project.PlainToken)
    deployment = deploy_exchange(
        project,
        payer,
        operates,
        members,
        collateral,
        Seconds(chain.blocks.head.timestamp),
        local=is_local(),
        signatures_required=required,
    )
    place = write_deployment(deployment, name)
    click.echo(", ".join(f"{name} delay {span}" for name, span in deployment.delays.describe().items()))
    click.echo(f"exchange {deployment.exchange.address}; record and state in {place.record_file.parent}: keep them")

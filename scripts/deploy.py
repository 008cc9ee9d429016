"""`ape run deploy`: deploy the exchange of a parameter file and write its record, `deployments/CHAIN/NAME/`."""

from __future__ import annotations

from pathlib import Path

import click
from ape.api.accounts import AccountAPI

from freehold.chain.committee import BlsMember
from freehold.chain.contracts import address_of
from freehold.chain.deployed import Deployment
from freehold.chain.managers import networks
from freehold.chain.network import is_local, network_name, refuse_old_chain
from freehold.chain.parameters import CommitteePart, Parameters, RolesPart, TokenPart
from freehold.chain.plan import GAS_LIMIT, Plan, Rehearsal, carry_out, differences, rehearse
from freehold.chain.record import chain_folder, sending_file, settle
from freehold.chain.sending import Journal, Sent
from freehold.chain.verification import is_same, verify_deployment
from freehold.errors import Refused
from freehold.records import refuse_taken
from prover.stark.parameters import DEFAULT
from scripts._arguments import Script, account_of, token_at, unlock


@click.command(cls=Script)
@click.option("--account", help="Who pays, and governs at first; a test account on a local network.")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The parameter file, which says all but who pays (docs/fields.md); in place of the options that follow.",
)
@click.option("--token", help="The collateral's address. On a local network one is deployed if none is named.")
@click.option("--operator", help="Address of who may submit batches; the deploying account if nobody is named.")
@click.option("--member", multiple=True, help="Address of a committee member; the deploying account if none is named.")
@click.option(
    "--bls-member",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of a committee member with a BLS key, as `ape run committee_key` writes it; in place of --member.",
)
@click.option("--required", type=int, help="How many members must sign; 1 if nothing is said.")
@click.option("--name", help="Of the folder for record and state; the beginning of the address if none is given.")
@click.option("--dry-run", is_flag=True, help="Say what it costs and who signs what, and send nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before the first transaction.")
def cli(account: str | None, config: Path | None, dry_run: bool, yes: bool, **options: object) -> None:
    """Deploy verifier, registry and exchange, with all that is needed to trade if the parameter file lists assets.

    First the whole deployment is rehearsed on a chain in memory: each transaction's gas, the cost, who signs. Each
    transaction is written down before it is sent; the same command goes on where an earlier one was stopped. In the end
    code, roles, delays and configuration are compared with the parameters, and with this source tree as
    `ape run verify_deployment` does it.

    On a live network name it with its node and an account of yours:
    ape run deploy --network ethereum:sepolia:https://... --account me --config exchange.yaml
    """
    if config is not None and any(options.values()):
        raise click.UsageError("the parameter file says it: name --config or the other options, not both")
    parameters = Parameters.read(config) if config else _of_options(**options)  # type: ignore[arg-type]
    if parameters.collateral.token is None and not is_local():
        raise click.UsageError(f"{'collateral.token' if config else '--token'} is needed outside local networks")
    refuse_old_chain()
    payer = account_of(account)
    file = sending_file(parameters.name)
    if not file.exists():
        refuse_taken(chain_folder(), parameters.name)
    token = token_at(parameters.collateral.token) if parameters.collateral.token else None
    plan = Plan.of(parameters, config.parent if config else Path(), token, str(payer.address))
    rehearsal = rehearse(plan, payer)
    done = len(Journal.begin(plan.purpose(), plan.deployer, file).sent)
    tell_cost(plan, rehearsal, payer, done)
    if dry_run:
        return
    refuse_poor(rehearsal, payer, done)
    unlock(payer, len(rehearsal.sent) - done, yes)
    deployment, journal = carry_out(plan, payer, file, teller(len(rehearsal.sent), done))
    tell_end(plan, deployment, journal, rehearsal)


def _of_options(
    token: str | None,
    operator: str | None,
    member: tuple[str, ...],
    bls_member: tuple[Path, ...],
    required: int | None,
    name: str | None,
) -> Parameters:
    """A parameter file of what the options say; it has no assets."""
    if member and bls_member:
        raise click.UsageError("a committee is of accounts or of BLS keys: name --member or --bls-member, not both")
    members = tuple(address_of(text, "--member") for text in member)
    shown = [BlsMember.read(path) for path in bls_member]
    count = max(len(members) + len(shown), 1)
    if len(set(members)) < len(members) or len(set(shown)) < len(shown):
        raise click.UsageError("a committee member is named twice")
    if not 1 <= (1 if required is None else required) <= count:
        raise click.UsageError(f"--required {required} is not in [1, {count}], the committee's size")
    committee = CommitteePart(
        members=members, bls_members=tuple(path.absolute() for path in bls_member), required=required or 1
    )
    operators = (address_of(operator, "--operator"),) if operator else ()
    return Parameters(
        name=name,
        collateral=TokenPart(token=address_of(token, "--token") if token else None),
        committee=committee,
        roles=RolesPart(operators=operators),
    )


def gas_price() -> int:
    return int(networks.provider.base_fee + networks.provider.priority_fee)


def ether(wei: int) -> str:
    return f"{wei / 10**18:.6f}"


def tell_cost(plan: Plan, rehearsal: Rehearsal, payer: AccountAPI, done: int) -> None:
    for place, sent in enumerate(rehearsal.sent):
        note = (
            "  sent before"
            if place < done
            else "  above the limit of one transaction"
            if (sent.gas or 0) > GAS_LIMIT
            else ""
        )
        click.echo(f"{place + 1:>4} {sent.what:<34} {sent.gas:>11,} gas{note}")
    price = gas_price()
    cost = rehearsal.gas_after(done) * price
    gas, who = rehearsal.gas_after(done), payer.alias or payer.address
    click.echo(
        f"{len(rehearsal.sent) - done} transactions of {who}, {gas:,} gas: {ether(cost)} ether "
        f"at {price / 10**9:.3f} gwei; the account has {ether(payer.balance)}"
    )
    for what in acceptances(plan):
        click.echo(f"afterwards {what}")


def acceptances(plan: Plan) -> list[str]:
    """What others must sign."""
    roles = plan.parameters.roles
    return [
        f"{nominee} accepts to be {which} governor: it sends {which}AcceptGovernance() to the exchange "
        f"(`ape run accept_governance`), and then {which}RemoveGovernor({plan.deployer})"
        for which, nominee in (("main", roles.main_governor), ("proxy", roles.proxy_governor))
        if nominee is not None and nominee != plan.deployer
    ]


def refuse_poor(rehearsal: Rehearsal, payer: AccountAPI, done: int) -> None:
    cost = rehearsal.gas_after(done) * gas_price()
    if payer.balance < cost:
        raise Refused(f"{ether(cost)} ether are needed on {network_name()}, {payer.address} has {ether(payer.balance)}")
    for sent in rehearsal.sent:
        if (sent.gas or 0) > GAS_LIMIT and not is_local():
            raise Refused(f"{sent.what} takes {sent.gas:,} gas, a transaction may take {GAS_LIMIT:,}")


class teller:
    """Counts the transactions for who waits."""

    def __init__(self, of: int, done: int) -> None:
        self.of, self.done = of, done

    def __call__(self, sent: Sent) -> None:
        self.done += 1
        where = f" {sent.contract}" if sent.contract else ""
        click.echo(f"{self.done:>4} of {self.of} {sent.what:<34} {sent.gas:>11,} gas{where}")


def tell_end(plan: Plan, deployment: Deployment, journal: Journal, rehearsal: Rehearsal) -> None:
    place = settle(deployment, journal, plan.parameters.name)
    wrong = [*differences(plan, deployment, journal, rehearsal), *strange(deployment)]
    click.echo(", ".join(f"{name} delay {span}" for name, span in deployment.delays.describe().items()))
    click.echo(f"exchange {deployment.exchange.address}; record and state in {place.record_file.parent}: keep them")
    click.echo(f"{len(journal.sent)} transactions, {journal.gas:,} gas")
    for what in acceptances(plan):
        click.echo(f"now {what}")
    if wrong:
        raise click.ClickException(f"do not use this exchange: {'; '.join(wrong)}")
    click.echo("code, roles, delays, configuration and state are those of the parameters")
    again = f"ape run verify_deployment {deployment.exchange.address}"
    click.echo(f"and those of this source tree, as anybody finds it who asks the chain alone: {again}")


def strange(deployment: Deployment) -> list[str]:
    """What the chain alone tells otherwise than this source tree, or does not tell.

    Proofs of fewer bits, where the parameter file asks for them, are told and no fault; `differences` has found that
    they are those that were asked for.
    """
    is_weak = deployment.parameters.proven_bits() < DEFAULT.proven_bits()
    if is_weak:
        click.echo(f"proofs have {deployment.parameters.proven_bits():.1f} proven bits: good for trying things out")
    lines = verify_deployment(str(deployment.exchange.address), deployment.config, deployment.block)
    return [
        f"{line.part}: {line.what} {line.verdict.value}{f' ({line.reason})' if line.reason else ''}"
        for line in lines
        if not is_same([line]) and not (is_weak and line.what == "parameters")
    ]

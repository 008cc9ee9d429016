"""A deployment by its parameters: rehearsed for its cost, sent with a record of each transaction, compared at the end.

The rehearsal is the deployment itself on the embedded chain, so that what the contracts would refuse is refused there,
and what stands at the end is known byte by byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ape.api.accounts import AccountAPI
from ape.contracts.base import ContractInstance

from freehold.chain.committee import Members
from freehold.chain.contracts import deploy, exchange_type
from freehold.chain.deployed import Deployment
from freehold.chain.deployment import deploy_exchange
from freehold.chain.exchange import decimals_of
from freehold.chain.managers import accounts, chain, networks, project
from freehold.chain.network import is_local, time_travels
from freehold.chain.parameters import Parameters
from freehold.chain.sending import Journal, Recorded, Sent
from freehold.chain.usable import refuse_fine_quantum
from freehold.errors import Refused
from prover.algebra.keccak import keccak256, words_to_bytes
from prover.applications.ledger.facts import asset_type, erc20_asset_info
from prover.applications.ledger.units import Seconds
from prover.applications.perpetual.config import GeneralConfig

GAS_LIMIT = 1 << 24
"""Of one transaction (EIP-7825)."""


@dataclass(frozen=True)
class Plan:
    """What is deployed, and for whom. `token` is None where one is made."""

    parameters: Parameters
    members: Members
    """Of the committee; empty in a rollup."""
    token: ContractInstance | None
    deployer: str
    local: bool
    decimals: int | None = None
    """Of the token."""

    @staticmethod
    def of(parameters: Parameters, folder: Path, token: ContractInstance | None, deployer: str) -> Plan:
        """`folder` is the parameter file's: members' files are named from there."""
        named: Members = parameters.bls_members(folder) or list(parameters.committee.members)
        if len(set(named)) < len(named):
            raise Refused("a committee member is named twice")
        members: Members = [] if parameters.is_rollup else named or [deployer]
        decimals = decimals_of(token.address) if token else None
        given = parameters.collateral.decimals
        if decimals is not None and given not in (None, decimals):
            raise Refused(f"the token says that it has {decimals} decimals, the parameters say {given}")
        decimals = given if decimals is None else decimals
        refuse_fine_quantum(decimals)
        return Plan(parameters, members, token, deployer, is_local(), decimals)

    @property
    def operators(self) -> tuple[str, ...]:
        return self.parameters.roles.operators or (self.deployer,)

    def purpose(self) -> str:
        """Names the deployment: parameters, members, token, deployer."""
        members = [member if isinstance(member, str) else repr(member) for member in self.members]
        token = str(self.token.address) if self.token else ""
        return keccak256("\n".join([self.parameters.digest(), *members, token, self.deployer]).encode()).hex()

    def send(self, account: Recorded, token: ContractInstance | None) -> Deployment:
        """All transactions. `token` in place of the plan's."""
        journal, roles = account.journal, self.parameters.roles
        token = token or deploy(account, project.PlainToken)
        config = self.config(token.address)
        deployment = deploy_exchange(
            project,
            account,
            self.operators[0],
            self.members,
            token,
            Seconds(journal.time),
            self.parameters.proof_parameters,
            self.local,
            self.parameters.delays.delays(),
            {"limits": None, **config.model_dump(mode="json")},
            self.parameters.committee.required,
        )
        exchange = deployment.exchange
        for operator in self.operators[1:]:
            exchange.registerOperator(operator, sender=account)
        for nominee, nominate in (
            (roles.main_governor, exchange.mainNominateNewGovernor),
            (roles.proxy_governor, exchange.proxyNominateNewGovernor),
        ):
            if nominee is not None and nominee != self.deployer:
                nominate(nominee, sender=account)
        return replace(deployment, block=journal.block)

    def config(self, token: str) -> GeneralConfig:
        info = erc20_asset_info(bytes.fromhex(token[2:]))
        return self.parameters.config(asset_type(info), self.decimals)


@dataclass(frozen=True)
class Rehearsal:
    """What came of it: the transactions, and the code of each contract that they made."""

    sent: tuple[Sent, ...]
    code: tuple[bytes, ...]

    @property
    def gas(self) -> int:
        return sum(sent.gas or 0 for sent in self.sent)

    def gas_after(self, count: int) -> int:
        """Of those after the first `count`."""
        return sum(sent.gas or 0 for sent in self.sent[count:])


def function_names() -> dict[bytes, str]:
    """Of what a deployment calls, by selector."""
    types = exchange_type(project), project.StarkVerifier.contract_type
    return {keccak256(abi.selector.encode())[:4]: abi.name for kind in types for abi in kind.mutable_methods}


@contextmanager
def scratch(account: AccountAPI) -> Iterator[AccountAPI]:
    """The embedded chain and an account there; on a local chain that can go back, what happens is undone."""
    if time_travels():
        before = chain.snapshot()
        try:
            yield account
        finally:
            chain.restore(before)
    else:
        with networks.ethereum.local.use_provider("test"):
            yield accounts.test_accounts[0]


def rehearse(plan: Plan, account: AccountAPI) -> Rehearsal:
    """The whole deployment, where it costs nothing. Raises Refused for what would be refused on the way."""
    with scratch(account) as actor:
        token = None if plan.token is None else deploy(actor, project.PlainToken)
        journal = Journal.begin(plan.purpose(), str(actor.address), None)
        try:
            plan.send(Recorded(account=actor, journal=journal, names=function_names()), token)
        except ValueError as error:
            raise Refused(str(error)) from error
        code = tuple(bytes(networks.provider.get_code(address)) for _, address in journal.contracts())
        return Rehearsal(tuple(journal.sent), code)


def carry_out(
    plan: Plan, account: AccountAPI, file: Path | None, tell: Callable[[Sent], None] = lambda sent: None
) -> tuple[Deployment, Journal]:
    """Send what the journal in `file` lacks; whoever was stopped calls again."""
    journal = Journal.begin(plan.purpose(), str(account.address), file)
    recorded = Recorded(account=account, journal=journal, names=function_names(), tell=tell)
    deployment = plan.send(recorded, plan.token)
    return deployment, journal


def differences(plan: Plan, deployment: Deployment, journal: Journal, rehearsal: Rehearsal) -> list[str]:
    """Where the chain has something else than the plan: code, roles, delays, configuration, state."""
    return [*_code(journal, rehearsal), *_said(_expected(plan, deployment))]


def _code(journal: Journal, rehearsal: Rehearsal) -> Iterator[str]:
    """Code names other contracts by their addresses, which differ from the rehearsal's."""
    made = journal.contracts()
    rehearsed = [sent.contract for sent in rehearsal.sent if sent.contract]
    addresses = {
        bytes.fromhex(str(there)[2:]): bytes.fromhex(here[2:]) for there, (_, here) in zip(rehearsed, made, strict=True)
    }
    for (name, address), expected in zip(made, rehearsal.code, strict=True):
        for there, here in addresses.items():
            expected = expected.replace(there, here)
        if bytes(networks.provider.get_code(address)) != expected:
            yield f"{name} at {address} has other code than its sources give"


def _expected(plan: Plan, deployment: Deployment) -> Mapping[str, tuple[object, object]]:
    """What the exchange says, beside what it must say."""
    exchange, delays, config = deployment.exchange, deployment.delays, deployment.config
    committee = deployment.committee
    said: dict[str, tuple[object, object]] = {
        "main governor": (exchange.mainIsGovernor(plan.deployer), True),
        "proxy governor": (exchange.proxyIsGovernor(plan.deployer), True),
        "deposit_cancel delay": (exchange.DEPOSIT_CANCEL_DELAY(), delays.deposit_cancel),
        "freeze_grace delay": (exchange.FREEZE_GRACE_PERIOD(), delays.freeze_grace),
        "unfreeze delay": (exchange.UNFREEZE_DELAY(), delays.unfreeze),
        "verifier_removal delay": (exchange.VERIFIER_REMOVAL_DELAY(), delays.verifier_removal),
        "configuration delay": (exchange.configurationDelay(), delays.configuration),
        "upgrade delay": (exchange.getUpgradeActivationDelay(), delays.upgrade),
        "verifiers": (exchange.getRegisteredVerifiers(), [deployment.adapter.address]),
        "availability verifiers": (
            exchange.getRegisteredAvailabilityVerifiers(),
            [] if committee is None else [committee.address],
        ),
        "escape verifier": (exchange.escapeVerifier(), deployment.escape_verifier.address),
        "collateral": (exchange.getSystemAssetType(), config.collateral_asset_id),
        "state": (bytes(exchange.sharedStateHash()), deployment.state.hash()),
        "configuration": (bytes(exchange.globalConfigurationHash()), words_to_bytes([config.hash()])),
        "frozen": (exchange.isFrozen(), False),
    }
    for operator in plan.operators:
        said[f"operator {operator}"] = (exchange.isOperator(operator), True)
    for asset in config.synthetic_assets:
        found = bytes(exchange.configurationHash(asset.asset_id))
        said[f"asset {asset.asset_id:#x}"] = (found, words_to_bytes([asset.hash()]))
    if committee is not None:
        said["signatures required"] = (committee.signaturesRequired(), plan.parameters.committee.required)
    return said


def _said(expected: Mapping[str, tuple[object, object]]) -> Iterator[str]:
    for what, (found, wanted) in expected.items():
        if found != wanted:
            yield f"{what}: the exchange says {found!r}, the parameters {wanted!r}"

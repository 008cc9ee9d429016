"""Deploy the whole exchange: verifier, registry, exchange, configuration. Shared by scripts and tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ape.api import AccountAPI
from ape.contracts import ContractInstance
from eth_abi import encode

from freehold.chain.committee import Members, deploy_committee
from freehold.chain.contracts import exchange_at
from freehold.chain.verifier import data_contract, deploy_verifier, register_program
from prover.algebra.keccak import words_to_bytes
from prover.applications.ledger.facts import asset_type, erc20_asset_info
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.state import State
from prover.cairo.prove import key_of
from prover.cairo.statement import program_identity
from prover.codegen.__main__ import EXCHANGE_BUILTINS
from prover.codegen.pedersen_tables import pages
from prover.proving.batch import exchange_program
from prover.stark.parameters import DEFAULT, Parameters

DAY = 86_400


@dataclass(frozen=True)
class Delays:
    """Seconds. The values of v3.2, but for the last two, which it leaves at 0."""

    deposit_cancel: int = 2 * DAY
    freeze_grace: int = 7 * DAY
    unfreeze: int = 365 * DAY
    verifier_removal: int = 28 * DAY
    configuration: int = 7 * DAY
    upgrade: int = 14 * DAY

    def stored(self) -> tuple[int, ...]:
        """Those that the exchange keeps, in `Delays.Values`' order; the proxy keeps the upgrade's."""
        return (self.deposit_cancel, self.freeze_grace, self.unfreeze, self.verifier_removal, self.configuration)

    def describe(self) -> dict[str, str]:
        return {name: f"{seconds / DAY:g} days" for name, seconds in vars(self).items()}


class ParametersTooWeak(ValueError):
    """Fewer proven bits than the default, on a network that is not local."""


@dataclass(frozen=True)
class Deployment:
    """Everything an operator and a user need to know."""

    token: ContractInstance
    verifier: ContractInstance
    program_number: int
    adapter: ContractInstance
    committee: ContractInstance | None
    """None in a rollup, whose data is on chain."""
    escape_verifier: ContractInstance
    exchange: ContractInstance
    config: GeneralConfig
    state: State
    parameters: Parameters
    delays: Delays = Delays()

    @property
    def asset_type(self) -> int:
        return self.config.collateral_asset_id


def initial_data(escape_verifier: str, state_words: list[int], delays: Delays, sequence_number: int = 0) -> bytes:
    """What the first `upgradeTo` initializes the exchange with."""
    types = ["(uint48,uint48,uint48,uint48,uint48)", "address", "uint256", "uint256[]"]
    rest = encode(types, [delays.stored(), escape_verifier, sequence_number, state_words])
    return encode(["address", "bytes"], ["0x" + "00" * 20, rest])


def deploy_pieces(
    project, governor: AccountAPI, escape_verifier: ContractInstance, state_words: list[int], delays: Delays
) -> ContractInstance:
    """Three pieces of code and the proxy that is the exchange. The governor governs both."""
    custody = governor.deploy(project.Custody)
    administration = governor.deploy(project.Administration)
    code = governor.deploy(project.Freehold, custody, administration)
    proxy = governor.deploy(project.FreeholdProxy, delays.upgrade)
    data = initial_data(escape_verifier.address, state_words, delays)
    exchange = exchange_at(project, proxy.address)
    exchange.addImplementation(code, data, False, sender=governor)
    exchange.upgradeTo(code, data, False, sender=governor)
    return exchange


def deploy_escape_verifier(project, account: AccountAPI) -> ContractInstance:
    tables = [account.deploy(data_contract(page)) for page in pages()]
    return account.deploy(project.EscapeVerifier, tables)


def deploy_exchange(
    project,
    governor: AccountAPI,
    operator: AccountAPI,
    committee_members: Members,
    token: ContractInstance,
    time: int,
    parameters: Parameters = DEFAULT,
    local: bool = True,
    delays: Delays = Delays(),
    rules: Mapping[str, Any] = MappingProxyType({}),
    signatures_required: int = 1,
) -> Deployment:
    """Deploy and configure. Raises ParametersTooWeak for less than the default outside local networks.

    `rules`: what the general configuration says beside the collateral: assets, fee position, availability mode.
    """
    if not local and parameters.proven_bits() < DEFAULT.proven_bits():
        raise ParametersTooWeak(f"{parameters.proven_bits():.0f} proven bits, {DEFAULT.proven_bits():.0f} are required")
    asset_info = erc20_asset_info(bytes.fromhex(token.address[2:]))
    config = GeneralConfig(collateral_asset_id=asset_type(asset_info), **rules)
    state = State.initial(config, time)

    verifier = deploy_verifier(project, governor, parameters)
    program = exchange_program()
    number = register_program(governor, verifier, program)
    identity = program_identity(key_of(EXCHANGE_BUILTINS, parameters).shape, program.data)
    is_rollup = bool(config.data_availability_mode)
    kind = project.RollupFactAdapter if is_rollup else project.ProgramFactAdapter
    adapter = governor.deploy(kind, verifier, identity)
    committee = None
    if not is_rollup:
        committee = deploy_committee(project, governor, committee_members, signatures_required)
    escape_verifier = deploy_escape_verifier(project, governor)
    exchange = deploy_pieces(project, governor, escape_verifier, state.words(), delays)

    exchange.registerOperator(operator, sender=governor)
    exchange.registerTokenAdmin(governor, sender=governor)
    exchange.registerSystemAssetType(config.collateral_asset_id, asset_info, sender=governor)
    exchange.registerVerifier(adapter, adapter.identify(), sender=governor)
    if committee is not None:
        exchange.registerAvailabilityVerifier(committee, committee.identify(), sender=governor)
    configure(exchange, governor, config)
    return Deployment(
        token, verifier, number, adapter, committee, escape_verifier, exchange, config, state, parameters, delays
    )


def configure(exchange: ContractInstance, governor: AccountAPI, config: GeneralConfig) -> None:
    """Apply the hashes of a first configuration. The general one comes last: after it changes wait."""
    for asset in config.synthetic_assets:
        config_hash = words_to_bytes([asset.hash()])
        exchange.registerAssetConfigurationChange(asset.asset_id, config_hash, sender=governor)
        exchange.applyAssetConfigurationChange(asset.asset_id, config_hash, sender=governor)
    config_hash = words_to_bytes([config.hash()])
    exchange.registerGlobalConfigurationChange(config_hash, sender=governor)
    exchange.applyGlobalConfigurationChange(config_hash, sender=governor)

"""Deploy the whole exchange: verifier, registry, exchange, configuration. Shared by scripts and tests."""

from __future__ import annotations

from dataclasses import dataclass

from ape.api import AccountAPI
from ape.contracts import ContractInstance

from prover.cairo.prove import key_of
from prover.cairo.statement import program_identity
from prover.codegen.__main__ import EXCHANGE_BUILTINS
from prover.codegen.pedersen_tables import pages
from prover.operator.proving import exchange_program
from prover.perpetual.config import GeneralConfig
from prover.perpetual.facts import asset_type, erc20_asset_info
from prover.perpetual.state import State
from prover.stark.parameters import DEFAULT, Parameters
from scripts._verifier import data_contract, deploy_verifier, register_program

DAY = 86_400
DELAYS = (2 * DAY, 7 * DAY, 365 * DAY, 28 * DAY, 0)
"""Deposit cancellation, freeze grace, unfreeze, verifier removal, configuration: the original's."""


class ParametersTooWeak(ValueError):
    """Fewer proven bits than the default, on a network that is not local."""


@dataclass(frozen=True)
class Deployment:
    """Everything an operator and a user need to know."""

    token: ContractInstance
    verifier: ContractInstance
    program_number: int
    adapter: ContractInstance
    committee: ContractInstance
    escape_verifier: ContractInstance
    exchange: ContractInstance
    config: GeneralConfig
    state: State
    parameters: Parameters

    @property
    def asset_type(self) -> int:
        return self.config.collateral_asset_id


def deploy_escape_verifier(project, account: AccountAPI) -> ContractInstance:
    tables = [account.deploy(data_contract(page)) for page in pages()]
    return account.deploy(project.EscapeVerifier, tables)


def deploy_exchange(
    project,
    governor: AccountAPI,
    operator: AccountAPI,
    committee_members: list[AccountAPI | str],
    token: ContractInstance,
    time: int,
    parameters: Parameters = DEFAULT,
    local: bool = True,
) -> Deployment:
    """Deploy and configure. Raises ParametersTooWeak for less than the default outside local networks."""
    if not local and parameters.proven_bits() < DEFAULT.proven_bits():
        raise ParametersTooWeak(f"{parameters.proven_bits():.0f} proven bits, {DEFAULT.proven_bits():.0f} are required")
    asset_info = erc20_asset_info(bytes.fromhex(token.address[2:]))
    config = GeneralConfig(collateral_asset_id=asset_type(asset_info))
    state = State.initial(config, time)

    verifier = deploy_verifier(project, governor, parameters)
    program = exchange_program()
    number = register_program(governor, verifier, program)
    identity = program_identity(key_of(EXCHANGE_BUILTINS, parameters).shape, program.data)
    adapter = governor.deploy(project.ProgramFactAdapter, verifier, identity)
    committee = governor.deploy(project.Committee, committee_members, 1)
    escape_verifier = deploy_escape_verifier(project, governor)
    exchange = governor.deploy(project.Freehold, DELAYS, escape_verifier, state.words())

    exchange.registerOperator(operator, sender=governor)
    exchange.registerTokenAdmin(governor, sender=governor)
    exchange.registerSystemAssetType(config.collateral_asset_id, asset_info, sender=governor)
    exchange.registerVerifier(adapter, adapter.identify(), sender=governor)
    exchange.registerAvailabilityVerifier(committee, committee.identify(), sender=governor)
    config_hash = config.hash().to_bytes(32, "big")
    exchange.registerGlobalConfigurationChange(config_hash, sender=governor)
    exchange.applyGlobalConfigurationChange(config_hash, sender=governor)
    return Deployment(token, verifier, number, adapter, committee, escape_verifier, exchange, config, state, parameters)

"""Deploy the whole exchange: verifier, registry, exchange, configuration. Shared by scripts and tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ape.api.accounts import AccountAPI
from ape.contracts.base import ContractInstance
from ape.managers.project import ProjectManager
from eth_abi.abi import encode

from freehold.chain.committee import Members, deploy_committee
from freehold.chain.contracts import deploy, exchange_at
from freehold.chain.deployed import USUAL_DELAYS, Delays, Deployment
from freehold.chain.exchange import decimals_of
from freehold.chain.network import head_number
from freehold.chain.usable import refuse_fine_quantum, refuse_unusable
from freehold.chain.verifier import data_contract, deploy_verifier, register_program
from prover.algebra.keccak import words_to_bytes
from prover.applications.ledger.facts import asset_type, erc20_asset_info
from prover.applications.ledger.units import Seconds
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.state import State
from prover.cairo.prove import key_of
from prover.cairo.statement import program_identity
from prover.codegen.pedersen_tables import pages
from prover.codegen.shapes import EXCHANGE_BUILTINS
from prover.proving.batch import exchange_program
from prover.stark.parameters import DEFAULT, Parameters

Proofs = Callable[[ProjectManager, AccountAPI, Parameters], tuple[ContractInstance, int]]
"""Deploys what answers whether a run was proven; gives the program's number there too."""
FirstState = Callable[[GeneralConfig, Seconds], State]


class ParametersTooWeak(ValueError):
    """Fewer proven bits than the default, on a network that is not local."""


def initial_data(escape_verifier: str, state_words: list[int], delays: Delays, sequence_number: int = 0) -> bytes:
    """What the first `upgradeTo` initializes the exchange with."""
    types = ["(uint48,uint48,uint48,uint48,uint48)", "address", "uint256", "uint256[]"]
    rest = encode(types, [delays.stored(), escape_verifier, sequence_number, state_words])
    return encode(["address", "bytes"], ["0x" + "00" * 20, rest])


def deploy_pieces(
    project: ProjectManager,
    governor: AccountAPI,
    escape_verifier: ContractInstance,
    state_words: list[int],
    delays: Delays,
) -> ContractInstance:
    """Three pieces of code and the proxy that is the exchange. The governor governs both."""
    custody = deploy(governor, project.Custody)
    administration = deploy(governor, project.Administration)
    code = deploy(governor, project.Freehold, custody, administration)
    proxy = deploy(governor, project.FreeholdProxy, delays.upgrade)
    data = initial_data(escape_verifier.address, state_words, delays)
    exchange = exchange_at(project, proxy.address)
    exchange.addImplementation(code, data, False, sender=governor)
    exchange.upgradeTo(code, data, False, sender=governor)
    return exchange


def deploy_escape_verifier(project: ProjectManager, account: AccountAPI) -> ContractInstance:
    tables = [deploy(account, data_contract(page)) for page in pages()]
    return deploy(account, project.EscapeVerifier, tables)


def verifier_with_program(
    project: ProjectManager, governor: AccountAPI, parameters: Parameters
) -> tuple[ContractInstance, int]:
    """The verifier, and the number under which it knows the exchange's program."""
    verifier = deploy_verifier(project, governor, parameters)
    return verifier, register_program(governor, verifier, exchange_program())


def deploy_exchange(
    project: ProjectManager,
    governor: AccountAPI,
    operator: AccountAPI | str,
    committee_members: Members,
    token: ContractInstance,
    time: Seconds,
    parameters: Parameters = DEFAULT,
    local: bool = True,
    delays: Delays = USUAL_DELAYS,
    rules: Mapping[str, Any] = MappingProxyType({}),
    signatures_required: int = 1,
    proofs: Proofs | None = None,
    first_state: FirstState = State.initial,
) -> Deployment:
    """Deploy and configure. Raises Refused for a token of too many decimals, DelaysRefused, and ParametersTooWeak for
    less than the default outside local networks.

    `rules`: what the general configuration says beside the collateral: assets, fee position, availability mode, limits.
    Without a word of limits they are the usual ones; `limits` None is a configuration of version 1.
    Raises Refused for a configuration that would stop the exchange.

    `proofs` deploys what says that a run was proven: the verifier if nobody says; `first_state` makes the state that
    the exchange begins with: an empty one.
    """
    if not local and parameters.proven_bits() < DEFAULT.proven_bits():
        raise ParametersTooWeak(f"{parameters.proven_bits():.0f} proven bits, {DEFAULT.proven_bits():.0f} are required")
    delays.check()
    refuse_fine_quantum(decimals_of(token.address))
    block = head_number()
    asset_info = erc20_asset_info(bytes.fromhex(token.address[2:]))
    config = GeneralConfig.model_validate({"collateral": {"asset_id": asset_type(asset_info)}, "limits": {}, **rules})
    refuse_unusable(config)
    state = first_state(config, Seconds(time))

    verifier, number = (proofs or verifier_with_program)(project, governor, parameters)
    identity = program_identity(key_of(EXCHANGE_BUILTINS, parameters).shape, exchange_program().data)
    is_rollup = bool(config.data_availability_mode)
    kind = project.RollupFactAdapter if is_rollup else project.ProgramFactAdapter
    adapter = deploy(governor, kind, verifier, identity)
    committee = None
    if not is_rollup:
        committee = deploy_committee(project, governor, committee_members, signatures_required)
    escape_verifier = deploy_escape_verifier(project, governor)
    exchange = deploy_pieces(project, governor, escape_verifier, state.words(), delays)

    exchange.registerOperator(operator, sender=governor)
    exchange.registerVerifier(adapter, adapter.identify(), sender=governor)
    if committee is not None:
        exchange.registerAvailabilityVerifier(committee, committee.identify(), sender=governor)
    configure(exchange, governor, config)
    exchange.registerTokenAdmin(governor, sender=governor)
    exchange.registerSystemAssetType(config.collateral_asset_id, asset_info, sender=governor)
    return Deployment(
        block=block,
        token=token,
        verifier=verifier,
        program_number=number,
        adapter=adapter,
        committee=committee,
        escape_verifier=escape_verifier,
        exchange=exchange,
        config=config,
        state=state,
        parameters=parameters,
        delays=delays,
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

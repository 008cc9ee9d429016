"""Changing the configuration of an exchange that stands: what would stop everything is refused before it is announced.

Governors announce hashes and apply them after a delay. Each asset has a hash of its own, and so has all the rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ape.api.accounts import AccountAPI
from ape.contracts.base import ContractInstance
from pydantic import ValidationError

from freehold.chain.exchange import Exchange, span
from freehold.chain.managers import chain
from freehold.chain.parameters import Parameters
from freehold.chain.usable import refuse_change, refuse_unusable
from freehold.errors import Refused
from prover.algebra.keccak import words_to_bytes
from prover.applications.ledger.units import AssetId
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.names import asset_name
from prover.applications.perpetual.state import State

GENERAL = (1 << 256) - 1
"""What the general configuration is asked for as."""


@dataclass(frozen=True)
class Change:
    """One hash that the exchange does not have. `asset_id` is None for the general one."""

    asset_id: AssetId | None
    config_hash: bytes
    due: int
    """When it may be applied; 0 if it is not announced."""
    lapses: int | None
    """When it may no longer be applied; None where announcements last."""

    @property
    def name(self) -> str:
        return "the general configuration" if self.asset_id is None else asset_name(self.asset_id)

    def announce(self, exchange: ContractInstance, governor: AccountAPI) -> None:
        if self.asset_id is None:
            exchange.registerGlobalConfigurationChange(self.config_hash, sender=governor)
        else:
            exchange.registerAssetConfigurationChange(self.asset_id, self.config_hash, sender=governor)

    def apply(self, exchange: ContractInstance, governor: AccountAPI) -> None:
        if self.asset_id is None:
            exchange.applyGlobalConfigurationChange(self.config_hash, sender=governor)
        else:
            exchange.applyAssetConfigurationChange(self.asset_id, self.config_hash, sender=governor)

    def describe(self) -> str:
        left = self.due - int(chain.pending_timestamp)
        due = f"due in {span(left)}" if left > 0 else "due now"
        lapses = "" if self.lapses is None else f", lapses {span(self.lapses - self.due)} later"
        return f"{self.name}: 0x{self.config_hash.hex()}, {due}{lapses}"


def read_config(path: Path, exchange: Exchange) -> GeneralConfig:
    """Of a parameter file (YAML), or of a document of the configuration itself (JSON)."""
    if path.suffix in (".yaml", ".yml"):
        parameters = Parameters.read(path)
        decimals = parameters.collateral.decimals if exchange.decimals is None else exchange.decimals
        return parameters.config(exchange.contract.getSystemAssetType(), decimals)
    try:
        document = json.loads(path.read_bytes())
        return GeneralConfig.model_validate(document.get("config", document))
    except ValidationError as error:
        fault = error.errors()[0]
        raise Refused(f"{path}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}") from error
    except (OSError, ValueError, AttributeError) as error:
        raise Refused(f"{path} is no configuration: {error}") from error


def refuse_stopping(exchange: ContractInstance, config: GeneralConfig, before: GeneralConfig, state: State) -> None:
    """`before` and `state` are those of the record; they must be the exchange's."""
    if bytes(exchange.globalConfigurationHash()) not in (_hash(before), _hash(config)):
        raise Refused("the state beside the record is under another configuration than the exchange's")
    if bytes(exchange.sharedStateHash()) != state.hash():
        raise Refused("the state beside the record is not the exchange's last one")
    refuse_unusable(config)
    refuse_change(config, before, state)


def changes(exchange: ContractInstance, config: GeneralConfig) -> list[Change]:
    """What the exchange lacks, assets first."""
    wanted: list[tuple[AssetId | None, bytes, bytes]] = [
        (asset.asset_id, words_to_bytes([asset.hash()]), bytes(exchange.configurationHash(asset.asset_id)))
        for asset in config.synthetic_assets
    ]
    wanted.append((None, _hash(config), bytes(exchange.globalConfigurationHash())))
    return [_change(exchange, asset_id, new) for asset_id, new, now in wanted if new != now]


def _change(exchange: ContractInstance, asset_id: AssetId | None, config_hash: bytes) -> Change:
    due = int(exchange.configurationEnabledAt(GENERAL if asset_id is None else asset_id, config_hash))
    windows = [abi for abi in exchange.contract_type.view_methods if abi.name == "ANNOUNCEMENT_WINDOW"]
    return Change(asset_id, config_hash, due, due + exchange.ANNOUNCEMENT_WINDOW() if windows else None)


def announce(
    exchange: ContractInstance, governor: AccountAPI, wanted: list[Change], tell: Callable[[str], None]
) -> None:
    """What is not announced yet, or has lapsed."""
    refuse_other_than_governor(exchange, governor)
    now = int(chain.pending_timestamp)
    for change in wanted:
        if change.due == 0 or (change.lapses is not None and change.lapses < now):
            change.announce(exchange, governor)
            tell(_change(exchange, change.asset_id, change.config_hash).describe())
        else:
            tell(f"announced before: {change.describe()}")


def apply(exchange: ContractInstance, governor: AccountAPI, wanted: list[Change], tell: Callable[[str], None]) -> None:
    """All of it or nothing: an asset's and the general one may need each other."""
    refuse_other_than_governor(exchange, governor)
    now = int(chain.pending_timestamp)
    for change in wanted:
        if change.due == 0:
            raise Refused(f"{change.name} was not announced: `ape run announce_configuration`")
        if change.due > now:
            raise Refused(f"it is too early: {change.describe()}")
        if change.lapses is not None and change.lapses < now:
            raise Refused(f"{change.name} has lapsed {span(now - change.lapses)} ago: announce it anew")
    for change in wanted:
        change.apply(exchange, governor)
        tell(f"applied {change.name}: 0x{change.config_hash.hex()}")


def refuse_other_than_governor(exchange: ContractInstance, account: AccountAPI) -> None:
    if not exchange.mainIsGovernor(account):
        raise Refused(f"{account.address} is no main governor of {exchange.address}")


def _hash(config: GeneralConfig) -> bytes:
    return words_to_bytes([config.hash()])

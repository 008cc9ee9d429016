"""Contracts at addresses: as the project compiles them, and the exchange behind its proxy."""

from __future__ import annotations

from typing import cast

from ape.api.accounts import AccountAPI
from ape.contracts.base import ContractContainer, ContractInstance
from ape.managers.project import ProjectManager
from eth_utils.address import is_address, to_checksum_address
from ethpm_types.abi import ABI
from ethpm_types.contract_type import ContractType

from freehold.chain.compilation import keep_fresh
from freehold.chain.errors import Refused
from freehold.chain.managers import chain, networks, project
from freehold.chain.network import network_name

keep_fresh()

PIECES = ("Freehold", "Custody", "Administration", "FreeholdProxy")


def deploy(account: AccountAPI, contract: ContractContainer, *arguments: object) -> ContractInstance:
    """A new contract, once the account's transaction is in a block."""
    return cast(ContractInstance, account.deploy(contract, *arguments))


def exchange_type(project: ProjectManager) -> ContractType:
    """What the exchange's address answers, and how it refuses: the ABIs of all its pieces together."""
    entries: dict[tuple[str, str], ABI] = {}
    for name in PIECES:
        for entry in project.get_contract(name).contract_type.abi:
            if entry.type in ("function", "event", "error"):
                entries.setdefault((entry.type, entry.selector), entry)
    return ContractType(contractName="IFreehold", abi=list(entries.values()))


def exchange_at(project: ProjectManager, address: str) -> ContractInstance:
    return chain.contracts.instance_at(address, contract_type=exchange_type(project))


def address_of(text: str, what: str) -> str:
    """A checksummed address other than zero."""
    if not is_address(text) or int(text, 16) == 0:
        raise Refused(f"{what} '{text}' is not an address")
    return to_checksum_address(text)


def contract_at(text: str, what: str, kind: str) -> ContractInstance:
    """The contract at an address, spoken to as the project's contract `kind`."""
    address = address_of(text, what)
    if not networks.provider.get_code(address):
        raise Refused(f"there is no contract at {what} {address} on {network_name()}")
    return chain.contracts.instance_at(address, contract_type=project.contracts[kind].contract_type)

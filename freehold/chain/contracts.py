"""Contracts at addresses: as the project compiles them, and the exchange behind its proxy."""

from __future__ import annotations

from ape import Contract, networks, project
from ape.contracts import ContractInstance
from eth_utils import is_address, to_checksum_address
from ethpm_types import ContractType

from freehold.chain.compilation import keep_fresh
from freehold.chain.errors import Refused
from freehold.chain.network import network_name

keep_fresh()

PIECES = ("Freehold", "Custody", "Administration", "FreeholdProxy")


def exchange_type(project) -> ContractType:
    """What the exchange's address answers, and how it refuses."""
    return project.IFreehold.contract_type


def exchange_at(project, address: str) -> ContractInstance:
    return Contract(address, contract_type=exchange_type(project))


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
    return Contract(address, contract_type=project.contracts[kind].contract_type)

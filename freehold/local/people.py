"""Who takes part in a local exchange: accounts of the test chain, and Stark keys from the seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from eth_account import Account

from prover.algebra import ecdsa
from prover.algebra.keccak import words_to_bytes
from prover.applications.ledger.facts import registration_message
from prover.applications.ledger.units import StarkKey
from prover.applications.perpetual.signing import stark_key
from prover.applications.perpetual.units import PositionId

MNEMONIC = "test test test test test test test test test test test junk"
"""Of the accounts that anvil gives ether to: everybody knows their keys."""
DEPLOYER, OPERATOR, FIRST_MEMBER, FIRST_TRADER = 0, 1, 2, 5
N_MEMBERS, N_TRADERS = 3, 5
"""Anvil has ten accounts."""
FIRST_POSITION = 100


@cache
def secret_of(place: int) -> int:
    """Of the chain's account at this place."""
    Account.enable_unaudited_hdwallet_features()
    return int.from_bytes(Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{place}").key, "big")


def address_of(place: int) -> str:
    return str(Account.from_key(secret_of(place).to_bytes(32, "big")).address)


@dataclass(frozen=True)
class Trader:
    """An account, a Stark key, a position. `position_id` and keys follow from place and seed."""

    place: int
    seed: str

    @property
    def name(self) -> str:
        return ("ann", "ben", "cleo", "dan", "eve")[self.place]

    @property
    def account(self) -> int:
        return FIRST_TRADER + self.place

    @property
    def address(self) -> str:
        return address_of(self.account)

    @property
    def position_id(self) -> PositionId:
        return PositionId(FIRST_POSITION + self.place)

    @property
    def stark_private_key(self) -> int:
        return _private_key(f"{self.seed}/{self.place}")

    @property
    def stark_key(self) -> StarkKey:
        return stark_key(self.stark_private_key)

    def registration(self) -> bytes:
        """The key's signature over the account's address: r, s and the key's y."""
        message = registration_message(bytes.fromhex(self.address[2:]), self.stark_key)
        r, s = ecdsa.sign(message, self.stark_private_key)
        return words_to_bytes([r, s, ecdsa.public_point(self.stark_private_key).y])


@cache
def _private_key(text: str) -> int:
    return ecdsa.grind_key(text.encode()) or 1


def traders(seed: str) -> list[Trader]:
    return [Trader(place, seed) for place in range(N_TRADERS)]


def fee_key(seed: str) -> int:
    """The private key of the position that collects fees."""
    return _private_key(f"{seed}/fees")

"""Hashes that contracts and batches of every exchange agree on (docs/spec/contracts-perpetual.md 9.2, 12.2, 16)."""

from __future__ import annotations

from collections.abc import Sequence

from prover.algebra.curve import ORDER
from prover.algebra.keccak import keccak256, keccak_of_words, words_to_bytes
from prover.applications.ledger.units import CollateralId, StarkKey

ASSET_MASK = (1 << 250) - 1
ERC20_SELECTOR = keccak256(b"ERC20Token(address)")[:4]


def registration_message(eth_key: bytes, stark_key: StarkKey) -> int:
    """What a Stark key signs to register under an Ethereum address of 20 bytes."""
    data = b"UserRegistration:" + eth_key + words_to_bytes([stark_key])
    return int.from_bytes(keccak256(data), "big") % ORDER


def validium_fact(output: Sequence[int]) -> bytes:
    """The state transition fact."""
    return keccak_of_words(output)


def rollup_fact(main: Sequence[int], data_hash: bytes, data_size: int) -> bytes:
    """The state transition fact of a rollup: a tree of two leaves, the main page and the data of `data_size` words."""
    sizes = [words_to_bytes([size]) for size in (len(main), len(main) + data_size)]
    node = int.from_bytes(keccak256(keccak_of_words(main) + sizes[0] + data_hash + sizes[1]), "big")
    return ((node + 1) % (1 << 256)).to_bytes(32, "big")


def condition_word(registry: bytes, fact: bytes) -> int:
    """What a conditional transfer names: a fact (32 bytes) that a registry (20 bytes) must know. 250 bits."""
    if len(registry) != 20 or len(fact) != 32:
        raise ValueError(f"a registry has 20 bytes and a fact 32, not {len(registry)} and {len(fact)}")
    return int.from_bytes(keccak256(registry + fact), "big") & ASSET_MASK


def erc20_asset_info(token: bytes) -> bytes:
    """Of a token's address of 20 bytes."""
    return ERC20_SELECTOR + bytes(12) + token


def asset_type(asset_info: bytes, quantum: int = 1) -> CollateralId:
    """The id of a fungible token, of which `quantum` units are one quantum."""
    return CollateralId(int.from_bytes(keccak256(asset_info + words_to_bytes([quantum])), "big") & ASSET_MASK)

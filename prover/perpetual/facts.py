"""Hashes that contracts and batches agree on (contracts-perpetual 9.2, 12.2, 16)."""

from __future__ import annotations

from collections.abc import Sequence

from prover.algebra.curve import ORDER
from prover.algebra.keccak import keccak256, keccak_of_words, words_to_bytes
from prover.perpetual.state import State

ASSET_MASK = (1 << 250) - 1
ERC20_SELECTOR = keccak256(b"ERC20Token(address)")[:4]


def registration_message(eth_key: bytes, stark_key: int) -> int:
    """What a Stark key signs to register under an Ethereum address of 20 bytes."""
    data = b"UserRegistration:" + eth_key + words_to_bytes([stark_key])
    return int.from_bytes(keccak256(data), "big") % ORDER


def forced_withdrawal_hash(stark_key: int, position_id: int, amount: int) -> bytes:
    return keccak256(b"FORCED_WITHDRAWAL" + words_to_bytes([stark_key, position_id, amount]))


def validium_fact(output: Sequence[int]) -> bytes:
    """The state transition fact."""
    return keccak_of_words(output)


def availability_claim(after: State, sequence_number: int) -> bytes:
    """What the committee signs; `sequence_number` is the one after the update."""
    return keccak_of_words(
        [after.tree.root, after.tree.height, after.orders_root, after.orders_height, sequence_number]
    )


def erc20_asset_info(token: bytes) -> bytes:
    return ERC20_SELECTOR + bytes(12) + token


def asset_type(asset_info: bytes, quantum: int = 1) -> int:
    return int.from_bytes(keccak256(asset_info + words_to_bytes([quantum])), "big") & ASSET_MASK

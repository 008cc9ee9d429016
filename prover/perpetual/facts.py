"""Hashes that contracts and batches agree on (contracts-perpetual 9.2, 12.2, 16)."""

from __future__ import annotations

from collections.abc import Sequence

from prover.algebra.curve import ORDER
from prover.algebra.keccak import keccak256, keccak_of_words, words_to_bytes
from prover.perpetual.batch import Batch
from prover.perpetual.state import State
from prover.perpetual.transactions import ForcedTrade

ASSET_MASK = (1 << 250) - 1
ERC20_SELECTOR = keccak256(b"ERC20Token(address)")[:4]


def registration_message(eth_key: bytes, stark_key: int) -> int:
    """What a Stark key signs to register under an Ethereum address of 20 bytes."""
    data = b"UserRegistration:" + eth_key + words_to_bytes([stark_key])
    return int.from_bytes(keccak256(data), "big") % ORDER


def forced_withdrawal_hash(stark_key: int, position_id: int, amount: int) -> bytes:
    return keccak256(b"FORCED_WITHDRAWAL" + words_to_bytes([stark_key, position_id, amount]))


def forced_trade_hash(trade: ForcedTrade, collateral_asset_id: int) -> bytes:
    """The request's identity on chain; the flag is one byte."""
    words = [
        trade.public_key_a,
        trade.public_key_b,
        trade.position_id_a,
        trade.position_id_b,
        collateral_asset_id,
        trade.synthetic_asset_id,
        trade.amount_collateral,
        trade.amount_synthetic,
    ]
    flag = bytes([trade.is_party_a_buying_synthetic])
    return keccak256(b"FORCED_TRADE" + words_to_bytes(words) + flag + words_to_bytes([trade.nonce]))


def forced_trade_consent(trade: ForcedTrade, collateral_asset_id: int, expiration_hours: int) -> bytes:
    """What party B signs with its Ethereum key, without a prefix, to agree to a trade requested until then."""
    return keccak256(forced_trade_hash(trade, collateral_asset_id) + words_to_bytes([expiration_hours]))


def validium_fact(output: Sequence[int]) -> bytes:
    """The state transition fact."""
    return keccak_of_words(output)


def rollup_fact(main: Sequence[int], data_hash: bytes, data_size: int) -> bytes:
    """The state transition fact of a rollup: a tree of two leaves, the main page and the data of `data_size` words."""
    sizes = [words_to_bytes([size]) for size in (len(main), len(main) + data_size)]
    node = int.from_bytes(keccak256(keccak_of_words(main) + sizes[0] + data_hash + sizes[1]), "big")
    return ((node + 1) % (1 << 256)).to_bytes(32, "big")


def availability_claim(after: State, sequence_number: int) -> bytes:
    """What the committee signs; `sequence_number` is the one after the update."""
    return keccak_of_words(
        [after.tree.root, after.tree.height, after.orders_root, after.orders_height, sequence_number]
    )


def update_words(batch: Batch) -> list[int]:
    """What `updateState` takes: the main page; of a rollup's data only hash and size."""
    main = batch.main_words()
    if not batch.config.data_availability_mode:
        return main
    data = batch.data()
    return [*main, int.from_bytes(keccak_of_words(data), "big"), len(data)]


def condition_word(registry: bytes, fact: bytes) -> int:
    """What a conditional transfer names: a fact that a registry (20 bytes) must know."""
    return int.from_bytes(keccak256(registry + fact), "big") & ASSET_MASK


def erc20_asset_info(token: bytes) -> bytes:
    return ERC20_SELECTOR + bytes(12) + token


def asset_type(asset_info: bytes, quantum: int = 1) -> int:
    return int.from_bytes(keccak256(asset_info + words_to_bytes([quantum])), "big") & ASSET_MASK

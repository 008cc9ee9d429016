"""Hashes of forced requests, and what a state update is sent with (docs/spec/contracts-perpetual.md 12.2, 12.3, 16)."""

from __future__ import annotations

from collections.abc import Sequence

from prover.algebra.keccak import keccak256, keccak_of_words, words_to_bytes
from prover.applications.ledger.units import CollateralId, Hours, StarkKey
from prover.applications.perpetual.batch import Batch
from prover.applications.perpetual.output import ROLLUP
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import ForcedTrade
from prover.applications.perpetual.units import CollateralQuanta, PositionId


def forced_withdrawal_hash(stark_key: StarkKey, position_id: PositionId, amount: CollateralQuanta) -> bytes:
    return keccak256(b"FORCED_WITHDRAWAL" + words_to_bytes([stark_key, position_id, amount]))


def forced_trade_hash(trade: ForcedTrade, collateral_asset_id: CollateralId) -> bytes:
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
    flag = bytes([trade.is_party_a_buying_synthetic != 0])
    return keccak256(b"FORCED_TRADE" + words_to_bytes(words) + flag + words_to_bytes([trade.nonce]))


def forced_trade_consent(trade: ForcedTrade, collateral_asset_id: CollateralId, expiration: Hours) -> bytes:
    """What party B signs with its Ethereum key, without a prefix, to agree to a trade requested until then."""
    return keccak256(forced_trade_hash(trade, collateral_asset_id) + words_to_bytes([expiration]))


def availability_claim(after: State, sequence_number: int) -> bytes:
    """What the committee signs; `sequence_number` is the one after the update."""
    return claim_of_roots(
        (after.tree.root, after.tree.height), (after.orders_root, after.orders_tree.height), sequence_number
    )


def claim_of_roots(positions: tuple[int, int], orders: tuple[int, int], sequence_number: int) -> bytes:
    """The same for who knows of the state only root and height of both trees."""
    return keccak_of_words([*positions, *orders, sequence_number])


def update_words(batch: Batch) -> list[int]:
    """What `updateState` takes: the main page; of a rollup's data only hash and size."""
    main = batch.main_words()
    if batch.config.data_availability_mode != ROLLUP:
        return main
    data = batch.data()
    return [*main, int.from_bytes(keccak_of_words(data), "big"), len(data)]


def application_data(batch_id: int, previous: int, conditions: Sequence[tuple[str, bytes]]) -> list[int]:
    """What `updateState` takes beside the output. Of each condition its registry and fact, in the batch's order."""
    facts = [word for registry, fact in conditions for word in (int(registry, 16), int.from_bytes(fact, "big"))]
    return [batch_id, previous, len(conditions), *facts]

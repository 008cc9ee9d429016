"""The messages that people and oracles sign: their packing and their hashes (docs/spec/perpetual-state.md 6.2).

Pure functions of numbers. Every argument must fit its bits, else MessageMalformed: a field that overflows would be read
as its neighbour. Signing and verifying is `prover.algebra.ecdsa`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from prover.algebra.field import PRIME
from prover.algebra.pedersen import pedersen
from prover.applications.ledger.units import AssetId, CollateralId, Hours, Seconds, StarkKey
from prover.applications.perpetual.units import CollateralQuanta, ExternalPrice, OrderId, PositionId, SyntheticQuanta

LIMIT_ORDER, TRANSFER, CONDITIONAL_TRANSFER, WITHDRAWAL, WITHDRAWAL_TO_OWNER = 3, 4, 5, 6, 7
"""The 10-bit types. The last two are one transaction: to the signer's own key, or to another owner key."""
REDUCE_ONLY, FILL_OR_KILL, CANCEL = 1, 2, 4
"""Flags of a limit order, in the low bits of its padding. The last makes it the message that cancels the order."""
ORDER_ID_BITS = 64
MESSAGE_BITS = 251


class MessageMalformed(ValueError):
    def __init__(self, name: str, value: int, bound: str) -> None:
        super().__init__(f"{name} is {value}, must be in [0, {bound})")


def _packed(*fields: tuple[str, int, int]) -> int:
    """(name, value, bits), most significant first."""
    word = 0
    for name, value, bits in fields:
        if not 0 <= value < 1 << bits:
            raise MessageMalformed(name, value, f"2^{bits}")
        word = word << bits | value
    return word


def _chain(words: Sequence[int]) -> int:
    """h(h(w1, w2), w3)...: the first word is the seed, no length."""
    return reduce(pedersen, words)


def _checked(name: str, value: int, bits: int) -> int:
    return _packed((name, value, bits))


def _felt(name: str, value: int) -> int:
    """Keys and conditions are hashed whole."""
    if not 0 <= value < PRIME:
        raise MessageMalformed(name, value, "p")
    return value


def limit_order_hash(
    *,
    synthetic_asset_id: AssetId,
    collateral_asset_id: CollateralId,
    is_buying_synthetic: bool,
    amount_synthetic: SyntheticQuanta,
    amount_collateral: CollateralQuanta,
    amount_fee: CollateralQuanta,
    nonce: int,
    position_id: PositionId,
    expiration_timestamp: Hours,
    flags: int = 0,
) -> int:
    """The fee is in collateral; the position stands in the slots of fee, sold and bought asset alike."""
    synthetic = (_checked("synthetic_asset_id", synthetic_asset_id, 128), amount_synthetic)
    collateral = (_checked("collateral_asset_id", collateral_asset_id, 250), amount_collateral)
    (sold, amount_sold), (bought, amount_bought) = (
        (collateral, synthetic) if is_buying_synthetic else (synthetic, collateral)
    )
    amounts = _packed(
        ("amount sold", amount_sold, 64),
        ("amount bought", amount_bought, 64),
        ("amount_fee", amount_fee, 64),
        ("nonce", nonce, 32),
    )
    rest = _packed(
        ("type", LIMIT_ORDER, 10),
        ("position_id", position_id, 64),
        ("position_id", position_id, 64),
        ("position_id", position_id, 64),
        ("expiration_timestamp", expiration_timestamp, 32),
        ("padding", 0, 14),
        ("flags", flags, 3),
    )
    return _chain([sold, bought, collateral_asset_id, amounts, rest])


def transfer_hash(
    *,
    asset_id: CollateralId,
    receiver_public_key: StarkKey,
    sender_position_id: PositionId,
    receiver_position_id: PositionId,
    amount: CollateralQuanta,
    nonce: int,
    expiration_timestamp: Hours,
    condition: int = 0,
    fee_asset_id: int = 0,
    fee_position_id: PositionId | None = None,
    max_amount_fee: int = 0,
) -> int:
    """A condition other than 0 makes it a conditional transfer.

    The exchange executes only messages without a fee whose fee position is the sender's: the last three arguments are
    there because wallets can sign them.
    """
    head = [
        _checked("asset_id", asset_id, 250),
        _checked("fee_asset_id", fee_asset_id, 250),
        _felt("receiver_public_key", receiver_public_key),
    ]
    if condition:
        head.append(_felt("condition", condition))
    return _chain(
        [
            *head,
            _packed(
                ("sender_position_id", sender_position_id, 64),
                ("receiver_position_id", receiver_position_id, 64),
                ("fee_position_id", sender_position_id if fee_position_id is None else fee_position_id, 64),
                ("nonce", nonce, 32),
            ),
            _packed(
                ("type", CONDITIONAL_TRANSFER if condition else TRANSFER, 10),
                ("amount", amount, 64),
                ("max_amount_fee", max_amount_fee, 64),
                ("expiration_timestamp", expiration_timestamp, 32),
                ("padding", 0, 81),
            ),
        ]
    )


def withdrawal_hash(
    *,
    collateral_asset_id: CollateralId,
    public_key: StarkKey,
    owner_key: StarkKey,
    position_id: PositionId,
    amount: CollateralQuanta,
    nonce: int,
    expiration_timestamp: Hours,
) -> int:
    """To the signer's own key (type 6) the owner key is left out; to any other it is hashed (type 7)."""
    is_own = owner_key == public_key
    word = _packed(
        ("type", WITHDRAWAL if is_own else WITHDRAWAL_TO_OWNER, 10),
        ("position_id", position_id, 64),
        ("nonce", nonce, 32),
        ("amount", amount, 64),
        ("expiration_timestamp", expiration_timestamp, 32),
        ("padding", 0, 49),
    )
    collateral = _checked("collateral_asset_id", collateral_asset_id, 250)
    return _chain([collateral, word] if is_own else [collateral, _felt("owner_key", owner_key), word])


def price_hash(signed_asset_id: int, external_price: ExternalPrice, timestamp: Seconds) -> int:
    """What an oracle signs."""
    word = _packed(("external_price", external_price, 120), ("timestamp", timestamp, 32))
    return pedersen(_checked("signed_asset_id", signed_asset_id, 168), word)


def signed_asset_id(asset_name: bytes, oracle_name: bytes) -> int:
    """What an oracle signs for: 16 bytes of the asset's name, 5 of the oracle's, each padded on the right."""
    if len(asset_name) > 16 or len(oracle_name) > 5:
        raise ValueError(f"an asset's name takes 16 bytes, an oracle's 5; got {asset_name!r} and {oracle_name!r}")
    return int.from_bytes(asset_name.ljust(16, b"\0"), "big") << 40 | int.from_bytes(oracle_name.ljust(5, b"\0"), "big")


def order_id(message_hash: int) -> OrderId:
    """The leaf of the orders tree that a message uses up: its hash's top 64 of 251 bits."""
    return OrderId(message_hash >> MESSAGE_BITS - ORDER_ID_BITS)

"""What an explorer accepts of the gateways' answers: exactly these keys, in these forms. A schema is a dictionary, a
list with one schema, a pattern of text, a set of constants, a type, or a pair of patterns for a table."""

from __future__ import annotations

import re
from typing import Any

DECIMAL, SIGNED, HEX = re.compile("[0-9]+"), re.compile("-?[0-9]+"), re.compile("0x[0-9a-f]+")
ASSET, ROOT = re.compile("0x[0-9a-f]{30}"), re.compile("0[0-9a-f]{63}")
SIGNATURE = {"r": HEX, "s": HEX}
ORDER = {
    "order_type": {"LIMIT_ORDER_WITH_FEES"},
    "nonce": DECIMAL,
    "public_key": HEX,
    "position_id": DECIMAL,
    "amount_synthetic": DECIMAL,
    "amount_collateral": DECIMAL,
    "amount_fee": DECIMAL,
    "asset_id_synthetic": ASSET,
    "asset_id_collateral": HEX,
    "is_buying_synthetic": bool,
    "expiration_timestamp": DECIMAL,
    "signature": SIGNATURE,
}
_WITHDRAWAL = {
    "amount": DECIMAL,
    "expiration_timestamp": DECIMAL,
    "nonce": DECIMAL,
    "position_id": DECIMAL,
    "public_key": HEX,
    "signature": SIGNATURE,
}
_TRANSFER = {
    "amount": DECIMAL,
    "asset_id": HEX,
    "nonce": DECIMAL,
    "expiration_timestamp": DECIMAL,
    "sender_public_key": HEX,
    "sender_position_id": DECIMAL,
    "receiver_public_key": HEX,
    "receiver_position_id": DECIMAL,
    "signature": SIGNATURE,
}
_QUOTE = {
    "external_asset_id": HEX,
    "price": DECIMAL,
    "timestamped_signature": {"timestamp": DECIMAL, "signature": SIGNATURE},
}
TRANSACTIONS: dict[str, dict[str, Any]] = {
    "DEPOSIT": {"amount": DECIMAL, "position_id": DECIMAL, "public_key": HEX},
    "WITHDRAWAL": _WITHDRAWAL,
    "WITHDRAWAL_TO_ADDRESS": {**_WITHDRAWAL, "eth_address": HEX},
    "TRANSFER": _TRANSFER,
    "CONDITIONAL_TRANSFER": {
        **_TRANSFER,
        "fact_registry_address": re.compile("0x[0-9a-fA-F]+"),
        "fact": re.compile("[0-9a-f]+"),
    },
    "TRADE": {
        "party_a_order": ORDER,
        "party_b_order": ORDER,
        "actual_collateral": DECIMAL,
        "actual_synthetic": DECIMAL,
        "actual_a_fee": DECIMAL,
        "actual_b_fee": DECIMAL,
    },
    "LIQUIDATE": {
        "liquidator_order": ORDER,
        "liquidated_position_id": DECIMAL,
        "actual_collateral": DECIMAL,
        "actual_synthetic": DECIMAL,
        "actual_liquidator_fee": DECIMAL,
    },
    "FORCED_WITHDRAWAL": {"public_key": HEX, "position_id": DECIMAL, "amount": DECIMAL, "is_valid": bool},
    "FORCED_TRADE": {
        "public_key_party_a": HEX,
        "public_key_party_b": HEX,
        "position_id_party_a": DECIMAL,
        "position_id_party_b": DECIMAL,
        "collateral_asset_id": HEX,
        "synthetic_asset_id": ASSET,
        "amount_collateral": DECIMAL,
        "amount_synthetic": DECIMAL,
        "is_party_a_buying_synthetic": bool,
        "nonce": DECIMAL,
        "is_valid": bool,
    },
    "FUNDING_TICK": {"global_funding_indices": {"indices": (ASSET, SIGNED), "timestamp": DECIMAL}},
    "ORACLE_PRICES_TICK": {
        "timestamp": DECIMAL,
        "oracle_prices": (ASSET, {"price": DECIMAL, "signed_prices": (HEX, _QUOTE)}),
    },
}
POSITION = {
    "public_key": HEX,
    "collateral_balance": SIGNED,
    "assets": (ASSET, {"balance": SIGNED, "cached_funding_index": SIGNED}),
}
BATCH_DATA = {
    "update": {
        "prev_batch_id": int,
        "position_root": ROOT,
        "order_root": ROOT,
        "positions": (DECIMAL, POSITION),
        "orders": (DECIMAL, {"fulfilled_amount": DECIMAL}),
    }
}


def transaction_schema(document: dict[str, Any]) -> dict[str, Any]:
    kind = document["type"]
    if kind == "MULTI_TRANSACTION":
        return {"type": {kind}, "txs": [transaction_schema]}
    return {"type": {kind}, **TRANSACTIONS[kind]}


TX_INFO = {"original_tx_id": int, "original_tx": transaction_schema, "was_replaced": bool, "alt_txs": {None, ()}}
BATCH_INFO = {
    "previous_batch_id": int,
    "sequence_number": int,
    "time_created": DECIMAL,
    "previous_position_root": ROOT,
    "previous_order_root": ROOT,
    "position_root": ROOT,
    "order_root": ROOT,
    "txs_info": [TX_INFO],
}
ERROR = {"code": re.compile("[A-Z_]+"), "message": str}


def check(answer: Any, schema: Any, place: str = "answer") -> None:
    """Raises AssertionError, naming the place."""
    if callable(schema) and not isinstance(schema, type):
        schema = schema(answer)
    if isinstance(schema, re.Pattern):
        assert isinstance(answer, str) and schema.fullmatch(answer), f"{place}: {answer!r} is not {schema.pattern}"
    elif isinstance(schema, type):
        assert type(answer) is schema, f"{place}: {answer!r} is no {schema.__name__}"
    elif isinstance(schema, set):
        assert (tuple(answer) if isinstance(answer, list) else answer) in schema, f"{place}: {answer!r}"
    elif isinstance(schema, list):
        assert isinstance(answer, list), place
        for number, entry in enumerate(answer):
            check(entry, schema[0], f"{place}[{number}]")
    elif isinstance(schema, tuple):
        assert isinstance(answer, dict), place
        for name, entry in answer.items():
            check(name, schema[0], f"{place}: key")
            check(entry, schema[1], f"{place}.{name}")
    else:
        assert isinstance(answer, dict) and answer.keys() == schema.keys(), f"{place}: keys {list(answer)}"
        for name, part in schema.items():
            check(answer[name], part, f"{place}.{name}")

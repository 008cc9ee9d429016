"""A transaction of each kind as clients of the published gateway write it."""

from tests.support.world import ALICE, BOB, ETH, HOUR, NOW, ONE, USD, key, signed_price

SIGNATURE = {"r": "0x1", "s": "0x2"}
REGISTRY, FACT = "0x" + "ab" * 20, "cd" * 32


def order(owner: int, buys: bool, **fields) -> dict:
    return {
        "order_type": "LIMIT_ORDER_WITH_FEES",
        "nonce": "7",
        "public_key": hex(key(owner)),
        "position_id": "11",
        "amount_synthetic": "100",
        "amount_collateral": "200",
        "amount_fee": "3",
        "asset_id_synthetic": hex(ETH),
        "asset_id_collateral": hex(USD),
        "is_buying_synthetic": buys,
        "expiration_timestamp": str(HOUR),
        "signature": SIGNATURE,
        **fields,
    }


TRANSFER = {
    "type": "TRANSFER",
    "amount": "5",
    "asset_id": hex(USD),
    "nonce": "1",
    "expiration_timestamp": str(HOUR),
    "sender_public_key": hex(key(ALICE)),
    "sender_position_id": "11",
    "receiver_public_key": hex(key(BOB)),
    "receiver_position_id": "22",
    "signature": SIGNATURE,
}
WITHDRAWAL = {
    "type": "WITHDRAWAL",
    "amount": "5",
    "expiration_timestamp": str(HOUR),
    "nonce": "1",
    "position_id": "11",
    "public_key": hex(key(ALICE)),
    "signature": SIGNATURE,
}
QUOTE = signed_price(ETH, ONE, NOW)
DOCUMENTS = [
    {"type": "DEPOSIT", "amount": "5", "position_id": "11", "public_key": hex(key(ALICE))},
    WITHDRAWAL,
    {**WITHDRAWAL, "type": "WITHDRAWAL_TO_ADDRESS", "eth_address": REGISTRY},
    TRANSFER,
    {**TRANSFER, "type": "CONDITIONAL_TRANSFER", "fact_registry_address": REGISTRY, "fact": FACT},
    {
        "type": "TRADE",
        "party_a_order": order(ALICE, False),
        "party_b_order": order(BOB, True),
        "actual_collateral": "20",
        "actual_synthetic": "10",
        "actual_a_fee": "1",
        "actual_b_fee": "0",
    },
    {
        "type": "LIQUIDATE",
        "liquidator_order": order(ALICE, True),
        "liquidated_position_id": "22",
        "actual_collateral": "20",
        "actual_synthetic": "10",
        "actual_liquidator_fee": "0",
    },
    {
        "type": "DELEVERAGE",
        "deleveraged_position_id": "11",
        "deleverager_position_id": "22",
        "synthetic_asset_id": hex(ETH),
        "amount_synthetic": "10",
        "amount_collateral": "20",
        "deleverager_is_buying_synthetic": True,
    },
    {
        "type": "FORCED_WITHDRAWAL",
        "public_key": hex(key(ALICE)),
        "position_id": "11",
        "amount": "5",
        "is_valid": True,
    },
    {
        "type": "FORCED_TRADE",
        "public_key_party_a": hex(key(ALICE)),
        "public_key_party_b": hex(key(BOB)),
        "position_id_party_a": "11",
        "position_id_party_b": "22",
        "collateral_asset_id": hex(USD),
        "synthetic_asset_id": hex(ETH),
        "amount_collateral": "20",
        "amount_synthetic": "10",
        "is_party_a_buying_synthetic": False,
        "nonce": str(1 << 200),
        "is_valid": False,
    },
    {"type": "FUNDING_TICK", "global_funding_indices": {"indices": {hex(ETH): "-5"}, "timestamp": str(NOW)}},
    {
        "type": "ORACLE_PRICES_TICK",
        "timestamp": str(NOW),
        "oracle_prices": {
            hex(ETH): {
                "price": str(ONE),
                "signed_prices": {
                    hex(quote.signer_key): {
                        "external_asset_id": hex(quote.signed_asset_id),
                        "price": str(quote.external_price),
                        "timestamped_signature": {
                            "timestamp": str(quote.timestamp),
                            "signature": {"r": hex(quote.r), "s": hex(quote.s)},
                        },
                    }
                    for quote in QUOTE.signatures
                },
            }
        },
    },
]
BY_TYPE = {document["type"]: document for document in DOCUMENTS}

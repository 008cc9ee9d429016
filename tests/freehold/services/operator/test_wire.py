"""The published JSON of transactions: read strictly, understood as the rules' transactions, written back as it came."""

import json

import pytest

from freehold.services.operator.wire import (
    AddTransaction,
    AnyTransaction,
    NotReadable,
    read,
    read_json,
    singles,
    to_document,
    to_rules,
)
from prover.algebra import ecdsa
from prover.applications.ledger.facts import condition_word
from tests.support.world import ALICE, BOB, ETH, FEES, HOUR, NOW, ONE, USD, key, signed_price

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


def understood(kind: str, **changes):
    return to_rules(read(AnyTransaction, {**BY_TYPE[kind], **changes}))


@pytest.mark.parametrize("document", DOCUMENTS, ids=list(BY_TYPE))
def test_each_kind_is_read_and_written_back_as_it_came(document):
    transaction = read_json(AnyTransaction, json.dumps(document).encode())
    assert to_document(transaction) == document
    assert to_rules(transaction).position_ids() is not None


@pytest.mark.parametrize("document", DOCUMENTS, ids=list(BY_TYPE))
def test_no_key_may_be_missing_or_unknown(document):
    for changed in (
        {**document, "other": "1"},
        *({k: v for k, v in document.items() if k != name} for name in document),
    ):
        with pytest.raises(NotReadable) as refused:
            read(AnyTransaction, changed)
        assert refused.value.code == "SCHEMA_VALIDATION_ERROR"


def test_to_an_address_the_owner_is_the_address():
    assert understood("WITHDRAWAL").owner_key == key(ALICE)
    assert understood("WITHDRAWAL_TO_ADDRESS").owner_key == int(REGISTRY, 16)


def test_the_condition_is_of_registry_and_fact():
    expected = condition_word(bytes.fromhex(REGISTRY[2:]), bytes.fromhex(FACT))
    assert understood("CONDITIONAL_TRANSFER").condition == expected
    with pytest.raises(NotReadable, match="more than 32 bytes"):
        understood("CONDITIONAL_TRANSFER", fact="1" + FACT)


def test_either_party_of_a_trade_may_buy():
    trade = understood("TRADE")
    assert (trade.buy_order.public_key, trade.actual_buyer_fee) == (key(BOB), 0)
    assert (trade.sell_order.public_key, trade.actual_seller_fee) == (key(ALICE), 1)


def test_signatures_of_an_oracle_price_verify_and_ascend():
    tick = read(AnyTransaction, BY_TYPE["ORACLE_PRICES_TICK"])
    (price,) = tick.oracle_prices.values()
    signatures = price.signatures()
    assert [one.signer_key for one in signatures] == sorted(one.signer_key for one in signatures)
    assert all(ecdsa.verify(one.message_hash(), one.r, one.s, one.signer_key) for one in signatures)


def test_numbers_may_be_json_numbers():
    assert understood("DEPOSIT", amount=5, position_id=11) == understood("DEPOSIT")


@pytest.mark.parametrize(
    ("kind", "changes", "code"),
    [
        ("DEPOSIT", {"amount": str(1 << 64)}, "OUT_OF_RANGE_AMOUNT"),
        ("DEPOSIT", {"amount": "-1"}, "OUT_OF_RANGE_AMOUNT"),
        ("DEPOSIT", {"amount": "0x5"}, "SCHEMA_VALIDATION_ERROR"),
        ("DEPOSIT", {"amount": "05"}, "SCHEMA_VALIDATION_ERROR"),
        ("DEPOSIT", {"amount": True}, "SCHEMA_VALIDATION_ERROR"),
        ("DEPOSIT", {"amount": 5.0}, "SCHEMA_VALIDATION_ERROR"),
        ("DEPOSIT", {"position_id": str(1 << 64)}, "OUT_OF_RANGE_POSITION_ID"),
        ("DEPOSIT", {"public_key": "0xAB"}, "SCHEMA_VALIDATION_ERROR"),
        ("DEPOSIT", {"public_key": "5"}, "SCHEMA_VALIDATION_ERROR"),
        ("DEPOSIT", {"public_key": hex(1 << 252)}, "OUT_OF_RANGE_PUBLIC_KEY"),
        ("DEPOSIT", {"type": "GIFT"}, "SCHEMA_VALIDATION_ERROR"),
        ("WITHDRAWAL", {"nonce": str(1 << 32)}, "OUT_OF_RANGE_NONCE"),
        ("WITHDRAWAL", {"expiration_timestamp": str(1 << 32)}, "OUT_OF_RANGE_EXPIRATION_TIMESTAMP"),
        ("WITHDRAWAL", {"signature": {"r": hex(1 << 252), "s": "0x1"}}, "OUT_OF_RANGE_SIGNATURE_SUBFIELD"),
        ("WITHDRAWAL_TO_ADDRESS", {"eth_address": hex(1 << 160)}, "OUT_OF_RANGE_ETH_ADDRESS"),
        ("TRANSFER", {"asset_id": hex(1 << 250)}, "OUT_OF_RANGE_COLLATERAL_ASSET_ID"),
    ],
)
def test_what_is_out_of_range_is_refused_by_its_published_name(kind, changes, code):
    with pytest.raises(NotReadable) as refused:
        read(AnyTransaction, {**BY_TYPE[kind], **changes})
    assert refused.value.code == code


def test_a_signer_off_the_curve_is_no_key():
    with pytest.raises(NotReadable) as refused:
        understood("WITHDRAWAL", public_key="0x5")
    assert refused.value.code == "INVALID_PUBLIC_KEY"


def test_several_at_once_are_not_nested_and_not_none():
    deposit = BY_TYPE["DEPOSIT"]
    several = {"type": "MULTI_TRANSACTION", "txs": [deposit, BY_TYPE["TRADE"]]}
    assert len(singles(read(AnyTransaction, several))) == 2
    for wrong in ([], [several], [deposit] * 101):
        with pytest.raises(NotReadable):
            read(AnyTransaction, {"type": "MULTI_TRANSACTION", "txs": wrong})


def test_a_request_is_an_id_and_a_transaction():
    body = {"tx_id": 3, "tx": BY_TYPE["DEPOSIT"]}
    assert read_json(AddTransaction, json.dumps(body).encode()).tx_id == 3
    for wrong, code in ((b"{", "MALFORMED_REQUEST"), (b"[]", "SCHEMA_VALIDATION_ERROR")):
        with pytest.raises(NotReadable) as refused:
            read_json(AddTransaction, wrong)
        assert refused.value.code == code
    for tx_id in (-1, "3", 1 << 63, 1.5):
        with pytest.raises(NotReadable):
            read(AddTransaction, {**body, "tx_id": tx_id})


def test_the_fee_position_is_like_any_other():
    assert understood("DEPOSIT", position_id=str(FEES)).position_id == FEES

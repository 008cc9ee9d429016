"""The published JSON of transactions: read strictly, understood as the rules' transactions, written back as it came."""

import json

import pytest

from freehold.services.base.wire import NotReadable, read, read_json
from freehold.services.operator.wire import (
    AddTransaction,
    AnyTransaction,
    singles,
    to_document,
    to_rules,
)
from prover.algebra import ecdsa
from prover.applications.ledger.facts import condition_word
from tests.support.wire_documents import BY_TYPE, DOCUMENTS, FACT, REGISTRY
from tests.support.world import ALICE, BOB, FEES, key


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

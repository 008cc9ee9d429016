"""Hashes, keys, signatures and messages: edges 1 to 23 of the list."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from prover.algebra import curve, ecdsa, keys
from prover.algebra.curve import ORDER
from prover.algebra.field import PRIME
from prover.algebra.pedersen import pedersen, pedersen_pairs
from prover.applications.ledger.facts import condition_word
from prover.applications.ledger.fields import is_stark_key
from prover.applications.perpetual import messages
from prover.applications.perpetual.config import chain_hash
from prover.applications.perpetual.errors import Code
from prover.applications.perpetual.signing import cancellation, sign, sign_price
from prover.applications.perpetual.transactions import LimitOrder, Transfer, Withdrawal
from tests.support.paths import VECTORS
from tests.support.world import (
    ALICE,
    BOB,
    ETH,
    HOUR,
    SIGNERS,
    USD,
    apply,
    forced_withdrawal,
    holds,
    key,
    oracle_id,
    order,
    refused,
    transfer,
    withdrawal,
    world,
)

FOLDER = VECTORS
CURVE = json.loads((FOLDER / "stark_curve_and_pedersen.json").read_text())
HASHES = json.loads((FOLDER / "perpetual_hashes.json").read_text())
CASES = json.loads((FOLDER / "perpetual_batches.json").read_text())["cases"]
MAX = 2**251
felts = st.integers(0, PRIME - 1)


def number(text: str) -> int:
    return int(text, 16)


# --- hashes


@pytest.mark.parametrize("vector", CURVE["pedersen"], ids=["first", "second"])
def test_published_hashes(vector):
    """Edge 1: one at a time and in bulk."""
    inputs, output = (number(vector["input_1"]), number(vector["input_2"])), number(vector["output"])
    assert pedersen(*inputs) == output
    assert pedersen_pairs([inputs[0]] * 6, [inputs[1]] * 6) == [output] * 6


def slow_pedersen(a: int, b: int) -> int:
    """The definition, bit by bit."""
    total = curve.SHIFT
    for value, low, high in ((a, curve.P0, curve.P1), (b, curve.P2, curve.P3)):
        total = curve.add(total, curve.multiply(low, value & 2**248 - 1))
        total = curve.add(total, curve.multiply(high, value >> 248))
    return total.x


@given(st.one_of(felts, st.integers(0, 7).map(lambda nibble: nibble << 248)), felts)
@settings(max_examples=25, deadline=None)
def test_the_fast_hash_is_the_definition(a, b):
    """Edges 2 and 4: the top nibble uses the second point; 0 uses none."""
    assert pedersen(a, b) == slow_pedersen(a, b)
    assert pedersen_pairs([a, 0, b, 0, a], [b, b, 0, 0, b])[1:4] == [
        slow_pedersen(0, b),
        slow_pedersen(b, 0),
        curve.SHIFT.x,
    ]


@pytest.mark.parametrize("count", [1, 5])
def test_hashes_take_numbers_below_p(count):
    """Edge 3."""
    assert pedersen_pairs([PRIME - 1] * count, [PRIME - 1] * count)
    for wrong in (PRIME, -1):
        with pytest.raises(ValueError, match="below p"):
            pedersen_pairs([0] * count, [*[0] * (count - 1), wrong])


def test_chain_hashes_bind_their_length():
    """Edge 14: none, one, three words; [1] differs from [1, 0]."""
    for vector in HASHES["config"]["chain_hash"]:
        assert chain_hash([number(word) for word in vector["words"]]) == number(vector["hash"])
    assert len({chain_hash(words) for words in ([], [0], [1], [1, 0], [0, 1])}) == 5


# --- signatures


@pytest.mark.parametrize("vector", CURVE["ecdsa_rfc6979"] + CURVE["ecdsa_named"], ids=lambda v: v["message_hash"][:12])
def test_published_signatures(vector):
    """Edge 5: hashes of 61, 62 and 63 digits, and one that its repository signed otherwise."""
    message, private_key = number(vector["message_hash"]), number(vector["private_key"])
    assert ecdsa.sign(message, private_key) == (number(vector["r"]), number(vector["s"]))


@given(st.integers(1, MAX - 1), st.integers(1, ORDER - 1))
@settings(max_examples=20, deadline=None)
def test_signatures_verify_and_changed_ones_do_not(message, private_key):
    """Edges 6, 8 and 12: by x alone; another message, r, s or key is refused (d and n - d are one key)."""
    r, s = ecdsa.sign(message, private_key)
    public = ecdsa.public_key(private_key)
    assert ecdsa.verify(message, r, s, public)
    for changed in (
        (message + 1, r, s, public),
        (message, r + 1, s, public),
        (message, r, s + 1, public),
        (message, r, s, next(other for other in (key(ALICE), key(BOB)) if other != public)),
        (0, r, s, public),
        (message, 0, s, public),
        (message, r, 0, public),
    ):
        assert not ecdsa.verify(*changed)


def test_ranges_refuse_before_the_equation():
    """Edges 7 and 10: message and r below 2^251, s below the order with an inverse below 2^251, nothing reduced."""
    message = MAX - 1
    r, s = ecdsa.sign(message, ALICE)
    assert ecdsa.verify(message, r, s, key(ALICE))
    for bad in ((MAX, r, s), (message, MAX, s), (message, r, ORDER), (message, r, ORDER - 1), (message, r + ORDER, s)):
        assert not ecdsa.verify(*bad, key(ALICE))
    assert pow(ORDER - 1, -1, ORDER) >= MAX


def test_a_key_on_no_point_is_refused():
    """Edge 9: by the verifier without an exception, by a file with a reason."""
    off = next(x for x in range(2, 100) if not is_stark_key(x))
    assert not ecdsa.verify(5, 6, 7, off)
    with pytest.raises(ValidationError, match="no Stark key"):
        Withdrawal(**{**withdrawal(ALICE, 7, 1).model_dump(), "public_key": off})


def test_the_other_s_is_no_replay():
    """Edge 11: n - s may verify too; the order's leaf is used up all the same."""
    for nonce in range(40):
        first = withdrawal(ALICE, 7, 1, nonce=nonce)
        twin = first.model_copy(update={"signature_s": ORDER - first.signature_s})
        if ecdsa.verify(twin.message_hash(USD), twin.signature_r, twin.signature_s, twin.public_key):
            break
    state = world({7: holds(ALICE, 5)})
    assert apply(state, twin)
    with refused(Code.INVALID_FULFILLMENT_INFO):
        apply(state, first, twin)


@pytest.mark.parametrize("vector", CURVE["public_keys"], ids=lambda v: v["private_key"][:12])
def test_published_keys(vector):
    """Edge 12."""
    assert ecdsa.public_key(number(vector["private_key"])) == number(vector["public_key"])


def test_key_derivation():
    """Edge 13: grinding, a mnemonic's path, and an Ethereum signature, whose r is the seed."""
    for vector in CURVE["key_derivation"]:
        if vector["kind"] == "grind_key":
            seed = bytes.fromhex(vector["seed"][2:])
            assert ecdsa.grind_key(seed) == number(vector["result"])
            assert keys.from_ethereum_signature(seed + bytes(33)) == number(vector["result"])
        else:
            names = ("mnemonic", "layer", "application", "eth_address", "index")
            found = keys.from_mnemonic(*(vector[name] for name in names))
            assert found == number(vector["private_key"])
    with pytest.raises(ValueError, match="65 bytes"):
        keys.from_ethereum_signature(bytes(64))
    with pytest.raises(ValueError, match="Ethereum address"):
        keys.from_mnemonic("test", "a", "b", hex(2**160), 0)


def test_grinding_takes_the_first_number_without_bias():
    """A seed whose first hash is too great moves on to the second."""
    from hashlib import sha256

    limit = 2**256 - 2**256 % ORDER
    seed = next(
        s
        for s in (i.to_bytes(4, "big") for i in range(10_000))
        if int.from_bytes(sha256(s + b"\0").digest(), "big") >= limit
    )
    assert ecdsa.grind_key(seed) == int.from_bytes(sha256(seed + b"\1").digest(), "big") % ORDER


# --- messages


def signed_messages():
    """Every signed object of the recorded batches, with its hash."""
    for case in CASES:
        for transaction in case["batch"]["transactions"]:
            for part in (transaction, *(v for v in transaction.values() if isinstance(v, dict))):
                if "message_hash" in part:
                    yield transaction["type"], part


def test_published_message_hashes():
    """Edge 15: limit orders, withdrawals, transfers of the recorded batches; each is signed as we sign it."""
    from pydantic import TypeAdapter

    from prover.applications.perpetual.transactions import Transaction

    seen = set()
    for kind, fields in signed_messages():
        if int(fields["nonce"]) >= 2**32 or int(fields["expiration_timestamp"]) >= 2**32:
            continue
        is_order = "is_buying_synthetic" in fields
        signed = LimitOrder.model_validate(fields) if is_order else TypeAdapter(Transaction).validate_python(fields)
        assert signed.message_hash(USD) == number(fields["message_hash"])
        if "private_key" in fields:
            assert sign(signed, number(fields["private_key"]), USD).signature_s == number(fields["signature_s"])
        seen.add("order" if is_order else kind)
    assert seen >= {"order", "withdrawal", "transfer"}


def test_published_named_orders():
    """Edge 15: an order and a transfer with known hashes and signatures."""
    for vector in CURVE["ecdsa_named"]:
        r, s = ecdsa.sign(number(vector["message_hash"]), number(vector["private_key"]))
        assert ecdsa.verify(number(vector["message_hash"]), r, s, number(vector["public_key"]))


def test_published_prices_verify():
    """Edge 16: the signed prices of the recorded batches; inputs out of range are refused."""
    case = next(c for c in CASES if c["batch"]["signed_min_prices"] and c["expected"]["provable"])
    for price in case["batch"]["signed_min_prices"]:
        for signature in price["signatures"]:
            fields = (
                number(signature["signed_asset_id"]),
                *(int(signature[n]) for n in ("external_price", "timestamp")),
            )
            message = messages.price_hash(*fields)
            assert ecdsa.verify(message, *(number(signature[n]) for n in ("r", "s", "signer_key")))
    good = (2**168 - 1, 2**120 - 1, 2**32 - 1)
    assert messages.price_hash(*good)
    for place in range(3):
        for wrong in (good[place] + 1, -1):
            with pytest.raises(messages.MessageMalformed):
                messages.price_hash(*good[:place], wrong, *good[place + 1 :])
    for names in ((b"x" * 17, b"o"), (b"x", b"oracle")):
        with pytest.raises(ValueError, match="bytes"):
            messages.signed_asset_id(*names)
    assert messages.signed_asset_id(b"SYN00USD", b"ora-0") == int.from_bytes(b"SYN00USD" + bytes(8) + b"ora-0", "big")


def test_sides_swap_assets_and_amounts_and_no_more():
    """Edge 17."""
    fields = {
        "amount_fee": 3,
        "nonce": 4,
        "position_id": 5,
        "expiration_timestamp": 6,
    }
    buys = messages.limit_order_hash(
        synthetic_asset_id=1,
        collateral_asset_id=2,
        is_buying_synthetic=True,
        amount_synthetic=7,
        amount_collateral=8,
        **fields,
    )
    amounts = 8 << 160 | 7 << 96 | 3 << 32 | 4
    rest = 3 << 241 | 5 << 177 | 5 << 113 | 5 << 49 | 6 << 17
    assert buys == pedersen(pedersen(pedersen(pedersen(2, 1), 2), amounts), rest)
    sells = messages.limit_order_hash(
        synthetic_asset_id=1,
        collateral_asset_id=2,
        is_buying_synthetic=False,
        amount_synthetic=7,
        amount_collateral=8,
        **fields,
    )
    amounts = 7 << 160 | 8 << 96 | 3 << 32 | 4
    assert sells == pedersen(pedersen(pedersen(pedersen(1, 2), 2), amounts), rest)


def test_flags_are_the_low_bits_of_an_orders_last_word():
    """Without them it hashes as published; a cancellation is the order's own message with one flag more."""
    head = pedersen(pedersen(pedersen(USD, ETH), USD), 20 << 160 | 10 << 96 | 1)
    last = 3 << 241 | 7 << 177 | 7 << 113 | 7 << 49 | HOUR + 24 << 17
    for flags, fields in enumerate(({}, {"reduce_only": 1}, {"fill_or_kill": 1}, {"reduce_only": 1, "fill_or_kill": 1})):
        signed = order(ALICE, 7, True, 10, 20, **fields)
        cancel = cancellation(signed, ALICE, USD)
        assert signed.message_hash(USD) == pedersen(head, last | flags)
        assert cancel.message_hash(USD) == pedersen(head, last | flags | 4)
        assert cancel.order_id(USD) == signed.order_id(USD) == messages.order_id(signed.message_hash(USD))
        assert set(signed.model_dump()) & {"reduce_only", "fill_or_kill"} == set(fields), "written where they are set"


def test_conditional_transfers_have_a_type_of_their_own():
    """Edges 18 and 19."""
    plain, conditional = transfer(ALICE, 7, BOB, 8, 1), transfer(ALICE, 7, BOB, 8, 1, condition=9)
    assert plain.message_hash(USD) != conditional.message_hash(USD)
    word = 7 << 160 | 8 << 96 | 7 << 32 | 1
    rest = 5 << 241 | 1 << 177 | HOUR + 24 << 81
    head = pedersen(pedersen(pedersen(USD, 0), key(BOB)), 9)
    assert conditional.message_hash(USD) == pedersen(pedersen(head, word), rest)
    assert transfer(ALICE, 7, BOB, 8, 1, condition=0).message_hash(USD) == plain.message_hash(USD)


def withdrawal_with_type(kind: int, owner_key: int) -> Withdrawal:
    """Signed by Alice over a word with this type, whatever it should be."""
    unsigned = withdrawal(ALICE, 7, 1, to=owner_key)
    word = kind << 241 | 7 << 177 | 1 << 145 | 1 << 81 | HOUR + 24 << 49
    head = USD if kind == messages.WITHDRAWAL else pedersen(USD, owner_key)
    r, s = ecdsa.sign(pedersen(head, word), ALICE)
    return unsigned.model_copy(update={"signature_r": r, "signature_s": s})


@pytest.mark.parametrize(("kind", "owner", "accepted"), [(6, ALICE, 1), (7, ALICE, 0), (7, BOB, 1), (6, BOB, 0)])
def test_the_owner_key_decides_the_type(kind, owner, accepted):
    """Edges 20 and 21: to oneself type 6, to another type 7, never the other way."""
    transaction = withdrawal_with_type(kind, key(owner))
    state = world({7: holds(ALICE, 5)})
    if accepted:
        assert apply(state, transaction).modifications[0][0] == key(owner)
    else:
        with refused(Code.INVALID_SIGNATURE):
            apply(state, transaction)


ORDER_BITS = {
    "synthetic_asset_id": 128,
    "collateral_asset_id": 250,
    "amount_synthetic": 64,
    "amount_collateral": 64,
    "amount_fee": 64,
    "nonce": 32,
    "position_id": 64,
    "expiration_timestamp": 32,
    "flags": 3,
}
TRANSFER_BITS = {
    "asset_id": 250,
    "fee_asset_id": 250,
    "sender_position_id": 64,
    "receiver_position_id": 64,
    "fee_position_id": 64,
    "amount": 64,
    "max_amount_fee": 64,
    "nonce": 32,
    "expiration_timestamp": 32,
}
WITHDRAWAL_BITS = {
    "collateral_asset_id": 250,
    "position_id": 64,
    "amount": 64,
    "nonce": 32,
    "expiration_timestamp": 32,
}
FORMS = {
    "bought": (lambda **f: messages.limit_order_hash(is_buying_synthetic=True, **f), ORDER_BITS),
    "sold": (lambda **f: messages.limit_order_hash(is_buying_synthetic=False, **f), ORDER_BITS),
    "transfer": (lambda **f: messages.transfer_hash(receiver_public_key=5, condition=6, **f), TRANSFER_BITS),
    "withdrawal": (lambda **f: messages.withdrawal_hash(public_key=5, owner_key=5, **f), WITHDRAWAL_BITS),
    "to an address": (lambda **f: messages.withdrawal_hash(public_key=5, owner_key=6, **f), WITHDRAWAL_BITS),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_field_ends_at_its_bits(form):
    """Edge 22: all at their maximum give a hash; one more in any field is refused, so words unpack in one way."""
    function, bits = FORMS[form]
    most = {name: 2**count - 1 for name, count in bits.items()}
    assert function(**most) < PRIME
    for name, count in bits.items():
        for wrong in (2**count, -1):
            with pytest.raises(messages.MessageMalformed):
                function(**{**most, name: wrong})


@pytest.mark.parametrize("name", ["receiver_public_key", "condition"])
def test_keys_and_conditions_are_field_elements(name):
    """Edge 22: hashed whole, so p is refused, and every element is a message of its own."""
    fields = {"asset_id": 1, "sender_position_id": 2, "receiver_position_id": 3, "amount": 4, "nonce": 5}
    fields |= {"expiration_timestamp": 6, "receiver_public_key": 7, "condition": 8}
    hashes = {messages.transfer_hash(**{**fields, name: value}) for value in (1, 2, PRIME - 1)}
    assert len(hashes) == 3
    for wrong in (PRIME, -1):
        with pytest.raises(messages.MessageMalformed):
            messages.transfer_hash(**{**fields, name: wrong})


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_changed_field_changes_the_hash(data):
    """Property of edge 22: no two different messages of a kind, or of two kinds, hash alike."""
    function, bits = FORMS[data.draw(st.sampled_from(sorted(FORMS)))]
    drawn = {name: data.draw(st.integers(0, 2**count - 1), label=name) for name, count in bits.items()}
    name = data.draw(st.sampled_from(sorted(bits)))
    other = data.draw(st.integers(0, 2 ** bits[name] - 1).filter(lambda value: value != drawn[name]))
    assert function(**drawn) != function(**{**drawn, name: other})


numbers = st.integers(1, 2**32 - 1)


@given(numbers, numbers, numbers, numbers)
@settings(max_examples=25, deadline=None)
def test_a_signature_of_one_message_never_serves_another(amount, nonce, position, hour):
    """S0-13: the same numbers in every kind of message give as many hashes; each signature fits its own only."""
    fields = {"nonce": nonce, "expiration_timestamp": hour}
    kinds = [
        withdrawal(ALICE, position, amount, **fields),
        withdrawal(ALICE, position, amount, to=key(BOB), **fields),
        transfer(ALICE, position, BOB, 5, amount, **fields),
        transfer(ALICE, position, BOB, 5, amount, condition=7, **fields),
        order(ALICE, position, True, amount, amount, **fields),
        order(ALICE, position, False, amount, amount, **fields),
        cancellation(order(ALICE, position, True, amount, amount, **fields), ALICE, USD),
    ]
    assert len({kind.message_hash(USD) for kind in kinds}) == len(kinds)
    for signed, other in zip(kinds, kinds[1:] + kinds[:1], strict=True):
        assert ecdsa.verify(signed.message_hash(USD), signed.signature_r, signed.signature_s, key(ALICE))
        assert not ecdsa.verify(other.message_hash(USD), signed.signature_r, signed.signature_s, key(ALICE))


def test_a_transfer_signed_with_a_fee_cannot_be_executed():
    """Edge 23."""
    plain = transfer(ALICE, 7, BOB, 8, 1)
    for fields in ({"fee_asset_id": USD}, {"max_amount_fee": 1}, {"fee_position_id": 9}):
        message = messages.transfer_hash(
            asset_id=USD,
            receiver_public_key=key(BOB),
            sender_position_id=7,
            receiver_position_id=8,
            amount=1,
            nonce=1,
            expiration_timestamp=HOUR + 24,
            **fields,
        )
        r, s = ecdsa.sign(message, ALICE)
        with refused(Code.INVALID_SIGNATURE):
            apply(world({7: holds(ALICE, 5)}), plain.model_copy(update={"signature_r": r, "signature_s": s}))


def test_conditions():
    """The low 250 bits of a fact in a registry."""
    assert condition_word(bytes(20), bytes(32)) < 2**250
    assert condition_word(b"\1" * 20, bytes(32)) != condition_word(bytes(20), bytes(32))
    with pytest.raises(ValueError, match="20 bytes"):
        condition_word(bytes(19), bytes(32))


def test_order_id_vectors():
    """Edge 50."""
    for vector in HASHES["order_ids"]:
        assert messages.order_id(number(vector["message_hash"])) == int(vector["order_id"])


def test_prices_are_signed_by_oracles():
    signature = sign_price(SIGNERS[0], oracle_id(ETH), 10**18, 5)
    assert ecdsa.verify(signature.message_hash(), signature.r, signature.s, key(SIGNERS[0]))


def test_models_hash_what_they_say():
    """Each field of the models is in the message."""
    base = transfer(ALICE, 7, BOB, 8, 1)
    for field in ("receiver_position_id", "sender_position_id", "amount", "nonce", "expiration_timestamp", "asset_id"):
        changed = base.model_copy(update={field: getattr(base, field) + 1})
        assert changed.message_hash(USD) != base.message_hash(USD)
    assert Transfer.model_validate_json(base.model_dump_json()) == base
    assert forced_withdrawal(ALICE, 7, 1).action_words() == [0, key(ALICE), 7, 1]

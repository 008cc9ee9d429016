"""An order as public clients make it: nonce, expiry, amounts, condition; its key comes from a wallet's signature."""

from __future__ import annotations

import pytest

from prover.algebra import ecdsa
from prover.algebra.keccak import keccak256
from prover.algebra.keys import from_ethereum_signature
from prover.applications.perpetual.amounts import order_collateral, order_fee, quantised
from prover.applications.perpetual.clients import condition_of, order_nonce, signed_expiration
from prover.applications.perpetual.errors import BelowUnit, InputRefused
from prover.applications.perpetual.names import asset_id
from prover.applications.perpetual.signing import Holder, Signer


def test_a_nonce_is_the_low_word_of_a_digest_of_the_clients_id():
    """SHA-256 of "abc" is published with its standard: it ends in f20015ad."""
    assert order_nonce("abc") == 0xF20015AD
    assert order_nonce("") == 0x7852B855


@pytest.mark.parametrize(("seconds", "hours"), [(0, 168), (1, 169), (3_600, 169), (3_600.5, 170), (1.6e9, 444_613)])
def test_a_signed_expiry_is_the_next_hour_and_a_week(seconds, hours):
    assert signed_expiration(seconds) == hours


@pytest.mark.parametrize("seconds", [-3_601, 2**32 * 3_600])
def test_an_expiry_that_no_order_can_sign_is_refused(seconds):
    with pytest.raises(InputRefused, match="would expire at hour"):
        signed_expiration(seconds)


def test_a_condition_is_read_as_clients_write_it():
    registry, fact = "0x" + "Ab" * 20, "05" * 32
    word = int.from_bytes(keccak256(bytes.fromhex("ab" * 20 + fact)), "big") % (1 << 250)
    assert condition_of(registry, fact) == condition_of(registry.lower(), "0x" + fact) == word
    assert condition_of(registry, "5") == condition_of(registry, "0" * 63 + "5")
    for wrong in (("0x12", fact), (registry, "x"), (registry, fact + "00")):
        with pytest.raises(InputRefused, match="make no condition"):
            condition_of(*wrong)


def test_a_clients_order_is_what_its_owner_signs():
    """Buys 0.1 BTC at 20,000.00000005: half a unit of collateral in a million, so the buyer signs for one more."""
    owner = Holder(from_ethereum_signature(bytes(range(65))), 7)
    amount = quantised("0.1", 10**10)
    collateral = order_collateral(amount, "20000.00000005", 10**10, 10**6, is_buying_synthetic=True)
    assert collateral == 2_000_000_001 and order_fee(collateral, "0.0005") == 1_000_001
    signer = Signer(5, signed_expiration(1.6e9), order_nonce("mine") - 1)
    order = signer.order(owner, asset_id("BTC-10"), True, amount, collateral, order_fee(collateral, "0.0005"))
    assert (order.nonce, order.expiration_timestamp) == (order_nonce("mine"), 444_613)
    assert ecdsa.verify(order.message_hash(5), order.signature_r, order.signature_s, owner.stark_key)


def test_an_order_for_nothing_is_told_as_such():
    with pytest.raises(BelowUnit, match="an order for 0 quanta"):
        order_collateral(0, "100", 10**10, 10**6, is_buying_synthetic=True)

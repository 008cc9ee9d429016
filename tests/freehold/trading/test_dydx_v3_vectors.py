"""What our half derives and signs is what the public client of this shape does."""

from __future__ import annotations

import json

import pytest
from eth_account import Account as Wallet
from eth_account.messages import encode_defunct

from freehold.trading import actions
from freehold.trading.markets import Collateral, Market
from freehold.trading.orders import Account, Terms, limit_order, signature_of, signature_text, transfer, withdrawal
from freehold.trading.requests import request_signature
from prover.algebra import ecdsa
from prover.applications.ledger.units import AssetId, CollateralId, StarkKey
from prover.applications.perpetual.config import SyntheticAsset
from prover.applications.perpetual.errors import InputRefused
from prover.applications.perpetual.fields import RISK_BOUND_MAX
from prover.applications.perpetual.names import asset_name
from prover.applications.perpetual.signing import sign, stark_key
from prover.applications.perpetual.units import PositionId
from tests.support.paths import VECTORS

RECORDED = json.loads((VECTORS / "dydx_v3.json").read_text())
KEY = int(RECORDED["keys"][0]["stark"]["private_key"], 16)
COLLATERAL = CollateralId(int(RECORDED["orders"][0]["signed"]["asset_id_collateral"]))


@pytest.mark.parametrize("wallet", RECORDED["keys"], ids=lambda wallet: f"{wallet['address']} {wallet['chain_id']}")
def test_a_wallet_gets_the_keys_it_knows(wallet):
    key, chain = int(wallet["ethereum_key"], 16), wallet["chain_id"]
    onboarding = actions.sign_action(actions.ONBOARDING, chain, key)
    derivation = actions.sign_action(actions.KEY_DERIVATION, chain, key)
    assert (onboarding, derivation) == (wallet["onboarding_signature"], wallet["derivation_signature"])
    private = actions.stark_private_key(derivation)
    assert private == int(wallet["stark"]["private_key"], 16)
    assert stark_key(private) == int(wallet["stark"]["public_key"], 16)
    assert vars(actions.credentials(onboarding)) == wallet["credentials"]
    assert actions.user_id(wallet["address"]) == wallet["user_id"]
    assert actions.account_id(wallet["address"]) == wallet["account_id"]
    assert actions.signer_of(onboarding, actions.ONBOARDING, chain) == wallet["address"]
    assert actions.signer_of(onboarding, actions.KEY_DERIVATION, chain) != wallet["address"]
    assert actions.signer_of(onboarding, actions.ONBOARDING, chain + 1) != wallet["address"]


def test_who_signed_is_not_guessed():
    wallet = RECORDED["keys"][0]
    for wrong in ("0x", "0x" + "00" * 66, wallet["onboarding_signature"][:-2] + "07", "no hex", "0x" + "11" * 65):
        with pytest.raises(ValueError):
            actions.signer_of(wrong, actions.ONBOARDING, 1)


def test_a_wallet_that_signs_no_typed_data_signs_its_hash():
    key = int(RECORDED["keys"][0]["ethereum_key"], 16)
    hashed = actions.message_hash(actions.ONBOARDING, 1)
    signed = Wallet.sign_message(encode_defunct(hashed), key.to_bytes(32, "big"))
    signature = "0x" + bytes([*signed.signature, actions.PREFIXED]).hex()
    assert actions.signer_of(signature, actions.ONBOARDING, 1) == RECORDED["keys"][0]["address"]


def market(name: str) -> Market:
    """With the asset and resolution that the public client knows by this name."""
    recorded = next(order for order in RECORDED["orders"] if order["market"] == name)["signed"]
    asset_id = int(recorded["asset_id_synthetic"])
    decimals = int(asset_name(AssetId(asset_id)).rpartition("-")[2])
    risk = ({"upper_bound": RISK_BOUND_MAX, "risk": 1},)
    asset = SyntheticAsset(asset_id=asset_id, resolution=10**decimals, risk_segments=risk)
    return Market(name, asset, 10**6)


@pytest.mark.parametrize("recorded", RECORDED["orders"], ids=lambda order: f"{order['side']} {order['market']}")
def test_an_order_in_human_amounts_is_the_one_that_was_signed(recorded):
    collateral = CollateralId(int(recorded["signed"]["asset_id_collateral"]))
    account = Account(stark_key(KEY), PositionId(int(recorded["position_id"])))
    terms = Terms(
        is_buying=recorded["side"] == "BUY",
        size=recorded["size"],
        price=recorded["price"],
        limit_fee=recorded["limit_fee"],
        client_id=recorded["client_id"],
        expiration=recorded["expiration"],
    )
    order = limit_order(terms, market(recorded["market"]), collateral, account)
    assert str(order.amount_collateral) == recorded["signed"]["quantums_amount_collateral"]
    assert str(order.amount_fee) == recorded["signed"]["quantums_amount_fee"]
    assert order.message_hash(collateral) == int(recorded["hash"], 16)
    assert ecdsa.verify(order.message_hash(collateral), *signature_of(recorded["signature"]), order.public_key)
    made = sign(order, KEY, collateral)
    assert signature_text(made.signature_r, made.signature_s) == recorded["signature"]


def test_a_withdrawal_and_a_transfer_are_the_ones_that_were_signed():
    (taken,), (given,) = RECORDED["withdrawals"], RECORDED["transfers"]
    account = Account(stark_key(KEY), PositionId(int(taken["position_id"])))
    receiver = Account(StarkKey(int(given["receiver_public_key"], 16)), PositionId(int(given["receiver_position_id"])))
    dollar = Collateral(COLLATERAL, 10**6)
    out = withdrawal(taken["amount"], taken["client_id"], taken["expiration"], dollar, account)
    sent = transfer(given["amount"], given["client_id"], given["expiration"], dollar, account, receiver)
    for order, recorded in ((out, taken), (sent, given)):
        assert order.message_hash(COLLATERAL) == int(recorded["hash"], 16)
        made = sign(order, KEY, COLLATERAL)
        assert signature_text(made.signature_r, made.signature_s) == recorded["signature"]


@pytest.mark.parametrize("recorded", RECORDED["requests"], ids=lambda request: f"{request['method']} {request['path']}")
def test_a_request_is_signed_as_the_public_client_signs_it(recorded):
    secret = RECORDED["keys"][0]["credentials"]["secret"]
    asked = (recorded["timestamp"], recorded["method"], recorded["path"], recorded["body"])
    assert request_signature(secret, *asked) == recorded["signature"]
    for place in range(4):
        other = [text + " " * (place == here) for here, text in enumerate(asked)]
        assert request_signature(secret, *other) != recorded["signature"]


def test_a_secret_that_is_none_is_named():
    with pytest.raises(ValueError, match="base64"):
        request_signature("a", "", "GET", "/")


@pytest.mark.parametrize("text", ["", "0x", "0" * 127, "0" * 129, "g" * 128])
def test_a_signature_that_is_none_is_refused(text):
    with pytest.raises(InputRefused, match="128 hex digits"):
        signature_of(text)

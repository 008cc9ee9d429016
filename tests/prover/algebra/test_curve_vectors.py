"""Known vectors of the Stark curve: keys, Pedersen, signatures, key derivation."""

import json
from hashlib import sha256

import pytest
from eth_account import Account

from prover.algebra import curve, ecdsa
from prover.algebra.field import PRIME
from prover.algebra.pedersen import pedersen
from tests.support.paths import VECTORS

RECORDED = json.loads((VECTORS / "stark_curve_and_pedersen.json").read_text())


def number(text: str) -> int:
    return int(text, 16)


@pytest.mark.parametrize("vector", RECORDED["public_keys"], ids=lambda v: v["private_key"][:12])
def test_public_keys(vector):
    assert ecdsa.public_key(number(vector["private_key"])) == number(vector["public_key"])


@pytest.mark.parametrize("vector", RECORDED["pedersen"], ids=["first", "second"])
def test_pedersen(vector):
    assert pedersen(number(vector["input_1"]), number(vector["input_2"])) == number(vector["output"])


def test_pedersen_refuses_what_is_no_felt():
    assert pedersen(PRIME - 1, 0)
    with pytest.raises(ValueError, match="below p"):
        pedersen(PRIME, 0)


@pytest.mark.parametrize("vector", RECORDED["ecdsa_rfc6979"], ids=["first", "second", "third"])
def test_deterministic_signatures(vector):
    message, key = number(vector["message_hash"]), number(vector["private_key"])
    r, s = ecdsa.sign(message, key)
    assert (r, s) == (number(vector["r"]), number(vector["s"]))
    assert ecdsa.verify(message, r, s, ecdsa.public_key(key))
    assert not ecdsa.verify(message + 1, r, s, ecdsa.public_key(key))


@pytest.mark.parametrize("vector", RECORDED["ecdsa_named"], ids=lambda v: v["name"])
def test_named_signatures(vector):
    """Two orders; the second is known with the signature of another hash, the vector has one of this."""
    message, r, s = (number(vector[name]) for name in ("message_hash", "r", "s"))
    key = ecdsa.public_key(number(vector["private_key"]))
    assert key == number(vector["public_key"])
    assert ecdsa.verify(message, r, s, key)
    assert ecdsa.verify(message, *ecdsa.sign(message, number(vector["private_key"])), key)


REFUSED = {
    "message_hash = 2**251": lambda message, r, s: (2**251, r, s),
    "s = n - 1 (its inverse w = n - 1 is >= 2**251)": lambda message, r, s: (message, r, curve.ORDER - 1),
    "r = 0": lambda message, r, s: (message, 0, s),
    "message_hash = 0 (the reference multiplication routine refuses a zero scalar)": lambda message, r, s: (0, r, s),
}


@pytest.mark.parametrize("case", RECORDED["negative"]["cases"], ids=lambda case: case["reject"][:20])
def test_published_refusals(case):
    key, message = 12345, 67890
    r, s = ecdsa.sign(message, key)
    assert ecdsa.verify(message, r, s, ecdsa.public_key(key))
    assert not ecdsa.verify(*REFUSED[case["reject"]](message, r, s), ecdsa.public_key(key))


def test_signature_bounds():
    key = 12345
    message = 2**251 - 1
    r, s = ecdsa.sign(message, key)
    assert ecdsa.verify(message, r, s, ecdsa.public_key(key))
    for bad in ((0, r, s), (2**251, r, s), (message, 0, s), (message, r, 0), (message, r, curve.ORDER - 1)):
        assert not ecdsa.verify(*bad, ecdsa.public_key(key))
    with pytest.raises(ecdsa.MessageOutOfRange):
        ecdsa.sign(2**251, key)


def test_key_grinding():
    for vector in RECORDED["key_derivation"]:
        if vector["kind"] == "grind_key":
            assert ecdsa.grind_key(bytes.fromhex(vector["seed"][2:])) == number(vector["result"])


@pytest.mark.parametrize(
    "vector", [v for v in RECORDED["key_derivation"] if v["kind"] == "mnemonic_path"], ids=lambda v: str(v["index"])
)
def test_a_wallets_key(vector):
    """m/2645'/layer'/application'/eth1'/eth2'/index by BIP 32, then ground to a Stark key."""
    Account.enable_unaudited_hdwallet_features()
    low = (1 << 31) - 1
    layer, application = (
        int.from_bytes(sha256(vector[name].encode()).digest(), "big") & low for name in ("layer", "application")
    )
    address = int(vector["eth_address"], 16)
    path = f"m/2645'/{layer}'/{application}'/{address & low}'/{address >> 31 & low}'/{vector['index']}"
    seed = Account.from_mnemonic(vector["mnemonic"], account_path=path).key
    assert ecdsa.grind_key(bytes(seed)) == number(vector["private_key"])


@pytest.mark.parametrize("name", ["shift", "G", "P0", "P1", "P2", "P3"])
def test_points(name):
    ours = {"shift": curve.SHIFT, "G": curve.GENERATOR}.get(name) or getattr(curve, name)
    assert list(ours) == [number(word) for word in RECORDED["points"][name]]
    assert curve.multiply(ours, curve.ORDER - 1) == curve.negate(ours)

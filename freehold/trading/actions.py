"""What a wallet signs for the application, and the keys that come of its signatures.

Two actions, each an EIP-712 message of a fixed text: the same wallet signs the same again, so that nothing need be
kept. Of one comes the Stark key; the other opens the account, and of it come the credentials of requests. Formulas are
the public client's (dydx-v3-python 2.1.0); `tests/vectors/dydx_v3.json` has what it makes.

A key that is derived so is the same on every exchange of this shape on the same chain:
`prover.algebra.keys.exchange_message` is for a key of one exchange alone.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from eth_account import Account
from eth_account.messages import SignableMessage, encode_defunct, encode_typed_data
from eth_utils.crypto import keccak

ONBOARDING, KEY_DERIVATION = "dYdX Onboarding", "dYdX STARK Key"
"""The two texts."""
MAINNET, MAINNET_SITE = 1, "https://trade.dydx.exchange"
"""On the main chain the message also names the site that it is for."""
TYPED, PREFIXED = 0, 1
"""The last byte of a signature: over the typed message, or over its hash with the prefix of `personal_sign`."""
SIGNATURE_BYTES = 66
STARK_KEY_SHIFT = 5
"""256 bits of a hash to 251."""
NAMESPACE = UUID("0f9da948-a6fb-4c45-9edc-4685c3f3317d")


@dataclass(frozen=True)
class Credentials:
    """Of private requests: `key` names who asks, `secret` signs, `passphrase` is sent along."""

    key: str
    secret: str
    passphrase: str


def typed_data(action: str, chain_id: int) -> dict[str, Any]:
    """What the wallet is shown, for `eth_signTypedData_v4`."""
    fields, message = [{"name": "action", "type": "string"}], {"action": action}
    if chain_id == MAINNET:
        fields.append({"name": "onlySignOn", "type": "string"})
        message["onlySignOn"] = MAINNET_SITE
    domain = [("name", "string"), ("version", "string"), ("chainId", "uint256")]
    return {
        "types": {"EIP712Domain": [{"name": name, "type": kind} for name, kind in domain], "dYdX": fields},
        "domain": {"name": "dYdX", "version": "1.0", "chainId": chain_id},
        "primaryType": "dYdX",
        "message": message,
    }


def message_hash(action: str, chain_id: int) -> bytes:
    """What is signed of the typed message (EIP-712), 32 bytes."""
    message = _message(action, chain_id)
    return keccak(b"\x19" + message.version + message.header + message.body)


def sign_action(action: str, chain_id: int, ethereum_key: int) -> str:
    """As the wallet of this key signs it: r, s, v and the kind, 66 bytes in hex."""
    signed = Account.sign_message(_message(action, chain_id), ethereum_key.to_bytes(32, "big"))
    return "0x" + bytes([*signed.signature, TYPED]).hex()


def signer_of(signature: str, action: str, chain_id: int) -> str:
    """The address whose wallet signed. Raises ValueError for what is no signature."""
    kind = _bytes_of(signature)[-1]
    message = _message(action, chain_id)
    if kind == PREFIXED:
        message = encode_defunct(message_hash(action, chain_id))
    elif kind != TYPED:
        raise ValueError(f"a signature of kind {kind} is not known")
    try:
        return str(Account.recover_message(message, signature=_bytes_of(signature)[:-1]))
    except Exception as error:  # the library's errors are of many kinds
        raise ValueError(f"it is no signature: {error}") from error


def stark_private_key(signature: str) -> int:
    """Of the wallet's signature of `KEY_DERIVATION`. Raises ValueError."""
    return int.from_bytes(_hash_of_number(_bytes_of(signature)), "big") >> STARK_KEY_SHIFT


def credentials(signature: str) -> Credentials:
    """Of the wallet's signature of `ONBOARDING`. Raises ValueError."""
    numbers = _bytes_of(signature)
    r, s = _hash_of_number(numbers[:32]), _hash_of_number(numbers[32:64])
    return Credentials(
        key=str(UUID(bytes=s[:16])),
        secret=urlsafe_b64encode(r[:30]).decode(),
        passphrase=urlsafe_b64encode(s[16:31]).decode(),
    )


def user_id(address: str) -> str:
    return str(uuid5(NAMESPACE, address.lower()))


def account_id(address: str, number: int = 0) -> str:
    """Of a user's account, the first of which has number 0."""
    return str(uuid5(NAMESPACE, user_id(address) + str(number)))


def _message(action: str, chain_id: int) -> SignableMessage:
    return encode_typed_data(full_message=typed_data(action, chain_id))


def _hash_of_number(data: bytes) -> bytes:
    """Keccak of a number in as many bytes as it needs, at least 32: a longer one loses its leading zeros."""
    return keccak(data.lstrip(b"\0").rjust(32, b"\0"))


def _bytes_of(signature: str) -> bytes:
    try:
        data = bytes.fromhex(signature.removeprefix("0x"))
    except ValueError as error:
        raise ValueError("a signature is hex") from error
    if len(data) != SIGNATURE_BYTES:
        raise ValueError(f"a signature has {SIGNATURE_BYTES} bytes, r, s, v and its kind, not {len(data)}")
    return data

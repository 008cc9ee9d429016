"""Signatures over what a committee claims: made by a member, checked by the gateway, over the claim's 32 bytes as they
are, without a prefix.

A member is named by an address (an account) or by the 48 bytes of a BLS key, in lower-case hex with `0x`.
"""

from __future__ import annotations

from typing import Literal, Protocol

from eth_account import Account
from eth_typing import BLSPubkey, BLSSignature
from hexbytes import HexBytes
from py_ecc.bls.ciphersuites import G2ProofOfPossession as Scheme

from freehold.errors import Refused

ADDRESS_BYTES, BLS_KEY_BYTES = 20, 48
ACCOUNT_SIGNATURE_BYTES = 65
KeyKind = Literal["account", "bls"]


class ClaimSigner(Protocol):
    member: str

    def sign(self, claim: bytes) -> bytes:
        """The same claim gives the same signature."""
        ...


class AccountSigner:
    """An Ethereum account: r, s and v (27 or 28), 65 bytes."""

    def __init__(self, secret: int) -> None:
        """Raises Refused."""
        try:
            self._account = Account.from_key(secret.to_bytes(32, "big"))
        except Exception as error:  # of several libraries
            raise Refused("the key is no account's secret key") from error
        self.member = self._account.address.lower()

    def sign(self, claim: bytes) -> bytes:
        return bytes(self._account.unsafe_sign_hash(claim).signature)


class BlsSigner:
    """A BLS key: 96 bytes, a point in G2 as it is usually written."""

    def __init__(self, secret: int) -> None:
        """Raises Refused."""
        self._secret = secret
        try:
            self.member = "0x" + Scheme.SkToPk(secret).hex()
        except Exception as error:  # of the library: it is not in the group
            raise Refused("the key is no BLS secret key") from error

    def sign(self, claim: bytes) -> bytes:
        return bytes(Scheme.Sign(self._secret, claim))


def signer_of(kind: KeyKind, secret: int) -> ClaimSigner:
    """Raises Refused."""
    return AccountSigner(secret) if kind == "account" else BlsSigner(secret)


def is_signature(member: str, claim: bytes, signature: bytes) -> bool:
    """Whether it is this member's of this claim, and in the form that the contract takes."""
    name = bytes.fromhex(member.removeprefix("0x"))
    try:
        if len(name) == ADDRESS_BYTES:
            return _is_accounts(member, claim, signature)
        return len(name) == BLS_KEY_BYTES and Scheme.Verify(BLSPubkey(name), claim, BLSSignature(signature))
    except Exception:  # not even the form of a signature
        return False


def _is_accounts(member: str, claim: bytes, signature: bytes) -> bool:
    if len(signature) != ACCOUNT_SIGNATURE_BYTES or signature[-1] not in (27, 28):
        return False
    return str(Account._recover_hash(HexBytes(claim), signature=HexBytes(signature))).lower() == member.lower()

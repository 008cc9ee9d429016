"""Signatures of accounts over raw digests."""

from __future__ import annotations

from ape.api.accounts import AccountAPI
from hexbytes import HexBytes

from prover.algebra.keccak import words_to_bytes


class SignatureWithheld(RuntimeError):
    """Somebody did not sign."""


def raw_signature(account: AccountAPI, digest: bytes) -> bytes:
    """r, s, v over a raw digest: a committee member's of a claim, party B's of a forced trade.

    Accounts that are not for tests ask their owner before they sign one.
    """
    signed = account.sign_raw_msghash(HexBytes(digest))
    if signed is None:
        raise SignatureWithheld(f"{account.address} did not sign {digest.hex()}")
    return words_to_bytes([int.from_bytes(signed.r, "big"), int.from_bytes(signed.s, "big")]) + bytes([signed.v])

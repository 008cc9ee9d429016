"""A user's Stark key: from a file, or out of an Ethereum signature; and its registration."""

from __future__ import annotations

from pathlib import Path

from ape.api.accounts import AccountAPI
from eth_account.messages import encode_defunct

from freehold.errors import Refused
from freehold.files import write_secret
from prover.algebra import ecdsa
from prover.algebra.curve import ORDER
from prover.algebra.keccak import words_to_bytes
from prover.applications.ledger.facts import registration_message
from prover.applications.ledger.units import StarkKey

SENTENCE = (
    "Make my Stark key for Freehold. Whoever has this signature can trade with my positions: sign it for yourself "
    "only. Chain {chain_id}, exchange {exchange}."
)
"""What a wallet shows and signs; the same words give the same key again."""


def private_key_of(text: str, where: str) -> int:
    """A private key in hex; `where` it was read, for the refusal, which does not repeat it."""
    try:
        key = int(text.strip(), 16)
    except ValueError as error:
        raise Refused(f"{where} is not one hexadecimal number") from error
    if not 0 < key < ORDER:
        raise Refused(f"{where} is no private key: it must be in [1, {ORDER:#x})")
    return key


def read_private_key(path: Path) -> int:
    """From a file that has it in hex and nothing else."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path} cannot be read: {error}") from error
    return private_key_of(text, str(path))


def write_private_key(path: Path, key: int) -> None:
    """A new file that only its owner may read."""
    write_secret(path, f"{key:#x}\n")


def derived_private_key(account: AccountAPI, chain_id: int, exchange: str) -> int:
    """Out of the account's signature of a sentence: whoever has the account has the key again, on this exchange.

    Raises Refused for a wallet that signs otherwise the second time: its key would be lost.
    """
    message = encode_defunct(text=SENTENCE.format(chain_id=chain_id, exchange=exchange))
    signatures = []
    for _ in range(2):
        signed = account.sign_message(message)
        if signed is None:
            raise Refused(f"{account.address} did not sign")
        signatures.append(words_to_bytes([int.from_bytes(signed.r, "big"), int.from_bytes(signed.s, "big")]))
    if signatures[0] != signatures[1]:
        raise Refused(
            f"{account.address} signs the same words in two ways: no key can be had from it again, use a file"
        )
    return ecdsa.grind_key(signatures[0])


def registration(private_key: int, owner: str) -> tuple[StarkKey, bytes]:
    """The Stark key, and its signature over its owner's address: r, s and the key's y."""
    key = StarkKey(ecdsa.public_key(private_key))
    r, s = ecdsa.sign(registration_message(bytes.fromhex(owner[2:]), key), private_key)
    return key, words_to_bytes([r, s, ecdsa.public_point(private_key).y])

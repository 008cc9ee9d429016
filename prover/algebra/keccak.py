"""Keccak-256 over bytes and over 32-byte big-endian words."""

from collections.abc import Iterable

from Crypto.Hash import keccak


def keccak256(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()


def words_to_bytes(words: Iterable[int]) -> bytes:
    return b"".join(word.to_bytes(32, "big") for word in words)


def keccak_of_words(words: Iterable[int]) -> bytes:
    return keccak256(words_to_bytes(words))

"""Calls as bytes, for whoever sends them with a wallet of their own: ABI encoding of words and lists of words alone."""

from __future__ import annotations

from collections.abc import Sequence

from prover.algebra.keccak import keccak256, words_to_bytes

Argument = int | Sequence[int]


def call(signature: str, *arguments: Argument) -> bytes:
    """The selector of `signature`, then its arguments: uint256 or uint256[], as Solidity's ABI encodes them."""
    heads, tail, place = [], b"", 32 * len(arguments)
    for argument in arguments:
        if isinstance(argument, int):
            heads.append(argument)
        else:
            heads.append(place + len(tail))
            tail += words_to_bytes([len(argument), *argument])
    return keccak256(signature.encode())[:4] + words_to_bytes(heads) + tail

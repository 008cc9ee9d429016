"""Whoever signs transactions: a local key, or what else keeps one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from eth_account import Account

from freehold.errors import Refused


@dataclass(frozen=True)
class Signed:
    """A transaction's bytes as they are broadcast, and its hash."""

    raw: bytes
    hash: bytes


class Signer(Protocol):
    @property
    def address(self) -> str:
        """Checksummed."""

    def sign(self, transaction: Mapping[str, Any]) -> Signed:
        """Of EIP-1559's fields, as `eth_account` names them."""


class LocalKey:
    """A secret key in this process's memory."""

    def __init__(self, secret: int) -> None:
        try:
            self._account = Account.from_key(secret.to_bytes(32, "big"))
        except Exception as error:  # of several libraries
            raise Refused("the account's key is none: it must be from 1 to below the curve's order") from error

    @property
    def address(self) -> str:
        return str(self._account.address)

    def sign(self, transaction: Mapping[str, Any]) -> Signed:
        signed = self._account.sign_transaction(dict(transaction))
        return Signed(bytes(signed.raw_transaction), bytes(signed.hash))

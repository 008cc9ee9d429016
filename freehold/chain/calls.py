"""Transactions before they are sent: what each does, and how it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from ape.api.accounts import AccountAPI
from ape.api.transactions import ReceiptAPI
from ape.contracts.base import ContractInstance

LONG = 12
"""Of longer lists only the length is shown."""


@dataclass(frozen=True)
class ContractCall:
    """`what`: in words; `value`: ether that goes with it, in wei."""

    what: str
    contract: ContractInstance
    function: str
    arguments: tuple[object, ...]
    value: int = 0

    def __str__(self) -> str:
        arguments = ", ".join(_shown(argument) for argument in self.arguments)
        ether = f" with {self.value} wei" if self.value else ""
        return f"{self.what}: {self.function}({arguments}){ether} of {self.contract.address}"

    def send(self, sender: AccountAPI) -> ReceiptAPI:
        options = {"sender": sender, **({"value": self.value} if self.value else {})}
        return cast(ReceiptAPI, getattr(self.contract, self.function)(*self.arguments, **options))


def _shown(argument: object) -> str:
    if isinstance(argument, bytes):
        return "0x" + argument.hex()
    if isinstance(argument, list | tuple) and len(argument) > LONG:
        return f"[{len(argument)} words]"
    if isinstance(argument, int) and not isinstance(argument, bool) and argument >> 64:
        return hex(argument)
    return str(getattr(argument, "address", argument))

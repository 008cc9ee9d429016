"""What a contract said when it reverted, by its bytes: the error and its values, and the same in words.

Known are the errors of the contracts that the package has the ABI of, Solidity's own, and tokens' usual ones. How a
reverted call shows its bytes is left to who makes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from eth_utils.abi import get_abi_input_types
from web3 import Web3

from freehold.abi import BESIDE_CONTRACTS, abi_of
from prover.algebra.keccak import keccak256

CODEC = Web3().codec
USUAL = {
    "Error": ("string reason",),
    "Panic": ("uint256 code",),
    "ERC20InsufficientBalance": ("address sender", "uint256 balance", "uint256 needed"),
    "ERC20InsufficientAllowance": ("address spender", "uint256 allowance", "uint256 needed"),
    "ERC20InvalidSender": ("address sender",),
    "ERC20InvalidReceiver": ("address receiver",),
    "ERC20InvalidApprover": ("address approver",),
    "ERC20InvalidSpender": ("address spender",),
    "EnforcedPause": (),
}
"""Solidity's two, and usual errors of tokens: ERC-6093, and a pause."""
Entries = Mapping[bytes, Any]
"""Errors' entries in an ABI, by selector."""
NONE: Entries = MappingProxyType({})


@dataclass(frozen=True)
class Said:
    """An error that is known. A name of `names` is empty where the contract gives its field none."""

    error: str
    names: Sequence[str]
    values: Sequence[Any]

    def words(self) -> str:
        if self.error == "Error":
            return f"'{self.values[0]}'"
        if self.error == "Panic":
            return f"the contract panics with code {self.values[0]:#x}"
        fields = (
            f"{name} = {_shown(value)}" if name else _shown(value)
            for name, value in zip(self.names, self.values, strict=True)
        )
        return f"{self.error}({', '.join(fields)})"


def said(data: bytes, more: Entries = NONE) -> Said | None:
    """None where the error is known neither here nor among `more`, or its values cannot be read."""
    entry = more.get(data[:4]) or _known().get(data[:4])
    if entry is None:
        return None
    try:
        values = CODEC.decode(get_abi_input_types(entry), data[4:])
    except Exception:  # of several libraries
        return None
    return Said(entry["name"], [field["name"] for field in entry["inputs"]], values)


def words_of(data: bytes, more: Entries = NONE) -> str:
    """One line for people."""
    if not data:
        return "the contract refuses and gives no reason"
    known = said(data, more)
    return f"an error that is not known here, 0x{data.hex()}" if known is None else known.words()


def errors_in(abi: Iterable[Any]) -> dict[bytes, Any]:
    return {selector(entry)[:4]: entry for entry in abi if entry["type"] == "error"}


def selector(entry: Any) -> bytes:
    """Of an ABI's entry: all 32 bytes, as events have them."""
    return keccak256(f"{entry['name']}({','.join(get_abi_input_types(entry))})".encode())


@cache
def _known() -> dict[bytes, Any]:
    usual = [_entry(name, fields) for name, fields in USUAL.items()]
    contracts = [entry for kind in ("Exchange", *BESIDE_CONTRACTS) for entry in abi_of(kind)]
    return errors_in([*usual, *contracts])


def _entry(name: str, fields: Sequence[str]) -> dict[str, Any]:
    inputs = [dict(zip(("type", "name"), field.split(), strict=True)) for field in fields]
    return {"type": "error", "name": name, "inputs": inputs}


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)

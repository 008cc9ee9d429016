"""What a contract said when it reverted, in words: by the errors of the exchange, of its helpers and of tokens."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import Any

from ape.exceptions import ApeException, CustomError
from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from ethpm_types.abi import ErrorABI

from freehold.chain.managers import project
from prover.algebra.keccak import keccak256

KNOWN = ("IFreehold", "IEscapeVerifier", "IDispatcher", "IFactRegistry", "PlainToken", "RollupFactAdapter")
"""Contracts of the project whose errors are looked up: the token is one that has ERC-20's usual ones."""
OF_TOKENS = {
    "ERC20InsufficientBalance": ("address sender", "uint256 balance", "uint256 needed"),
    "ERC20InsufficientAllowance": ("address spender", "uint256 allowance", "uint256 needed"),
    "ERC20InvalidSender": ("address sender",),
    "ERC20InvalidReceiver": ("address receiver",),
    "ERC20InvalidApprover": ("address approver",),
    "ERC20InvalidSpender": ("address spender",),
    "EnforcedPause": (),
}
"""Usual errors of tokens: ERC-6093, and a pause."""
HEX_DATA = re.compile(r"\b0x([0-9a-fA-F]{8}(?:[0-9a-fA-F]{64})*)\b")
"""A selector and whole words: neither an address nor a hash has that length."""
OF_SOLIDITY = {keccak256(b"Error(string)")[:4]: "string", keccak256(b"Panic(uint256)")[:4]: "uint256"}


@cache
def _errors() -> dict[bytes, ErrorABI]:
    usual = [_abi(name, fields) for name, fields in OF_TOKENS.items()]
    kinds = [project.contracts[name].contract_type for name in KNOWN if name in project.contracts]
    return {_selector(error): error for error in [*usual, *(error for kind in kinds for error in kind.errors)]}


def _abi(name: str, fields: tuple[str, ...]) -> ErrorABI:
    inputs = [dict(zip(("type", "name"), field.split(), strict=True)) for field in fields]
    return ErrorABI.model_validate({"type": "error", "name": name, "inputs": inputs})


def _selector(error: ErrorABI) -> bytes:
    return keccak256(error.selector.encode())[:4]


def error_name(error: ApeException) -> str:
    """A typed error's name, or the text that the contract gave."""
    if isinstance(error, CustomError):
        return type(error).__name__
    data = _data(str(error))
    if data is None:
        return str(error)
    known = _errors().get(data[:4])
    return known.name if known else words_of(data)


def error_values(error: ApeException) -> dict[str, Any]:
    """A typed error's values by name; none of what is not known here."""
    if isinstance(error, CustomError):
        return dict(error.inputs)
    data = _data(str(error))
    known = _errors().get(data[:4]) if data is not None else None
    if data is None or known is None:
        return {}
    values = decode([field.canonical_type for field in known.inputs], data[4:])
    return {str(field.name): value for field, value in zip(known.inputs, values, strict=True)}


def refusal(error: ApeException) -> str:
    """One line for people."""
    data = None if isinstance(error, CustomError) else _data(str(error))
    said = str(error) if data is None else words_of(data)
    return f"{type(error).__name__}: {said}"


def words_of(data: bytes) -> str:
    """Of the bytes that a call reverted with: the error and its values where it is known."""
    if not data:
        return "the contract refuses and gives no reason"
    selector, rest = data[:4], data[4:]
    try:
        if kind := OF_SOLIDITY.get(selector):
            (value,) = decode([kind], rest)
            return f"'{value}'" if kind == "string" else f"the contract panics with code {value:#x}"
        if known := _errors().get(selector):
            values = decode([field.canonical_type for field in known.inputs], rest)
            named = (f"{field.name} = {_shown(value)}" for field, value in zip(known.inputs, values, strict=True))
            return f"{known.name}({', '.join(named)})"
    except (DecodingError, OverflowError, UnicodeDecodeError):
        pass
    return f"an error that is not known here, 0x{data.hex()}"


def _data(message: str) -> bytes | None:
    """Ape leaves an unknown error's bytes as they are: written as Python does, or in hex."""
    if message.startswith(("b'", 'b"')):
        return bytes(ast.literal_eval(message))
    found = HEX_DATA.search(message)
    return bytes.fromhex(found[1]) if found else None


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)

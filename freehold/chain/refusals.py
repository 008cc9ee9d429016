"""What a contract said when Ape's call reverted: by the project's errors, and those that `freehold/reverts.py` has."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import Any

from ape.exceptions import ApeException, CustomError

from freehold import reverts
from freehold.chain.managers import project

BESIDE = ("IFreehold", "IEscapeVerifier", "IDispatcher", "IFactRegistry", "PlainToken", "RollupFactAdapter")
"""Contracts of the project whose errors are looked up too: the token is one that has ERC-20's usual ones."""
HEX_DATA = re.compile(r"\b0x([0-9a-fA-F]{8}(?:[0-9a-fA-F]{64})*)\b")
"""A selector and whole words: neither an address nor a hash has that length."""


@cache
def _of_project() -> dict[bytes, Any]:
    kinds = [project.contracts[name].contract_type for name in BESIDE if name in project.contracts]
    return reverts.errors_in(error.model_dump() for kind in kinds for error in kind.errors)


def error_name(error: ApeException) -> str:
    """A typed error's name, or the text that the contract gave."""
    if isinstance(error, CustomError):
        return type(error).__name__
    data = _data(str(error))
    if data is None:
        return str(error)
    known = reverts.said(data, _of_project())
    return words_of(data) if known is None or known.error in ("Error", "Panic") else known.error


def error_values(error: ApeException) -> dict[str, Any]:
    """A typed error's values by name; none of what is not known here."""
    if isinstance(error, CustomError):
        return dict(error.inputs)
    data = _data(str(error))
    known = None if data is None else reverts.said(data, _of_project())
    return {} if known is None else dict(zip(known.names, known.values, strict=True))


def refusal(error: ApeException) -> str:
    """One line for people."""
    data = None if isinstance(error, CustomError) else _data(str(error))
    said = str(error) if data is None else words_of(data)
    return f"{type(error).__name__}: {said}"


def words_of(data: bytes) -> str:
    """Of the bytes that a call reverted with: the error and its values where it is known."""
    return reverts.words_of(data, _of_project())


def _data(message: str) -> bytes | None:
    """Ape leaves an unknown error's bytes as they are: written as Python does, or in hex."""
    if message.startswith(("b'", 'b"')):
        return bytes(ast.literal_eval(message))
    found = HEX_DATA.search(message)
    return bytes.fromhex(found[1]) if found else None

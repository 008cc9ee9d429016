"""Calls, answers and events of the contracts, as bytes, by the packaged ABIs; and that one refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_utils.abi import get_abi_input_types, get_abi_output_types

from freehold.abi import abi_of
from freehold.patience import NodeFails
from freehold.reverts import CODEC, said, selector, words_of
from prover.algebra.keccak import keccak256


class Reverted(Exception):
    """A contract refused. `name` is its error's, "" where it is not known; `arguments` its values."""

    def __init__(self, data: bytes, message: str = "") -> None:
        self.data, known = data, said(data)
        self.name, self.arguments = ("", ()) if known is None else (known.error, tuple(known.values))
        super().__init__(words_of(data) if data else message or "no reason is given")


@dataclass(frozen=True)
class Contract:
    """One at an address, and how it is spoken to. `kind` names its ABI."""

    address: str
    kind: str

    def data(self, function: str, *arguments: Any) -> bytes:
        """Of a call. Of functions of one name it is the one of so many arguments."""
        return _encoded(self.kind, function, arguments)

    def read(self, function: str, arguments: int, answer: bytes) -> Any:
        """What was answered: a value, or a tuple of several. Raises NodeFails."""
        types = get_abi_output_types(_function(self.kind, function, arguments))
        try:
            values = CODEC.decode(types, answer)
        except Exception as error:  # of several libraries: an address without a contract answers nothing
            raise NodeFails(f"{function} of {self.address} answers what it cannot: 0x{answer.hex()[:80]}") from error
        return values[0] if len(values) == 1 else values


def decode_event(kind: str, topics: Sequence[bytes], data: bytes) -> tuple[str, dict[str, Any]]:
    """Its name and its arguments. Raises KeyError for one that is not in the ABI."""
    event = events_of(kind)[topics[0]]
    indexed = [entry for entry in event["inputs"] if entry["indexed"]]
    others = [entry for entry in event["inputs"] if not entry["indexed"]]
    values = [CODEC.decode([entry["type"]], topic)[0] for entry, topic in zip(indexed, topics[1:], strict=True)]
    values += CODEC.decode([entry["type"] for entry in others], data)
    names = [entry["name"] for entry in (*indexed, *others)]
    return str(event["name"]), dict(zip(names, values, strict=True))


@cache
def _function(kind: str, name: str, arguments: int) -> Any:
    found = [entry for entry in abi_of(kind) if entry["type"] == "function" and entry["name"] == name]
    (one,) = [entry for entry in found if len(entry["inputs"]) == arguments]
    return one


def _encoded(kind: str, name: str, arguments: Sequence[Any]) -> bytes:
    types = get_abi_input_types(_function(kind, name, len(arguments)))
    return keccak256(f"{name}({','.join(types)})".encode())[:4] + bytes(CODEC.encode(types, list(arguments)))


@cache
def events_of(kind: str) -> dict[bytes, Any]:
    """By their first topic."""
    events = [entry for entry in abi_of(kind) if entry["type"] == "event"]
    return {selector(event): event for event in events}

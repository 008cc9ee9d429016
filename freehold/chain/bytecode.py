"""Deployed code beside what the sources compile to. Two things may differ: immutables, whose values are read, and the
metadata at the end, which has a hash of the sources' text.

Code alone does not tell what a constructor left: storage, and immutables that no check was made of. Whoever deploys may
send creation code of their own that ends in the same code. The transaction that made a contract tells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from ape import compilers
from eth_utils.address import to_checksum_address

from freehold.chain import solc
from freehold.chain.managers import chain, networks, project

DECLARED = re.compile(r"\bimmutable (\w+);")
WORD = 32


class CodeUnknown(RuntimeError):
    """What the sources compile to cannot be told."""


class OtherCode(ValueError):
    """The code is not what the sources compile to; the message says where."""


@dataclass(frozen=True)
class Compiled:
    """Runtime code, in which immutables are zero, and the places of each by its name; the code that makes it."""

    creation: bytes
    code: bytes
    immutables: dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Deployed:
    """Code that is the sources': its immutables, and whether even its metadata are the same."""

    immutables: dict[str, int]
    same_metadata: bool


def code_at(address: str) -> bytes:
    return bytes(networks.provider.get_code(address))


def read(address: str, name: str) -> Deployed:
    """Raises OtherCode unless the code at `address` is that of the contract `name`."""
    expected, found = compiled(name), code_at(address)
    if not found:
        raise OtherCode("there is no code")
    body, rest = without_metadata(expected.code)
    found_body, found_rest = found[: len(body)], found[len(body) :]
    if len(without_metadata(found)[0]) != len(body):
        raise OtherCode(f"{len(found)} bytes of code, {len(expected.code)} are compiled")
    values = {word: _value(word, places, found) for word, places in expected.immutables.items()}
    places = {place + i for places in expected.immutables.values() for place in places for i in range(WORD)}
    for place, (one, other) in enumerate(zip(found_body, body, strict=True)):
        if one != other and place not in places:
            raise OtherCode(f"byte {place} of the code is {one:#04x}, {other:#04x} is compiled")
    return Deployed(values, found_rest == rest)


def check_creation(address: str, name: str) -> str:
    """The transaction that made the contract by its own constructor. Raises OtherCode for another constructor,
    CodeUnknown where the node does not say: it must know code as it was at every block."""
    try:
        metadata = chain.contracts.get_creation_metadata(to_checksum_address(address))
        found = networks.provider.web3.eth.get_transaction(metadata.txn_hash) if metadata else None
    except Exception as error:  # each kind of node says in its own way that it keeps no old state
        raise CodeUnknown(f"the node does not tell what made it: {error}") from error
    if metadata is None or found is None:
        raise CodeUnknown("the node does not tell what made it")
    if found.get("to"):
        raise CodeUnknown(f"the contract {found['to']} made it, in {metadata.txn_hash}")
    expected, _ = without_metadata(compiled(name).creation)
    if not bytes(found["input"]).startswith(expected):
        raise OtherCode(f"{metadata.txn_hash} made it by a constructor of its own")
    return str(metadata.txn_hash)


def _value(name: str, places: tuple[int, ...], code: bytes) -> int:
    """An immutable stands at each place where it is read."""
    values = {int.from_bytes(code[place : place + WORD], "big") for place in places}
    if len(values) != 1:
        raise OtherCode(f"the immutable {name} has {len(values)} values")
    return values.pop()


def without_metadata(code: bytes) -> tuple[bytes, bytes]:
    """The code, and the metadata that follow it: their length is in the last two bytes."""
    length = int.from_bytes(code[-2:], "big") + 2
    return (code[:-length], code[-length:]) if length <= len(code) else (code, b"")


@cache
def compiled(name: str) -> Compiled:
    """By the compiler's own answer, which has the places of immutables, as its syntax tree numbers them: rising in the
    order of their declarations, all of which stand in the contract's own file."""
    source = str(project.contracts[name].contract_type.source_id)
    evm = _answer(source)["contracts"][source][name]["evm"]
    answer = evm["deployedBytecode"]
    references = sorted(answer.get("immutableReferences", {}).items(), key=lambda one: int(one[0]))
    declared = DECLARED.findall((project.path / source).read_text())
    if len(declared) != len(references):
        raise CodeUnknown(f"{name} declares {len(declared)} immutables, its code has {len(references)}")
    places = [tuple(int(one["start"]) for one in found) for _, found in references]
    code, creation = (bytes.fromhex(one["object"]) for one in (answer, evm["bytecode"]))
    return Compiled(creation, code, dict(zip(declared, places, strict=True)))


def _answer(source: str) -> solc.Json:
    solidity = compilers.get_compiler("solidity")
    if solidity is None or not solc.is_set_up():
        raise CodeUnknown("this environment has no compiler: `make setup` brings it")
    (request,) = solidity.get_standard_input_json([project.path / source], project=project).values()
    return solc.answer(request)

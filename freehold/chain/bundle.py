"""What others need of the contracts: the compiler's input for each that is deployed, and the ABIs.

An input in standard JSON holds a contract's own sources and settings and nothing else, as it was compiled: whoever
gives it to the compiler gets the same bytecode, and explorers take it as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from ape import compilers
from ethpm_types.contract_type import ContractType

from freehold.abi import BESIDE_CONTRACTS
from freehold.chain import solc
from freehold.chain.contracts import PIECES, exchange_type
from freehold.chain.managers import project
from freehold.errors import Refused
from freehold.files import write_whole
from prover.codegen.shape import Contract
from prover.codegen.shapes import EXCHANGE_SHAPE, contract_of

BESIDE = (
    "EscapeVerifier",
    "EscapeDesk",
    "Committee",
    "BlsCommittee",
    "ProgramFactAdapter",
    "RollupFactAdapter",
    "StarkVerifier",
    "HeaderVerifier",
)
"""Deployed beside what answers at the exchange's address."""


def names() -> list[str]:
    """Of all contracts that a deployment can have and that are compiled; data contracts have no source."""
    return [*PIECES, *BESIDE, *_generated(contract_of(EXCHANGE_SHAPE))]


def _generated(contract: Contract) -> Iterator[str]:
    for part in contract.parts:
        yield from _generated(part)
    yield contract.name


def standard_input(name: str) -> dict[str, Any]:
    """The compiler's input for one contract."""
    source = project.get_contract(name).contract_type.source_id
    solidity = compilers.get_compiler("solidity")
    if solidity is None or source is None or not solc.is_set_up():
        raise Refused("the compiler is not set up: `make setup`")
    requests = cast(Any, solidity).get_standard_input_json([Path(project.path) / source], project=project)
    (part,) = [part for request in requests.values() for part in solc.parts_of(request) if part.name == source]
    return cast("dict[str, Any]", json.loads(part.request))


def write_bundle(folder: Path) -> list[Path]:
    """`NAME.json` for each contract, and the compiler's version."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in dict.fromkeys(names()):
        path = folder / f"{name}.json"
        write_whole(path, json.dumps(standard_input(name), indent=1, sort_keys=True) + "\n")
        written.append(path)
    write_whole(folder / "compiler.txt", solc.version())
    return written


def exchange_abi() -> str:
    """All that the exchange's address answers, emits and refuses with, as a JSON list."""
    return json.dumps(_entries(exchange_type(project)), indent=1) + "\n"


def contracts_abi() -> str:
    """The same of each contract of `BESIDE_CONTRACTS`, as a JSON object by name."""
    return (
        json.dumps({name: _entries(project.get_contract(name).contract_type) for name in BESIDE_CONTRACTS}, indent=1)
        + "\n"
    )


def _entries(contract: ContractType) -> list[dict[str, Any]]:
    return [entry.model_dump(mode="json", by_alias=True, exclude_none=True) for entry in contract.abi]

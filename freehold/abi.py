"""What the contracts answer, emit and refuse with, as the package has it; `ape run abi` writes it from the sources."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

EXCHANGE, BESIDE = "exchange_abi.json", "contracts_abi.json"
"""Files of the package `freehold`: a list for the exchange's address, and an object of lists by contract."""

BESIDE_CONTRACTS = (
    "StarkVerifier",
    "HeaderVerifier",
    "ProgramFactAdapter",
    "RollupFactAdapter",
    "Committee",
    "BlsCommittee",
)
"""Those that an operator asks, sends to, or is refused by."""


def packaged(name: str) -> str:
    """One of the two, as it stands there."""
    return files("freehold").joinpath(name).read_text()


@cache
def abi_of(contract: str) -> list[dict[str, Any]]:
    """Of "Exchange", or of a contract beside it by its name in the sources. Raises KeyError."""
    if contract == "Exchange":
        exchange: list[dict[str, Any]] = json.loads(packaged(EXCHANGE))
        return exchange
    return _beside()[contract]


@cache
def _beside() -> dict[str, list[dict[str, Any]]]:
    contracts: dict[str, list[dict[str, Any]]] = json.loads(packaged(BESIDE))
    return contracts

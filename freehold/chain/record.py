"""What scripts leave for each other in .build: where the exchange stands, and its last state as a checked document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from freehold.chain.deployed import Deployment
from freehold.chain.errors import Refused
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.errors import InputRefused
from prover.applications.perpetual.last_state import LastState
from prover.applications.perpetual.state import State

DEPLOYMENT = Path(".build/deployment.json")
STATE = Path(".build/state.json")


def write_deployment(deployment: Deployment, chain_id: int, path: Path = DEPLOYMENT) -> None:
    """Addresses and parameters."""
    names = ("token", "verifier", "adapter", "committee", "escape_verifier", "exchange")
    contracts = {name: getattr(deployment, name) for name in names}
    document: dict[str, Any] = {"chain_id": chain_id}
    document |= {name: contract.address for name, contract in contracts.items() if contract is not None}
    document |= {"program_number": deployment.program_number, "parameters": deployment.parameters.describe()}
    document |= {"delays": deployment.delays.describe()}
    _write(path, document)


def read_deployment(path: Path) -> dict[str, Any]:
    """The record; refuses one that names no exchange."""
    document = _read(path, "`ape run deploy` writes it")
    if not isinstance(document, dict) or not isinstance(document.get("exchange"), str):
        raise Refused(f"{path} is no record of a deployment: it names no exchange")
    return document


def write_state(config: GeneralConfig, state: State, path: Path = STATE) -> None:
    """All positions and orders, and what governance fixed: enough for anybody to leave."""
    _write(path, LastState.of(config, state).model_dump(mode="json"))


def read_state(path: Path) -> tuple[GeneralConfig, State]:
    """The state that a document says; its roots are made anew."""
    document = _read(path, "whoever keeps the exchange's data has it")
    try:
        return LastState.parsed(document)
    except InputRefused as error:
        raise Refused(f"{path} is no state of an exchange: {error}") from error


def _read(path: Path, origin: str) -> Any:
    if not path.is_file():
        raise Refused(f"there is no file {path}; {origin}")
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise Refused(f"{path} is not JSON: {error}") from error


def _write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")

"""What scripts leave for each other in .build: where the exchange stands, and its last state as a checked document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from prover.perpetual.config import GeneralConfig
from prover.perpetual.positions import Position
from prover.perpetual.state import State
from scripts._deployment import Deployment

DEPLOYMENT = Path(".build/deployment.json")
STATE = Path(".build/state.json")


def write_deployment(deployment: Deployment, chain_id: int, path: Path = DEPLOYMENT) -> None:
    """Addresses and parameters."""
    names = ("token", "verifier", "adapter", "committee", "escape_verifier", "exchange")
    document: dict[str, Any] = {"chain_id": chain_id} | {name: getattr(deployment, name).address for name in names}
    document |= {"program_number": deployment.program_number, "parameters": deployment.parameters.describe()}
    document |= {"delays": deployment.delays.describe()}
    _write(path, document)


def read_deployment(path: Path) -> dict[str, Any]:
    """The record; refuses one that names no exchange."""
    document = _read(path, "`ape run deploy` writes it")
    if not isinstance(document, dict) or not isinstance(document.get("exchange"), str):
        raise click.UsageError(f"{path} is no record of a deployment: it names no exchange")
    return document


class _Position(BaseModel):
    model_config = ConfigDict(extra="forbid")

    public_key: str
    collateral_balance: int


class _State(BaseModel):
    model_config = ConfigDict(extra="forbid")

    config: GeneralConfig
    positions: dict[int, _Position] = Field(default_factory=dict)
    funding_timestamp: int
    system_time: int


def write_state(config: GeneralConfig, state: State, path: Path = STATE) -> None:
    positions = {
        str(key): {"public_key": hex(position.public_key), "collateral_balance": position.collateral_balance}
        for key, position in sorted(state.positions.items())
    }
    times = {"funding_timestamp": state.funding_timestamp, "system_time": state.system_time}
    _write(path, {"config": config.model_dump(), "positions": positions, **times})


def read_state(path: Path) -> tuple[GeneralConfig, State]:
    """The state that a document says; its roots are made anew."""
    try:
        document = _State.model_validate(_read(path, "whoever keeps the exchange's data has it"))
        positions = {
            key: Position(int(position.public_key, 16), position.collateral_balance)
            for key, position in document.positions.items()
        }
    except (ValidationError, ValueError) as error:
        raise click.UsageError(f"{path} is no state of an exchange: {str(error).splitlines()[0]}") from error
    state = State.initial(document.config, document.system_time)
    return document.config, state.with_positions(positions, document.funding_timestamp, document.system_time)


def _read(path: Path, origin: str) -> Any:
    if not path.is_file():
        raise click.UsageError(f"there is no file {path}; {origin}")
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise click.UsageError(f"{path} is not JSON: {error}") from error


def _write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")

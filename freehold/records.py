"""Where an exchange is written down: `deployments/CHAIN/NAME/`, with the record of its deployment and its last state.

CHAIN is the chain's id. NAME was given, or is the beginning of the exchange's address. What stands there is of one
exchange for good: another exchange never takes its place, only its own next state does. Local chains, which end with
their process, have their records in `.build/deployments/`, by the hash of their first block.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from freehold.errors import Refused
from freehold.files import write_whole
from prover.applications.ledger.units import CollateralId
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.errors import InputRefused
from prover.applications.perpetual.last_state import LastState
from prover.applications.perpetual.state import State

T = TypeVar("T")
LASTING, PASSING = Path("deployments"), Path(".build/deployments")
"""Folders of live networks' records and of local chains'."""
RECORD, STATE = "deployment.json", "state.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def is_address(text: str) -> str:
    if not re.fullmatch("0x[0-9a-fA-F]{40}", text) or int(text, 16) == 0:
        raise ValueError(f"'{text}' is not an address")
    return text


Address = Annotated[str, AfterValidator(is_address)]


class Record(BaseModel):
    """A deployment. `exchange` is enough for one that somebody else deployed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    exchange: Address
    chain_id: int | None = None
    network: str | None = Field(None, description="as Ape names it, for readers")
    block: int = Field(0, ge=0, description="no log of the exchange is older")
    token: Address | None = None
    verifier: Address | None = None
    program_number: int | None = None
    adapter: Address | None = None
    committee: Address | None = None
    escape_verifier: Address | None = None
    parameters: dict[str, Any] | None = Field(None, description="of the proofs")
    delays: dict[str, str] | None = None


@dataclass(frozen=True)
class Place:
    """An exchange's folder, or the folder of a record that stands elsewhere."""

    record_file: Path

    @property
    def state_file(self) -> Path:
        return self.record_file.with_name(STATE)

    @property
    def record(self) -> Record:
        return read_record(self.record_file)

    def write_state(self, config: GeneralConfig, state: State) -> None:
        """The exchange's next state."""
        write_state(self.state_file, config, state)


def read_record(path: Path) -> Record:
    document = _read(path, "`ape run deploy` writes it")
    try:
        return Record.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        reason = first["msg"].removeprefix("Value error, ")
        raise Refused(f"{path} is no record of a deployment: {place}: {reason}") from error


def read_state(path: Path) -> tuple[GeneralConfig, State]:
    """The state that a document says, with the configuration; its roots are made anew."""
    return _state_of(path, LastState.parsed)


def read_to_leave(path: Path) -> tuple[CollateralId, State]:
    """What an escape takes of a state's file, which may lack the configuration."""
    return _state_of(path, LastState.to_leave_with)


def _state_of(path: Path, parse: Callable[[object], T]) -> T:
    document = _read(path, "whoever keeps the exchange's data has it, and `ape run last_state` makes it of a rollup's")
    try:
        return parse(document)
    except InputRefused as error:
        raise Refused(f"{path} is no state of an exchange: {error}") from error


def write_state(path: Path, config: GeneralConfig, state: State) -> None:
    """All positions and orders, and what governance fixed: enough for anybody to leave."""
    write_last(path, LastState.of(config, state))


def write_to_leave(path: Path, collateral: CollateralId, state: State) -> None:
    """What an escape takes, for who does not know the configuration."""
    write_last(path, LastState.without_config(collateral, state))


def write_last(path: Path, last: LastState) -> None:
    """A state's file, whole or not at all."""
    write_whole(path, json.dumps(last.model_dump(mode="json"), indent=2) + "\n")


def folder_of(chain: str, lasts: bool) -> Path:
    return (LASTING if lasts else PASSING) / chain


def refuse_taken(folder: Path, name: str | None) -> None:
    """To be asked before a deployment: its record would have no place."""
    if name is not None and not NAME.fullmatch(name):
        raise Refused(f"--name '{name}': letters, digits, '.', '_' and '-' make a name")
    if name is not None and (folder / name).exists():
        raise Refused(f"{folder / name} is another exchange's: give this one another --name")
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise Refused(f"the record would have no place: {existing} may not be written to")


def new_place(folder: Path, record: Record, name: str | None = None) -> Place:
    """Writes the record into a folder of its own: `name`, or the address's beginning, with a number if need be."""
    beginning = name or record.exchange[:10].lower()
    names = (beginning if number == 1 else f"{beginning}-{number}" for number in range(1, 1 << 16))
    folder.mkdir(parents=True, exist_ok=True)
    place = Place(next(path for free in names if (path := _made(folder / free))) / RECORD)
    write_whole(place.record_file, record.model_dump_json(indent=2, exclude_none=True) + "\n")
    return place


def _made(folder: Path) -> Path | None:
    """None if it is there already."""
    try:
        folder.mkdir()
    except FileExistsError:
        return None
    return folder


def find_place(folder: Path, wanted: str | None) -> Place:
    """What `wanted` names: a record's file, its folder, or a name in the chain's folder. Without it, the only one."""
    if wanted is not None:
        for path in (Path(wanted), folder / wanted):
            if path.is_file() or (path / RECORD).is_file():
                return Place(path if path.is_file() else path / RECORD)
        raise Refused(f"there is no record {wanted}, neither here nor in {folder}")
    found = sorted(path.parent.name for path in folder.glob(f"*/{RECORD}"))
    if not found:
        raise Refused(f"{folder} has no record of an exchange: name one with --deployment, or `ape run deploy` one")
    if len(found) > 1:
        raise Refused(f"{folder} has several exchanges, name one with --deployment: {', '.join(found)}")
    return Place(folder / found[0] / RECORD)


def _read(path: Path, origin: str) -> Any:
    if not path.is_file():
        raise Refused(f"there is no file {path}; {origin}")
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise Refused(f"{path} is not JSON: {' '.join(str(error).split())}") from error

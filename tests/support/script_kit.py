"""Scripts as users type them, on the suite's own chain; and exchanges for them, with doubles in the place of proofs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from freehold.chain.record import write_deployment
from freehold.records import Place
from freehold.scenarios.accounts import Accounts
from freehold.testing.exchange import ExchangeUnderTest, Mode
from freehold.testing.proofs import Declared, Proofs
from prover.applications.perpetual.positions import Position
from prover.stark.parameters import DEFAULT

DAY, HOUR = 86_400, 3_600
BELIEVED = Declared(DEFAULT)


def run(script: Any, *options: object, answer: str = "") -> Result:
    """What it prints on both streams is in `output`."""
    arguments = ["--network", "ethereum:local:test", *map(str, options)]
    return CliRunner().invoke(script.cli, arguments, input=answer, catch_exceptions=False)


def run_json(script: Any, *options: object) -> Any:
    """What it tells programs, on one stream; progress goes to the other."""
    arguments = ["--network", "ethereum:local:test", "--json", *map(str, options)]
    return json.loads(CliRunner(mix_stderr=False).invoke(script.cli, arguments, catch_exceptions=False).stdout)


def done(result: Result) -> str:
    """The output of a command that did what it was asked."""
    assert result.exit_code == 0, result.output
    return result.output


def refused(result: Result, cause: str) -> None:
    assert result.exit_code == 2 and cause in result.output, result.output


def stay_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite's chain stays connected: a command's own connection would make Ape forget its snapshots."""
    monkeypatch.setattr("ape.cli.commands.parse_network", lambda context: None)


@dataclass(repr=False)
class RecordedExchange(ExchangeUnderTest):
    """One that has its record on disk, for scripts."""

    place: Place | None = None

    @property
    def folder(self) -> Path:
        """Where it was deployed: scripts run from here find its record."""
        return self.place.record_file.parents[4]


def recorded(
    accounts: Accounts,
    mode: Mode,
    wealth: int,
    positions: Mapping[int, Position] | None = None,
    proofs: Proofs = BELIEVED,
) -> RecordedExchange:
    """The record is below the working directory."""
    made = ExchangeUnderTest.deploy(mode, people=accounts, wealth=wealth, positions=positions, proofs=proofs)
    place = Place(write_deployment(made.deployed).record_file.resolve())
    return RecordedExchange(made.deployed, made.accounts, made.listed, made.proofs, made.prices, place=place)


def options(**values: object) -> Sequence[object]:
    """--stark-key and so on: `stark_key=...`."""
    return [word for name, value in values.items() for word in ("--" + name.replace("_", "-"), value)]

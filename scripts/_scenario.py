"""Scenarios: people, what they do in order, and what must hold, as a checked document. `scenario.py` plays them.

    title: The operator falls silent
    people: {alice: 1000, bob: 500}             # coins in their wallets; each has a position of his own
    steps:
      - join: {who: alice, amount: 1000}        # register, deposit
      - serve: everything that waits            # one proven batch
      - demand: {who: alice, amount: 300}
      - wait: 7 days
      - freeze: {who: bob, demand_of: alice, amount: 300}
      - escape: {who: alice}                    # prove the position, escape, be paid
    end: {tokens: {alice: 1000, bob: 500}, frozen: true}

A step with `refused: NAME` must be refused by the exchange with that error.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Act(_Part):
    """Who does it."""

    who: str


class Transfer(Act):
    amount: int = Field(gt=0, lt=1 << 64, description="coins")


class Freeze(Transfer):
    demand_of: str


class Step(_Part):
    """Exactly one thing."""

    join: Transfer | None = None
    demand: Transfer | None = None
    serve: Literal["everything that waits"] | None = None
    withdraw: Act | None = None
    wait: str | None = None
    freeze: Freeze | None = None
    escape: Act | None = None
    refused: str | None = Field(None, description="the error's name")

    @property
    def kind(self) -> str:
        (kind,) = self.model_fields_set - {"refused"}
        return kind

    @model_validator(mode="after")
    def _one_thing(self) -> Step:
        kinds = sorted(self.model_fields_set - {"refused"})
        if len(kinds) != 1 or getattr(self, kinds[0]) is None:
            raise ValueError(f"a step does one thing, not {', '.join(kinds) or 'nothing'}")
        if self.wait is not None:
            seconds(self.wait)
        if self.refused and self.kind in ("serve", "wait"):
            raise ValueError(f"'{self.kind}' cannot be refused")
        return self

    def names(self) -> set[str]:
        part = getattr(self, self.kind)
        return {name for key in ("who", "demand_of") if (name := getattr(part, key, None))}


class End(_Part):
    tokens: dict[str, int] = Field(default_factory=dict, description="coins in their wallets")
    frozen: bool = False


class Scenario(_Part):
    title: str
    people: dict[str, int] = Field(min_length=1, max_length=6)
    steps: list[Step] = Field(min_length=1)
    end: End

    @model_validator(mode="after")
    def _everybody_is_known(self) -> Scenario:
        for place, names in [*enumerate(step.names() for step in self.steps), ("end", set(self.end.tokens))]:
            if unknown := sorted(names - set(self.people)):
                raise ValueError(f"step {place}: {', '.join(unknown)} is not among the people")
        return self


def seconds(text: str) -> int:
    """'7 days', '1 hour'."""
    count, _, unit = text.partition(" ")
    if not count.isdecimal() or unit.removesuffix("s") not in UNITS or int(count) == 0:
        raise ValueError(f"'{text}' is no time: '7 days', '1 hour'")
    return int(count) * UNITS[unit.removesuffix("s")]


def read_scenario(path: Path) -> Scenario:
    """Refuses in one line what is no scenario."""
    try:
        document: Any = yaml.safe_load(path.read_text())
        return Scenario.model_validate(document)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        raise click.UsageError(f"{path} is no scenario: {place}: {first['msg']}") from error

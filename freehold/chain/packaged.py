"""The project's contracts where Ape's own project is another one: compiled, as the package has them or its checkout.

A wheel has them in CONTRACTS, which `python -m freehold.chain.packaging` writes. An installation that is a checkout
(`pip install --editable`) writes the file before it is read, so that it is of the sources as they are. Either way
nothing is compiled in the process that reads, and the other project's settings, compilers and cache are left alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from ape.contracts.base import ContractContainer
from ethpm_types.contract_type import ContractType

import freehold
from freehold.errors import Refused

PACKAGE = Path(freehold.__file__).parent
CONTRACTS = PACKAGE / "contracts.json"
"""Contract types by name: ABI and bytecode, of tests' doubles too."""
CONFIG = "ape-config.yaml"
"""Ape's, of a project."""


def is_checkout(folder: Path) -> bool:
    """Of Freehold: Ape's configuration says so."""
    config = folder / CONFIG
    return config.is_file() and "name: freehold" in config.read_text().splitlines()


class PackagedProject:
    """What others ask of Ape's project: contracts by name."""

    def __getattr__(self, name: str) -> ContractContainer:
        if name.startswith("_") or name not in self.contracts:
            raise AttributeError(f"Freehold has no contract {name}")
        return self.contracts[name]

    def get_contract(self, name: str) -> ContractContainer:
        return self.contracts[name]

    @cached_property
    def contracts(self) -> Mapping[str, ContractContainer]:
        """Raises Refused where there are none."""
        if is_checkout(PACKAGE.parent):
            _write(PACKAGE.parent)
        try:
            types = json.loads(CONTRACTS.read_text())
        except (OSError, json.JSONDecodeError) as error:
            raise Refused(f"this installation of Freehold has no compiled contracts: {error}") from error
        return {name: ContractContainer(ContractType.model_validate(kind)) for name, kind in types.items()}


def _write(checkout: Path) -> None:
    """By the checkout's own environment, which has the compiler; else by this one."""
    own = checkout / ".venv/bin/python"
    command = [own if own.exists() else sys.executable, "-m", "freehold.chain.packaging"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        raise Refused(f"the contracts of {checkout} are not compiled: `make contracts` there ({said[-1]})")

"""Sources and compiler for tools that compile beside Ape: broken twins, coverage, static analysis."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from freehold.chain import solc
from tests.support.paths import ROOT

CONFIG = ROOT / "ape-config.yaml"
PACKAGES = ROOT / ".venv/node/node_modules"


class NotCompiled(ValueError):
    """The compiler's first error."""


def sources_of(paths: Iterable[Path]) -> dict[str, str]:
    """The files and all that they import: name to text. A name is a path from the root, or a package's."""
    found: dict[str, str] = {}

    def add(name: str) -> None:
        if name in found:
            return
        found[name] = ((PACKAGES if name.startswith("@") else ROOT) / name).read_text()
        for imported in solc.IMPORT.findall(found[name]):
            here = os.path.dirname(name)
            add(os.path.normpath(os.path.join(here, imported)) if imported.startswith(".") else imported)

    for path in paths:
        add(path.resolve().relative_to(ROOT).as_posix())
    return found


def request(sources: dict[str, str], selection: dict[str, Any], optimize: bool = True) -> dict[str, Any]:
    """The compiler's standard input, with the settings of `ape-config.yaml`. Not `optimize`: a code in which every
    statement of the sources is found again."""
    config = yaml.safe_load(CONFIG.read_text())["solidity"]
    settings: dict[str, Any] = {"evmVersion": config["evm_version"], "viaIR": config["via_ir"]}
    settings["optimizer"] = {"enabled": optimize, "runs": config["optimization_runs"]}
    texts = {name: {"content": text} for name, text in sources.items()}
    return {"language": "Solidity", "sources": texts, "settings": settings | {"outputSelection": selection}}


def solc_path() -> Path:
    """What set-up made, which answers like the compiler."""
    version = yaml.safe_load(CONFIG.read_text())["solidity"]["version"]
    return Path(os.environ.get("SOLCX_BINARY_PATH", ROOT / ".venv/solc")) / f"solc-v{version}"


def compiled(asked: dict[str, Any]) -> dict[str, Any]:
    """The compiler's standard output; raises NotCompiled."""
    output = solc.answer(asked)
    if errors := solc.errors_of(output):
        raise NotCompiled(errors[0])
    return output

"""Sources and compiler for tools that compile beside Ape: broken twins, coverage, static analysis."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

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
        for imported in re.findall(r'^import [^;]*?"([^"]+)";', found[name], re.MULTILINE):
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


def solc() -> Path:
    """What set-up made, which answers like the compiler."""
    version = yaml.safe_load(CONFIG.read_text())["solidity"]["version"]
    return Path(os.environ.get("SOLCX_BINARY_PATH", ROOT / ".venv/solc")) / f"solc-v{version}"


def compiled(asked: dict[str, Any]) -> dict[str, Any]:
    """The compiler's standard output; raises NotCompiled."""
    answer = subprocess.run(
        [solc(), "--standard-json"], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    output = json.loads(answer.stdout)
    errors = [error["formattedMessage"] for error in output.get("errors", []) if error["severity"] == "error"]
    if errors:
        raise NotCompiled(errors[0])
    return output

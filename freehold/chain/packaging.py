"""`python -m freehold.chain.packaging`, in a checkout: compiles what changed and writes the package's contracts.

Source maps, documentation and library code are left out: who needs them has the sources.
"""

from __future__ import annotations

import json
from typing import cast

from ape.managers.project import LocalProject

from freehold.chain.compilation import bring_up_to_date, keep_fresh
from freehold.chain.managers import project
from freehold.chain.packaged import CONTRACTS
from freehold.files import write_whole

KEPT = {"abi", "name", "deployment_bytecode", "runtime_bytecode"}


def packaged_contracts() -> str:
    """As JSON: contract types by name."""
    local = cast(LocalProject, project)
    bring_up_to_date(local, list(local.sources))
    types = local.manifest.contract_types or {}
    kept = {name: kind.model_dump(mode="json", by_alias=True, include=KEPT) for name, kind in sorted(types.items())}
    return json.dumps(kept, sort_keys=True) + "\n"


def main() -> None:
    """Where nothing is new nothing is written."""
    content = packaged_contracts()
    if not CONTRACTS.exists() or CONTRACTS.read_text() != content:
        write_whole(CONTRACTS, content)


if __name__ == "__main__":
    keep_fresh()
    main()

"""The signers' keys: a file that only its owner may read, made once."""

from __future__ import annotations

import json
from pathlib import Path
from secrets import randbelow

from pydantic import TypeAdapter, ValidationError

from freehold.errors import Refused
from freehold.files import read_json, write_secret
from prover.algebra.curve import ORDER
from prover.applications.ledger.units import StarkKey
from prover.applications.perpetual.signing import stark_key

Keys = dict[StarkKey, int]
"""Secret by public key."""
_FORM = TypeAdapter(dict[str, str])


def make_keys(count: int) -> Keys:
    secrets = (1 + randbelow(ORDER - 1) for _ in range(count))
    return {stark_key(secret): secret for secret in secrets}


def write_keys(path: Path, keys: Keys) -> None:
    """Raises Refused where the file is there already."""
    document = {hex(public): hex(secret) for public, secret in keys.items()}
    write_secret(path, json.dumps(document, indent=2) + "\n")


def read_keys(path: Path) -> Keys:
    """Raises Refused; what the file holds is not repeated."""
    try:
        document = _FORM.validate_python(read_json(path))
        keys = {StarkKey(int(public, 16)): int(secret, 16) for public, secret in document.items()}
    except (ValidationError, ValueError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(f"{path} holds no keys: hex by hex is expected, as `freehold oracle init` writes it") from error
    for public, secret in keys.items():
        if not 0 < secret < ORDER or stark_key(secret) != public:
            raise Refused(f"{path}: what stands beside {public:#x} is not its secret key")
    return keys

"""Bytes by their hash, kept in the store."""

from __future__ import annotations

import json
import zlib
from hashlib import sha256
from time import time
from typing import Any

from sqlalchemy.orm import Session

from freehold.services.operator.tables import Blob


class BlobMissing(LookupError):
    """What the store says it has is not there."""


def put(session: Session, kind: str, content: bytes) -> bytes:
    """The digest. What is there already is not written again."""
    digest = sha256(content).digest()
    if session.get(Blob, digest) is None:
        session.add(Blob(digest=digest, kind=kind, content=zlib.compress(content, 6), created_at=int(time())))
        session.flush()
    return digest


def get(session: Session, digest: bytes) -> bytes:
    """Raises BlobMissing."""
    blob = session.get(Blob, digest)
    if blob is None:
        raise BlobMissing(f"there is no blob {digest.hex()}")
    return zlib.decompress(blob.content)


def put_json(session: Session, kind: str, document: Any) -> bytes:
    return put(session, kind, json.dumps(document, separators=(",", ":"), sort_keys=True).encode())


def get_json(session: Session, digest: bytes) -> Any:
    return json.loads(get(session, digest))

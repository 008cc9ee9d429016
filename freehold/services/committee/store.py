"""A member's store."""

from __future__ import annotations

from pathlib import Path

from freehold.services.base.store import Store

MIGRATIONS = Path(__file__).parent / "migrations"


def open_store(url: str) -> Store:
    """Not migrated: `init` and `run` do that."""
    return Store(url, MIGRATIONS)

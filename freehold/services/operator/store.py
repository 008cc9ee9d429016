"""The operator's store."""

from __future__ import annotations

from pathlib import Path

from freehold.services.base.store import Store

MIGRATIONS = Path(__file__).parent / "migrations"


def open_store(url: str) -> Store:
    """Not migrated: who starts the operator does that."""
    return Store(url, MIGRATIONS)

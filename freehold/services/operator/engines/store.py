"""The engine of workers anywhere: `freehold worker run` claims jobs by itself."""

from __future__ import annotations

from collections.abc import Container, Sequence

from freehold.services.operator.engines.engine import Engine
from freehold.services.operator.tables import Job


class StoreEngine(Engine):
    def collect(self) -> bool:
        return False

    def placed(self) -> Container[str]:
        return ()

    def place(self, waiting: Sequence[Job]) -> bool:
        return False

    def close(self) -> None:
        pass

"""An availability gateway that answers what it was given, and notes what is sent to it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from freehold.services.base.batch_data import BatchData, Update, position_data
from freehold.services.base.wire import read, root_text
from freehold.services.committee.gateway import GatewayFails
from prover.applications.perpetual.batch import Batch
from tests.support.recorded_history import Made, history

Json = dict[str, Any]


def update_of(made: Made) -> Json:
    return update_with(made.applied, made.previous)


def update_with(applied: Batch, previous: int) -> Json:
    """What the gateway shows of a batch."""
    return {
        "prev_batch_id": previous,
        "position_root": root_text(applied.after.tree.root),
        "order_root": root_text(applied.after.orders_root),
        "positions": {str(key): position_data(applied.after.position(key)) for key in applied.touched_positions},
        "orders": {str(key): {"fulfilled_amount": str(applied.after.used(key))} for key in applied.touched_orders},
    }


@dataclass
class RecordedGateway:
    """`updates` by batch id; `silent` calls fail; `words` by batch id."""

    updates: dict[int, Json] = field(default_factory=dict)
    words: dict[int, list[int]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    url: str = "http://recorded"
    approved: list[tuple[int, bytes, str, bytes]] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)

    @staticmethod
    def of_history(n_batches: int = 4) -> RecordedGateway:
        made = history()[:n_batches]
        words = {one.id: list(one.applied.after.words()) for one in made}
        return RecordedGateway({one.id: update_of(one) for one in made}, words)

    def _check(self, call: str) -> None:
        if call in self.silent:
            raise GatewayFails(self.url, f"{call}: no answer")

    def batch_data(self, batch_id: int) -> tuple[Update | None, str]:
        self._check("batch_data")
        self.asked.append(batch_id)
        document = {"update": self.updates.get(batch_id)}
        return read(BatchData, document).update, json.dumps(document)

    def shared_state(self, batch_id: int) -> Sequence[int] | None:
        self._check("shared_state")
        return self.words.get(batch_id)

    def created(self, batch_id: int) -> str:
        self._check("created")
        return "1800000000.5"

    def approve(self, batch_id: int, signature: bytes, member: str, claim: bytes) -> None:
        self._check("approve")
        self.approved.append((batch_id, signature, member, claim))

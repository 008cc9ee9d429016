"""Which transaction of a batch the program refuses: beginnings of the batch, run in processes of their own, half of
what is left each time.

Rules in Python and the program say the same of every batch, or one of them is wrong. What the rules took and the
program refuses is found here; what is done about it is `unproven.py`'s.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from freehold.services.operator.children import Child
from freehold.services.operator.proving import run_request
from prover.applications.ledger.merkle import MerkleTree
from prover.applications.ledger.units import Hours
from prover.applications.perpetual.batch import Batch, apply_batch
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.documents import StateDocument
from prover.applications.perpetual.positions import EMPTY
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import FundingTick, OracleTick, SignedPrice, Transaction

TRANSACTIONS: TypeAdapter[tuple[Transaction, ...]] = TypeAdapter(tuple[Transaction, ...])
PRICES: TypeAdapter[tuple[SignedPrice, ...]] = TypeAdapter(tuple[SignedPrice, ...])


@dataclass(frozen=True)
class Sealed:
    """A batch, read back from the program's input."""

    config: GeneralConfig
    before: State
    transactions: tuple[Transaction, ...]
    minimum_expiration: Hours
    prices: tuple[tuple[SignedPrice, ...], tuple[SignedPrice, ...]]

    @staticmethod
    def of_input(document: dict[str, Any]) -> Sealed:
        config = GeneralConfig.model_validate(document["config"])
        batch = document["batch"]
        return Sealed(
            config,
            _state(config, document["prev_state"], document["advice"]["preimage"]),
            TRANSACTIONS.validate_python(batch["transactions"]),
            Hours(int(batch["minimum_expiration_timestamp"])),
            (PRICES.validate_python(batch["signed_min_prices"]), PRICES.validate_python(batch["signed_max_prices"])),
        )

    @property
    def n_ticks(self) -> int:
        """With which it begins."""
        others = (n for n, one in enumerate(self.transactions) if not isinstance(one, FundingTick | OracleTick))
        return next(others, len(self.transactions))

    def beginning(self, count: int) -> Batch:
        """Of its first transactions."""
        return apply_batch(self.config, self.before, self.transactions[:count], self.minimum_expiration, *self.prices)


def _state(config: GeneralConfig, head: dict[str, Any], preimage: dict[str, list[str]]) -> State:
    """As far as the input tells it."""
    told = StateDocument.model_validate(head)
    nodes = {int(node, 16): (int(left, 16), int(right, 16)) for node, (left, right) in preimage.items()}
    assert told.positions_root is not None and told.orders_root is not None
    positions = {key: document.position() for key, document in told.positions.items()}
    return State(
        {key: position for key, position in positions.items() if not position.is_empty()},
        MerkleTree.of_nodes(config.positions_tree_height, EMPTY.leaf(), told.positions_root, nodes),
        {key: used for key, used in (told.orders or {}).items() if used},
        MerkleTree.of_nodes(config.orders_tree_height, 0, told.orders_root, nodes),
        told.funding_indices,
        told.funding_timestamp,
        told.oracle_prices,
        told.system_time,
    )


@dataclass(frozen=True)
class Found:
    """`place`: of the transaction with which the program refuses, in the batch; None where none is the reason, as
    `reason` says."""

    place: int | None
    reason: str


class Search:
    """Of one batch that a proof's job says is refused. `prover` is the module that runs the program.

    The whole is run first, for the job may have failed for another reason; then the ticks alone.
    """

    def __init__(self, batch: int, document: dict[str, Any], prover: str) -> None:
        self.batch, self.sealed, self.prover = batch, Sealed.of_input(document), prover
        self._taken: int | None = None
        """The program takes so many transactions."""
        self._refused: int | None = None
        """It refuses so many, and why."""
        self._reason = ""
        self._asked = len(self.sealed.transactions)
        self._child = self._start()

    def step(self) -> Found | None:
        """None while it goes on. Raises ChildEnded."""
        message = self._child.message(0)
        if message is None:
            return None
        self._child.end()
        if "refused" in message:
            self._refused, self._reason = self._asked, message["refused"]
        else:
            self._taken = self._asked
        found = self._found()
        if found is None:
            self._asked = self._next()
            self._child = self._start()
        return found

    def close(self) -> None:
        self._child.end()

    def _found(self) -> Found | None:
        if self._refused is None:
            return Found(None, "the program takes it here")
        if self._refused == self.sealed.n_ticks:
            return Found(None, f"the program refuses its ticks: {self._reason}")
        if self._taken is not None and self._refused - self._taken == 1:
            return Found(self._taken, self._reason)
        return None

    def _next(self) -> int:
        assert self._refused is not None
        return self.sealed.n_ticks if self._taken is None else (self._taken + self._refused) // 2

    def _start(self) -> Child:
        batch = self.sealed.beginning(self._asked)
        given, words = json.dumps(batch.program_input()), json.dumps([str(word) for word in batch.output()])
        return Child(self.prover, run_request(given, words))

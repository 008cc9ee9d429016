"""A batch that is being filled: in memory alone, until it is sealed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from freehold.services.operator.costs import Steps
from freehold.services.operator.upkeep import Opening
from prover.algebra import ecdsa
from prover.applications.ledger.units import Hours, Seconds
from prover.applications.perpetual.batch import Batch, begin_batch, finish_batch
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.errors import Code, RuleBroken
from prover.applications.perpetual.execute import Carried
from prover.applications.perpetual.program_input import touched_positions
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import ForcedTrade, ForcedWithdrawal, Transaction
from prover.applications.perpetual.units import OrderId, Used

Condition = tuple[bytes, bytes]
"""Registry and fact that a conditional transfer names."""


@dataclass(frozen=True)
class Draft:
    """What goes in together, or not at all. `request` is the hash of the forced request that it serves."""

    origin: str
    transactions: tuple[Transaction, ...]
    tx_id: int | None = None
    request: bytes | None = None
    conditions: tuple[Condition, ...] = ()
    deadline: Seconds | None = None


class TooManySteps(Exception):
    """There is no room for the draft in this batch; in an empty one there may be."""

    def __init__(self, draft: Draft, steps: int, most: int) -> None:
        super().__init__(f"{steps} steps with it, {most} at most")
        self.draft = draft


@dataclass(frozen=True)
class Place:
    """One transaction of the batch, and the draft that it came with."""

    draft: Draft
    transaction: Transaction

    def body(self, outcomes: Iterator[Code]) -> str | None:
        """Of what the operator made; a user's stands in its own row. A forced request takes the next outcome."""
        if self.draft.tx_id is not None:
            return None
        made = self.transaction
        if isinstance(made, ForcedWithdrawal | ForcedTrade):
            made = made.model_copy(update={"is_valid": int(next(outcomes) == Code.SUCCESS)})
        return json.dumps(made.model_dump(mode="json"))


@dataclass
class Filling:
    """`opened_at` in seconds since the epoch; `orders` knows how much is used of the orders that are asked for."""

    config: GeneralConfig
    opened_at: float
    opening: Opening
    orders: dict[OrderId, Used]
    max_steps: int
    carried: Carried
    steps: Steps
    places: list[Place] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    first_at: float | None = None
    """When the first draft that is no tick went in."""

    @staticmethod
    def open(
        config: GeneralConfig,
        state: State,
        opening: Opening,
        minimum_expiration: Hours,
        max_steps: int,
        now: float,
    ) -> Filling:
        """With the opening's ticks in it. `state.orders` is filled by the caller as orders come. Raises RuleBroken."""
        bounds = (opening.prices, opening.prices)
        carried = begin_batch(config, state, minimum_expiration, opening.time, *bounds)
        orders = state.orders
        assert isinstance(orders, dict)
        steps = Steps.of_empty(config, [*opening.prices, *opening.prices])
        filling = Filling(config, now, opening, orders, max_steps, carried, steps)
        for tick in opening.ticks:
            filling._add(Draft("tick", (tick,)))
        return filling

    def attempt(self, draft: Draft, now: float) -> RuleBroken | None:
        """Puts it in, or says which rule forbids it; then nothing of it is in. Raises TooManySteps."""
        try:
            self._add(draft)
        except RuleBroken as broken:
            return broken
        if self.first_at is None:
            self.first_at = now
        return None

    def know(self, signatures: Sequence[ecdsa.Signed]) -> None:
        """Looks at many signatures at once; single ones take longer."""
        unknown = [signature for signature in signatures if signature not in self.carried.known_signatures]
        valid = zip(unknown, ecdsa.verify_all(unknown), strict=True)
        self.carried.known_signatures.update(signature for signature, is_valid in valid if is_valid)

    def finish(self, before: State) -> Batch:
        transactions = [place.transaction for place in self.places]
        return finish_batch(self.carried, before, transactions, self.opening.prices, self.opening.prices)

    @property
    def n_users(self) -> int:
        return sum(place.draft.tx_id is not None for place in self.places)

    @property
    def is_empty(self) -> bool:
        """But for its ticks."""
        return self.first_at is None

    def served(self) -> set[bytes]:
        return {place.draft.request for place in self.places if place.draft.request is not None}

    def deadlines(self) -> list[Seconds]:
        return [place.draft.deadline for place in self.places if place.draft.deadline is not None]

    def _add(self, draft: Draft) -> None:
        attempt = self.carried.copied()
        for transaction in draft.transactions:
            attempt.execute(transaction)
        touched = touched_positions(self.config, draft.transactions)
        most = max((len(attempt.position(key).assets) for key in touched), default=0)
        steps = self.steps.with_more(draft.transactions, most + 1)
        if steps.total > self.max_steps:
            raise TooManySteps(draft, steps.total, self.max_steps)
        self.carried, self.steps = attempt, steps
        self.places += [Place(draft, transaction) for transaction in draft.transactions]
        self.conditions += draft.conditions

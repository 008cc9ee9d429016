"""Apply a batch: from a state and transactions to the next state, the program's input and its expected output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from prover.perpetual.config import GeneralConfig
from prover.perpetual.errors import TimeRefused, UpdateRefused
from prover.perpetual.positions import Code, Position, update_position
from prover.perpetual.state import State
from prover.perpetual.transactions import Deposit, ForcedWithdrawal, FundingTick, Transaction

DIFFERENCE_BIAS = 1 << 64


@dataclass(frozen=True)
class Batch:
    """`served` says of each forced withdrawal, in order, what the update gave."""

    config: GeneralConfig
    before: State
    after: State
    transactions: tuple[Transaction, ...]
    modifications: tuple[tuple[int, int, int], ...]
    forced: tuple[ForcedWithdrawal, ...]
    served: tuple[Code, ...]
    minimum_expiration_timestamp: int

    def output(self) -> list[int]:
        """The program's output, word for word (perpetual-state 10.1)."""
        before, after = self.before.words(), self.after.words()
        forced = [word for action in self.forced for word in action.action_words()]
        return [
            self.config.hash(),
            self.config.data_availability_mode,
            0,
            len(before),
            *before,
            len(after),
            *after,
            self.minimum_expiration_timestamp,
            len(self.modifications),
            *(word for modification in self.modifications for word in modification),
            len(forced),
            len(self.forced),
            *forced,
            0,
        ]

    def program_input(self) -> dict[str, object]:
        """JSON for the program's hints (docs/program.md): what it is told, and what helps its proof."""
        touched = sorted({t.position_id for t in self.transactions if not isinstance(t, FundingTick)})
        nodes = self.before.tree.touched_nodes(touched)
        positions = {str(key): self.before.position(key).document() for key in touched}
        return {
            "config": self.config.document(),
            "prev_state": {
                "positions": positions,
                "orders": {},
                "funding_indices": [],
                "funding_timestamp": str(self.before.funding_timestamp),
                "oracle_prices": [],
                "system_time": str(self.before.system_time),
                "positions_root": hex(self.before.tree.root),
                "orders_root": hex(self.before.orders_root),
            },
            "batch": {
                "minimum_expiration_timestamp": str(self.minimum_expiration_timestamp),
                "signed_min_prices": [],
                "signed_max_prices": [],
                "new_system_time": str(self.after.system_time),
                "transactions": [transaction.advice() for transaction in self.transactions],
            },
            "advice": {"preimage": {hex(node): [hex(left), hex(right)] for node, (left, right) in nodes.items()}},
        }


@dataclass
class _Carried:
    state: State
    config: GeneralConfig
    system_time: int
    funding_timestamp: int
    positions: dict[int, Position] = field(default_factory=dict)
    modifications: list[tuple[int, int, int]] = field(default_factory=list)
    forced: list[ForcedWithdrawal] = field(default_factory=list)
    served: list[Code] = field(default_factory=list)

    def execute(self, transaction: Transaction) -> None:
        if isinstance(transaction, FundingTick):
            self._tick(transaction)
            return
        limit = self.funding_timestamp + self.config.funding_validity_period
        if self.system_time > limit:
            raise TimeRefused(f"system time {self.system_time} is past the funding's validity at {limit}")
        if isinstance(transaction, Deposit):
            code = self._update(transaction, transaction.amount)
            if code != Code.SUCCESS:
                detail = f"deposit of {transaction.amount} to a position that holds {self._position(transaction)}"
                raise UpdateRefused(code, code.name, transaction.position_id, detail)
        else:
            self.forced.append(transaction)
            self.served.append(self._update(transaction, -transaction.amount))

    def _tick(self, tick: FundingTick) -> None:
        if tick.timestamp < self.system_time:
            raise TimeRefused(f"a tick to {tick.timestamp} goes back from {self.system_time}")
        self.system_time = self.funding_timestamp = tick.timestamp

    def _position(self, request: Deposit | ForcedWithdrawal) -> Position:
        known = self.positions.get(request.position_id)
        return self.state.position(request.position_id) if known is None else known

    def _update(self, request: Deposit | ForcedWithdrawal, delta: int) -> Code:
        position, code = update_position(self._position(request), request.public_key, delta)
        self.positions[request.position_id] = position
        if code == Code.SUCCESS:
            self.modifications.append((request.public_key, request.position_id, DIFFERENCE_BIAS + delta))
        return code


def apply_batch(
    config: GeneralConfig,
    state: State,
    transactions: Sequence[Transaction],
    minimum_expiration_timestamp: int,
) -> Batch:
    """Raises RuleBroken for the first transaction that no proof can contain; nothing is changed."""
    carried = _Carried(state, config, state.system_time, state.funding_timestamp)
    for transaction in transactions:
        carried.execute(transaction)
    after = state.with_positions(carried.positions, carried.funding_timestamp, carried.system_time)
    return Batch(
        config,
        state,
        after,
        tuple(transactions),
        tuple(carried.modifications),
        tuple(carried.forced),
        tuple(carried.served),
        minimum_expiration_timestamp,
    )

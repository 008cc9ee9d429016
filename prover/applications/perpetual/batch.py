"""Apply a batch: from a state and transactions to the next state, the program's input and its expected output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.errors import BatchRefused, Code
from prover.applications.perpetual.execute import Carried, Step
from prover.applications.perpetual.fields import BALANCE_BIAS
from prover.applications.perpetual.positions import Position
from prover.applications.perpetual.prices import check_signed_prices
from prover.applications.perpetual.program_input import new_system_time, program_input
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import (
    ForcedTrade,
    ForcedWithdrawal,
    FundingTick,
    SignedPrice,
    Transaction,
)


@dataclass(frozen=True)
class Batch:
    """`served` says of each forced request, in order, what the update gave: SUCCESS, or why it is proven invalid.

    `funding_timestamps` holds every touched position, and says when its indices were last applied (10.3): 0 for one
    that is emptied, or that keeps the indices it had. `steps` tells the changes one by one.
    """

    config: GeneralConfig
    before: State
    after: State
    transactions: tuple[Transaction, ...]
    minimum_expiration_timestamp: int
    signed_min_prices: tuple[SignedPrice, ...]
    signed_max_prices: tuple[SignedPrice, ...]
    modifications: tuple[tuple[int, int, int], ...]
    forced: tuple[ForcedWithdrawal | ForcedTrade, ...]
    served: tuple[Code, ...]
    conditions: tuple[int, ...]
    funding_ticks: tuple[FundingTick, ...]
    funding_timestamps: dict[int, int]
    touched_orders: tuple[int, ...]
    steps: tuple[Step, ...]

    @property
    def touched_positions(self) -> list[int]:
        return sorted(self.funding_timestamps)

    def output(self) -> list[int]:
        """The program's output, word for word; for a rollup the data follow."""
        return [*self.main_words(), *(self.data() if self.config.data_availability_mode else ())]

    def main_words(self) -> list[int]:
        """What the contract reads (10.1)."""
        before, after = self.before.words(), self.after.words()
        forced = [word for action in self.forced for word in action.action_words()]
        assets = self.config.synthetic_assets
        return [
            self.config.hash(),
            self.config.data_availability_mode,
            len(assets),
            *(word for asset in assets for word in (asset.asset_id, asset.hash())),
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
            len(self.conditions),
            *self.conditions,
        ]

    def data(self) -> list[int]:
        """A rollup's data: the funding table, then a record of each touched position (10.3)."""
        words = [len(self.funding_ticks)]
        for tick in self.funding_ticks:
            words.append(len(tick.funding_indices))
            words += [word for asset_id, index in tick.funding_indices for word in (asset_id, index + BALANCE_BIAS)]
            words.append(tick.timestamp)
        for position_id in self.touched_positions:
            words += self._record(position_id)
        return words

    def _record(self, position_id: int) -> list[int]:
        old, new = self.before.position(position_id), self.after.position(position_id)
        record = [
            position_id,
            new.public_key,
            new.collateral_balance + BALANCE_BIAS,
            self.funding_timestamps[position_id],
            *changed_assets(old, new),
        ]
        return [len(record), *record]

    def program_input(self) -> dict[str, Any]:
        """JSON for the program's hints."""
        return program_input(
            self.config,
            self.before,
            self.transactions,
            self.minimum_expiration_timestamp,
            self.signed_min_prices,
            self.signed_max_prices,
        )


def changed_assets(old: Position, new: Position) -> list[int]:
    """Asset id and new balance, packed, of each asset whose balance changed; 0 for one that is gone."""
    ids = sorted({asset.asset_id for asset in (*old.assets, *new.assets)})
    return [
        asset_id << 64 | new.balance(asset_id) + BALANCE_BIAS
        for asset_id in ids
        if old.balance(asset_id) != new.balance(asset_id)
    ]


def apply_batch(
    config: GeneralConfig,
    state: State,
    transactions: Sequence[Transaction],
    minimum_expiration_timestamp: int,
    signed_min_prices: Sequence[SignedPrice] = (),
    signed_max_prices: Sequence[SignedPrice] = (),
) -> Batch:
    """Raises RuleBroken for the first transaction that no proof can contain, or for the batch; nothing is changed."""
    new_time = new_system_time(state, transactions)
    first_time = state.system_time - config.price_validity_period
    bounds = tuple(
        check_signed_prices(config, prices, first_time, new_time) for prices in (signed_min_prices, signed_max_prices)
    )
    market = state.market(config)
    for asset_id in market.indices:
        if asset_id not in market.assets:
            raise BatchRefused(Code.MISSING_SYNTHETIC_ASSET_ID, f"{asset_id:#x} has funding and no configuration")
    carried = Carried(state, config, minimum_expiration_timestamp, bounds, market, state.system_time)
    for transaction in transactions:
        carried.execute(transaction)
    after = state.updated(
        carried.positions,
        carried.orders,
        funding_indices=tuple(carried.market.indices.items()),
        funding_timestamp=carried.market.funding_timestamp,
        oracle_prices=tuple(sorted(carried.market.prices.items())),
        system_time=carried.system_time,
    )
    return Batch(
        config,
        state,
        after,
        tuple(transactions),
        minimum_expiration_timestamp,
        tuple(signed_min_prices),
        tuple(signed_max_prices),
        tuple(carried.modifications),
        tuple(carried.forced),
        tuple(carried.served),
        tuple(carried.conditions),
        tuple(carried.funding_ticks),
        carried.funding_timestamps,
        tuple(sorted(carried.orders)),
        tuple(carried.steps),
    )

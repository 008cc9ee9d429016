"""Apply a batch: from a state and transactions to the next state, the program's input and its expected output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from prover.applications.ledger.units import Hours, Seconds
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.errors import BatchRefused, Code
from prover.applications.perpetual.execute import Carried, PositionChange
from prover.applications.perpetual.limits import check_spread
from prover.applications.perpetual.output import ROLLUP, MainPage, Modification, ProgramOutput
from prover.applications.perpetual.prices import check_signed_prices
from prover.applications.perpetual.program_input import new_system_time, program_input
from prover.applications.perpetual.rollup_data import FundingTable, PositionRecord, RollupData
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import (
    ForcedTrade,
    ForcedWithdrawal,
    FundingTick,
    SignedPrice,
    Transaction,
)
from prover.applications.perpetual.units import OrderId, PositionId


@dataclass(frozen=True)
class Batch:
    """`served` says of each forced request, in order, what the update gave: SUCCESS, or why it is proven invalid.

    `funding_timestamps` holds every touched position, and says when its indices were last applied (10.3): 0 for one
    that is emptied, or that keeps the indices it had. `changes` tells one change of a position after the other.
    """

    config: GeneralConfig
    before: State
    after: State
    transactions: tuple[Transaction, ...]
    minimum_expiration_timestamp: Hours
    signed_min_prices: tuple[SignedPrice, ...]
    signed_max_prices: tuple[SignedPrice, ...]
    modifications: tuple[Modification, ...]
    forced: tuple[ForcedWithdrawal | ForcedTrade, ...]
    served: tuple[Code, ...]
    conditions: tuple[int, ...]
    funding_ticks: tuple[FundingTick, ...]
    funding_timestamps: dict[PositionId, Seconds]
    touched_orders: tuple[OrderId, ...]
    changes: tuple[PositionChange, ...]

    @property
    def touched_positions(self) -> list[PositionId]:
        return sorted(self.funding_timestamps)

    def program_output(self) -> ProgramOutput:
        is_rollup = self.config.data_availability_mode == ROLLUP
        return ProgramOutput(self.main_page(), self.rollup_data() if is_rollup else None)

    def main_page(self) -> MainPage:
        return MainPage(
            self.config.hash(),
            self.config.data_availability_mode,
            tuple((asset.asset_id, asset.hash()) for asset in self.config.synthetic_assets),
            self.before.shared(),
            self.after.shared(),
            self.minimum_expiration_timestamp,
            self.modifications,
            self.forced,
            self.conditions,
        )

    def rollup_data(self) -> RollupData:
        """In Validium mode too, where the program does not write them."""
        ticks = tuple(FundingTable(tick.funding_indices, tick.timestamp) for tick in self.funding_ticks)
        return RollupData(ticks, tuple(self._record(position_id) for position_id in self.touched_positions))

    def _record(self, position_id: PositionId) -> PositionRecord:
        old, new = self.before.position(position_id), self.after.position(position_id)
        return PositionRecord.between(position_id, old, new, self.funding_timestamps[position_id])

    def output(self) -> list[int]:
        """The words of `program_output`."""
        return self.program_output().words()

    def main_words(self) -> list[int]:
        """The words that the contract reads."""
        return self.main_page().words()

    def data(self) -> list[int]:
        """The words of `rollup_data`."""
        return self.rollup_data().words()

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


def apply_batch(
    config: GeneralConfig,
    state: State,
    transactions: Sequence[Transaction],
    minimum_expiration_timestamp: Hours,
    signed_min_prices: Sequence[SignedPrice] = (),
    signed_max_prices: Sequence[SignedPrice] = (),
) -> Batch:
    """Raises RuleBroken for the first transaction that no proof can contain, or for the batch; nothing is changed."""
    signed = (signed_min_prices, signed_max_prices)
    carried = begin_batch(config, state, minimum_expiration_timestamp, new_system_time(state, transactions), *signed)
    for transaction in transactions:
        carried.execute(transaction)
    return finish_batch(carried, state, transactions, *signed)


def begin_batch(
    config: GeneralConfig,
    state: State,
    minimum_expiration_timestamp: Hours,
    new_time: Seconds,
    signed_min_prices: Sequence[SignedPrice] = (),
    signed_max_prices: Sequence[SignedPrice] = (),
) -> Carried:
    """Ready for the first transaction of a batch whose last tick is at `new_time`. Raises RuleBroken for the batch."""
    window_end = state.system_time if config.limits is None else new_time
    first_time = Seconds(window_end - config.price_validity_period)
    bounds = (
        check_signed_prices(config, signed_min_prices, first_time, new_time),
        check_signed_prices(config, signed_max_prices, first_time, new_time),
    )
    if config.limits is not None:
        check_spread(config.limits, *bounds)
    market = state.market(config)
    for asset_id in market.indices:
        if asset_id not in market.assets:
            raise BatchRefused(Code.MISSING_SYNTHETIC_ASSET_ID, f"{asset_id:#x} has funding and no configuration")
    return Carried(state, config, minimum_expiration_timestamp, bounds, market, state.system_time)


def finish_batch(
    carried: Carried,
    before: State,
    transactions: Sequence[Transaction],
    signed_min_prices: Sequence[SignedPrice] = (),
    signed_max_prices: Sequence[SignedPrice] = (),
) -> Batch:
    """What was carried through all of the transactions. `before` may know no more than what they touch."""
    after = replace(
        before.updated(carried.positions, carried.orders),
        funding_indices=tuple(carried.market.indices.items()),
        funding_timestamp=carried.market.funding_timestamp,
        oracle_prices=tuple(sorted(carried.market.prices.items())),
        system_time=carried.system_time,
    )
    return Batch(
        carried.config,
        before,
        after,
        tuple(transactions),
        carried.minimum_expiration_timestamp,
        tuple(signed_min_prices),
        tuple(signed_max_prices),
        tuple(carried.modifications),
        tuple(carried.forced),
        tuple(carried.served),
        tuple(carried.conditions),
        tuple(carried.funding_ticks),
        carried.funding_timestamps,
        tuple(sorted(carried.orders)),
        tuple(carried.changes),
    )

"""What a rollup published of its batches, whoever read it: each batch, and the states that they lead to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from freehold.errors import Refused
from prover.applications.ledger.merkle import MerkleTree
from prover.applications.perpetual.errors import DataRefused, OutputMalformed
from prover.applications.perpetual.output import MainPage
from prover.applications.perpetual.positions import EMPTY
from prover.applications.perpetual.rollup_data import Published, RollupData
from prover.applications.perpetual.state import SharedState, State
from prover.applications.perpetual.words import WordReader

IDENTITY = "RollupFactAdapter"
"""Stands in the identity of every verifier through which data are published."""
CALLS = ("publish", "publishPages")


class DataElsewhere(Refused):
    """A batch's data was published through another contract: it stands in a trace, not in a transaction's calldata."""


@dataclass(frozen=True)
class PublishedBatch:
    """A batch that the exchange took: its main page, its data, and the block of the update."""

    main_words: list[int]
    data: list[int]
    block: int

    @property
    def main(self) -> MainPage:
        return MainPage.take(WordReader(self.main_words, "the main page"))


class BatchMissing(Refused):
    """Between two batches, or before the first, stands a state that nothing was published of."""


class DataUnfit(Refused):
    """A batch's data do not lead to the state that its proof names."""


def after_state(batches: Iterator[PublishedBatch], start: State) -> Iterator[PublishedBatch]:
    """From the batch on that follows this state."""
    found = False
    for batch in batches:
        found = found or batch.main.before.hash() == start.hash()
        if found:
            yield batch
    if not found:
        raise BatchMissing("no batch follows the --state that was given: it is no state of this exchange")


def follow(batches: Iterable[PublishedBatch], start: State | None) -> Iterator[State]:
    """The state after each batch. Raises BatchMissing or DataUnfit."""
    state, published = start, Published() if start is None else Published.after(start)
    for batch in batches:
        main = batch.main
        state = state or _empty(main.before, batch)
        if main.before.hash() != state.hash():
            raise BatchMissing(
                f"the batch of block {batch.block} follows the state 0x{main.before.hash().hex()}, and the one before "
                f"it left 0x{state.hash().hex()}: a batch between them is missing"
            )
        state = _after(state, published, main, batch)
        yield state


def _empty(shared: SharedState, batch: PublishedBatch) -> State:
    """The state that an exchange begins with."""
    tree = MerkleTree(shared.positions_height, EMPTY.leaf())
    if tree.root != shared.positions_root:
        raise BatchMissing(
            f"before the batch of block {batch.block}, the first that is found, there were positions already: begin "
            "with a --state of then, or name in the record the `block` from which logs are to be read"
        )
    return State.known({}, shared)


def _after(state: State, published: Published, main: MainPage, batch: PublishedBatch) -> State:
    """The state after the batch. Raises DataUnfit."""
    try:
        published.read(batch.data)
        touched = {
            record.position_id: published.positions[record.position_id]
            for record in RollupData.read(batch.data).records
        }
        moved = state.updated(touched, {})
    except (OutputMalformed, DataRefused, ValueError) as error:
        raise DataUnfit(f"the data of the batch of block {batch.block} do not fit: {error}") from error
    if moved.tree.root != main.after.positions_root:
        raise DataUnfit(
            f"the data of the batch of block {batch.block} lead to positions with the root {moved.tree.root:#x}, the "
            f"proof names {main.after.positions_root:#x}"
        )
    shared = main.after
    return replace(
        moved.sealed(shared.orders_root),
        funding_indices=shared.funding_indices,
        funding_timestamp=shared.funding_timestamp,
        oracle_prices=shared.oracle_prices,
        system_time=shared.system_time,
    )

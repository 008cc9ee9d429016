"""A rollup's last state from the chain alone: what was published, batch by batch, against each batch's roots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from freehold.chain.exchange import Exchange
from freehold.chain.logs import ANY, events_of, read_logs
from freehold.chain.network import head_number
from freehold.chain.rollup import PublishedBatch, published_batches, rollup_adapters
from freehold.errors import Refused
from freehold.patience import Progress
from prover.applications.ledger.merkle import MerkleTree
from prover.applications.perpetual.errors import DataRefused, OutputMalformed
from prover.applications.perpetual.output import MainPage
from prover.applications.perpetual.positions import EMPTY
from prover.applications.perpetual.rollup_data import Published, RollupData
from prover.applications.perpetual.state import SharedState, State


class BatchMissing(Refused):
    """Between two batches, or before the first, stands a state that nothing was published of."""


class DataUnfit(Refused):
    """A batch's data do not lead to the state that its proof names."""


def states_from_chain(exchange: Exchange, start: State | None, progress: Progress | None = None) -> Iterator[State]:
    """The state after every batch that the exchange took, after `start` if that is given, each checked. Orders are not
    published: of theirs only the root is known.

    Raises BatchMissing, DataUnfit, DataElsewhere or NodeFails; what was yielded before may be the next `start`.
    """
    if start is not None and exchange.is_last(start):
        yield start
        return
    oldest = exchange.first_block
    adapters = rollup_adapters(exchange.contract, oldest)
    if not adapters:
        raise Refused("this exchange publishes no data: the state is with its committee, or with its operator")
    first = oldest if start is None else _block_of(exchange, start)
    batches = published_batches(exchange.contract, adapters, first, progress, oldest)
    yield from follow(batches if start is None else _after_state(batches, start), start)


def _after_state(batches: Iterator[PublishedBatch], start: State) -> Iterator[PublishedBatch]:
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


def _block_of(exchange: Exchange, start: State) -> int:
    """Where `start` became the state; where the exchange does not tell, its first block."""
    address, (event,) = exchange.contract.address, events_of(exchange.contract, "SharedStateUpdated")
    logs = read_logs([address], [event], exchange.first_block, head_number() + 1, [ANY, start.hash()])
    return next((int(log.block_number) for log in logs), exchange.first_block)

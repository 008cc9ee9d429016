"""A rollup's last state from the chain alone: what was published, batch by batch, against each batch's roots."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.chain.exchange import Exchange
from freehold.chain.logs import ANY, events_of, read_logs
from freehold.chain.network import head_number
from freehold.chain.rollup import published_batches, rollup_adapters
from freehold.errors import Refused
from freehold.patience import Progress
from freehold.published import after_state, follow
from prover.applications.perpetual.state import State


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
    yield from follow(batches if start is None else after_state(batches, start), start)


def _block_of(exchange: Exchange, start: State) -> int:
    """Where `start` became the state; where the exchange does not tell, its first block."""
    address, (event,) = exchange.contract.address, events_of(exchange.contract, "SharedStateUpdated")
    logs = read_logs([address], [event], exchange.first_block, head_number() + 1, [ANY, start.hash()])
    return next((int(log.block_number) for log in logs), exchange.first_block)

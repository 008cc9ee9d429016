"""Events out of a node's logs, as public nodes give them: a span of blocks at a time, a narrower one if that fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from ape.contracts.base import ContractInstance
from ape.types.events import ContractLog
from ethpm_types.abi import EventABI

from freehold.chain.managers import networks
from freehold.errors import Refused
from prover.algebra.keccak import keccak256

SPAN, NARROWEST = 5_000, 16
"""Blocks in one question. Nodes limit them, or the answer's size, each in its own way and words."""
ANY = None
"""An indexed value that may be any."""
TRIES, PAUSE = 8, 0.5
"""Failures in a row until a node is given up, and seconds to wait after the first of them."""

Answer = TypeVar("Answer")
Progress = Callable[[int, int], None]
"""Told how many blocks were read, and of how many."""


class NodeFails(Refused):
    """The node did not answer, however often it was asked."""


def patiently(ask: Callable[[], Answer]) -> Answer:
    """Asks again after a pause, a longer one each time. Raises NodeFails."""
    for failures in range(1, TRIES + 1):
        try:
            return ask()
        except Exception as error:  # each kind of node fails in its own way
            if failures == TRIES:
                raise NodeFails(f"the node failed {TRIES} times in a row: {_line(error)}") from error
            time.sleep(PAUSE * failures)
    raise AssertionError("there is always a last try")


def read_logs(
    addresses: Sequence[str],
    events: Sequence[EventABI],
    start: int,
    end: int,
    topics: Sequence[bytes | None] = (),
    progress: Progress | None = None,
) -> Iterator[ContractLog]:
    """What these addresses emitted in blocks `start` to `end - 1`, in order. `topics`: indexed values, the first ones.

    Raises NodeFails.
    """
    first, span, failures = start, SPAN, 0
    while start < end:
        stop = min(start + span, end)
        try:
            found = _ask(addresses, events, start, stop, topics)
        except Exception as error:  # too wide a span and a busy node look alike
            failures += 1
            if failures == TRIES:
                raise NodeFails(f"the node gives no logs of blocks {start} to {stop - 1}: {_line(error)}") from error
            span = max(span // 4, NARROWEST)
            time.sleep(PAUSE * failures)
            continue
        failures = 0
        yield from found
        if progress is not None:
            progress(stop - first, end - first)
        start = stop


def events_of(contract: ContractInstance, *names: str) -> list[EventABI]:
    """The contract's events of these names."""
    by_name = {event.name: event for event in contract.contract_type.events}
    return [by_name[name] for name in names]


def hash_of(log: ContractLog) -> str:
    """Of the transaction, in hex: nodes give it as text or as bytes."""
    found: Any = log.transaction_hash
    return found if isinstance(found, str) else "0x" + bytes(found).hex()


def transaction(transaction_hash: str) -> Any:
    """As the node has it. Raises NodeFails."""
    return patiently(lambda: networks.provider.web3.eth.get_transaction(transaction_hash))


def _ask(
    addresses: Sequence[str], events: Sequence[EventABI], start: int, stop: int, topics: Sequence[bytes | None]
) -> list[ContractLog]:
    kinds = ["0x" + keccak256(event.selector.encode()).hex() for event in events]
    values = [None if topic is ANY else "0x" + topic.hex() for topic in topics]
    question = {
        "address": list(addresses),
        "topics": [kinds, *values],
        "fromBlock": hex(start),
        "toBlock": hex(stop - 1),
    }
    logs = networks.provider.web3.eth.get_logs(question)
    decoded = networks.provider.network.ecosystem.decode_logs(logs, *events)
    return sorted(decoded, key=lambda log: (log.block_number, log.log_index))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]

"""Events out of a node's logs, as public nodes give them: a span of blocks at a time, a narrower one if that fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ape.contracts.base import ContractInstance
from ape.types.events import ContractLog
from ethpm_types.abi import EventABI

from freehold.chain.managers import networks
from freehold.patience import Progress, in_spans, patiently
from prover.algebra.keccak import keccak256

ANY = None
"""An indexed value that may be any."""


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
    return in_spans(lambda first, stop: _ask(addresses, events, first, stop, topics), start, end, progress)


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

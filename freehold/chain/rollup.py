"""A rollup's batches as anybody reads them: the calldata of the transactions that published their data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ape.contracts.base import ContractInstance
from ape.types.events import ContractLog

from freehold.chain.logs import events_of, hash_of, read_logs, transaction
from freehold.chain.managers import chain, project
from freehold.chain.network import head_number
from freehold.patience import Progress
from freehold.published import CALLS, IDENTITY, DataElsewhere, PublishedBatch


def rollup_adapters(exchange: ContractInstance, start: int) -> list[ContractInstance]:
    """The contracts through which the exchange's data were ever published, by its list of verifiers since `start`."""
    events = events_of(exchange, "LogRegistered")
    logs = read_logs([exchange.address], events, start, head_number() + 1)
    addresses = {str(log.entry): None for log in logs if IDENTITY in log.entryId}
    kind = project.contracts["RollupFactAdapter"].contract_type
    return [chain.contracts.instance_at(address, contract_type=kind) for address in addresses]


def published_batches(
    exchange: ContractInstance,
    adapters: Sequence[ContractInstance],
    start: int = 0,
    progress: Progress | None = None,
    oldest: int = 0,
) -> Iterator[PublishedBatch]:
    """Every batch that the exchange took from block `start` on, in its order; what was never taken is left out.

    Data may be published again, in other ways: the first that a transaction brought to an adapter counts. It is looked
    for from block `oldest` on. Raises DataElsewhere where there is none, NodeFails where the node gives up.
    """
    by_address = {adapter.address: adapter for adapter in adapters}
    published: dict[bytes, list[ContractLog]] = {}
    events = [*events_of(exchange, "LogStateTransitionFact"), *events_of(adapters[0], "DataPublished")]
    for log in read_logs([exchange.address, *by_address], events, start, head_number() + 1, progress=progress):
        fact = bytes(log.stateTransitionFact)
        if log.contract_address in by_address:
            published.setdefault(fact, []).append(log)
            continue
        earlier = published.pop(fact, None) or _earlier(adapters, fact, oldest, start)
        yield _read(fact, earlier, by_address, int(log.block_number))


def published_data(exchange: ContractInstance, adapter: ContractInstance) -> Iterator[list[int]]:
    """The data's words alone, from the first batch on."""
    return (batch.data for batch in published_batches(exchange, [adapter]))


def _earlier(adapters: Sequence[ContractInstance], fact: bytes, oldest: int, start: int) -> list[ContractLog]:
    """Published before the block from which one reads."""
    addresses, events = [adapter.address for adapter in adapters], events_of(adapters[0], "DataPublished")
    return list(read_logs(addresses, events, oldest, start, [fact]))


def _read(
    fact: bytes, logs: Sequence[ContractLog], by_address: Mapping[Any, ContractInstance], block: int
) -> PublishedBatch:
    for log in logs:
        sent = transaction(hash_of(log))
        adapter = by_address.get(sent["to"])
        if adapter is None:
            continue
        abi, arguments = adapter.decode_input(bytes(sent["input"]))
        if abi.split("(")[0] in CALLS:
            pages = [arguments["data"]] if "data" in arguments else arguments["pages"]
            words = [int(word) for page in pages for word in page]
            return PublishedBatch([int(word) for word in arguments["mainPage"]], words, block)
    raise DataElsewhere(
        f"no transaction to {' or '.join(by_address)} published the data of 0x{fact.hex()}, which the exchange took in "
        f"block {block}: another contract did, and its trace has the data. Begin with a --state of that batch or later"
    )


def update_words(exchange: ContractInstance, log: ContractLog) -> list[int] | None:
    """The output that an update brought, from its transaction's calldata; None if another contract sent it."""
    sent = transaction(hash_of(log))
    if sent["to"] != exchange.address:
        return None
    abi, arguments = exchange.decode_input(bytes(sent["input"]))
    return [int(word) for word in arguments["programOutput"]] if abi.startswith("updateState(") else None

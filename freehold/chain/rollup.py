"""A rollup's data as anybody reads it: the calldata of the transactions that published it."""

from __future__ import annotations

from collections.abc import Iterator

from ape.contracts.base import ContractInstance

from freehold.chain.managers import networks
from freehold.chain.network import head_number


class DataElsewhere(ValueError):
    """A batch's data was published through another contract: it stands in a trace, not in a transaction's calldata."""


def published_data(exchange: ContractInstance, adapter: ContractInstance) -> Iterator[list[int]]:
    """The words of every batch that the exchange took, in its order. What was published and never taken is left out.

    Data may be published again, in other ways: the first that a transaction brought to the adapter counts. Raises
    DataElsewhere where there is none.
    """
    end = head_number() + 1
    published: dict[bytes, list[int]] = {}
    for log in adapter.DataPublished.range(0, end):
        transaction = networks.provider.web3.eth.get_transaction(log.transaction_hash)
        if transaction["to"] == adapter.address:
            _, arguments = adapter.decode_input(bytes(transaction["input"]))
            pages = [arguments["data"]] if "data" in arguments else arguments["pages"]
            published.setdefault(bytes(log.stateTransitionFact), [word for page in pages for word in page])
    for log in exchange.LogStateTransitionFact.range(0, end):
        fact = bytes(log.stateTransitionFact)
        if fact not in published:
            raise DataElsewhere(f"no transaction to {adapter.address} published the data of 0x{fact.hex()}")
        yield published[fact]

"""A rollup's data as anybody reads it: the calldata of the transactions that published it."""

from __future__ import annotations

from collections.abc import Iterator

from ape import chain, networks
from ape.contracts import ContractInstance


def published_data(exchange: ContractInstance, adapter: ContractInstance) -> Iterator[list[int]]:
    """The words of every batch that the exchange took, in its order. What was published and never taken is left out."""
    end = chain.blocks.head.number + 1
    published = {bytes(log.stateTransitionFact): log.transaction_hash for log in adapter.DataPublished.range(0, end)}
    for log in exchange.LogStateTransitionFact.range(0, end):
        transaction = networks.provider.web3.eth.get_transaction(published[bytes(log.stateTransitionFact)])
        _, arguments = adapter.decode_input(bytes(transaction["input"]))
        yield list(arguments["data"])

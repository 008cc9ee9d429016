"""The world as the batcher asks for it: the chain by the watcher's rows and the node, prices by the source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import time

import structlog

from freehold.ethereum.coding import Contract, Reverted
from freehold.ethereum.node import Node
from freehold.patience import NodeFails
from freehold.services.base.store import Store
from freehold.services.operator import chain_view
from freehold.services.operator.source import Source, SourceRefused
from freehold.services.operator.surroundings import OpenRequest, PendingDeposit, Quotes
from prover.applications.ledger.units import Seconds, StarkKey
from prover.applications.perpetual.transactions import ForcedTrade, ForcedWithdrawal
from prover.applications.perpetual.units import CollateralQuanta, PositionId

log = structlog.get_logger(__name__)
REGISTRY = "ProgramFactAdapter"
"""A contract with `isValid(bytes32)`, as every fact registry has it."""


class ChainWorld:
    """`confirmations`: blocks on top of a deposit's or a request's before it is used. `source` None: no prices."""

    def __init__(
        self,
        store: Store,
        node: Node,
        source: Source | None,
        confirmations: int,
        clock: Callable[[], float] = time,
    ) -> None:
        self.store, self.node, self.source = store, node, source
        self.confirmations, self.clock = confirmations, clock

    def now(self) -> Seconds:
        """By this clock, or the head's where that is ahead: chains for tests go by clocks of their own."""
        with self.store.unit() as session:
            head = chain_view.head(session)
        return Seconds(max(int(self.clock()), 0 if head is None else head.time))

    def deposits(self) -> list[PendingDeposit]:
        with self.store.unit() as session:
            found = chain_view.pending_deposits(session, self.confirmations)
        return [
            PendingDeposit(
                StarkKey(one.stark_key),
                PositionId(one.position_id),
                CollateralQuanta(one.amount),
                None if one.cancelled_at is None else Seconds(one.cancelled_at),
            )
            for one in found
        ]

    def requests(self) -> Sequence[OpenRequest]:
        with self.store.unit() as session:
            found = chain_view.forced_requests(session, self.confirmations)
        return [_request(one) for one in found]

    def quotes(self) -> Quotes | None:
        if self.source is None:
            return None
        try:
            now = self.now()
            return Quotes(self.source.quotes(now), self.source.funding(now))
        except SourceRefused as refused:
            log.warning("no prices", reason=str(refused))
            return None

    def is_fact(self, registry: bytes, fact: bytes) -> bool:
        try:
            return bool(self.node.call(Contract("0x" + registry.hex(), REGISTRY), "isValid", fact))
        except (NodeFails, Reverted) as error:
            log.warning("a registry does not answer", registry=registry.hex(), reason=str(error))
            return False


def _request(asked: chain_view.ForcedRequest) -> OpenRequest:
    transaction = _withdrawal(asked) if asked.kind == "FORCED_WITHDRAWAL" else _trade(asked)
    return OpenRequest(asked.request, transaction, Seconds(asked.requested_at), Seconds(asked.deadline))


def _withdrawal(asked: chain_view.ForcedRequest) -> ForcedWithdrawal:
    given = asked.arguments
    return ForcedWithdrawal(
        public_key=int(given["starkKey"]), position_id=int(given["vaultId"]), amount=int(given["quantizedAmount"])
    )


def _trade(asked: chain_view.ForcedRequest) -> ForcedTrade:
    given = asked.arguments
    return ForcedTrade(
        public_key_a=int(given["starkKeyA"]),
        public_key_b=int(given["starkKeyB"]),
        position_id_a=int(given["vaultIdA"]),
        position_id_b=int(given["vaultIdB"]),
        synthetic_asset_id=int(given["syntheticAssetId"]),
        amount_collateral=int(given["amountCollateral"]),
        amount_synthetic=int(given["amountSynthetic"]),
        is_party_a_buying_synthetic=int(given["aIsBuyingSynthetic"]),
        nonce=int(given["nonce"]),
    )

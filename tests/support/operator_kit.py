"""An operator's store, batcher and world for tests: two assets under limits, people keys, a double of the chain."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from freehold.services.base.store import Store
from freehold.services.operator import genesis, wire
from freehold.services.operator.batcher import Batcher
from freehold.services.operator.intake import ACCEPTED, Intake, Terms
from freehold.services.operator.lease import Writer
from freehold.services.operator.settings import BatchSettings
from freehold.services.operator.surroundings import OpenRequest, PendingDeposit, Quotes
from freehold.services.operator.tables import Batch, Received
from freehold.services.operator.upkeep import Liquidator
from prover.applications.ledger.units import Seconds
from prover.applications.perpetual.samples import ALICE, BOB, CAROL, COLLATERAL, PRICE, A, B, key, position
from prover.applications.perpetual.signing import Signer
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import Transfer
from tests.support.limited_exchange import LimitedExchange

RICH = 10**9
LIQUIDATOR, LIQUIDATOR_KEY = 77, 7077
DAY = 86_400


@dataclass
class World:
    """A double of the chain and of the price source; `ordered` are the proofs that were asked for."""

    time: int
    waiting: list[PendingDeposit] = field(default_factory=list)
    asked: list[OpenRequest] = field(default_factory=list)
    quoted: Quotes | None = None
    facts: set[tuple[bytes, bytes]] = field(default_factory=set)
    ordered: list[tuple] = field(default_factory=list)

    def now(self) -> Seconds:
        return Seconds(self.time)

    def deposits(self) -> list[PendingDeposit]:
        return self.waiting

    def requests(self) -> list[OpenRequest]:
        return self.asked

    def quotes(self) -> Quotes | None:
        return self.quoted

    def is_fact(self, registry: bytes, fact: bytes) -> bool:
        return (registry, fact) in self.facts

    def order_proof(self, _session: object, *order: Any) -> None:
        self.ordered.append(order)

    def clock(self) -> float:
        return float(self.time)


class OperatorKit:
    """Alice holds A, Bob holds B, both are rich. `state` is what the exchange began with."""

    def __init__(self, store: Store, n_assets: int = 2, **settings: Any) -> None:
        self.store, self.exchange = store, LimitedExchange(n_assets=n_assets)
        self.config, self.world = self.exchange.config(), World(self.exchange.time + 100)
        self.settings = BatchSettings(**settings)
        self.signer = Signer(self.exchange.collateral, self.exchange.expiration)
        self.next_id = 0

    def begin(self, positions: dict | None = None) -> Batcher:
        people = {A: position(ALICE, RICH), B: position(BOB, RICH), LIQUIDATOR: position(LIQUIDATOR_KEY, RICH)}
        self.state: State = self.exchange.state(people if positions is None else positions)
        self.store.migrate()
        genesis.begin(self.store, self.config, self.state, 0, self.world.time)
        return self.batcher()

    def batcher(self) -> Batcher:
        writer = Writer(self.store, "test", self.world.clock)
        writer.acquire()
        liquidator = Liquidator(LIQUIDATOR, LIQUIDATOR_KEY)
        world = self.world
        return Batcher(self.config, writer, world, self.settings, world.order_proof, world.clock, liquidator)

    # --- what users send

    def send(self, *documents: dict, tx_id: int | None = None) -> list[str]:
        """Through the intake, by the next ids; the answers' codes."""
        intake = Intake(self.store, Terms(self.exchange.collateral, 3_600), self.world.clock)
        first = self.next_id if tx_id is None else tx_id
        bodies = [json.dumps({"tx_id": n, "tx": document}).encode() for n, document in enumerate(documents, first)]
        codes = [answer.code for answer in intake.take(bodies)]
        self.next_id = max(self.next_id, first + len(documents))
        return codes

    def accepted(self, *documents: dict) -> None:
        assert set(self.send(*documents)) == {ACCEPTED}

    def transfer(self, amount: int, sender: int = ALICE, source: int = A, receiver: int = BOB, target: int = B) -> dict:
        made = self.exchange.transfer(sender, source, receiver, target, amount)
        assert isinstance(made, Transfer)
        return document(made)

    def trade(self, synthetic: int = 1000, place: int = 0, fee: int = 1) -> dict:
        """Alice buys from Bob at the price."""
        return document(self.exchange.trade((ALICE, A), (BOB, B), place, synthetic, fee))

    def withdrawal(self, amount: int, owner: int = ALICE, position_id: int = A) -> dict:
        return document(self.exchange.withdrawal(owner, position_id, amount))

    def deposit(self, amount: int, owner: int = CAROL, position_id: int = 33, **fields: Any) -> PendingDeposit:
        return PendingDeposit(key(owner), position_id, amount, **fields)

    def quotes(self, price: int = PRICE, rates: dict | None = None) -> Quotes:
        """Of all assets, signed now."""
        signed = [self.exchange.signed(price, self.world.time, place) for place in range(self.exchange.n_assets)]
        return Quotes({one.asset_id: one.signatures for one in signed}, rates or {})

    # --- what came of it

    def batches(self) -> list[Batch]:
        with self.store.unit() as session:
            return list(session.scalars(select(Batch).order_by(Batch.id)))

    def received(self) -> dict[int, tuple[str, str | None, int | None]]:
        """State, code and batch by id."""
        with self.store.unit() as session:
            return {row.tx_id: (row.state, row.code, row.batch) for row in session.scalars(select(Received))}


def document(transaction: Any, collateral: int = COLLATERAL) -> dict:
    """As a client sends it."""
    return dict(wire.to_document(wire.of_rules(transaction, collateral)))

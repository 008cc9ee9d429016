"""The operator as it runs: its parts in a loop of one thread, its doors beside it.

A turn lets each part do a bounded piece of work. Nothing that is worth remembering is kept between turns but in the
store, so a turn may end anywhere.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from math import ceil
from time import time

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from freehold.errors import Refused
from freehold.ethereum.node import Node
from freehold.ethereum.signer import LocalKey
from freehold.patience import NodeFails
from freehold.records import Place, read_state
from freehold.services.base.doors import Limits, Served, Tls, served
from freehold.services.base.store import Store
from freehold.services.operator import availability, behind, chain_view, feeder, gateway, genesis, jobs, status
from freehold.services.operator.batcher import Batcher
from freehold.services.operator.contracts import Contracts, open_contracts
from freehold.services.operator.engines import make_engine
from freehold.services.operator.engines.engine import Engine
from freehold.services.operator.fees import FeePolicy
from freehold.services.operator.figures import About, ChainFacts
from freehold.services.operator.intake import Intake, Terms
from freehold.services.operator.lease import Writer
from freehold.services.operator.lifecycle import Lifecycle
from freehold.services.operator.sender import Sender
from freehold.services.operator.settings import OperatorSettings
from freehold.services.operator.source import Source
from freehold.services.operator.store import open_store
from freehold.services.operator.submitter import Submitter
from freehold.services.operator.tables import MINED, Stage
from freehold.services.operator.unproven import Unproven
from freehold.services.operator.upkeep import Liquidator
from freehold.services.operator.watcher import Watcher
from freehold.services.operator.world import ChainWorld
from prover.applications.ledger.units import CollateralId, Seconds
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.state import State
from prover.applications.perpetual.units import PositionId

log = structlog.get_logger(__name__)
LOOKED_AT = 20
"""Batches whose time from opening to the chain says how long the next will take."""
UNKNOWN_SPAN = 3_600.0
"""Seconds, while no batch has come so far."""
BALANCE_OF = bytes.fromhex("70a08231")
"""Of ERC-20: `balanceOf(address)`."""
PAUSE_AFTER_STORE = 1.0
"""Seconds, where the database is gone: it may come back."""


@dataclass
class Heard:
    """What the node said last, for the pages: asked by the loop, read by the doors."""

    facts: ChainFacts = field(default_factory=ChainFacts)
    turned_at: float = field(default_factory=time)


class Operator:
    """Everything of one exchange's operator. `open_operator` makes it ready."""

    def __init__(
        self,
        settings: OperatorSettings,
        place: Place,
        config: GeneralConfig,
        store: Store,
        clock: Callable[[], float] = time,
    ) -> None:
        self.settings, self.config, self.store, self.clock = settings, config, store, clock
        self.writer = Writer(store, f"{socket.gethostname()}:{os.getpid()}", clock)
        self.token = place.record.token
        self.node = Node(settings.chain.rpc, settings.chain.timeout)
        self.contracts = open_contracts(self.node, place.record)
        self.source = None if settings.source.url is None else Source(settings.source.url, config)
        self.world = ChainWorld(store, self.node, self.source, settings.chain.deposit_confirmations, clock)
        self.watcher = Watcher(
            self.node, self.writer, self.contracts.exchange, place.record.block, settings.chain.finality, clock
        )
        policy = FeePolicy(settings.chain.max_fee_per_gas, settings.chain.bump)
        signer = LocalKey(settings.chain.key.secret())
        chain_id = self.node.chain_id()
        self.sender = Sender(self.node, self.writer, signer, chain_id, policy, settings.chain.resend_after, clock=clock)
        self.submitter = Submitter(self.node, self.writer, self.contracts, self.sender, clock)
        required = 0 if self.contracts.members is None else self.contracts.members.required
        self.lifecycle = Lifecycle(self.writer, required, clock)
        self.engine: Engine = make_engine(settings.prover, store)
        self.unproven = Unproven(
            self.writer, self._memory, lambda *found: self.batcher.leave_out(*found), settings.prover.parameters, clock
        )
        limit = self.unproven.step_limit
        self.batcher = Batcher(
            config, self.writer, self.world, settings.batch, self._order, clock, self._liquidator(), limit
        )
        self.intake = Intake(store, Terms(config.collateral_asset_id, settings.batch.min_signature_life), clock)
        self.about = _about(place, config, self.contracts, chain_id, required, self.node)
        self.heard = Heard()

    def _memory(self, session: Session) -> int | None:
        return self.engine.memory_there(session)

    def _order(
        self, session: Session, batch: int, given: bytes, wanted: bytes, n_steps: int, deadline: Seconds | None
    ) -> None:
        priority = jobs.priority_of(batch, deadline)
        prover = self.settings.prover
        jobs.order(session, batch, given, wanted, n_steps, priority, prover.parameters, prover.max_attempts)

    def _liquidator(self) -> Liquidator | None:
        settings = self.settings.liquidator
        if settings.position_id is None:
            return None
        return Liquidator(PositionId(settings.position_id), settings.key.secret())

    # --- turns

    def turn(self) -> bool:
        """Each part once. Whether any did something. Raises LeaseLost, ReorganisedBeyondFinality, StoreBehind."""
        moved = self.watcher.step()
        if moved:
            with self.store.unit() as session:
                behind.refuse_foreign_update(session)
        moved |= self.lifecycle.step()
        with self.store.unit() as session:
            is_frozen, head = chain_view.is_frozen(session), chain_view.head(session)
        if head is not None and self.watcher.has_caught_up and not is_frozen:
            moved |= self.batcher.step()
        moved |= self.engine.step()
        moved |= self.unproven.step()
        moved |= self.lifecycle.step()
        moved |= self.submitter.step()
        self.intake.closed = self._why_closed(is_frozen)
        self.heard.turned_at = self.clock()
        return moved

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set. Raises what ends an operator for good; a database that is gone is waited for."""
        asked_at = 0.0
        while not stop.is_set():
            try:
                with self.writer.unit():
                    pass  # the lease is renewed also while nothing happens
                moved = self.turn()
            except SQLAlchemyError as error:
                log.error("store", reason=str(error.__cause__ or error)[:300])
                stop.wait(PAUSE_AFTER_STORE)
                continue
            if self.clock() - asked_at > self.settings.chain.poll:
                asked_at, self.heard.facts = self.clock(), self._ask_node()
            if not moved:
                stop.wait(self.settings.chain.poll / 4)

    def _why_closed(self, is_frozen: bool) -> str | None:
        """Why no transactions are taken in just now; None if they are."""
        if is_frozen:
            return "the exchange is frozen"
        open_requests = self.world.requests()
        if not open_requests:
            return None
        left = open_requests[0].deadline - self.world.now()
        with self.store.unit() as session:
            needed = 2 * usual_span(session)
        return "everything serves a forced request whose deadline is near" if left < needed else None

    def _ask_node(self) -> ChainFacts:
        try:
            exchange = self.contracts.exchange
            with self.store.unit() as session:
                head = chain_view.head(session)
                is_frozen = chain_view.is_frozen(session)
            at = None if head is None else head.hash
            configured = self.node.call(exchange, "globalConfigurationHash", at=at)
            return ChainFacts(
                head=self.node.head().number,
                held=self._held(at),
                balances={"operator": self.sender.balance()},
                is_frozen=is_frozen,
                configuration_agrees=int.from_bytes(configured, "big") == self.config.hash(),
            )
        except NodeFails as error:
            log.warning("node fails", cause=str(error))
            return ChainFacts()

    def _held(self, at: bytes | None) -> int | None:
        """The contract's collateral, in quanta."""
        if self.token is None:
            return None
        exchange = self.contracts.exchange
        data = BALANCE_OF + bytes(12) + bytes.fromhex(exchange.address.removeprefix("0x"))
        held = int.from_bytes(self.node.simulate(self.token, data, at=at), "big")
        quantum: int = self.node.call(exchange, "getQuantum", self.contracts.collateral)
        return held // quantum


def usual_span(session: Session) -> float:
    """Seconds from a batch's opening to the chain: what nine of ten of the last ones took."""
    opened = select(Stage).where(Stage.name == "opened").subquery()
    recent = (
        select(Stage.at - opened.c.at)
        .join(opened, opened.c.batch == Stage.batch)
        .where(Stage.name == MINED)
        .order_by(Stage.batch.desc())
        .limit(LOOKED_AT)
    )
    spans = sorted(session.scalars(recent))
    return spans[ceil(0.9 * len(spans)) - 1] if spans else UNKNOWN_SPAN


def _about(
    place: Place, config: GeneralConfig, contracts: Contracts, chain_id: int, required: int, node: Node
) -> About:
    record = place.record
    named = {name: getattr(record, name) for name in ("exchange", "token", "verifier", "adapter", "committee")}
    return About(
        version=version("freehold"),
        config=config,
        chain_id=chain_id,
        contracts={name: address for name, address in named.items() if address is not None},
        identity=hex(contracts.identity),
        grace_period=node.call(contracts.exchange, "FREEZE_GRACE_PERIOD"),
        quorum=required,
    )


# --- from settings to doors


@contextmanager
def opened(settings: OperatorSettings, clock: Callable[[], float] = time) -> Iterator[Operator]:
    """With its lease, and its doors open, while the block runs.

    Raises Refused, naming what is missing or wrong, and StoreBehind.
    """
    place = Place(settings.chain.record)
    config, state = read_state(place.state_file)
    with ExitStack() as stack:
        store = open_store(settings.store.url)
        stack.callback(store.close)
        store.migrate()
        try:
            operator = Operator(settings, place, config, store, clock)
            _refuse_another(operator, config)
            _refuse_another_program(operator)
            operator.writer.acquire(settings.digest())
            stack.callback(operator.writer.release)
            _refuse_behind(operator) if genesis.is_begun(store) else _begin(operator, config, state)
            if settings.batch.seen is not None:
                behind.leave_out(operator.writer, settings.batch.seen, clock())
        except NodeFails as error:
            raise Refused(f"the node at {settings.chain.rpc} does not answer: {error}") from error
        stack.callback(operator.engine.close)
        stack.callback(operator.unproven.close)
        for name, door in _doors(operator):
            entered = stack.enter_context(door)
            log.info("door", what=name, url=entered.url)
        yield operator


def _refuse_another(operator: Operator, config: GeneralConfig) -> None:
    found = operator.node.call(operator.contracts.exchange, "globalConfigurationHash")
    if int.from_bytes(found, "big") != config.hash():
        raise Refused(f"the exchange has configuration 0x{found.hex()}, the state's file {config.hash():#x}")


def _refuse_another_program(operator: Operator) -> None:
    """Proofs of it would be nothing to the exchange."""
    wanted, here = operator.contracts.identity, jobs.exchange_identity()
    if wanted != here:
        raise Refused(f"the exchange's verifier takes proofs of the program {wanted:#x}, this version's is {here:#x}")


def _refuse_behind(operator: Operator) -> None:
    node, exchange = operator.node, operator.contracts.exchange
    found, last = bytes(node.call(exchange, "sharedStateHash")), node.call(exchange, "getLastBatchId")
    with operator.store.unit() as session:
        behind.refuse_behind(session, found, last)


def _begin(operator: Operator, config: GeneralConfig, state: State) -> None:
    """The state's file must be of the state that the exchange has now."""
    node, exchange = operator.node, operator.contracts.exchange
    found = bytes(node.call(exchange, "sharedStateHash"))
    if found != state.hash():
        raise Refused(f"the exchange's state is 0x{found.hex()}, the state's file has 0x{state.hash().hex()}")
    sequence_number: int = node.call(exchange, "getSequenceNumber")
    last: int = node.call(exchange, "getLastBatchId")
    has_batches = last > 0 or state.positions or state.orders
    batch_id = last if has_batches else genesis.BEFORE_THE_FIRST
    genesis.begin(operator.store, config, state, sequence_number, operator.clock(), batch_id)


def _doors(operator: Operator) -> Iterator[tuple[str, AbstractContextManager[Served]]]:
    settings, store, members = operator.settings, operator.store, operator.contracts.members
    intake = settings.intake
    token = intake.token.get_secret_value() if intake.token else None
    limits = Limits(body=intake.body, patience=intake.patience, rate=intake.rate, token=token)
    tls = Tls.of(intake.tls_certificate, intake.tls_key, intake.tls_clients)
    feed = feeder.Feeder(store, CollateralId(operator.config.collateral_asset_id))
    yield "gateway", served(gateway.application(operator.intake, limits, feed), intake.listen, limits, tls)
    if members is not None:
        named = members.names()
        app, limits, tls = availability.door(availability.Availability(store, lambda: named), settings.availability)
        yield "availability", served(app, settings.availability.listen, limits, tls)
    heard = operator.heard
    pages = status.application(store, operator.about, lambda: heard.facts, lambda: heard.turned_at, operator.clock)
    yield "pages", served(pages, settings.pages.listen)

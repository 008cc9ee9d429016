"""Loads for the operator's intake and batcher, and how they bear them.

The intake is asked by another process over loopback, once with a thousand requests under way all the time, once with a
thousand a second. Each has a signature that is checked, and a row that is stored before its answer. The batcher applies
trades to a state of so many positions and stores what they give.
"""

from __future__ import annotations

import asyncio
import json
import logging
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import func, insert, select

from freehold.bench.kernel import machine
from freehold.bench.operator_past import add_past
from freehold.services.base.doors import Limits, served
from freehold.services.base.store import Store
from freehold.services.operator import gateway, genesis, wire
from freehold.services.operator.batcher import Batcher
from freehold.services.operator.intake import Intake, Terms
from freehold.services.operator.lease import Writer
from freehold.services.operator.settings import BatchSettings
from freehold.services.operator.store import open_store
from freehold.services.operator.surroundings import OpenRequest, PendingDeposit, Quotes
from freehold.services.operator.tables import Received
from prover.applications.ledger.units import Seconds
from prover.applications.perpetual.positions import Position
from prover.applications.perpetual.samples import SampleExchange, position
from prover.applications.perpetual.transactions import Transaction
from prover.applications.perpetual.units import PositionId

IN_FLIGHT, RATE = 1_000, 1_000
N_TRADERS, FIRST_TRADER = 200, 1_000
FIRST_POSITION = 1_000
IN_BATCH = 100
RICH = 10**12
NOW = Seconds(1_800_000_000)


def exchange() -> SampleExchange:
    return SampleExchange(n_assets=5, time=NOW)


# --- intake


def serve_intake(folder: str, answers: Connection) -> None:
    """In a process of its own, until the other end says something."""
    _quiet()
    store = open_store(f"sqlite:///{Path(folder) / 'intake.db'}")
    store.migrate()
    limits = Limits(rate=1e9)
    intake = Intake(store, Terms(exchange().collateral, 3_600), lambda: NOW)
    with served(gateway.application(intake, limits), "127.0.0.1:0", limits) as door:
        answers.send(door.port)
        answers.recv()
    store.close()


def transfers(count: int) -> list[bytes]:
    """Requests, each with a signature of its own."""
    made, sample = [], exchange()
    for number in range(count):
        sender, receiver = FIRST_TRADER + number % N_TRADERS, FIRST_TRADER + (number + 1) % N_TRADERS
        transfer = sample.transfer(sender, _position(sender), receiver, _position(receiver), 1 + number)
        made.append(_request(number, transfer))
    return made


class Asker:
    """A connection that asks one thing after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @staticmethod
    async def connected(port: int) -> Asker:
        return Asker(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, body: bytes) -> None:
        """Raises RuntimeError where it is refused."""
        head = b"POST /gateway/add_transaction HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        self.writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        answer = await self.reader.readuntil(b"}")
        if b"TRANSACTION_RECEIVED" not in answer:
            raise RuntimeError(answer.decode(errors="replace"))


async def ask_all(port: int, bodies: Sequence[bytes]) -> list[float]:
    """Seconds until each answer, with IN_FLIGHT requests under way all the time."""
    waiting, seconds = iter(bodies), []

    async def ask_on() -> None:
        asker = await Asker.connected(port)
        for body in waiting:
            began = time.perf_counter()
            await asker.ask(body)
            seconds.append(time.perf_counter() - began)

    await asyncio.gather(*(ask_on() for _ in range(min(IN_FLIGHT, len(bodies)))))
    return seconds


async def ask_at(port: int, bodies: Sequence[bytes], rate: float) -> list[float]:
    """Seconds from when each was due, so many a second, until its answer."""
    free: asyncio.Queue[Asker] = asyncio.Queue()
    for _ in range(min(IN_FLIGHT, len(bodies))):
        free.put_nowait(await Asker.connected(port))
    began, seconds = time.perf_counter(), []

    async def ask(place: int, body: bytes) -> None:
        due = began + place / rate
        await asyncio.sleep(due - time.perf_counter())
        asker = await free.get()
        await asker.ask(body)
        free.put_nowait(asker)
        seconds.append(time.perf_counter() - due)

    await asyncio.gather(*(ask(place, body) for place, body in enumerate(bodies)))
    return seconds


def measure_intake(count: int) -> dict[str, Any]:
    """With IN_FLIGHT under way, and at a rate that is kept whatever the answers take."""
    bodies = transfers(2 * count)
    with served_intake() as port:
        began = time.perf_counter()
        at_once = asyncio.run(ask_all(port, bodies[:count]))
        took = time.perf_counter() - began
        paced = asyncio.run(ask_at(port, bodies[count:], RATE))
    return {
        "transactions": count,
        "all_in_flight": {"in_flight": IN_FLIGHT, "per_second": round(count / took), **shares(at_once)},
        "paced": {"per_second": RATE, **shares(paced)},
    }


@contextmanager
def served_intake() -> Iterator[int]:
    """Its port, while the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        here, there = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(target=serve_intake, args=(folder, there))
        process.start()
        yield here.recv()
        here.send("stop")
        process.join()


def shares(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    places = {share: min(len(ordered) - 1, len(ordered) * share // 100) for share in (50, 95, 99)}
    return {f"p{share}_ms": round(1000 * ordered[place], 1) for share, place in places.items()}


# --- batcher


@dataclass
class Still:
    """A world in which nothing happens but what users send."""

    def now(self) -> Seconds:
        return Seconds(NOW + 60)

    def deposits(self) -> list[PendingDeposit]:
        return []

    def requests(self) -> list[OpenRequest]:
        return []

    def quotes(self) -> Quotes | None:
        return None

    def is_fact(self, registry: bytes, fact: bytes) -> bool:
        return False


def begin(store: Store, n_positions: int) -> None:
    """So many positions, each with two assets; some of them the traders'."""
    sample = exchange()
    holding = {0: 5_000, 1: -5_000}
    other = position(77, RICH, holding)
    positions: dict[PositionId, Position] = {PositionId(FIRST_POSITION + n): other for n in range(n_positions)}
    for trader in range(FIRST_TRADER, FIRST_TRADER + N_TRADERS):
        positions[_position(trader)] = position(trader, RICH, holding)
    store.migrate()
    genesis.begin(store, sample.config(), sample.state(positions), 0, NOW)


def send_trades(store: Store, first: int, count: int) -> None:
    """As the intake would have stored them."""
    sample = exchange()
    sample.signer.nonce = first
    rows = []
    for number in range(first, first + count):
        buyer, seller = (FIRST_TRADER + (2 * number + side) % N_TRADERS for side in (0, 1))
        trade = sample.trade((buyer, _position(buyer)), (seller, _position(seller)), number % 2, 1_000, 1)
        body = json.dumps(wire.to_document(wire.of_rules(trade, sample.collateral)))
        row = {"tx_id": number, "kind": "TRADE", "body": body, "digest": number.to_bytes(32, "big")}
        rows.append({**row, "state": "received", "received_at": NOW})
    with store.unit() as session:
        session.execute(insert(Received), rows)


def open_batcher(store: Store) -> Batcher:
    writer = Writer(store, "bench")
    writer.acquire()
    settings = BatchSettings(max_transactions=IN_BATCH, max_ahead=1_000_000)
    batcher = Batcher(exchange().config(), writer, Still(), settings, lambda *_: None, time.time)
    batcher.head.follow(writer)
    return batcher


def measure_batcher(store: Store, n_batches: int) -> dict[str, Any]:
    began = time.perf_counter()
    batcher = open_batcher(store)
    started = time.perf_counter() - began
    before = batcher.head.tip
    assert before is not None
    with store.unit() as session:
        first = 1 + (session.scalar(select(func.max(Received.tx_id))) or -1)
    send_trades(store, first, n_batches * IN_BATCH)
    began = time.perf_counter()
    while batcher.step():
        pass
    took = time.perf_counter() - began
    after = batcher.head.tip
    assert after is not None
    done = (after.batch - before.batch) * IN_BATCH
    return {
        "positions": len(batcher.head.positions),
        "start_seconds": round(started, 1),
        "trades": done,
        "per_second": round(done / took),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }


# --- in processes of their own


def figures(transactions: int, positions: int, batches: int, past: int, folder: Path | None) -> dict[str, Any]:
    """Of both parts. What stands in the folder already is not made again."""
    _quiet()
    found: dict[str, Any] = {"machine": machine(), "intake": measure_intake(transactions)}
    with _folder(folder) as place:
        file = place / "batcher.db"
        if not file.exists():
            _apart(_make_store, file, positions, past)
        found["batcher"] = {**_apart(_measure_store, file, batches), "past": past}
    return found


def _make_store(file: Path, positions: int, past: int) -> None:
    store = open_store(f"sqlite:///{file}")
    begin(store, positions)
    store.close()
    add_past(file, past, positions, FIRST_POSITION, NOW)


def _measure_store(file: Path, batches: int) -> dict[str, Any]:
    _quiet()
    store = open_store(f"sqlite:///{file}")
    try:
        return measure_batcher(store, batches)
    finally:
        store.close()


def _apart(act: Callable[..., Any], *arguments: Any) -> Any:
    """In a process of its own, so that its memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(act, arguments)


@contextmanager
def _folder(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def _position(trader: int) -> PositionId:
    return PositionId(FIRST_POSITION + 7 * (trader - FIRST_TRADER))


def _request(number: int, transaction: Transaction) -> bytes:
    document = wire.to_document(wire.of_rules(transaction, exchange().collateral))
    return json.dumps({"tx_id": number, "tx": document}).encode()


def _quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))

"""Starts a whole exchange, lets people trade on it, and stops it; a second start goes on where the first stopped."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from freehold.errors import Refused
from freehold.ethereum.node import Node, NodeRefuses
from freehold.files import write_whole
from freehold.local import people
from freehold.local.on_chain import OnChain
from freehold.local.processes import BIN, Processes
from freehold.local.setting_up import CHAIN_ID, Home
from freehold.local.summary import show, summary
from freehold.local.trading import Gateway, Trading
from freehold.patience import NodeFails
from freehold.services.operator.batches import BEFORE_BLOCK
from freehold.services.operator.store import open_store

BLOCK_SECONDS = 2
"""Between two blocks, once everything is deployed."""
SETTLES_WITHIN = 240.0
"""Seconds that batches under way have to come on chain at the end."""
SUMMARY = "exchange.json"


class LocalExchange:
    """`home` is its folder; `rate` in trades a second."""

    def __init__(self, home: Home, rate: float, console: Console) -> None:
        self.home, self.rate, self.console = home, rate, console
        self.processes = Processes(home.folder / "logs")
        self.node = Node(home.rpc, 30.0)

    def run(self, stop: threading.Event, minutes: float | None) -> dict[str, Any] | None:
        """Until stopped, or for so many minutes; then what came of it. Raises Refused."""
        try:
            self._start()
            if stop.is_set():
                return None
            return self._trade(stop, minutes)
        finally:
            self._say("stopping")
            self.processes.stop()

    # --- starting

    def _start(self) -> None:
        home, ports = self.home, self.home.ports
        with self._said("keys and settings"):
            home.make_oracle()
        with self._said("chain"):
            self._start_chain()
        if not home.is_deployed:
            with self._said("deploying verifier, committee and exchange (a minute)"):
                home.deploy()
        home.make_services()
        self.node.ask("evm_setIntervalMining", BLOCK_SECONDS)
        with self._said("oracle, operator and prover, committee of three"):
            self.processes.freehold("oracle", "oracle", "run", "--config", home.folder / "oracle" / "oracle.toml")
            self.processes.wait_for("oracle", lambda: _answers(f"{ports.url(ports.oracle)}/quotes"))
            self.processes.freehold("operator", "operator", "run", "--config", home.folder / "operator.toml")
            self.processes.wait_for("operator", lambda: _answers(f"{ports.url(ports.pages)}/ready"), 120)
            for number in range(people.N_MEMBERS):
                self.processes.freehold(
                    f"member-{number}", "committee", "run", "--settings", home.member(number) / "member.toml"
                )
        self._say(f"status   {ports.url(ports.pages)}/status")
        self._say(f"metrics  {ports.url(ports.pages)}/metrics")
        self._say(f"gateway  {ports.url(ports.gateway)}/gateway")
        self._say(f"chain    {home.rpc}")

    def _start_chain(self) -> None:
        command: list[str | Path] = [BIN / "anvil", "--port", str(self.home.ports.chain), "--chain-id", str(CHAIN_ID)]
        command += ["--silent", "--state", self.home.chain_state, "--state-interval", "5"]
        self.processes.start("chain", command)
        self.processes.wait_for("chain", lambda: self.node.head() is not None)

    # --- trading

    def _trade(self, stop: threading.Event, minutes: float | None) -> dict[str, Any]:
        home, ports, began = self.home, self.home.ports, time.monotonic()
        chain = OnChain.of(self.node, home.place.record)
        traders = people.traders(home.seed)
        trading = Trading(
            config=home.config(),
            chain=chain,
            gateway=Gateway(ports.url(ports.gateway)),
            oracle=ports.url(ports.oracle),
            traders=traders,
            rate=self.rate,
            rng=random.Random(f"{home.seed}/{time.time_ns()}"),
            tell=self._say,
        )
        trading.open_accounts()
        self._say("people trade; Ctrl-C ends it" if minutes is None else f"people trade for {minutes:g} minutes")
        told = 0.0
        while not stop.is_set() and (minutes is None or time.monotonic() - began < 60 * minutes):
            self.processes.refuse_ended()
            try:
                trading.step()
            except (httpx.HTTPError, NodeFails, NodeRefuses) as error:
                self._say(f"a trader waits: {error}")
                stop.wait(2)
            if time.monotonic() - told > 15:
                told = time.monotonic()
                self._say(self._line(trading))
                trading.collect()
            stop.wait(0.05)
        self._settle(trading)
        store = open_store(f"sqlite:///{home.folder / 'operator.db'}")
        try:
            found = summary(store, chain, traders, time.monotonic() - began)
        finally:
            store.close()
        write_whole(home.folder.parent / SUMMARY, json.dumps(found, indent=1) + "\n")
        show(found, self.console)
        return found

    def _settle(self, trading: Trading) -> None:
        """Waits for what is under way; whoever cannot wait ends the process once more."""
        self._say("waiting for the batches that are under way")
        until = time.monotonic() + SETTLES_WITHIN
        while time.monotonic() < until:
            self.processes.refuse_ended()
            if self._is_settled():
                break
            time.sleep(1)
        trading.collect()

    def _is_settled(self) -> bool:
        document = self._status()
        if document is None or document["transactions_waiting"]:
            return False
        return not any(document["batches_by_state"].get(state) for state in BEFORE_BLOCK)

    def _line(self, trading: Trading) -> str:
        document = self._status()
        if document is None:
            return "the operator's page does not answer"
        states = ", ".join(f"{count} {state}" for state, count in document["batches_by_state"].items() if count)
        return f"{trading.done} sent, {document['transactions_waiting']} waiting; batches: {states or 'none yet'}"

    def _status(self) -> dict[str, Any] | None:
        url = self.home.ports.url(self.home.ports.pages)
        try:
            document: dict[str, Any] = httpx.get(f"{url}/status", timeout=10).raise_for_status().json()
        except (httpx.HTTPError, ValueError):
            return None
        return document

    # --- saying

    def _say(self, line: str) -> None:
        self.console.print(f"  {line}", highlight=False)

    @contextmanager
    def _said(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._say(f"{what}: {time.monotonic() - began:.0f} s")


def _answers(url: str) -> bool:
    return httpx.get(url, timeout=5).status_code == 200


def refuse_taken(home: Home) -> None:
    """Raises Refused where a port is another program's."""
    for port in range(home.ports.base, home.ports.chain + 1):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise Refused(f"port {port} is taken ({error.strerror}): name another --port") from error

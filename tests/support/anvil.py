"""An anvil of its own for tests, and what can be done to it that a chain does by itself."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freehold.ethereum.node import Node
from tests.support.ports import free_port

COMMAND = Path(sys.executable).parent / "anvil"


@dataclass(frozen=True)
class Anvil:
    """`node` is how the operator asks it."""

    url: str
    node: Node

    def ask(self, method: str, *parameters: Any) -> Any:
        return self.node.ask(method, *parameters)

    def mine(self, blocks: int = 1) -> None:
        self.ask("anvil_mine", hex(blocks))

    def automine(self, on: bool) -> None:
        self.ask("evm_setAutomine", on)

    def snapshot(self) -> str:
        return str(self.ask("evm_snapshot"))

    def revert(self, snapshot: str) -> None:
        self.ask("evm_revert", snapshot)

    def reorganise(self, depth: int) -> None:
        """The newest blocks give way to as many empty ones."""
        self.ask("anvil_reorg", depth, [])

    def later(self, seconds: int) -> None:
        self.ask("evm_increaseTime", seconds)
        self.mine()

    def next_base_fee(self, wei: int) -> None:
        self.ask("anvil_setNextBlockBaseFeePerGas", hex(wei))

    def drop(self, transaction: bytes) -> None:
        self.ask("anvil_dropTransaction", "0x" + transaction.hex())


@contextmanager
def anvil(chain_id: int = 1337) -> Iterator[Anvil]:
    port = free_port()
    command = [COMMAND, "--port", str(port), "--chain-id", str(chain_id), "--hardfork", "prague", "--silent"]
    process = subprocess.Popen(command)
    url = f"http://127.0.0.1:{port}"
    started = Anvil(url, Node(url, timeout=5))
    try:
        for _ in range(200):
            try:
                started.node.head()
                break
            except Exception:
                time.sleep(0.05)
        yield started
    finally:
        process.terminate()
        process.wait()

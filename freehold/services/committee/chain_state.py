"""The shared state that is on chain, from the calldata of the update that brought it there: nobody's word is needed.

The chain keeps only its hash. The update's calldata have the program's output, and in it all words; they are those if
they hash alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from freehold.errors import Refused
from prover.algebra.keccak import keccak256
from prover.applications.ledger.units import CollateralId
from prover.applications.perpetual.errors import OutputMalformed
from prover.applications.perpetual.output import MainPage
from prover.applications.perpetual.state import SharedState

FEWEST_BLOCKS = 100
"""A span of blocks that every node gives the logs of."""


class Node(Protocol):
    """Web3's HTTPProvider."""

    def make_request(self, method: Any, params: Any) -> Any: ...


def selector(signature: str) -> bytes:
    return keccak256(signature.encode())[:4]


def topic(signature: str) -> str:
    return "0x" + keccak256(signature.encode()).hex()


UPDATE = selector("updateState(uint256[],uint256[])")
ACCEPTED = topic("SharedStateUpdated(uint256,bytes32,uint256,uint256)")
UPDATED = topic("LogUpdateState(uint256,uint256)")


class ChainState:
    """Of one exchange. `block`: no log of it is older. Raises Refused where the node fails or does not fit."""

    def __init__(self, node: Node, exchange: str, block: int = 0) -> None:
        self.node, self.exchange, self.block = node, exchange, block

    def hash(self) -> bytes:
        return self._call("sharedStateHash()")

    def collateral(self) -> CollateralId:
        return CollateralId(int.from_bytes(self._call("getSystemAssetType()"), "big"))

    def shared_state(self) -> SharedState:
        """The last accepted one."""
        wanted = self.hash()
        logs = self._logs([ACCEPTED, None, "0x" + wanted.hex()]) or self._logs([UPDATED])
        if not logs:
            raise Refused(f"{self.exchange} has accepted no update since block {self.block}")
        sent = self._ask("eth_getTransactionByHash", [logs[-1]["transactionHash"]])
        shared = state_after(_bytes(sent["input"]))
        if shared.hash() != wanted:
            raise Refused(f"the last update leads to 0x{shared.hash().hex()}, the chain has 0x{wanted.hex()}")
        return shared

    def _call(self, signature: str) -> bytes:
        call = {"to": self.exchange, "data": "0x" + selector(signature).hex()}
        answer = _bytes(self._ask("eth_call", [call, "latest"]))
        if len(answer) != 32:
            raise Refused(f"{self.exchange} does not answer {signature}: it is no exchange")
        return answer

    def _logs(self, topics: Sequence[str | None]) -> list[dict[str, Any]]:
        """The last of them first found: spans are tried from the head back, smaller where the node refuses."""
        head = int(self._ask("eth_blockNumber", []), 16)
        last, size = head, max(head - self.block + 1, 1)
        while last >= self.block:
            first = max(self.block, last - size + 1)
            span = {"fromBlock": hex(first), "toBlock": hex(last)}
            try:
                found: list[dict[str, Any]] = self._ask(
                    "eth_getLogs", [{"address": self.exchange, "topics": list(topics), **span}]
                )
            except Refused:
                if size <= FEWEST_BLOCKS:
                    raise
                size = max(size // 8, FEWEST_BLOCKS)
                continue
            if found:
                return found
            last = first - 1
        return []

    def _ask(self, method: str, params: list[Any]) -> Any:
        try:
            answer = self.node.make_request(method, params)
        except Exception as error:  # of several libraries
            raise Refused(f"the node does not answer {method}: {error}") from error
        if answer.get("result") is None:
            raise Refused(f"the node fails at {method}: {answer.get('error', 'no result')}")
        return answer["result"]


def state_after(calldata: bytes) -> SharedState:
    """What an update leads to, from its calldata. Raises Refused."""
    if calldata[:4] != UPDATE:
        raise Refused("the last update was sent through another contract: its calldata cannot be read")
    words = [int.from_bytes(calldata[place : place + 32], "big") for place in range(4, len(calldata), 32)]
    try:
        start = words[0] // 32
        output = words[start + 1 : start + 1 + words[start]]
        return MainPage.read(output).after
    except (IndexError, OutputMalformed) as error:
        raise Refused(f"the last update's calldata cannot be read: {error}") from error


def _bytes(answer: Any) -> bytes:
    """Of hex text, or what a library made of it."""
    return bytes.fromhex(answer.removeprefix("0x")) if isinstance(answer, str) else bytes(answer)

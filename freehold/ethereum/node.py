"""A node, asked over HTTP with a limit of time: blocks, logs, calls, transactions.

Whatever it does wrong is `NodeFails`; what a contract refuses is `Reverted`, with the error's name. Nothing is asked
twice here: who asks decides when to ask again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from web3 import HTTPProvider
from web3.types import RPCEndpoint

from freehold.ethereum.coding import Contract, Reverted, decode_event, events_of
from freehold.patience import NodeFails

FINALIZED, LATEST = "finalized", "latest"


class NodeRefuses(NodeFails):
    """The node answered that it will not: `message` is its own."""

    def __init__(self, method: str, message: str, data: bytes | None = None) -> None:
        super().__init__(f"{method}: {message}")
        self.message, self.data = message, data


@dataclass(frozen=True)
class Header:
    """Of a block. `base_fee` in wei for a unit of gas; 0 on chains that have none."""

    hash: bytes
    number: int
    parent: bytes
    time: int
    base_fee: int = 0


@dataclass(frozen=True)
class Log:
    """What a contract emitted: `name` and `arguments` by its ABI."""

    block: bytes
    number: int
    place: int
    transaction: bytes
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Receipt:
    """`gas_price`: what a unit of gas cost, in wei."""

    block: bytes
    number: int
    succeeded: bool
    gas_used: int
    gas_price: int


@dataclass
class Node:
    """`timeout` in seconds, of each question."""

    url: str
    timeout: float = 20.0
    _provider: HTTPProvider = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._provider = HTTPProvider(
            self.url, request_kwargs={"timeout": self.timeout}, exception_retry_configuration=None
        )

    def ask(self, method: str, *parameters: Any) -> Any:
        """The raw answer. Raises NodeRefuses for an answer of an error, NodeFails for none."""
        try:
            answer = self._provider.make_request(RPCEndpoint(method), list(parameters))
        except Exception as error:  # time-outs, closed connections, pages of a proxy: each library has its own
            raise NodeFails(f"{method}: the node does not answer: {_cause(error)}") from None
        if not isinstance(answer, dict) or ("result" not in answer and "error" not in answer):
            raise NodeFails(f"{method}: the node's answer is none: {str(answer)[:200]}")
        if (refused := answer.get("error")) is not None:
            told = refused if isinstance(refused, dict) else {"message": str(refused)}
            raise NodeRefuses(method, one_line_of(told.get("message", "")), _revert_data(told.get("data")))
        return answer["result"]

    # --- blocks

    def chain_id(self) -> int:
        return _number(self.ask("eth_chainId"))

    def header(self, block: bytes | int | str = LATEST) -> Header | None:
        """By hash, number or tag; None where the node knows none."""
        by_hash = isinstance(block, bytes)
        method = "eth_getBlockByHash" if by_hash else "eth_getBlockByNumber"
        found = self.ask(method, _hex(block) if by_hash or isinstance(block, int) else block, False)
        return None if found is None else _read(_header, found)

    def head(self) -> Header:
        header = self.header()
        if header is None:
            raise NodeFails("the node has no newest block")
        return header

    # --- logs

    def logs_of_block(self, block: bytes, contract: Contract, names: Sequence[str]) -> list[Log]:
        """All of a block, by its hash: a node that does not know it refuses, where for a number it might answer what
        another branch has. Raises NodeFails also for logs of other blocks."""
        logs = self._logs(contract, names, {"blockHash": _hex(block)})
        if any(log.block != block for log in logs):
            raise NodeFails(f"asked for logs of block 0x{block.hex()}, the node gives another's")
        return logs

    def logs(self, start: int, stop: int, contract: Contract, names: Sequence[str]) -> list[Log]:
        """Of blocks `start` to `stop - 1`, in order."""
        logs = self._logs(contract, names, {"fromBlock": _hex(start), "toBlock": _hex(stop - 1)})
        if any(not start <= log.number < stop for log in logs):
            raise NodeFails(f"asked for logs of blocks {start} to {stop - 1}, the node gives another's")
        return sorted(logs, key=lambda log: (log.number, log.place))

    def _logs(self, contract: Contract, names: Sequence[str], where: Mapping[str, str]) -> list[Log]:
        events = events_of(contract.kind)
        kinds = [_hex(topic) for topic, event in events.items() if event["name"] in names]
        found = self.ask("eth_getLogs", {"address": contract.address, "topics": [kinds], **where})
        if not isinstance(found, list):
            raise NodeFails(f"eth_getLogs: no list: {str(found)[:200]}")
        return [_read(lambda raw: _log(raw, contract.kind), one) for one in found]

    # --- contracts

    def call(self, contract: Contract, function: str, *arguments: Any, at: bytes | None = None) -> Any:
        """What a view function answers in the state after block `at` (its hash), or the newest.

        Raises Reverted, and NodeFails.
        """
        answer = self.simulate(contract.address, contract.data(function, *arguments), at=at)
        return contract.read(function, len(arguments), answer)

    def simulate(self, to: str, data: bytes, sender: str | None = None, at: bytes | None = None) -> bytes:
        """A transaction's answer if it were executed. Raises Reverted, and NodeFails."""
        question = {"to": to, "data": _hex(data), **({"from": sender} if sender else {})}
        try:
            return _bytes(self.ask("eth_call", question, _state(at)))
        except NodeRefuses as refused:
            raise _refusal_of(refused) from refused

    def estimate(self, sender: str, to: str, data: bytes) -> int:
        """Gas. Raises Reverted, and NodeFails."""
        try:
            return _number(self.ask("eth_estimateGas", {"from": sender, "to": to, "data": _hex(data)}))
        except NodeRefuses as refused:
            raise _refusal_of(refused) from refused

    def has_code(self, address: str) -> bool:
        return len(_bytes(self.ask("eth_getCode", address, LATEST))) > 0

    # --- accounts and transactions

    def nonce(self, address: str, at: bytes | None = None) -> int:
        """How many transactions of the account are in blocks, as far as `at` (a hash) or the newest."""
        return _number(self.ask("eth_getTransactionCount", address, _state(at)))

    def balance(self, address: str) -> int:
        """Wei."""
        return _number(self.ask("eth_getBalance", address, LATEST))

    def tip(self) -> int:
        """What is paid above the base fee just now, in wei for a unit of gas."""
        return _number(self.ask("eth_maxPriorityFeePerGas"))

    def knows(self, transaction: bytes) -> bool:
        """It is in a block, or waits for one."""
        return self.ask("eth_getTransactionByHash", _hex(transaction)) is not None

    def receipt(self, transaction: bytes) -> Receipt | None:
        """None while it is in no block that the node knows."""
        found = self.ask("eth_getTransactionReceipt", _hex(transaction))
        return None if found is None or found.get("blockHash") is None else _read(_receipt, found)

    def send(self, raw: bytes) -> None:
        """Broadcasts. What the node has already, or has seen in a block, is no failure. Raises NodeRefuses."""
        try:
            self.ask("eth_sendRawTransaction", _hex(raw))
        except NodeRefuses as refused:
            if not any(words in refused.message.lower() for words in KNOWN_ALREADY):
                raise


KNOWN_ALREADY = ("already known", "already imported", "known transaction", "nonce too low", "alreadyknown")
"""How nodes say that they have a transaction, or that its nonce is used: the receipts tell by which."""


# --- the wire's forms


def _cause(error: Exception) -> str:
    """Without the node's address, which may hold a key and stands in most messages."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return type(error).__name__ + (f" {status}" if status else "")


def one_line_of(message: object) -> str:
    return " ".join(str(message).split())[:300]


def _hex(value: bytes | int | str) -> str:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return value if isinstance(value, str) else hex(value)


def _state(block: bytes | None) -> Any:
    """The state after a block, as EIP-1898 names it."""
    return LATEST if block is None else {"blockHash": _hex(block)}


def _number(text: Any) -> int:
    try:
        return int(text, 16)
    except (TypeError, ValueError) as error:
        raise NodeFails(f"the node answers {str(text)[:80]!r} where a number is due") from error


def _bytes(text: Any) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except (AttributeError, ValueError) as error:
        raise NodeFails(f"the node answers {str(text)[:80]!r} where bytes are due") from error


def _read(kind: Any, found: Any) -> Any:
    """Raises NodeFails for what lacks a field."""
    try:
        return kind(found)
    except NodeFails:
        raise
    except Exception as error:  # a field that is missing, or no ABI's
        raise NodeFails(f"the node's answer cannot be read: {error!r}") from error


def _header(found: Mapping[str, Any]) -> Header:
    fee = found.get("baseFeePerGas")
    return Header(
        _bytes(found["hash"]),
        _number(found["number"]),
        _bytes(found["parentHash"]),
        _number(found["timestamp"]),
        0 if fee is None else _number(fee),
    )


def _log(found: Mapping[str, Any], kind: str) -> Log:
    name, arguments = decode_event(kind, [_bytes(topic) for topic in found["topics"]], _bytes(found["data"]))
    return Log(
        _bytes(found["blockHash"]),
        _number(found["blockNumber"]),
        _number(found["logIndex"]),
        _bytes(found["transactionHash"]),
        name,
        arguments,
    )


def _receipt(found: Mapping[str, Any]) -> Receipt:
    price = found.get("effectiveGasPrice")
    return Receipt(
        _bytes(found["blockHash"]),
        _number(found["blockNumber"]),
        _number(found["status"]) == 1,
        _number(found["gasUsed"]),
        0 if price is None else _number(price),
    )


def _refusal_of(refused: NodeRefuses) -> Exception:
    """A contract's refusal where the node gives its data or speaks of one, else the node's own."""
    if refused.data is not None:
        return Reverted(refused.data, refused.message)
    if "revert" in refused.message.lower():
        return Reverted(b"", refused.message)
    return refused


def _revert_data(data: Any) -> bytes | None:
    """Nodes give it as hex, or as hex in a field."""
    found = data.get("data", data.get("result")) if isinstance(data, dict) else data
    try:
        return bytes.fromhex(str(found).removeprefix("0x")) if found is not None else None
    except ValueError:
        return None

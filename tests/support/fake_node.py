"""A node of one exchange: its last state's hash, its collateral, and the transactions that updated it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI

from freehold.leaving.calldata import call
from prover.algebra.keccak import keccak256
from prover.applications.perpetual.batch import Batch
from prover.applications.perpetual.facts import update_words

HASH, COLLATERAL = (keccak256(name.encode())[:4].hex() for name in ("sharedStateHash()", "getSystemAssetType()"))
ACCEPTED = "0x" + keccak256(b"SharedStateUpdated(uint256,bytes32,uint256,uint256)").hex()
UPDATED = "0x" + keccak256(b"LogUpdateState(uint256,uint256)").hex()
EXCHANGE = "0x" + "ab" * 20


@dataclass
class FakeNode:
    """`sent`: calldata by block. `is_published`: it emits what StarkPerpetual does, and nothing else. `most_blocks`:
    of a span whose logs it gives."""

    collateral: int
    hash: bytes = bytes(32)
    sent: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)
    head: int = 100
    is_published: bool = False
    most_blocks: int = 1 << 60
    asked: list[str] = field(default_factory=list)

    def update(self, block: int, batch: Batch) -> None:
        words = update_words(batch)
        calldata = call("updateState(uint256[],uint256[])", words, [0, 0, 0])
        self.hash = batch.after.hash()
        self.sent[block] = calldata, self.hash

    def make_request(self, method: Any, params: Any) -> Any:
        self.asked.append(method)
        answers = {
            "eth_call": self._call,
            "eth_blockNumber": lambda: hex(self.head),
            "eth_getLogs": self._logs,
            "eth_getTransactionByHash": lambda hash: {"input": "0x" + self.sent[int(hash, 16)][0].hex()},
        }
        try:
            return {"jsonrpc": "2.0", "id": 1, "result": answers[method](*params)}
        except ValueError as error:
            return {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": str(error)}}

    def _call(self, asked: dict[str, str], block: str) -> str:
        values = {HASH: self.hash, COLLATERAL: self.collateral.to_bytes(32, "big")}
        return "0x" + values[asked["data"][2:]].hex() if asked["to"] == EXCHANGE else "0x"

    def _logs(self, wanted: dict[str, Any]) -> list[dict[str, str]]:
        first, last = (int(wanted[name], 16) for name in ("fromBlock", "toBlock"))
        if last - first + 1 > self.most_blocks:
            raise ValueError("too many blocks")
        topics = wanted["topics"]
        return [
            {"transactionHash": hex(block)}
            for block, (_, hash) in sorted(self.sent.items())
            if first <= block <= last
            and (topics == [UPDATED] or (topics == [ACCEPTED, None, "0x" + hash.hex()] and not self.is_published))
        ]


def served_by(node: FakeNode) -> FastAPI:
    """The same over HTTP."""
    app = FastAPI()

    @app.post("/")
    def answer(request: dict[str, Any]) -> dict[str, Any]:
        return {**node.make_request(request["method"], request["params"]), "id": request["id"]}

    return app

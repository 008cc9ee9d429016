"""What the published committee program does, as a plain client of the availability gateway: it keeps its own trees,
asks for id after id, signs the raw claim and sends it. Written from docs of the interface, with nothing of ours but the
hash."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import httpx
from eth_account import Account

from prover.algebra.keccak import keccak_of_words
from prover.algebra.pedersen import pedersen
from prover.applications.ledger.merkle import MerkleTree

DECIMAL, KEY, ROOT = re.compile("-?[0-9]+"), re.compile("0x[0-9a-f]+"), re.compile("0[0-9a-f]{63}")
HEIGHT = 64


@dataclass
class PublishedMember:
    client: httpx.Client
    secret: int
    next_id: int = 0
    states: dict[int, tuple[MerkleTree, MerkleTree, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.account = Account.from_key(self.secret.to_bytes(32, "big"))
        self.states[-1] = MerkleTree(HEIGHT, position_leaf(0, 0, {})), MerkleTree(HEIGHT, 0), -1

    def step(self) -> str | None:
        """What the gateway says to its signature; None while there is no next batch."""
        answer = self.client.get("/availability_gateway/get_batch_data", params={"batch_id": self.next_id})
        assert answer.status_code == 200, answer.text
        update = answer.json()["update"]
        if update is None:
            return None
        positions, orders, number = self.states[update["prev_batch_id"]]
        positions = positions.update({int(key): _leaf(value) for key, value in update["positions"].items()})
        orders = orders.update({int(key): _number(one["fulfilled_amount"]) for key, one in update["orders"].items()})
        assert (positions.root, orders.root) == (_root(update["position_root"]), _root(update["order_root"]))
        number += 1
        claim = keccak_of_words([positions.root, HEIGHT, orders.root, HEIGHT, number])
        signature = self.account.unsafe_sign_hash(claim).signature.hex()
        body = {
            "batch_id": self.next_id,
            "signature": signature,
            "member_key": self.account.address,
            "claim_hash": claim.hex(),
        }
        sent = self.client.post("/availability_gateway/approve_new_roots", json=body)
        if sent.text == "signature accepted":
            self.states[self.next_id] = positions, orders, number
            self.next_id += 1
        return sent.text


def position_leaf(key: int, balance: int, assets: dict[int, tuple[int, int]]) -> int:
    """h(h(h(0, assets...), key), balance with the assets' count)."""
    value = 0
    for asset_id, (amount, index) in sorted(assets.items()):
        value = pedersen(value, (asset_id << 128) + (index + (1 << 63) << 64) + amount + (1 << 63))
    value = pedersen(value, key)
    return pedersen(value, (balance + (1 << 63) << 16) + len(assets))


def _leaf(position: dict[str, Any]) -> int:
    assets = {
        int(asset_id, 16): (_number(asset["balance"]), _number(asset["cached_funding_index"]))
        for asset_id, asset in position["assets"].items()
    }
    assert KEY.fullmatch(position["public_key"])
    return position_leaf(int(position["public_key"], 16), _number(position["collateral_balance"]), assets)


def _number(text: str) -> int:
    assert DECIMAL.fullmatch(text), text
    return int(text)


def _root(text: str) -> int:
    assert ROOT.fullmatch(text), text
    return int(text, 16)

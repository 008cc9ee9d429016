"""What a local exchange's people do on its chain: tokens, registration, deposits, forced requests, withdrawals."""

from __future__ import annotations

import time
from dataclasses import dataclass

from freehold.errors import Refused
from freehold.ethereum.coding import Contract
from freehold.ethereum.node import Node
from freehold.ethereum.signer import LocalKey
from freehold.local import people
from freehold.local.people import Trader
from freehold.records import Record
from prover.algebra.keccak import keccak256

RECEIPT_WITHIN = 60.0
"""Seconds."""
GAS = 1_000_000


@dataclass
class OnChain:
    """Each call waits until it is in a block. Raises Refused where it is refused."""

    node: Node
    record: Record
    asset_type: int

    @staticmethod
    def of(node: Node, record: Record) -> OnChain:
        exchange = Contract(record.exchange, "Exchange")
        return OnChain(node, record, int(node.call(exchange, "getSystemAssetType")))

    @property
    def exchange(self) -> Contract:
        return Contract(self.record.exchange, "Exchange")

    @property
    def token(self) -> str:
        return str(self.record.token)

    # --- money

    def fund(self, trader: Trader, amount: int) -> None:
        """Tokens of their own, which the exchange may take. Anybody mints this token."""
        self._send(trader.account, self.token, _call("mint(address,uint256)", trader.address, amount))
        self._send(trader.account, self.token, _call("approve(address,uint256)", self.record.exchange, 2**256 - 1))

    def wallet(self, address: str) -> int:
        return int.from_bytes(self.node.simulate(self.token, _call("balanceOf(address)", address)), "big")

    def wait_blocks(self, count: int) -> None:
        until = self.node.head().number + count
        while self.node.head().number < until:
            time.sleep(0.2)

    # --- the exchange

    def is_registered(self, trader: Trader) -> bool:
        return int(str(self.node.call(self.exchange, "getEthKey", trader.stark_key)), 16) != 0

    def register(self, trader: Trader) -> None:
        self._ask(trader, "registerSender", trader.stark_key, trader.registration())

    def deposit(self, trader: Trader, amount: int) -> None:
        self._ask(trader, "depositERC20", trader.stark_key, self.asset_type, trader.position_id, amount)

    def force_withdrawal(self, trader: Trader, amount: int) -> None:
        self._ask(trader, "forcedWithdrawalRequest", trader.stark_key, trader.position_id, amount, False)

    def withdrawable(self, owner_key: int) -> int:
        return int(self.node.call(self.exchange, "getWithdrawalBalance", owner_key, self.asset_type))

    def withdraw(self, trader: Trader, owner_key: int) -> None:
        self._ask(trader, "withdraw", owner_key, self.asset_type)

    def _ask(self, trader: Trader, function: str, *arguments: object) -> None:
        self._send(trader.account, self.record.exchange, self.exchange.data(function, *arguments))

    def _send(self, account: int, to: str, data: bytes) -> None:
        key = LocalKey(people.secret_of(account))
        self.node.simulate(to, data, key.address)
        base = self.node.head().base_fee
        fields = {
            "to": to,
            "data": data,
            "value": 0,
            "gas": GAS,
            "nonce": self.node.nonce(key.address),
            "maxFeePerGas": 2 * base + 10**9,
            "maxPriorityFeePerGas": 10**9,
            "chainId": self.node.chain_id(),
            "type": 2,
        }
        signed = key.sign(fields)
        self.node.send(signed.raw)
        until = time.monotonic() + RECEIPT_WITHIN
        while (receipt := self.node.receipt(signed.hash)) is None:
            if time.monotonic() > until:
                raise Refused(f"0x{signed.hash.hex()} came into no block within {RECEIPT_WITHIN:g} s")
            time.sleep(0.05)
        if not receipt.succeeded:
            raise Refused(f"0x{signed.hash.hex()} was refused by the chain")


def _call(signature: str, *arguments: str | int) -> bytes:
    """Of functions that take addresses and numbers."""
    numbers = [int(value, 16) if isinstance(value, str) else value for value in arguments]
    return keccak256(signature.encode())[:4] + b"".join(number.to_bytes(32, "big") for number in numbers)

"""People who trade on a local exchange, so that there is something to see: orders around the oracles' price, transfers,
withdrawals, now and then a forced request. The exchange's own engine stands between them: it matches and sends.
"""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from time import time
from typing import Any

import httpx

from freehold.errors import Refused
from freehold.local.on_chain import OnChain
from freehold.local.people import Trader
from freehold.services.operator import wire
from prover.applications.ledger.fields import FXP32
from prover.applications.ledger.units import AssetId, Hours
from prover.applications.perpetual.config import GeneralConfig, SyntheticAsset
from prover.applications.perpetual.prices import internal_price
from prover.applications.perpetual.signing import Signer
from prover.applications.perpetual.transactions import PriceSignature, Trade, Transaction
from prover.applications.perpetual.units import CollateralQuanta, Price, SyntheticQuanta

DEPOSIT = 20_000 * 10**6
"""Of each trader, in quanta."""
CONFIRMED = 3
"""Blocks after which a deposit is counted on."""
LIFE = 30 * 24
"""Hours that a signature lives."""
FEE = 2_000
"""One in so many of what is paid."""


@dataclass
class Gateway:
    """The one writer of an exchange: ids without gaps."""

    url: str
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))
    answers: Counter[str] = field(default_factory=Counter)
    next_id: int | None = None

    def add(self, document: dict[str, Any]) -> None:
        """A busy exchange is asked again by the same id, whoever calls."""
        if self.next_id is None:
            self.next_id = int(self.client.get(f"{self.url}/gateway/get_first_unused_tx_id").raise_for_status().json())
        answer = self.client.post(f"{self.url}/gateway/add_transaction", json={"tx_id": self.next_id, "tx": document})
        code = str(answer.json().get("code"))
        self.answers[code] += 1
        if code == "TRANSACTION_RECEIVED":
            self.next_id += 1
        elif code != "API_FUNCTION_TEMPORARILY_DISABLED":
            raise Refused(f"transaction {self.next_id} was refused: {answer.text[:300]}")


@dataclass
class Trading:
    """`rate`: trades a second. One call of `step` does what is due."""

    config: GeneralConfig
    chain: OnChain
    gateway: Gateway
    oracle: str
    traders: list[Trader]
    rate: float
    rng: random.Random
    tell: Callable[[str], None]
    done: int = 0
    prices: dict[AssetId, Price] = field(default_factory=dict)
    _priced_at: float = 0.0
    _due: float = field(default_factory=time)

    def __post_init__(self) -> None:
        self.signer = Signer(self.config.collateral_asset_id, Hours(0), int(time()) & 0xFFFFFFFF)

    def open_accounts(self) -> None:
        """Those that have none: tokens, registration, a deposit; and waits until the operator counts on it."""
        is_new = False
        for trader in self.traders:
            if self.chain.is_registered(trader):
                continue
            self.chain.fund(trader, 10 * DEPOSIT)
            self.chain.register(trader)
            self.chain.deposit(trader, DEPOSIT)
            is_new = True
            self.tell(f"{trader.name} deposits {DEPOSIT / 10**6:,.0f} into position {trader.position_id}")

        if is_new:
            self.chain.wait_blocks(CONFIRMED)

    def step(self) -> None:
        if time() < self._due:
            return
        self._due = max(self._due + 1 / self.rate, time() - 5)
        self.signer.expiration = Hours(int(time()) // 3600 + LIFE)
        self._look()
        kind = self.done % 40
        if kind == 13:
            self._transfer()
        elif kind == 27:
            self._withdraw()
        elif kind == 39 and self.done % 80 == 79:
            self._force()
        else:
            self._trade()
        self.done += 1

    def collect(self) -> None:
        """What may be withdrawn goes to its owners."""
        for trader in self.traders:
            if self.chain.withdrawable(trader.stark_key):
                self.chain.withdraw(trader, trader.stark_key)

    # --- what people do

    def _look(self) -> None:
        """At the oracles' prices: the median of each asset's quotes."""
        if time() - self._priced_at < 5:
            return
        answer = httpx.get(f"{self.oracle}/quotes", timeout=10).raise_for_status().json()["quotes"]
        for asset in self.config.synthetic_assets:
            quotes = [PriceSignature.model_validate(one) for one in answer[hex(asset.asset_id)]]
            middle = statistics.median_low(quote.external_price for quote in quotes)
            self.prices[asset.asset_id] = internal_price(middle, asset.resolution, self.config.collateral.resolution)
        self._priced_at = time()

    def _trade(self) -> None:
        buyer, seller = self.rng.sample(self.traders, 2)
        asset = self.rng.choice(self.config.synthetic_assets)
        synthetic, collateral = self._amounts(asset)
        fee = collateral // FEE
        buy, sell = (
            self.signer.order(
                who,
                asset.asset_id,
                is_buying,
                SyntheticQuanta(synthetic),
                CollateralQuanta(collateral),
                CollateralQuanta(fee),
            )
            for who, is_buying in ((buyer, True), (seller, False))
        )
        self._send(
            Trade(
                buy_order=buy,
                sell_order=sell,
                actual_collateral=CollateralQuanta(collateral),
                actual_synthetic=SyntheticQuanta(synthetic),
                actual_buyer_fee=CollateralQuanta(fee),
                actual_seller_fee=CollateralQuanta(fee),
            )
        )

    def _amounts(self, asset: SyntheticAsset) -> tuple[int, int]:
        """50 to 500 coins' worth, within a tenth of a percent of the price."""
        worth = self.rng.randrange(50, 500) * 10**6
        price = self.prices[asset.asset_id] * (1 + self.rng.uniform(-1, 1) / 1000)
        return max(1, int(worth * FXP32 / price)), worth

    def _transfer(self) -> None:
        sender, receiver = self.rng.sample(self.traders, 2)
        self._send(self.signer.transfer(sender, receiver, CollateralQuanta(self.rng.randrange(1, 100) * 10**6)))

    def _withdraw(self) -> None:
        trader = self.rng.choice(self.traders)
        amount = CollateralQuanta(self.rng.randrange(1, 100) * 10**6)
        self._send(self.signer.withdrawal(trader, amount, trader.stark_key))

    def _send(self, transaction: Transaction) -> None:
        self.gateway.add(dict(wire.to_document(wire.of_rules(transaction, self.config.collateral_asset_id))))

    def _force(self) -> None:
        trader = self.rng.choice(self.traders)
        self.chain.force_withdrawal(trader, self.rng.randrange(1, 100) * 10**6)
        self.tell(f"{trader.name} forces a withdrawal")

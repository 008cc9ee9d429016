"""Steps of the exchange's program, told before it runs: an upper estimate, so that no sealed batch outgrows its proof.

The parts are fitted from above to the table of `docs/program.md`, which `freehold bench program` makes; a test compares
them with runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.program_input import touched_orders, touched_positions
from prover.applications.perpetual.transactions import (
    ConditionalTransfer,
    Deleverage,
    ForcedTrade,
    FundingTick,
    Liquidate,
    OracleTick,
    SignedPrice,
    Trade,
    Transaction,
    Transfer,
)
from prover.applications.perpetual.units import OrderId, PositionId

BATCH, BATCH_ASSET = 650, 345
"""An empty batch, and for each configured asset."""
POSITION, POSITION_ASSET = 980, 45
"""The first touch of a position in a market, and for each asset that it may hold."""
ORDER = 640
"""The first touch of an order, in a tree of a million."""
QUOTES = 25
"""For each asset, in each market that has transactions."""
TICK, TICK_ASSET, SIGNED_PRICE, PRICE_SIGNATURE = 40, 32, 90, 110
TRANSACTION = 440
MORE = {Trade: 60, Transfer: 200, ConditionalTransfer: 240, Liquidate: 300, Deleverage: 620, ForcedTrade: 350}


@dataclass
class Steps:
    """Of a batch that is being filled."""

    config: GeneralConfig
    total: int
    positions: set[PositionId] = field(default_factory=set)
    orders: set[OrderId] = field(default_factory=set)
    is_quoted: bool = False

    @staticmethod
    def of_empty(config: GeneralConfig, prices: Sequence[SignedPrice] = ()) -> Steps:
        """`prices`: of both lists of bounds."""
        signed = sum(SIGNED_PRICE + PRICE_SIGNATURE * len(price.signatures) for price in prices)
        return Steps(config, BATCH + BATCH_ASSET * len(config.synthetic_assets) + signed)

    def with_more(self, transactions: Sequence[Transaction], n_assets: int) -> Steps:
        """After these. `n_assets`: the most that one of the positions that they touch holds."""
        more = Steps(self.config, self.total, set(self.positions), set(self.orders), self.is_quoted)
        for transaction in transactions:
            more._add(transaction, n_assets)
        return more

    def _add(self, transaction: Transaction, n_assets: int) -> None:
        known = len(self.config.synthetic_assets)
        if isinstance(transaction, FundingTick | OracleTick):
            self.total += TICK + TICK_ASSET * known
            self.positions, self.is_quoted = set(), False  # positions are valued anew in the new market
            return
        if not self.is_quoted:
            self.total += QUOTES * known
            self.is_quoted = True
        positions = set(touched_positions(self.config, [transaction])) - self.positions
        orders = set(touched_orders(self.config, [transaction])) - self.orders
        self.total += TRANSACTION + MORE.get(type(transaction), 0)
        self.total += len(positions) * (POSITION + POSITION_ASSET * n_assets) + len(orders) * ORDER
        self.positions |= positions
        self.orders |= orders

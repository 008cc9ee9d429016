"""The exchange's state between batches: positions and orders with their trees, and the words the chain commits to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from prover.algebra.keccak import keccak_of_words
from prover.applications.ledger.merkle import MerkleTree
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.fields import BALANCE_BIAS
from prover.applications.perpetual.margin import Market
from prover.applications.perpetual.positions import EMPTY, Position, leaves

Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class State:
    """`positions` holds the positions that are not empty, `orders` the used amounts that are not 0.

    `funding_indices` and `oracle_prices` are (asset id, 32.32 value), ascending; times are seconds.
    """

    positions: dict[int, Position]
    tree: MerkleTree
    orders: dict[int, int]
    orders_tree: MerkleTree
    funding_indices: Pairs
    funding_timestamp: int
    oracle_prices: Pairs
    system_time: int

    @staticmethod
    def initial(config: GeneralConfig, time: int) -> State:
        return State.of(config, {}, {}, (), time, (), time)

    @staticmethod
    def of(
        config: GeneralConfig,
        positions: Mapping[int, Position],
        orders: Mapping[int, int],
        funding_indices: Pairs,
        funding_timestamp: int,
        oracle_prices: Pairs,
        system_time: int,
    ) -> State:
        """Builds both trees. Raises ValueError for an id outside its tree."""
        held = {key: position for key, position in positions.items() if not position.is_empty()}
        used = {key: amount for key, amount in orders.items() if amount}
        tree = MerkleTree(config.positions_tree_height, EMPTY.leaf(), _leaves_by_id(held))
        orders_tree = MerkleTree(config.orders_tree_height, 0, used)
        return State(held, tree, used, orders_tree, funding_indices, funding_timestamp, oracle_prices, system_time)

    @property
    def orders_root(self) -> int:
        return self.orders_tree.root

    @property
    def orders_height(self) -> int:
        return self.orders_tree.height

    def position(self, position_id: int) -> Position:
        return self.positions.get(position_id, EMPTY)

    def market(self, config: GeneralConfig) -> Market:
        return Market.of(config, self.funding_indices, self.oracle_prices, self.funding_timestamp)

    def updated(self, positions: Mapping[int, Position], orders: Mapping[int, int], **fields: object) -> State:
        """The state after a batch that touched these. Raises ValueError for an id outside its tree."""
        held = {**self.positions, **positions}
        for key, position in positions.items():
            if position.is_empty():
                del held[key]
        return replace(
            self,
            positions=held,
            tree=self.tree.update(_leaves_by_id(positions)),
            orders={**self.orders, **{key: amount for key, amount in orders.items() if amount}},
            orders_tree=self.orders_tree.update(orders),
            **fields,
        )

    def words(self) -> list[int]:
        """The shared state's words, in order (10.2)."""
        return [
            self.tree.root,
            self.tree.height,
            self.orders_root,
            self.orders_height,
            len(self.funding_indices),
            *(word for asset_id, index in self.funding_indices for word in (asset_id, index + BALANCE_BIAS)),
            self.funding_timestamp,
            len(self.oracle_prices),
            *(word for pair in self.oracle_prices for word in pair),
            self.system_time,
        ]

    def hash(self) -> bytes:
        """What the chain stores."""
        return keccak_of_words(self.words())


def _leaves_by_id(positions: Mapping[int, Position]) -> dict[int, int]:
    return dict(zip(positions, leaves(positions.values()), strict=True))

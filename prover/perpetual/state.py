"""The exchange's state between batches: positions with their tree, and the words that the chain commits to."""

from __future__ import annotations

from dataclasses import dataclass, replace

from prover.algebra.keccak import keccak_of_words
from prover.perpetual.config import GeneralConfig
from prover.perpetual.merkle import MerkleTree
from prover.perpetual.positions import EMPTY, Position


@dataclass(frozen=True)
class State:
    """`positions` holds the positions that are not empty; times are seconds. The orders tree is carried unchanged."""

    positions: dict[int, Position]
    tree: MerkleTree
    orders_root: int
    orders_height: int
    funding_timestamp: int
    system_time: int

    @staticmethod
    def initial(config: GeneralConfig, time: int) -> State:
        tree = MerkleTree(config.positions_tree_height, EMPTY.leaf())
        orders = MerkleTree(config.orders_tree_height, 0)
        return State({}, tree, orders.root, orders.height, time, time)

    def position(self, position_id: int) -> Position:
        return self.positions.get(position_id, EMPTY)

    def with_positions(self, changed: dict[int, Position], funding_timestamp: int, system_time: int) -> State:
        kept = {**self.positions, **changed}
        return replace(
            self,
            positions={key: position for key, position in kept.items() if not position.is_empty()},
            tree=self.tree.update({key: position.leaf() for key, position in changed.items()}),
            funding_timestamp=funding_timestamp,
            system_time=system_time,
        )

    def words(self) -> list[int]:
        """The shared state in the published order; both lists of synthetic assets are empty."""
        return [
            self.tree.root,
            self.tree.height,
            self.orders_root,
            self.orders_height,
            0,
            self.funding_timestamp,
            0,
            self.system_time,
        ]

    def hash(self) -> bytes:
        """What the chain stores."""
        return keccak_of_words(self.words())

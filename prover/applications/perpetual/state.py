"""The exchange's state between batches: positions and orders with their trees, and the words the chain commits to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from prover.algebra.keccak import keccak_of_words
from prover.applications.ledger.fields import ASSET_ID_UPPER_BOUND, TIME_UPPER_BOUND
from prover.applications.ledger.merkle import MerkleTree, SealedTree
from prover.applications.ledger.units import AssetId, Seconds
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.errors import InputRefused, PositionsDiffer
from prover.applications.perpetual.fields import BALANCE_BIAS, PRICE_UPPER_BOUND
from prover.applications.perpetual.margin import Market
from prover.applications.perpetual.positions import EMPTY, Position, leaves
from prover.applications.perpetual.units import FundingIndex, Indices, OrderId, PositionId, Price, Prices, Used
from prover.applications.perpetual.words import WordReader


@dataclass(frozen=True)
class SharedState:
    """What the chain knows of a state: the hash of these fields, in this order (10.2)."""

    positions_root: int
    positions_height: int
    orders_root: int
    orders_height: int
    funding_indices: Indices
    funding_timestamp: Seconds
    oracle_prices: Prices
    system_time: Seconds

    def words(self) -> list[int]:
        """Without their number, which stands before them in an output."""
        return [
            self.positions_root,
            self.positions_height,
            self.orders_root,
            self.orders_height,
            *funding_words(self.funding_indices, self.funding_timestamp),
            len(self.oracle_prices),
            *(word for pair in self.oracle_prices for word in pair),
            self.system_time,
        ]

    def hash(self) -> bytes:
        """What the chain stores."""
        return keccak_of_words(self.words())

    @staticmethod
    def take(reader: WordReader) -> SharedState:
        """From the reader's next words. Raises OutputMalformed."""
        positions_root, positions_height = reader.take("positions root"), reader.take("positions height", 0, 65)
        orders_root, orders_height = reader.take("orders root"), reader.take("orders height", 0, 65)
        indices, funding_timestamp = take_funding(reader)
        prices, last_id = [], -1
        for _ in range(reader.take("number of prices")):
            last_id = reader.take_above(last_id, "asset of a price", ASSET_ID_UPPER_BOUND)
            prices.append((AssetId(last_id), Price(reader.take("price", 1, PRICE_UPPER_BOUND))))
        system_time = Seconds(reader.take("system time", 0, TIME_UPPER_BOUND))
        return SharedState(
            positions_root,
            positions_height,
            orders_root,
            orders_height,
            indices,
            funding_timestamp,
            tuple(prices),
            system_time,
        )

    @staticmethod
    def read(words: Sequence[int]) -> SharedState:
        """From all of these words. Raises OutputMalformed."""
        reader = WordReader(words, "a state")
        state = SharedState.take(reader)
        reader.end()
        return state


def funding_words(indices: Indices, timestamp: Seconds) -> list[int]:
    """Number of indices, each with its asset's id, and their time."""
    pairs = (word for asset_id, index in indices for word in (asset_id, index + BALANCE_BIAS))
    return [len(indices), *pairs, timestamp]


def take_funding(reader: WordReader) -> tuple[Indices, Seconds]:
    """What `funding_words` wrote. Raises OutputMalformed."""
    indices, last_id = [], -1
    for _ in range(reader.take("number of indices")):
        last_id = reader.take_above(last_id, "asset of an index", ASSET_ID_UPPER_BOUND)
        biased = reader.take("biased index", 0, 2 * BALANCE_BIAS)
        indices.append((AssetId(last_id), FundingIndex(biased - BALANCE_BIAS)))
    return tuple(indices), Seconds(reader.take("time of the indices", 0, TIME_UPPER_BOUND))


@dataclass(frozen=True)
class State:
    """`positions` holds the positions that are not empty, `orders` the used amounts that are not 0.

    Of a sealed orders tree only the root is known, and `orders` is empty: enough to leave, and to serve what needs no
    signature.
    """

    positions: Mapping[PositionId, Position]
    tree: MerkleTree
    orders: Mapping[OrderId, Used]
    orders_tree: MerkleTree | SealedTree
    funding_indices: Indices
    funding_timestamp: Seconds
    oracle_prices: Prices
    system_time: Seconds

    @staticmethod
    def initial(config: GeneralConfig, time: Seconds) -> State:
        return State.of(config, {}, {}, (), time, (), time)

    @staticmethod
    def of(
        config: GeneralConfig,
        positions: Mapping[PositionId, Position],
        orders: Mapping[OrderId, Used],
        funding_indices: Indices,
        funding_timestamp: Seconds,
        oracle_prices: Prices,
        system_time: Seconds,
    ) -> State:
        """Builds both trees. Raises ValueError for an id outside its tree."""
        held = {key: position for key, position in positions.items() if not position.is_empty()}
        used = {key: amount for key, amount in orders.items() if amount}
        tree = MerkleTree(config.positions_tree_height, EMPTY.leaf(), _leaves_by_id(held))
        orders_tree = MerkleTree(config.orders_tree_height, 0, used)
        return State(held, tree, used, orders_tree, funding_indices, funding_timestamp, oracle_prices, system_time)

    @staticmethod
    def known(positions: Mapping[PositionId, Position], shared: SharedState) -> State:
        """The state with these words, of whose orders nobody told. Raises PositionsDiffer, or ValueError for an id
        outside its tree."""
        held = {key: position for key, position in positions.items() if not position.is_empty()}
        tree = MerkleTree(shared.positions_height, EMPTY.leaf(), _leaves_by_id(held))
        if tree.root != shared.positions_root:
            raise PositionsDiffer(tree.root, shared.positions_root)
        state = State(
            held,
            tree,
            {},
            MerkleTree(shared.orders_height, 0),
            shared.funding_indices,
            shared.funding_timestamp,
            shared.oracle_prices,
            shared.system_time,
        )
        return state.sealed(shared.orders_root)

    def sealed(self, orders_root: int) -> State:
        """With this root in place of its orders. If it is that of no orders, it is known that there are none."""
        if orders_root == MerkleTree(self.orders_tree.height, 0).root:
            return replace(self, orders={}, orders_tree=MerkleTree(self.orders_tree.height, 0))
        return replace(self, orders={}, orders_tree=SealedTree(self.orders_tree.height, orders_root))

    @property
    def orders_root(self) -> int:
        return self.orders_tree.root

    @property
    def knows_orders(self) -> bool:
        return isinstance(self.orders_tree, MerkleTree)

    def position(self, position_id: PositionId) -> Position:
        return self.positions.get(position_id, EMPTY)

    def used(self, order_id: OrderId) -> Used:
        """How much of an order is used. Raises InputRefused where nobody told."""
        if not self.knows_orders:
            raise InputRefused(f"orders: only their root is given, and order {order_id} is asked for")
        return self.orders.get(order_id, Used(0))

    def market(self, config: GeneralConfig) -> Market:
        return Market.of(config, self.funding_indices, self.oracle_prices, self.funding_timestamp)

    def updated(self, positions: Mapping[PositionId, Position], orders: Mapping[OrderId, Used]) -> State:
        """With these positions and orders. Raises ValueError for an id outside its tree."""
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
        )

    def shared(self) -> SharedState:
        return SharedState(
            self.tree.root,
            self.tree.height,
            self.orders_tree.root,
            self.orders_tree.height,
            self.funding_indices,
            self.funding_timestamp,
            self.oracle_prices,
            self.system_time,
        )

    def words(self) -> list[int]:
        """The shared state's words."""
        return self.shared().words()

    def hash(self) -> bytes:
        """What the chain stores."""
        return self.shared().hash()


def _leaves_by_id(positions: Mapping[PositionId, Position]) -> dict[PositionId, int]:
    return dict(zip(positions, leaves(positions.values()), strict=True))

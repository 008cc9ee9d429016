"""What the program's hints read from its input, in the order in which the program asks.

The input is one JSON document: `config`, `prev_state`, `batch` and `advice` (docs/program.md). It is read into the
models of the rules, without their checks: nothing here is trusted, and the program proves whatever matters. What it
does refuse, on top, are inputs that say more than the program looks at, such as a tick's list that does not ascend.

`Advice` holds the input as it was given, and what the run has made of positions and orders. What one hint finds for
later ones is a name in the hints: `transaction`, `trade`, `order` and its `fee`, `ticked`, `asset`, `entry`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import pairwise, takewhile
from typing import Any, TypeVar

from prover.applications.ledger.fields import integer, unchecked
from prover.applications.ledger.units import AssetId, CollateralId
from prover.applications.perpetual.config import GeneralConfig, SyntheticAsset
from prover.applications.perpetual.documents import PositionDocument, StateDocument
from prover.applications.perpetual.errors import Code
from prover.applications.perpetual.fields import BALANCE_BIAS
from prover.applications.perpetual.program import empty_climb
from prover.applications.perpetual.state import SharedState
from prover.applications.perpetual.transactions import (
    TRANSACTION_KINDS,
    FundingTick,
    LimitOrder,
    OracleTick,
    Signed,
    SignedPrice,
    Trade,
)
from prover.applications.perpetual.units import OrderId, PositionId, Price, Used

MISSING_INDEX = -1
MISSING_PRICE = 0
ASSET_SIZE = 6
"""Cells of an asset in a position: row, balance, two that loops use, cached index, next."""
Entry = TypeVar("Entry")
NOBODY = PositionDocument(public_key=0, collateral_balance=0)


class AdviceRefused(ValueError):
    """The input cannot be a batch's: it names what is wrong."""


class Advice:
    """The input, and what the run has made of positions and orders.

    Assets go by rows: `row_ids` are those that are configured or have a price, ascending. Counts of what is left, which
    the program carries, say where in a list it is.
    """

    def __init__(self, program_input: Mapping[str, Any], prime: int) -> None:
        """Raises ValueError for an input that is none."""
        batch, nodes = program_input["batch"], program_input["advice"]["preimage"]
        self._prime = prime
        self.config = unchecked(GeneralConfig, program_input["config"])
        self._state = unchecked(StateDocument, program_input["prev_state"])
        self._preimage = {integer(node): (integer(left), integer(right)) for node, (left, right) in nodes.items()}
        self.configured = {asset.asset_id: asset for asset in self.config.synthetic_assets}
        self.indices = _table(self._state.funding_indices, "funding_indices of the state")
        self.prices = _table(self._state.oracle_prices, "oracle_prices of the state")
        self.row_ids = sorted(self.configured.keys() | self.prices.keys())
        self.minimum_expiration = integer(batch["minimum_expiration_timestamp"])
        self.new_system_time = integer(batch["new_system_time"])
        self._bounds = [self._signed_list(batch, name) for name in ("signed_min_prices", "signed_max_prices")]
        self.transactions = [_transaction(place, document) for place, document in enumerate(batch["transactions"])]
        self._positions: dict[PositionId, Any] = {}
        self._used: dict[OrderId, Used] = dict(self._state.orders or {})

    # Configuration and state.

    @staticmethod
    def write_chain(memory: Any, first_hash: Any, words: list[int]) -> None:
        """Words and their number, as second inputs of consecutive hashes."""
        for place, word in enumerate([*words, len(words)]):
            memory[first_hash + 3 * place + 1] = word

    @staticmethod
    def segment_cells(asset: SyntheticAsset) -> list[int]:
        """(bound, risk) of each segment, after one that ends before 0."""
        return [-1, 0, *(cell for segment in asset.risk_segments for cell in (segment.upper_bound, segment.risk))]

    def state_before(self) -> list[int]:
        """The shared state's words, without the size."""
        state, config = self._state, self.config
        if state.positions_root is None or state.orders_root is None:
            raise AdviceRefused("the state lacks a root")
        shared = SharedState(
            state.positions_root,
            config.positions_tree_height,
            state.orders_root,
            config.orders_tree_height,
            state.funding_indices,
            state.funding_timestamp,
            state.oracle_prices,
            state.system_time,
        )
        return shared.words()

    # The batch as a whole.

    def _signed_list(self, batch: Mapping[str, Any], name: str) -> dict[AssetId, SignedPrice]:
        entries = [unchecked(SignedPrice, document) for document in batch[name]]
        bounds = _table(((entry.asset_id, entry) for entry in entries), name)
        self._check_known(bounds, self.configured, name)
        return bounds

    @staticmethod
    def _check_known(found: Iterable[AssetId], known: Iterable[AssetId], what: str) -> None:
        unknown = [asset for asset in found if asset not in known]
        if unknown:
            raise AdviceRefused(f"{what} names {unknown[0]:#x}, which is not configured")

    def signed_bounds(self) -> list[int]:
        """(minimum, maximum) by row, 0 where nothing was signed."""
        return [
            bounds[asset].price if asset in bounds else MISSING_PRICE
            for asset in self.row_ids
            for bounds in self._bounds
        ]

    def signed_price(self, row: int, is_maximum: int) -> SignedPrice | None:
        return self._bounds[is_maximum].get(self.row_ids[row])

    # Transactions.

    def trades_in_a_row(self, n_left: int) -> list[Trade]:
        """Those with which the last `n_left` transactions begin."""
        rest = self.transactions[-n_left:]
        return list(takewhile(lambda transaction: isinstance(transaction, Trade), rest))

    def check_collateral(self, asset_id: CollateralId) -> None:
        if asset_id != self.config.collateral.asset_id:
            raise AdviceRefused(f"{asset_id:#x} is not the collateral")

    @staticmethod
    def load_signed(cells: Any, order: Signed) -> None:
        """The signature stays with the hint."""
        cells.public_key, cells.nonce, cells.expiration = order.public_key, order.nonce, order.expiration_timestamp

    @staticmethod
    def side(order: LimitOrder) -> int:
        """1 for a buyer, 0 for a seller."""
        if order.is_buying_synthetic not in (0, 1):
            raise AdviceRefused(f"is_buying_synthetic is {order.is_buying_synthetic}")
        return order.is_buying_synthetic

    @staticmethod
    def traded_asset(trade: Trade) -> AssetId:
        if trade.buy_order.synthetic_asset_id != trade.sell_order.synthetic_asset_id:
            raise AdviceRefused("the orders of a trade name different synthetic assets")
        return trade.buy_order.synthetic_asset_id

    def load_order(self, cells: Any, order: LimitOrder, is_buying: int) -> None:
        if self.side(order) != is_buying:
            raise AdviceRefused(f"an order is on the wrong side: is_buying_synthetic {order.is_buying_synthetic}")
        self.check_collateral(order.collateral_asset_id)
        self.load_signed(cells.signed, order)
        cells.amount_synthetic, cells.amount_collateral = order.amount_synthetic, order.amount_collateral
        cells.amount_fee, cells.position_id = order.amount_fee, order.position_id
        if any(flag not in (0, 1) for flag in (order.reduce_only, order.fill_or_kill)):
            raise AdviceRefused(f"flags are 0 or 1, not {order.reduce_only} and {order.fill_or_kill}")
        cells.flags = order.flags()

    # Ticks.

    def tick_indices(self, tick: FundingTick) -> list[int]:
        """By row."""
        indices = _table(tick.funding_indices, "funding_indices of a tick")
        self._check_known(indices, self.row_ids, "funding_indices of a tick")
        return [indices[asset] + BALANCE_BIAS if asset in indices else MISSING_INDEX for asset in self.row_ids]

    def ticked_prices(self, tick: OracleTick) -> dict[AssetId, Price]:
        prices = _table(tick.prices, "prices of a tick")
        self._check_known(prices, self.row_ids, "prices of a tick")
        return prices

    # Positions and orders.

    def position(self, position_id: PositionId, segments: Any) -> Any:
        """Where the position stands in memory."""
        if position_id not in self._positions:
            cells = self._claimed_position(self._state.positions.get(position_id, NOBODY), segments)
            self._positions[position_id] = segments.gen_arg(cells)
        return self._positions[position_id]

    def _claimed_position(self, position: PositionDocument, segments: Any) -> list[Any]:
        """Key, collateral, number of assets, assets, and no market."""
        assets = segments.add()
        cells: list[Any] = []
        for asset in position.assets:
            if asset.asset_id not in self.row_ids:
                raise AdviceRefused(f"a position holds {asset.asset_id:#x}, which has no configuration and no price")
            row, index = self.row_ids.index(asset.asset_id), asset.cached_funding_index + BALANCE_BIAS
            cells += [row, asset.balance % self._prime, 0, 0, index % self._prime, assets + len(cells) + ASSET_SIZE]
        segments.load_data(assets, cells)
        collateral = position.collateral_balance % self._prime
        return [position.public_key, collateral, len(position.assets), assets, 0, 0, 0]

    def store_position(self, position_id: PositionId, place: Any) -> None:
        self._positions[position_id] = place

    @staticmethod
    def check_success(position_id: PositionId, code: int) -> None:
        if code != Code.SUCCESS:
            raise AdviceRefused(f"position {position_id}: {Code(code).name}")

    def order_used(self, order_id: OrderId) -> Used:
        return self._used.get(order_id, Used(0))

    def use_order(self, order_id: OrderId, amount: int) -> None:
        self._used[order_id] = Used(self.order_used(order_id) + amount)

    def preimage(self, node: int) -> tuple[int, int] | None:
        return self._preimage.get(node)


class TreeAdvice:
    """The union of the touched paths in the tree before, in the order in which the program climbs it.

    Each path begins at a leaf or where two meet, and is given by the siblings on its way up.
    """

    def __init__(
        self, advice: Advice, leaves: list[tuple[int, int]], height: int, root: int, empty_roots: list[int]
    ) -> None:
        """leaves: (key, leaf before), keys ascending; empty_roots by height."""
        self._advice, self._empty = advice, empty_roots
        self._begins: deque[int] = deque()  # the level where each path begins
        self._empty_turns: deque[list[int]] = deque()  # of each leaf, as far as its surroundings are empty
        self._siblings: deque[int] = deque()
        self._climb_to(height, root, leaves)

    def choices(self) -> list[tuple[int, int]]:
        """Those of the next leaf's climb through its empty surroundings."""
        return empty_climb.choices(self._empty_turns.popleft())

    def begins_with_branch(self) -> bool:
        """Whether the next path does."""
        if self._begins[0] == 0:
            self._begins.popleft()
            return False
        return True

    def branch_level(self) -> int:
        return self._begins.popleft()

    def sibling(self) -> int:
        return self._siblings.popleft()

    def _climb_to(self, height: int, node: int, leaves: list[tuple[int, int]]) -> None:
        siblings, level = [], height
        while level:
            right = [leaf for leaf in leaves if leaf[0] >> level - 1 & 1]
            children = self._children(node, level)
            if right and len(right) < len(leaves):
                break
            turn = int(bool(right))
            siblings.append(children[1 - turn])
            node, level = children[turn], level - 1
        siblings.reverse()
        if level:
            self._begins.append(level)
            left = [leaf for leaf in leaves if not leaf[0] >> level - 1 & 1]
            self._climb_to(level - 1, children[0], left)
            self._climb_to(level - 1, children[1], right)
            self._siblings += siblings
            return
        if node != leaves[0][1]:
            raise AdviceRefused(f"leaf {leaves[0][0]} of a tree is not what the state says it holds")
        self._begins.append(0)
        n_empty = self._empty_levels(leaves[0], siblings)
        self._empty_turns.append([leaves[0][0] >> level & 1 for level in range(n_empty)])
        self._siblings += siblings[n_empty:]

    def _empty_levels(self, leaf: tuple[int, int], siblings: list[int]) -> int:
        """How many levels above this leaf are climbed as empty ones."""
        if leaf[1] != self._empty[0]:
            return 0
        pairs = enumerate(zip(siblings, self._empty, strict=False))
        n_empty = next((level for level, (sibling, empty) in pairs if sibling != empty), len(siblings))
        return max(level for level in empty_climb.EXITS if level <= n_empty)

    def _children(self, node: int, level: int) -> tuple[int, int]:
        if node == self._empty[level]:
            return self._empty[level - 1], self._empty[level - 1]
        children = self._advice.preimage(node)
        if children is None:
            raise AdviceRefused(f"the advice lacks the children of node {node:#x}")
        return children


def _transaction(place: int, document: Mapping[str, Any]) -> Any:
    kind = TRANSACTION_KINDS.get(document["type"])
    if kind is None:
        raise AdviceRefused(f"transaction {place} is of no known type: {document['type']!r}")
    return unchecked(kind, document)


def _table(pairs: Iterable[tuple[AssetId, Entry]], what: str) -> dict[AssetId, Entry]:
    """By asset id, ids ascending."""
    table = list(pairs)
    if any(first >= second for (first, _), (second, _) in pairwise(table)):
        raise AdviceRefused(f"{what} do not ascend by asset id")
    return dict(table)

"""What the program's hints read from its input, in the order in which the program asks.

The input is one JSON document: `config`, `prev_state`, `batch` and `advice` (docs/program.md). Nothing here is trusted:
the program proves whatever matters. What it does refuse, on top, are inputs that say more than the program looks at,
such as a tick's list that does not ascend.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass
from typing import Any

from prover.applications.perpetual.program import empty_climb

CONFIG_VERSION = int.from_bytes(b"PerpetualConfig1", "big")
BIAS = 1 << 63
MISSING_INDEX = -1
MISSING_PRICE = 0
ASSET_SIZE = 6
"""Cells of an asset in a position: row, balance, two that loops use, cached index, next."""

KINDS = {
    "deposit": 0,
    "forced_trade": 1,
    "forced_withdrawal": 2,
    "funding": 3,
    "oracle": 4,
    "trade": 5,
    "transfer": 6,
    "liquidate": 7,
    "withdrawal": 8,
    "deleverage": 9,
    "cond_transfer": 10,
}
ERROR_NAMES = {
    1: "ILLEGAL_POSITION_TRANSITION_ENLARGING_SYNTHETIC_HOLDINGS",
    2: "ILLEGAL_POSITION_TRANSITION_NO_RISK_REDUCED_VALUE",
    3: "ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO",
    10: "INVALID_PUBLIC_KEY",
    12: "MISSING_GLOBAL_FUNDING_INDEX",
    13: "MISSING_ORACLE_PRICE",
    16: "OUT_OF_RANGE_BALANCE",
    19: "OUT_OF_RANGE_TOTAL_RISK",
    20: "OUT_OF_RANGE_TOTAL_VALUE",
    22: "TOO_MANY_SYNTHETIC_ASSETS_IN_POSITION",
}


class AdviceRefused(ValueError):
    """The input cannot be a batch's: it names what is wrong."""


def number(word: Any) -> int:
    """0x-hex or decimal, signed."""
    return int(str(word), 0)


@dataclass(frozen=True)
class AssetConfig:
    """One synthetic asset, in numbers."""

    asset_id: int
    resolution: int
    segments: tuple[tuple[int, int], ...]
    signed_ids: tuple[int, ...]
    quorum: int
    signers: tuple[int, ...]

    @staticmethod
    def read(document: dict[str, Any]) -> AssetConfig:
        return AssetConfig(
            number(document["asset_id"]),
            number(document["resolution"]),
            tuple((number(s["upper_bound"]), number(s["risk"])) for s in document["risk_segments"]),
            tuple(map(number, document["oracle_price_signed_asset_ids"])),
            number(document["oracle_price_quorum"]),
            tuple(map(number, document["oracle_price_signers"])),
        )

    def words(self) -> list[int]:
        """As hashed (docs/spec/perpetual-state.md 4.3), without the length."""
        packed = [bound * 2**32 + risk for bound, risk in self.segments]
        head = [self.asset_id, self.resolution, len(packed), *packed]
        return [*head, len(self.signed_ids), *self.signed_ids, self.quorum, len(self.signers), *self.signers]

    def segment_cells(self) -> list[int]:
        """(bound, risk) of each segment, after one that ends before 0."""
        return [-1, 0, *(number for segment in self.segments for number in segment)]


@dataclass(frozen=True)
class PriceSignature:
    signer: int
    external_price: int
    timestamp: int
    signed_asset_id: int
    r: int
    s: int


@dataclass(frozen=True)
class SignedPrice:
    """One entry of the signed minima or maxima, and whose signatures count for it."""

    price: int
    signatures: tuple[PriceSignature, ...]
    signers: tuple[int, ...]
    signed_ids: tuple[int, ...]


class Advice:
    """The input, and how far the run has come in it."""

    def __init__(self, program_input: dict[str, Any], prime: int) -> None:
        self._prime = prime
        self._config, self._state = program_input["config"], program_input["prev_state"]
        self._batch = program_input["batch"]
        self._preimage = {
            number(node): (number(left), number(right))
            for node, (left, right) in program_input["advice"]["preimage"].items()
        }
        self.assets = [AssetConfig.read(asset) for asset in self._config["synthetic_assets"]]
        self.indices = _pairs(self._state["funding_indices"], "funding_indices of the state")
        self.prices = _pairs(self._state["oracle_prices"], "oracle_prices of the state")
        self.row_ids = sorted({asset.asset_id for asset in self.assets} | set(self.prices))
        self._configured = {asset.asset_id: asset for asset in self.assets}
        self._assets_left = deque(self.assets)
        self._positions: dict[int, Any] = {}
        self._used: dict[int, int] = {number(key): number(used) for key, used in self._state["orders"].items()}
        self._next = 0
        self.transaction: dict[str, Any] = {}
        self._signature = (0, 0)
        self._order = self._fee = ""
        self.condition_field = "condition"
        self._bounds = [self._signed_list("signed_min_prices"), self._signed_list("signed_max_prices")]

    # Configuration and state.

    def general_config(self) -> list[int]:
        c = self._config
        return [
            CONFIG_VERSION,
            number(c["max_funding_rate"]),
            number(c["collateral"]["asset_id"]),
            number(c["collateral"]["resolution"]),
            number(c["fee_position"]["position_id"]),
            number(c["fee_position"]["public_key"]),
            number(c["positions_tree_height"]),
            number(c["orders_tree_height"]),
            number(c["price_validity_period"]),
            number(c["funding_validity_period"]),
            number(c["data_availability_mode"]),
            number(c["is_risk_by_balance_only"]),
        ]

    @staticmethod
    def write_chain(memory: Any, first_hash: Any, words: list[int]) -> None:
        """Words and their number, as second inputs of consecutive hashes."""
        for place, word in enumerate([*words, len(words)]):
            memory[first_hash + 3 * place + 1] = word

    def n_assets(self) -> int:
        return len(self.assets)

    def n_rows(self) -> int:
        return len(self.row_ids)

    def row_is_configured(self, n_left: int) -> bool:
        return self.row_ids[-n_left] in self._configured

    def next_asset(self) -> AssetConfig:
        return self._assets_left.popleft()

    def has_index(self, asset_id: int) -> bool:
        return asset_id in self.indices

    def has_price(self, asset_id: int) -> bool:
        return asset_id in self.prices

    def state_before(self) -> list[int]:
        """The shared state's words, without the size. Heights are the configuration's unless the state has its own."""
        state, config = self._state, self._config
        indices = [word for asset, index in self.indices.items() for word in (asset, index + BIAS)]
        prices = [word for entry in self.prices.items() for word in entry]
        return [
            number(state["positions_root"]),
            number(state.get("positions_tree_height", config["positions_tree_height"])),
            number(state["orders_root"]),
            number(state.get("orders_tree_height", config["orders_tree_height"])),
            len(self.indices),
            *indices,
            number(state["funding_timestamp"]),
            len(self.prices),
            *prices,
            number(state["system_time"]),
        ]

    # The batch as a whole.

    def minimum_expiration(self) -> int:
        return number(self._batch["minimum_expiration_timestamp"])

    def new_system_time(self) -> int:
        return number(self._batch["new_system_time"])

    def _signed_list(self, name: str) -> dict[int, SignedPrice]:
        entries = self._batch[name]
        ids = [number(entry["asset_id"]) for entry in entries]
        if ids != sorted(set(ids)):
            raise AdviceRefused(f"{name} does not ascend by asset id")
        unknown = [asset for asset in ids if asset not in self._configured]
        if unknown:
            raise AdviceRefused(f"{name} names {unknown[0]:#x}, which is not configured")
        return {
            asset: SignedPrice(
                number(entry["price"]),
                tuple(_price_signature(signature) for signature in entry["signatures"]),
                self._configured[asset].signers,
                self._configured[asset].signed_ids,
            )
            for asset, entry in zip(ids, entries, strict=True)
        }

    def signed_bounds(self) -> list[int]:
        """(minimum, maximum) by row, 0 where nothing was signed."""
        cells = []
        for asset in self.row_ids:
            cells += [bounds[asset].price if asset in bounds else MISSING_PRICE for bounds in self._bounds]
        return cells

    def signed_price(self, row: int, is_maximum: int) -> SignedPrice | None:
        return self._bounds[is_maximum].get(self.row_ids[row])

    # Transactions.

    def n_transactions(self) -> int:
        return len(self._batch["transactions"])

    def next_transaction(self) -> int:
        self.transaction = self._batch["transactions"][self._next]
        self._next += 1
        kind = self.transaction["type"]
        if kind not in KINDS:
            raise AdviceRefused(f"transaction {self._next - 1} is of no known type: {kind!r}")
        return KINDS[kind]

    def trades_in_a_row(self) -> int:
        """How many trades follow, from the current transaction on, which is asked for again."""
        self._next -= 1
        rest = self._batch["transactions"][self._next :]
        return next((place for place, one in enumerate(rest) if one["type"] != "trade"), len(rest))

    def felt(self, name: str) -> int:
        return number(self.transaction[name]) % self._prime

    def bit(self, name: str) -> int:
        return int(number(self.transaction[name]) != 0)

    def check_collateral(self, name: str) -> None:
        self._check_collateral(self.transaction, name)

    def _check_collateral(self, document: dict[str, Any], name: str) -> None:
        if number(document[name]) != number(self._config["collateral"]["asset_id"]):
            raise AdviceRefused(f"{name} {document[name]} is not the collateral")

    def load_signed(self, signed: Any, document: dict[str, Any]) -> None:
        signed.public_key = number(document["public_key"])
        signed.nonce = number(document["nonce"])
        signed.expiration = number(document["expiration_timestamp"])
        self._signature = number(document["signature_r"]), number(document["signature_s"])

    def signature(self) -> tuple[int, int]:
        return self._signature

    def is_buying(self, name: str) -> int:
        """An order's side: 0 or 1."""
        flag = number(self.transaction[name]["is_buying_synthetic"])
        if flag not in (0, 1):
            raise AdviceRefused(f"{name} has is_buying_synthetic {flag}")
        return flag

    def trade_asset(self) -> int:
        """The one synthetic asset of the transaction's orders."""
        orders = [self.transaction[name] for name in self.transaction if name.endswith("_order")]
        found = {number(order["synthetic_asset_id"]) for order in orders}
        if len(found) != 1:
            raise AdviceRefused("the orders of a trade name different synthetic assets")
        return found.pop()

    def next_order(self, name: str, fee: str) -> None:
        """The order that is asked for next, and the field that names its fee."""
        self._order, self._fee = name, fee

    def order_fee(self) -> int:
        return self.felt(self._fee)

    def load_order(self, order: Any, is_buying: int) -> None:
        document = self.transaction[self._order]
        if self.is_buying(self._order) != is_buying:
            flag = document["is_buying_synthetic"]
            raise AdviceRefused(f"{self._order} is on the wrong side: is_buying_synthetic {flag}")
        self._check_collateral(document, "collateral_asset_id")
        self.load_signed(order.signed, document)
        order.amount_synthetic = number(document["amount_synthetic"])
        order.amount_collateral = number(document["amount_collateral"])
        order.amount_fee = number(document["amount_fee"])
        order.position_id = number(document.get("position_id", document.get("liquidated_position_id")))

    # Ticks.

    def _tick_list(self, name: str) -> dict[int, int]:
        entries = _pairs(self.transaction[name], f"{name} of a tick")
        unknown = [asset for asset in entries if asset not in self.row_ids]
        if unknown:
            raise AdviceRefused(f"{name} of a tick names {unknown[0]:#x}, which is not configured")
        return entries

    def tick_indices(self) -> list[int]:
        self.indices = self._tick_list("funding_indices")
        return [self.indices[asset] + BIAS if asset in self.indices else MISSING_INDEX for asset in self.row_ids]

    def tick_prices(self) -> list[int]:
        self._ticked = self._tick_list("prices")
        self.prices = {**self.prices, **self._ticked}
        return [self.prices.get(asset, MISSING_PRICE) for asset in self.row_ids]

    def is_ticked(self, n_left: int) -> bool:
        return self.row_ids[-n_left] in self._ticked

    # Positions and orders.

    def position(self, position_id: int, segments: Any) -> Any:
        """Where the position stands in memory."""
        if position_id not in self._positions:
            cells = self._claimed_position(self._state["positions"].get(str(position_id)), segments)
            self._positions[position_id] = segments.gen_arg(cells)
        return self._positions[position_id]

    def _claimed_position(self, document: dict[str, Any] | None, segments: Any) -> list[Any]:
        """Key, collateral, number of assets, assets, and no market."""
        document = document or {"public_key": "0", "collateral_balance": "0", "assets": []}
        assets = segments.add()
        cells = []
        for asset in document["assets"]:
            asset_id = number(asset["asset_id"])
            row = bisect_left(self.row_ids, asset_id)
            if asset_id not in self.row_ids:
                raise AdviceRefused(f"a position holds {asset_id:#x}, which has no configuration and no price")
            balance, index = number(asset["balance"]) % self._prime, number(asset["cached_funding_index"]) + BIAS
            cells += [row, balance, 0, 0, index % self._prime, assets + len(cells) + ASSET_SIZE]
        segments.load_data(assets, cells)
        collateral = number(document["collateral_balance"])
        return [number(document["public_key"]), collateral % self._prime, len(document["assets"]), assets, 0, 0, 0]

    def store_position(self, position_id: int, place: Any) -> None:
        self._positions[position_id] = place

    def check_success(self, position_id: int, code: int) -> None:
        if code:
            raise AdviceRefused(f"position {position_id}: {ERROR_NAMES[code]}")

    def order_used(self, order_id: int) -> int:
        return self._used.get(order_id, 0)

    def use_order(self, order_id: int, amount: int) -> None:
        self._used[order_id] = self.order_used(order_id) + amount

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


def _pairs(entries: list[list[str]], what: str) -> dict[int, int]:
    """(asset id, number) pairs, ids ascending."""
    numbers = [(number(asset), number(value)) for asset, value in entries]
    ids = [asset for asset, _ in numbers]
    if ids != sorted(set(ids)):
        raise AdviceRefused(f"{what} do not ascend by asset id")
    return dict(numbers)


def _price_signature(document: dict[str, Any]) -> PriceSignature:
    return PriceSignature(
        number(document["signer_key"]),
        number(document["external_price"]),
        number(document["timestamp"]),
        number(document["signed_asset_id"]),
        number(document["r"]),
        number(document["s"]),
    )

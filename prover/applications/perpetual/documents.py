"""States and batches as JSON files, checked before anything runs (the form of `tests/vectors/perpetual_batches.json`).

A `Case` is a configuration, a state and a batch, with what is expected of it where that is known.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError, model_validator

from prover.applications.ledger.fields import AssetIdField, Document, Felt, HoursField, KeyField, SecondsField
from prover.applications.perpetual.batch import Batch, apply_batch
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.errors import BatchRefused, InputRefused
from prover.applications.perpetual.fields import (
    BALANCE_BIAS,
    MAX_ASSETS_IN_POSITION,
    CollateralBalanceField,
    FundingIndexField,
    IndicesField,
    OrderIdField,
    PositionIdField,
    PricesField,
    SyntheticBalanceField,
    UsedField,
    sorted_by_asset,
)
from prover.applications.perpetual.positions import EMPTY, Asset, Position
from prover.applications.perpetual.program_input import batch_json, position_json, program_input, state_head_json
from prover.applications.perpetual.state import SharedState, State
from prover.applications.perpetual.transactions import SignedPrice, Transaction

MAX_TREE_HEIGHT = 64


def _is_holding(balance: int) -> int:
    if balance in (0, -BALANCE_BIAS):
        raise ValueError(f"a holding is never {balance}")
    return balance


class AssetDocument(Document):
    asset_id: AssetIdField
    balance: Annotated[SyntheticBalanceField, AfterValidator(_is_holding)]
    cached_funding_index: FundingIndexField


class PositionDocument(Document):
    public_key: KeyField
    collateral_balance: CollateralBalanceField
    assets: Annotated[tuple[AssetDocument, ...], Field(max_length=MAX_ASSETS_IN_POSITION), sorted_by_asset] = ()
    leaf: Felt | None = Field(None, description="checked where it is given")

    def position(self) -> Position:
        assets = (Asset(asset.asset_id, asset.balance, asset.cached_funding_index) for asset in self.assets)
        return Position(self.public_key, self.collateral_balance, tuple(assets))

    @model_validator(mode="after")
    def _check(self) -> PositionDocument:
        position = self.position()
        if (position.public_key == 0 or not (position.collateral_balance or position.assets)) and position != EMPTY:
            raise ValueError("a position with key 0 is empty, and an empty one has key 0")
        return self


TreeHeight = Annotated[int | None, Field(ge=1, le=MAX_TREE_HEIGHT, exclude_if=lambda height: height is None)]


class StateDocument(Document):
    """A state. The roots are made anew from positions and orders, and compared where they are given.

    `orders` may be left out where `orders_root` is given: positions and words are all that an escape takes, and a
    rollup publishes no more. The heights of the trees are the configuration's; where that is not known they are given.
    """

    positions: dict[PositionIdField, PositionDocument] = Field(default_factory=dict)
    orders: dict[OrderIdField, UsedField] | None = Field(None, exclude_if=lambda orders: orders is None)
    funding_indices: IndicesField = ()
    funding_timestamp: SecondsField
    oracle_prices: PricesField = ()
    system_time: SecondsField
    positions_root: Felt | None = None
    orders_root: Felt | None = None
    positions_height: TreeHeight = None
    orders_height: TreeHeight = None

    @staticmethod
    def of(state: State) -> StateDocument:
        """With the orders, if the state knows them."""
        positions = {str(key): position_json(position) for key, position in sorted(state.positions.items())}
        orders = {str(key): str(amount) for key, amount in sorted(state.orders.items())} if state.knows_orders else None
        return StateDocument.model_validate({"positions": positions, "orders": orders, **state_head_json(state)})

    @model_validator(mode="after")
    def _every_holding_is_priced(self) -> StateDocument:
        indices, prices = dict(self.funding_indices), dict(self.oracle_prices)
        for position_id, position in self.positions.items():
            for asset in position.assets:
                for name, known in (("oracle_prices", prices), ("funding_indices", indices)):
                    if asset.asset_id not in known:
                        raise ValueError(f"{name}: position {position_id} holds {asset.asset_id:#x}, which is missing")
        return self

    @staticmethod
    def without_config(state: State) -> StateDocument:
        """For who knows of the configuration only what the state's words say."""
        heights = {"positions_height": state.tree.height, "orders_height": state.orders_tree.height}
        return StateDocument.of(state).model_copy(update=heights)

    def known(self) -> State:
        """By its own roots and heights, without a configuration. Raises InputRefused."""
        needed = ("positions_root", "orders_root", "positions_height", "orders_height")
        given = {name: getattr(self, name) for name in needed}
        for name, value in given.items():
            if value is None:
                raise InputRefused(f"state.{name}: a state without a configuration needs it")
        words = (self.funding_indices, self.funding_timestamp, self.oracle_prices, self.system_time)
        shared = SharedState(
            given["positions_root"], given["positions_height"], given["orders_root"], given["orders_height"], *words
        )
        try:
            return State.known({key: document.position() for key, document in self.positions.items()}, shared)
        except ValueError as error:
            raise InputRefused(f"state.positions: {error}") from error

    def state(self, config: GeneralConfig) -> State:
        """Raises InputRefused where the state does not fit the configuration or its own roots."""
        configured = {asset.asset_id for asset in config.synthetic_assets}
        for position_id, document in self.positions.items():
            for asset in document.assets:
                if asset.asset_id not in configured:
                    detail = f"position {position_id} holds {asset.asset_id:#x}, which is not configured"
                    raise InputRefused(f"config.synthetic_assets: {detail}")
        positions = {key: document.position() for key, document in self.positions.items()}
        try:
            state = State.of(
                config,
                positions,
                self.orders or {},
                self.funding_indices,
                self.funding_timestamp,
                self.oracle_prices,
                self.system_time,
            )
        except ValueError as error:
            raise InputRefused(f"prev_state: {error}") from error
        if self.orders is None and self.orders_root is not None:
            state = state.sealed(self.orders_root)
        self._check_roots(state)
        return state

    def _check_roots(self, state: State) -> None:
        for position_id, document in self.positions.items():
            if document.leaf is not None and document.leaf != state.tree.leaf(position_id):
                raise InputRefused(f"prev_state.positions.{position_id}.leaf: the position hashes to another leaf")
        for name, given, found in (
            ("positions_root", self.positions_root, state.tree.root),
            ("orders_root", self.orders_root, state.orders_root),
        ):
            if given is not None and given != found:
                raise InputRefused(f"prev_state.{name}: {given:#x} is given, {name.split('_')[0]} have {found:#x}")


class BatchDocument(Document):
    minimum_expiration_timestamp: HoursField
    signed_min_prices: tuple[SignedPrice, ...] = ()
    signed_max_prices: tuple[SignedPrice, ...] = ()
    new_system_time: SecondsField | None = Field(None, description="checked where it is given")
    transactions: tuple[Transaction, ...]


class Expected(Document):
    """What a case is known to give. The program's resources and the reasons are for readers."""

    provable: bool
    positions_root: Felt | None = None
    orders_root: Felt | None = None
    output_words: tuple[Felt, ...] | None = None
    touched_positions: dict[PositionIdField, PositionDocument] | None = None
    touched_orders: dict[OrderIdField, UsedField] | None = None
    reason: Any = None
    error_codes: tuple[int, ...] | None = None
    resources: dict[str, int] | None = None


class Case(Document):
    name: str = ""
    note: str = ""
    config: GeneralConfig
    prev_state: StateDocument
    batch: BatchDocument
    expected: Expected | None = Field(None, exclude_if=lambda expected: expected is None)

    @staticmethod
    def parsed(document: Any) -> Case:
        """Raises InputRefused for the first fields that are wrong, each with its place and reason."""
        try:
            return Case.model_validate(document)
        except ValidationError as error:
            raise InputRefused(reasons(error)) from error

    @staticmethod
    def read(path: Path) -> Case:
        try:
            document = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise InputRefused(f"{path} is not JSON: {error}") from error
        return Case.parsed(document)

    @staticmethod
    def of(batch: Batch, name: str = "") -> Case:
        """The batch as it can be replayed."""
        config = batch.config.model_dump(mode="json")
        state = StateDocument.of(batch.before).model_dump(mode="json")
        document = batch_json(
            batch.transactions,
            batch.minimum_expiration_timestamp,
            batch.signed_min_prices,
            batch.signed_max_prices,
            batch.after.system_time,
        )
        return Case.parsed({"name": name, "config": config, "prev_state": state, "batch": document})

    def program_input(self) -> dict[str, Any]:
        """Also of a batch that the rules refuse. Raises InputRefused."""
        state, batch = self.prev_state.state(self.config), self.batch
        return program_input(
            self.config,
            state,
            batch.transactions,
            batch.minimum_expiration_timestamp,
            batch.signed_min_prices,
            batch.signed_max_prices,
        )

    def apply(self) -> Batch:
        """Raises InputRefused or RuleBroken."""
        state = self.prev_state.state(self.config)
        batch = apply_batch(
            self.config,
            state,
            self.batch.transactions,
            self.batch.minimum_expiration_timestamp,
            self.batch.signed_min_prices,
            self.batch.signed_max_prices,
        )
        given = self.batch.new_system_time
        if given not in (None, batch.after.system_time):
            detail = f"new_system_time is {given}, the last tick is at {batch.after.system_time}"
            raise BatchRefused("NEW_SYSTEM_TIME", detail)
        return batch


def reasons(error: ValidationError) -> str:
    """One line: the first three faults, each as `place: reason`."""
    faults = [
        f"{'.'.join(str(part) for part in fault['loc']) or 'file'}: {fault['msg'].removeprefix('Value error, ')}"
        for fault in error.errors()
    ]
    more = f" (and {len(faults) - 3} more)" if len(faults) > 3 else ""
    return "; ".join(faults[:3]) + more

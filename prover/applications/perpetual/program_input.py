"""The input of the Cairo program: configuration, what a batch touches, the batch, and nodes of the old trees.

It does not depend on what the batch gives, so a batch that the rules refuse has one too: the program must refuse it
by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from prover.applications.ledger.units import Hours, Seconds
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.positions import Position
from prover.applications.perpetual.state import SharedState, State
from prover.applications.perpetual.transactions import (
    FundingTick,
    LimitOrder,
    OracleTick,
    SignedPrice,
    Transaction,
)
from prover.applications.perpetual.units import OrderId, PositionId

Id = TypeVar("Id", PositionId, OrderId)


def touched_positions(config: GeneralConfig, transactions: Sequence[Transaction]) -> list[PositionId]:
    """Every position that the transactions read or change, ascending; each limit order touches the fee position."""
    ids: set[PositionId] = set()
    for transaction in transactions:
        ids.update(transaction.position_ids())
        if any(isinstance(order, LimitOrder) for order in transaction.signed_orders()):
            ids.add(config.fee_position.position_id)
    return sorted(ids)


def touched_orders(config: GeneralConfig, transactions: Sequence[Transaction]) -> list[OrderId]:
    """The ids of all signed orders, ascending."""
    collateral = config.collateral.asset_id
    orders = [order for transaction in transactions for order in transaction.signed_orders()]
    return sorted({order.order_id(collateral) for order in orders})


def program_input(
    config: GeneralConfig,
    state: State,
    transactions: Sequence[Transaction],
    minimum_expiration_timestamp: Hours,
    signed_min_prices: Sequence[SignedPrice],
    signed_max_prices: Sequence[SignedPrice],
) -> dict[str, Any]:
    """JSON for the program's hints. Ids outside the trees are left out: nothing can be told of them.

    Raises InputRefused where orders are signed and the state does not know how much of them is used.
    """
    positions = _inside(touched_positions(config, transactions), state.tree.height)
    orders = _inside(touched_orders(config, transactions), state.orders_tree.height)
    used = {str(key): str(state.used(key)) for key in orders}
    nodes = state.tree.touched_nodes(positions) | state.orders_tree.touched_nodes(orders)
    return {
        "config": config.model_dump(mode="json"),
        "prev_state": {
            "positions": {str(key): position_json(state.position(key)) for key in positions},
            "orders": used,
            **state_head_json(state),
        },
        "batch": batch_json(
            transactions,
            minimum_expiration_timestamp,
            signed_min_prices,
            signed_max_prices,
            new_system_time(state, transactions),
        ),
        "advice": {"preimage": {hex(node): [hex(left), hex(right)] for node, (left, right) in nodes.items()}},
    }


def _inside(ids: Sequence[Id], height: int) -> list[Id]:
    return [number for number in ids if number >> height == 0]


def new_system_time(state: State, transactions: Sequence[Transaction]) -> Seconds:
    """The time that the batch ends with: the last tick's."""
    times = [tick.timestamp for tick in transactions if isinstance(tick, FundingTick | OracleTick)]
    return times[-1] if times else state.system_time


def batch_json(
    transactions: Sequence[Transaction],
    minimum_expiration_timestamp: Hours,
    signed_min_prices: Sequence[SignedPrice],
    signed_max_prices: Sequence[SignedPrice],
    system_time: Seconds,
) -> dict[str, Any]:
    return {
        "minimum_expiration_timestamp": str(minimum_expiration_timestamp),
        "signed_min_prices": [price.model_dump(mode="json") for price in signed_min_prices],
        "signed_max_prices": [price.model_dump(mode="json") for price in signed_max_prices],
        "new_system_time": str(system_time),
        "transactions": [transaction.model_dump(mode="json") for transaction in transactions],
    }


def position_json(position: Position) -> dict[str, Any]:
    return {
        "public_key": hex(position.public_key),
        "collateral_balance": str(position.collateral_balance),
        "assets": [
            {
                "asset_id": hex(asset.asset_id),
                "balance": str(asset.balance),
                "cached_funding_index": str(asset.cached_funding_index),
            }
            for asset in position.assets
        ],
    }


def state_head_json(state: State) -> dict[str, Any]:
    """A state without its positions and orders."""
    return shared_head_json(state.shared())


def shared_head_json(shared: SharedState) -> dict[str, Any]:
    """The same of its words."""
    return {
        "funding_indices": [[hex(asset_id), str(index)] for asset_id, index in shared.funding_indices],
        "funding_timestamp": str(shared.funding_timestamp),
        "oracle_prices": [[hex(asset_id), str(price)] for asset_id, price in shared.oracle_prices],
        "system_time": str(shared.system_time),
        "positions_root": hex(shared.positions_root),
        "orders_root": hex(shared.orders_root),
    }

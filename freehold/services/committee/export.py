"""The state's file that anybody leaves with, out of a member's books.

Positions, orders and roots are the member's own. Funding indices, prices and times are no part of what it vouches for:
they come from the chain's last update, which needs nobody's word, or are those that the gateway told, and then fit only
if they hash to what the chain has.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from freehold.errors import Refused
from freehold.services.committee.books import Books
from freehold.services.committee.tables import Batch
from prover.applications.ledger.units import CollateralId
from prover.applications.perpetual.errors import InputRefused
from prover.applications.perpetual.last_state import LastState
from prover.applications.perpetual.program_input import shared_head_json
from prover.applications.perpetual.state import SharedState


def batch_of_root(session: Session, positions_root: int) -> Batch:
    """The newest with this root of the positions. Raises Refused."""
    found = select(Batch).where(Batch.positions_root == positions_root).order_by(Batch.id.desc()).limit(1)
    batch = session.scalars(found).first()
    if batch is None:
        raise Refused(f"no batch here has the positions root {positions_root:064x}")
    return batch


def batch_of_id(session: Session, batch_id: int) -> Batch:
    """Raises Refused."""
    batch = session.get(Batch, batch_id)
    if batch is None:
        raise Refused(f"batch {batch_id} is not here")
    return batch


def told_state(batch: Batch) -> SharedState:
    """What the gateway said of it. Raises Refused."""
    if batch.words is None:
        raise Refused(f"nobody told the prices of batch {batch.id}: name a node and the exchange in [chain]")
    return SharedState.read(json.loads(batch.words))


def last_state(
    session: Session, batch: Batch, shared: SharedState, collateral: Callable[[], CollateralId]
) -> LastState:
    """`shared`: the words after the batch. Raises Refused where they are of another state. `collateral` is asked where
    the member does not know it."""
    books = Books(session)
    if (shared.positions_root, shared.orders_root) != (batch.positions_root, batch.orders_root):
        raise Refused(f"the words are not those of batch {batch.id}: they name other roots")
    state = {
        "positions": {str(key): _position(document) for key, document in books.positions(batch.id)},
        "orders": {str(key): str(used) for key, used in books.orders(batch.id)},
        **shared_head_json(shared),
    }
    if books.origin.config is not None:
        head: dict[str, Any] = {"config": json.loads(books.origin.config)}
    else:
        known = books.origin.collateral
        head = {"collateral_asset_id": hex(collateral() if known is None else known)}
        state |= {"positions_height": shared.positions_height, "orders_height": shared.orders_height}
    try:
        return LastState.checked({**head, "state": state})
    except InputRefused as error:
        raise Refused(f"batch {batch.id} makes no state's file: {error}") from error


def _position(document: Any) -> dict[str, Any]:
    """From the gateway's form to the file's."""
    assets = [{"asset_id": asset_id, **asset} for asset_id, asset in sorted(document["assets"].items())]
    return {**document, "assets": assets}

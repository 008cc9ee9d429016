"""The state that a member begins with: empty, or a state's file of an exchange that began elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from freehold.errors import Refused
from freehold.files import read_json
from freehold.services.base.batch_data import ROOT_BATCH
from freehold.services.base.store import Store
from freehold.services.committee.books import ORIGIN, Books
from freehold.services.committee.member import WORD, claim_for
from freehold.services.committee.tables import Batch, Origin
from prover.applications.ledger.units import CollateralId
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.errors import InputRefused
from prover.applications.perpetual.last_state import LastState
from prover.applications.perpetual.state import State


@dataclass(frozen=True)
class Beginning:
    """`batch` and `sequence_number` are those of the state, as the exchange has them: -1 and -1 before the first."""

    batch: int = ROOT_BATCH
    sequence_number: int = -1
    positions_height: int = 64
    orders_height: int = 64
    collateral: CollateralId | None = None
    config: GeneralConfig | None = None
    state: State | None = None

    @staticmethod
    def of_file(path: Path, batch: int, sequence_number: int) -> Beginning:
        """Raises Refused for what is no state, or one without its orders: no batch could be checked."""
        document = read_json(path)
        try:
            config, state = LastState.parsed(document)
        except InputRefused as error:
            raise Refused(f"{path} is no state to begin with: {error}") from error
        if not state.knows_orders:
            raise Refused(f"{path} is no state to begin with: it has no orders")
        heights = state.tree.height, state.orders_tree.height
        return Beginning(batch, sequence_number, *heights, config.collateral_asset_id, config, state)


def begin(store: Store, beginning: Beginning) -> None:
    """Makes the store. Raises Refused where it is an exchange's already."""
    store.migrate()
    with store.unit() as session:
        if session.get(Origin, ORIGIN) is not None:
            raise Refused(f"{store.engine.url} is a member's already")
        origin = Origin(
            id=ORIGIN,
            batch=beginning.batch,
            standing=beginning.batch,
            positions_height=beginning.positions_height,
            orders_height=beginning.orders_height,
            collateral=beginning.collateral,
            config=None if beginning.config is None else beginning.config.model_dump_json(),
        )
        session.add(origin)
        session.flush()
        state = beginning.state
        positions = {int(key): position for key, position in state.positions.items()} if state else {}
        orders = {int(key): int(used) for key, used in state.orders.items()} if state else {}
        batch = Batch(
            id=beginning.batch,
            previous=None,
            sequence_number=beginning.sequence_number,
            positions_root=0,
            orders_root=0,
            claim=bytes(32),
            words=None if state is None else str(state.words()).replace(" ", ""),
            received_at=0.0,
        )
        batch.positions_root, batch.orders_root = Books(session).add(batch, positions, orders)
        number = beginning.sequence_number % WORD
        batch.claim = claim_for(origin, batch.positions_root, batch.orders_root, number)

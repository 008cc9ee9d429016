"""What happens to the engine: its log is a list of these, and its state follows from the log.

Times are seconds and never go back. Who signed, and that they signed, was checked before an event is logged
(`signatures.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from prover.applications.ledger.fields import AssetIdField, SecondsField
from prover.applications.perpetual.fields import OrderIdField, PositionIdField
from prover.applications.perpetual.transactions import LimitOrder, Transaction


class TimeInForce(StrEnum):
    """Until `leaves_at`; what can be filled at once; all of it at once or nothing."""

    GTT = "GTT"
    IOC = "IOC"
    FOK = "FOK"


@dataclass(frozen=True, slots=True)
class Place:
    """A signed order comes in. `order_id` is its leaf, `leaves_at` counts for GTT alone.

    `reduce_only` is asked of the book; of version 2, an order may also sign for it.
    """

    time: SecondsField
    order: LimitOrder
    order_id: OrderIdField
    leaves_at: SecondsField
    time_in_force: TimeInForce = TimeInForce.GTT
    post_only: bool = False
    reduce_only: bool = False
    kind: Literal["place"] = "place"


@dataclass(frozen=True, slots=True)
class Cancel:
    """By the owner of the position."""

    time: SecondsField
    position_id: PositionIdField
    order_id: OrderIdField
    kind: Literal["cancel"] = "cancel"


@dataclass(frozen=True, slots=True)
class CancelAll:
    """Of one asset, or of all."""

    time: SecondsField
    position_id: PositionIdField
    asset_id: AssetIdField | None = None
    kind: Literal["cancel_all"] = "cancel_all"


@dataclass(frozen=True, slots=True)
class Execute:
    """Whatever else changes the exchange: deposits, withdrawals, transfers, forced requests, cancellations that are to
    be proven, ticks. What comes after it is matched upon what it leaves."""

    time: SecondsField
    transaction: Transaction
    kind: Literal["execute"] = "execute"


@dataclass(frozen=True, slots=True)
class SamplePremiums:
    """Of each book against its index."""

    time: SecondsField
    kind: Literal["sample_premiums"] = "sample_premiums"


@dataclass(frozen=True, slots=True)
class CloseFunding:
    """The samples so far make the funding rates."""

    time: SecondsField
    kind: Literal["close_funding"] = "close_funding"


@dataclass(frozen=True, slots=True)
class Pass:
    """Nothing but time: orders leave the book."""

    time: SecondsField
    kind: Literal["pass"] = "pass"


Event = Place | Cancel | CancelAll | Execute | SamplePremiums | CloseFunding | Pass
_ADAPTER: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])


def event_document(event: Event) -> dict[str, Any]:
    """JSON that `event_of` reads."""
    document: dict[str, Any] = _ADAPTER.dump_python(event, mode="json")
    return document


def event_of(document: object) -> Event:
    """Raises pydantic's ValidationError."""
    return _ADAPTER.validate_python(document)

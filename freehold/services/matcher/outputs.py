"""What the engine says to each event, in order. `Sent` alone leaves towards the operator; the rest is for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from prover.applications.ledger.units import AssetId, Hours
from prover.applications.perpetual.transactions import Transaction
from prover.applications.perpetual.units import CollateralQuanta, OrderId, PositionId, SyntheticQuanta

# --- why an order, a cancellation or a transaction is refused


@dataclass(frozen=True, slots=True)
class OrderKnown:
    """The same message was placed before; whatever became of it, it is not placed again."""


@dataclass(frozen=True, slots=True)
class OrderUnknown:
    """It is not in the book, or not of this position."""


@dataclass(frozen=True, slots=True)
class NoMarket:
    """No book of this asset, or the exchange has no price of it yet."""

    asset_id: AssetId


@dataclass(frozen=True, slots=True)
class NotWholeSteps:
    amount: SyntheticQuanta
    step: SyntheticQuanta


@dataclass(frozen=True, slots=True)
class BelowTick:
    """The limit is less than a tick a step."""

    amount_collateral: CollateralQuanta


@dataclass(frozen=True, slots=True)
class FeeTooLow:
    signed: CollateralQuanta
    least: CollateralQuanta


@dataclass(frozen=True, slots=True)
class ExpiresTooSoon:
    """The signature must outlive the book's order, so that a late batch can still prove its fills."""

    signed: Hours
    least: Hours


@dataclass(frozen=True, slots=True)
class AlreadyLeft:
    """`leaves_at` is not after the event's time."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Post-only and at once; a signed fill-or-kill that is not FOK."""

    what: str


@dataclass(frozen=True, slots=True)
class WrongKey:
    """The position answers to another key."""

    position_id: PositionId


@dataclass(frozen=True, slots=True)
class WouldTake:
    """Post-only, and the best order of the other side is at this price."""

    ticks: int


@dataclass(frozen=True, slots=True)
class NothingToReduce:
    """Reduce-only, by a position that holds this."""

    held: SyntheticQuanta


@dataclass(frozen=True, slots=True)
class MarginTooLow:
    """The worst that this and the position's other orders can come to: value beyond the required margin, before and
    after, rounded down."""

    before: CollateralQuanta
    after: CollateralQuanta


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """What the exchange's rules say of it."""

    rule: str
    detail: str


Refusal = (
    OrderKnown
    | OrderUnknown
    | NoMarket
    | NotWholeSteps
    | BelowTick
    | FeeTooLow
    | ExpiresTooSoon
    | AlreadyLeft
    | Contradiction
    | WrongKey
    | WouldTake
    | NothingToReduce
    | MarginTooLow
    | BrokenRule
)


class Reason(StrEnum):
    """Why an order that was accepted is no more."""

    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    AT_ONCE = "AT_ONCE"
    """IOC: the rest found nobody."""
    KILLED = "KILLED"
    """FOK: there was not enough."""
    SELF_TRADE = "SELF_TRADE"
    """A newer order of the same key met it."""
    REDUCED = "REDUCED"
    """Reduce-only: nothing is left that a fill could reduce."""
    RULES = "RULES"
    """The rules refused a fill because of its position, or of its side of it."""
    LIQUIDATED = "LIQUIDATED"


# --- outputs


@dataclass(frozen=True, slots=True)
class Refused:
    """`order_id` is None for what is no order."""

    order_id: OrderId | None
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Rested:
    """The order is in the book now, with so much left of it."""

    order_id: OrderId
    ticks: int
    left: SyntheticQuanta


@dataclass(frozen=True, slots=True)
class Filled:
    """Between two orders, at the resting one's price. The next output is its `Sent`."""

    asset_id: AssetId
    maker_id: OrderId
    taker_id: OrderId
    is_taker_buying: bool
    ticks: int
    synthetic: SyntheticQuanta
    collateral: CollateralQuanta
    maker_fee: CollateralQuanta
    taker_fee: CollateralQuanta


@dataclass(frozen=True, slots=True)
class Closed:
    order_id: OrderId
    reason: Reason
    left: SyntheticQuanta
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """For the operator, in the order of `number`, which has no gaps. The rules accepted it upon all before it.

    The order of a liquidation has no signature yet: whoever sends signs it with the fund's key.
    """

    number: int
    transaction: Transaction


@dataclass(frozen=True, slots=True)
class Liquidated:
    """The fund took this over; `collateral` is what the position got for it, negative where it paid."""

    position_id: PositionId
    asset_id: AssetId
    synthetic: SyntheticQuanta
    collateral: CollateralQuanta


@dataclass(frozen=True, slots=True)
class Deleveraged:
    """As `Liquidated`, by a position of the other side."""

    position_id: PositionId
    by: PositionId
    asset_id: AssetId
    synthetic: SyntheticQuanta
    collateral: CollateralQuanta


@dataclass(frozen=True, slots=True)
class LeftBelowMargin:
    """Neither the fund nor, of a bankrupt one, anybody else can take it over now."""

    position_id: PositionId
    asset_id: AssetId
    detail: str


@dataclass(frozen=True, slots=True)
class FundingRate:
    """0.32 of the price for each second, from so many samples; positive: the long pay."""

    asset_id: AssetId
    rate: int
    samples: int


Output = Refused | Rested | Filled | Closed | Sent | Liquidated | Deleveraged | LeftBelowMargin | FundingRate

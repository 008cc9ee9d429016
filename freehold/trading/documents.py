"""The objects of requests and answers, as clients of dYdX v3 write and read them.

Amounts and prices are decimal strings in people's units (one of the asset, one of collateral for one of it), times are
ISO 8601 in UTC with milliseconds, fees and rates are fractions. Requests take exactly these fields; a field that is
null or left out is the same. Answers may have more fields than a reader knows.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

LONGEST_CLIENT_ID, LONGEST_NUMBER = 40, 40
"""Letters."""


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"


class TimeInForce(StrEnum):
    """Good till a time; all of it at once or none; what can be had at once and no more."""

    GTT = "GTT"
    FOK = "FOK"
    IOC = "IOC"


class OrderStatus(StrEnum):
    """PENDING orders were taken and are not in the book yet; UNTRIGGERED ones wait for a price."""

    PENDING = "PENDING"
    OPEN = "OPEN"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    UNTRIGGERED = "UNTRIGGERED"


class Progress(StrEnum):
    """How far a settlement is: taken, in a batch, proven and on chain, or refused."""

    RECEIVED = "RECEIVED"
    PROCESSING = "PROCESSING"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"


def iso(seconds: float) -> str:
    """Of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_of(text: str) -> float:
    """Of an ISO time; without a zone it is UTC. Raises ValueError."""
    time = datetime.fromisoformat(text)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _decimal_text(value: object) -> object:
    """Clients write numbers as text, and some as JSON numbers."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _is_decimal(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError("takes a decimal number")
    return text


def _is_time(text: str) -> str:
    seconds_of(text)
    return text


Number = Annotated[str, BeforeValidator(_decimal_text), Field(max_length=LONGEST_NUMBER), AfterValidator(_is_decimal)]
Time = Annotated[str, AfterValidator(_is_time)]
ClientId = Annotated[str, Field(min_length=1, max_length=LONGEST_CLIENT_ID)]
Hex = Annotated[str, Field(pattern="^0x[0-9a-fA-F]+$", max_length=66)]


class _Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")


class Answered(_Camel):
    model_config = ConfigDict(extra="ignore")

    def document(self) -> dict[str, Any]:
        return self.model_dump(by_alias=True, mode="json")


# --- requests


class NewUser(_Camel):
    stark_key: Hex
    stark_key_y_coordinate: Hex
    referred_by_affiliate_link: str | None = None
    country: str | None = None


class NewOrder(_Camel):
    """`cancel_id`: an order of the same market that is taken back before this one is placed."""

    market: str
    side: Side
    type: str
    time_in_force: TimeInForce = TimeInForce.GTT
    size: Number
    price: Number
    limit_fee: Number
    expiration: Time
    post_only: bool = False
    reduce_only: bool | None = None
    client_id: ClientId
    signature: str
    cancel_id: str | None = None
    trigger_price: Number | None = None
    trailing_percent: Number | None = None


class NewWithdrawal(_Camel):
    amount: Number
    asset: str
    expiration: Time
    client_id: ClientId
    signature: str


class NewTransfer(_Camel):
    amount: Number
    receiver_account_id: str
    expiration: Time
    client_id: ClientId
    signature: str


# --- answers to everybody


class MarketInfo(Answered):
    """Fractions of margin are of the smallest holdings; larger ones need more, as `risk_segments` say."""

    market: str
    status: str
    base_asset: str
    quote_asset: str
    step_size: str
    tick_size: str
    index_price: str
    oracle_price: str
    price_change_24h: str = Field(alias="priceChange24H")
    next_funding_rate: str
    next_funding_at: str
    min_order_size: str
    type: str = "PERPETUAL"
    initial_margin_fraction: str
    maintenance_margin_fraction: str
    volume_24h: str = Field(alias="volume24H")
    trades_24h: str = Field(alias="trades24H")
    open_interest: str
    asset_resolution: str
    synthetic_asset_id: str


class ExchangeInfo(Answered):
    """`general_config` is the document whose hash the contract knows; `signing_chain_id` stands in what wallets sign.

    Fees are fractions; `max_expected_batch_length_minutes` how long a settlement may wait for its batch.
    """

    collateral_asset_id: str
    collateral_token_address: str
    exchange_address: str
    default_maker_fee: str
    default_taker_fee: str
    max_expected_batch_length_minutes: str
    chain_id: int
    signing_chain_id: int
    operator: str
    general_config: dict[str, Any]


class Level(Answered):
    price: str
    size: str


class BookInfo(Answered):
    """The best first."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class PublicTrade(Answered):
    """`side`: the taker's."""

    side: Side
    size: str
    price: str
    created_at: str
    liquidation: bool


class Candle(Answered):
    started_at: str
    updated_at: str
    market: str
    resolution: str
    open: str
    high: str
    low: str
    close: str
    base_token_volume: str
    usd_volume: str
    trades: str
    starting_open_interest: str


class FundingRate(Answered):
    """`rate`: of the price, an hour."""

    market: str
    rate: str
    price: str
    effective_at: str


# --- answers to those who ask about themselves


class ApiKey(Answered):
    key: str
    passphrase: str
    secret: str


class UserInfo(Answered):
    ethereum_address: str
    is_registered: bool
    public_id: str
    maker_fee_rate: str
    taker_fee_rate: str
    user_data: dict[str, Any] = {}


class PositionInfo(Answered):
    """`size` is negative where it was sold."""

    market: str
    status: str
    side: str
    size: str
    max_size: str
    entry_price: str
    exit_price: str | None
    unrealized_pnl: str
    realized_pnl: str
    created_at: str
    closed_at: str | None
    net_funding: str
    sum_open: str
    sum_close: str


class AccountInfo(Answered):
    """`equity` is collateral and holdings at the oracle's prices; `free_collateral` what of it margin does not need."""

    id: str
    account_number: str
    stark_key: str
    position_id: str
    equity: str
    free_collateral: str
    quote_balance: str
    pending_deposits: str
    pending_withdrawals: str
    open_positions: dict[str, PositionInfo]
    created_at: str


class OrderInfo(Answered):
    id: str
    client_id: str
    account_id: str
    market: str
    side: Side
    price: str
    trigger_price: str | None = None
    trailing_percent: str | None = None
    size: str
    remaining_size: str
    type: str
    created_at: str
    unfillable_at: str | None
    expires_at: str
    status: OrderStatus
    time_in_force: TimeInForce
    cancel_reason: str | None
    post_only: bool
    reduce_only: bool
    limit_fee: str


class Fill(Answered):
    """`progress` and `batch_id` say how far its settlement is; `liquidity` is MAKER or TAKER."""

    id: str
    side: Side
    liquidity: str
    type: str
    market: str
    order_id: str | None
    price: str
    size: str
    fee: str
    created_at: str
    progress: Progress
    batch_id: int | None = None


class TransferInfo(Answered):
    id: str
    type: str
    debit_asset: str
    credit_asset: str
    debit_amount: str
    credit_amount: str
    status: str
    client_id: str | None
    created_at: str
    confirmed_at: str | None
    progress: Progress


class FundingPayment(Answered):
    """`payment` is negative where it was paid."""

    market: str
    payment: str
    rate: str
    position_size: str
    price: str
    effective_at: str

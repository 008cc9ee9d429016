"""The eleven transactions, as checked JSON (docs/spec/perpetual-state.md 7). What they do is in `execute.py`.

Amounts are quantised, times of expiration are hours, all other times seconds.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import AliasChoices, Field, model_validator

from prover.algebra import ecdsa
from prover.applications.ledger.fields import (
    Amount,
    AssetId,
    Bits32,
    CollateralId,
    Document,
    Felt,
    Flag,
    PositionId,
    StarkKey,
    Timestamp,
)
from prover.applications.perpetual import messages
from prover.applications.perpetual.fields import ExternalPrice, Indices, Price, Prices, SignedAssetId


class Signed(Document):
    """What every signed order has. A signature of zeros stands for none; `sign` makes one."""

    public_key: StarkKey
    nonce: Bits32
    expiration_timestamp: Bits32
    signature_r: Felt = 0
    signature_s: Felt = 0

    @model_validator(mode="before")
    @classmethod
    def _without_what_follows(cls, fields: Any) -> Any:
        """Test files carry the key and the hash; the hash is made anew, the key is nobody's business."""
        if isinstance(fields, dict):
            return {name: value for name, value in fields.items() if name not in ("private_key", "message_hash")}
        return fields

    def message_hash(self, collateral_asset_id: int) -> int:
        raise NotImplementedError

    def full_amount(self) -> int:
        """What the order's leaf can hold."""
        raise NotImplementedError


SignedOrder = TypeVar("SignedOrder", bound=Signed)


def sign(order: SignedOrder, private_key: int, collateral_asset_id: int) -> SignedOrder:
    """The order with its signature."""
    r, s = ecdsa.sign(order.message_hash(collateral_asset_id), private_key)
    return order.model_copy(update={"signature_r": r, "signature_s": s})


class LimitOrder(Signed):
    """Buy or sell up to `amount_synthetic` at `amount_collateral / amount_synthetic` or better, fee in proportion."""

    position_id: PositionId = Field(validation_alias=AliasChoices("position_id", "liquidated_position_id"))
    synthetic_asset_id: AssetId
    collateral_asset_id: CollateralId
    is_buying_synthetic: Flag
    amount_synthetic: Amount
    amount_collateral: Amount
    amount_fee: Amount

    def message_hash(self, collateral_asset_id: int) -> int:
        """The order names its own collateral; a batch refuses another than the configured one."""
        return messages.limit_order_hash(
            synthetic_asset_id=self.synthetic_asset_id,
            collateral_asset_id=self.collateral_asset_id,
            is_buying_synthetic=bool(self.is_buying_synthetic),
            amount_synthetic=self.amount_synthetic,
            amount_collateral=self.amount_collateral,
            amount_fee=self.amount_fee,
            nonce=self.nonce,
            position_id=self.position_id,
            expiration_timestamp=self.expiration_timestamp,
        )

    def full_amount(self) -> int:
        return self.amount_synthetic


class _Transaction(Document):
    number: ClassVar[int]
    """The type's number (docs/spec/perpetual-state.md 7)."""

    def position_ids(self) -> tuple[int, ...]:
        """The positions it names."""
        return ()

    def signed_orders(self) -> tuple[Signed, ...]:
        """The signed orders in it."""
        return (self,) if isinstance(self, Signed) else ()


class Deposit(_Transaction):
    """Uses up a pending deposit of the contract."""

    number: ClassVar[int] = 0
    type: Literal["deposit"] = "deposit"
    public_key: StarkKey
    position_id: PositionId
    amount: Amount

    def position_ids(self) -> tuple[int, ...]:
        return (self.position_id,)


class Withdrawal(_Transaction, Signed):
    """Collateral out of a position; `owner_key` may claim it on chain."""

    number: ClassVar[int] = 8
    type: Literal["withdrawal"] = "withdrawal"
    position_id: PositionId
    amount: Amount
    owner_key: Felt

    def message_hash(self, collateral_asset_id: int) -> int:
        return messages.withdrawal_hash(
            collateral_asset_id=collateral_asset_id,
            public_key=self.public_key,
            owner_key=self.owner_key,
            position_id=self.position_id,
            amount=self.amount,
            nonce=self.nonce,
            expiration_timestamp=self.expiration_timestamp,
        )

    def full_amount(self) -> int:
        return self.amount

    def position_ids(self) -> tuple[int, ...]:
        return (self.position_id,)


class Transfer(_Transaction, Signed):
    """Collateral from one position to another."""

    number: ClassVar[int] = 6
    type: Literal["transfer"] = "transfer"
    sender_position_id: PositionId
    receiver_public_key: StarkKey
    receiver_position_id: PositionId
    amount: Amount
    asset_id: CollateralId

    def message_hash(self, collateral_asset_id: int) -> int:
        return messages.transfer_hash(
            asset_id=self.asset_id,
            receiver_public_key=self.receiver_public_key,
            sender_position_id=self.sender_position_id,
            receiver_position_id=self.receiver_position_id,
            amount=self.amount,
            nonce=self.nonce,
            expiration_timestamp=self.expiration_timestamp,
            condition=self.condition_word(),
        )

    def full_amount(self) -> int:
        return self.amount

    def condition_word(self) -> int:
        return 0

    def position_ids(self) -> tuple[int, ...]:
        return (self.sender_position_id, self.receiver_position_id)


class ConditionalTransfer(Transfer):
    """A transfer that the contract takes only if a fact is registered. Condition 0 hashes as a plain transfer."""

    number: ClassVar[int] = 10
    type: Literal["cond_transfer"] = "cond_transfer"
    condition: Felt

    def condition_word(self) -> int:
        return self.condition


class Trade(_Transaction):
    """Two limit orders meet."""

    number: ClassVar[int] = 5
    type: Literal["trade"] = "trade"
    buy_order: LimitOrder
    sell_order: LimitOrder
    actual_collateral: Amount
    actual_synthetic: Amount
    actual_buyer_fee: Amount
    actual_seller_fee: Amount

    def position_ids(self) -> tuple[int, ...]:
        return (self.buy_order.position_id, self.sell_order.position_id)

    def signed_orders(self) -> tuple[Signed, ...]:
        return (self.buy_order, self.sell_order)


class Liquidate(_Transaction):
    """A limit order takes over (part of) a holding of a position that is worth less than it must."""

    number: ClassVar[int] = 7
    type: Literal["liquidate"] = "liquidate"
    liquidator_order: LimitOrder
    liquidated_position_id: PositionId
    actual_collateral: Amount
    actual_synthetic: Amount
    actual_liquidator_fee: Amount

    def position_ids(self) -> tuple[int, ...]:
        return (self.liquidator_order.position_id, self.liquidated_position_id)

    def signed_orders(self) -> tuple[Signed, ...]:
        return (self.liquidator_order,)


class Deleverage(_Transaction):
    """A bankrupt position's holding goes to one on the other side, at the bankrupt position's own value."""

    number: ClassVar[int] = 9
    type: Literal["deleverage"] = "deleverage"
    deleveragable_position_id: PositionId
    deleverager_position_id: PositionId
    synthetic_asset_id: AssetId
    amount_synthetic: Amount
    amount_collateral: Amount
    deleverager_is_buying_synthetic: Flag

    def position_ids(self) -> tuple[int, ...]:
        return (self.deleveragable_position_id, self.deleverager_position_id)


class _Forced(_Transaction):
    """Whether a request is valid follows from the rules, nobody chooses.

    `is_valid` is what a file claims of the outcome: another one is refused. Where it is left out, nothing is claimed.
    """

    is_valid: Flag | None = Field(None, exclude_if=lambda claimed: claimed is None)

    def action_words(self) -> list[int]:
        """The forced request as the program outputs it."""
        raise NotImplementedError


class ForcedWithdrawal(_Forced):
    """Serves a request of the contract."""

    number: ClassVar[int] = 2
    type: Literal["forced_withdrawal"] = "forced_withdrawal"
    public_key: Felt
    position_id: PositionId
    amount: Amount

    def action_words(self) -> list[int]:
        return [0, self.public_key, self.position_id, self.amount]

    def position_ids(self) -> tuple[int, ...]:
        return (self.position_id,)


class ForcedTrade(_Forced):
    """Serves a request of the contract, to which B agreed there."""

    number: ClassVar[int] = 1
    type: Literal["forced_trade"] = "forced_trade"
    public_key_a: Felt
    public_key_b: Felt
    position_id_a: PositionId
    position_id_b: PositionId
    synthetic_asset_id: Felt
    amount_collateral: Amount
    amount_synthetic: Amount
    is_party_a_buying_synthetic: Flag
    nonce: Felt

    def action_words(self) -> list[int]:
        return [
            1,
            self.public_key_a,
            self.public_key_b,
            self.position_id_a,
            self.position_id_b,
            self.synthetic_asset_id,
            self.amount_collateral,
            self.amount_synthetic,
            self.is_party_a_buying_synthetic,
            self.nonce,
        ]

    def position_ids(self) -> tuple[int, ...]:
        return (self.position_id_a, self.position_id_b)


class FundingTick(_Transaction):
    """Moves the time and replaces all funding indices (32.32)."""

    number: ClassVar[int] = 3
    type: Literal["funding"] = "funding"
    funding_indices: Indices = ()
    timestamp: Timestamp


class OracleTick(_Transaction):
    """Moves the time and some oracle prices (32.32)."""

    number: ClassVar[int] = 4
    type: Literal["oracle"] = "oracle"
    prices: Prices = ()
    timestamp: Timestamp


Transaction = Annotated[
    Deposit
    | Withdrawal
    | Transfer
    | ConditionalTransfer
    | Trade
    | Liquidate
    | Deleverage
    | ForcedWithdrawal
    | ForcedTrade
    | FundingTick
    | OracleTick,
    Field(discriminator="type"),
]


class PriceSignature(Document):
    """What one oracle signed. `external_price` in 10^-18 of a collateral unit, `timestamp` in seconds."""

    signer_key: StarkKey
    external_price: ExternalPrice
    timestamp: Bits32
    signed_asset_id: SignedAssetId
    r: Felt = 0
    s: Felt = 0

    def message_hash(self) -> int:
        return messages.price_hash(self.signed_asset_id, self.external_price, self.timestamp)


class SignedPrice(Document):
    """A bound (32.32) that ticks of the batch must keep, and the signatures whose median it is."""

    asset_id: AssetId
    price: Price
    signatures: tuple[PriceSignature, ...]


def sign_price(private_key: int, signed_asset_id: int, external_price: int, timestamp: int) -> PriceSignature:
    r, s = ecdsa.sign(messages.price_hash(signed_asset_id, external_price, timestamp), private_key)
    return PriceSignature(
        signer_key=ecdsa.public_key(private_key),
        external_price=external_price,
        timestamp=timestamp,
        signed_asset_id=signed_asset_id,
        r=r,
        s=s,
    )

"""The twelve transactions, as checked JSON (docs/spec/perpetual-state.md 7). What they do is in `execute.py`.

Amounts are quantised, times of expiration are hours, all other times seconds.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import AliasChoices, Field, model_validator

from prover.applications.ledger.fields import (
    AssetIdField,
    Bits32,
    CollateralIdField,
    CurveKeyField,
    Document,
    Felt,
    Flag,
    HoursField,
    KeyField,
    SecondsField,
    SignedTimeField,
    Unsigned,
)
from prover.applications.ledger.units import CollateralId
from prover.applications.perpetual import messages
from prover.applications.perpetual.fields import (
    AnyAssetField,
    CollateralAmountField,
    ExternalPriceField,
    IndicesField,
    PositionIdField,
    PriceField,
    PricesField,
    SignedAssetId,
    SignedCollateralAmountField,
    SyntheticAmountField,
)
from prover.applications.perpetual.units import OrderId, PositionId, Quanta


class Signed(Document):
    """What every signed order has. A signature of zeros stands for none; `signing.py` makes one."""

    public_key: CurveKeyField
    nonce: Bits32
    expiration_timestamp: HoursField
    signature_r: Felt = 0
    signature_s: Felt = 0

    @model_validator(mode="before")
    @classmethod
    def _without_what_follows(cls, fields: Any) -> Any:
        """Test files carry the key and the hash; the hash is made anew, the key is nobody's business."""
        if isinstance(fields, dict):
            return {name: value for name, value in fields.items() if name not in ("private_key", "message_hash")}
        return fields

    def message_hash(self, collateral_asset_id: CollateralId) -> int:
        raise NotImplementedError

    def order_id(self, collateral_asset_id: CollateralId) -> OrderId:
        """The leaf that it uses up."""
        return messages.order_id(self.message_hash(collateral_asset_id))

    def full_amount(self) -> Quanta:
        """What the order's leaf can hold."""
        raise NotImplementedError


_WHERE_SET = Field(0, exclude_if=lambda flag: flag == 0)


class _Order(Signed):
    """The terms of a limit order. Both flags are of version 2."""

    position_id: PositionIdField = Field(validation_alias=AliasChoices("position_id", "liquidated_position_id"))
    synthetic_asset_id: AssetIdField
    collateral_asset_id: CollateralIdField
    is_buying_synthetic: Flag
    amount_synthetic: SyntheticAmountField
    amount_collateral: CollateralAmountField
    amount_fee: CollateralAmountField
    reduce_only: Flag = _WHERE_SET
    fill_or_kill: Flag = _WHERE_SET

    def order_hash(self, more_flags: int = 0) -> int:
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
            flags=self.flags() | more_flags,
        )

    def flags(self) -> int:
        return messages.REDUCE_ONLY * self.reduce_only | messages.FILL_OR_KILL * self.fill_or_kill

    def full_amount(self) -> Quanta:
        return self.amount_synthetic


class LimitOrder(_Order):
    """Buy or sell up to `amount_synthetic` at `amount_collateral / amount_synthetic` or better, fee in proportion.

    `reduce_only`: a fill only brings the position's holding nearer to 0. `fill_or_kill`: all of it at once.
    """

    def message_hash(self, collateral_asset_id: CollateralId) -> int:
        return self.order_hash()


class _Transaction(Document):
    number: ClassVar[int]
    """The type's number (docs/spec/perpetual-state.md 7)."""

    def position_ids(self) -> tuple[PositionId, ...]:
        """The positions it names."""
        return ()

    def signed_orders(self) -> tuple[Signed, ...]:
        """The signed orders in it."""
        return (self,) if isinstance(self, Signed) else ()


class Deposit(_Transaction):
    """Uses up a pending deposit of the contract."""

    number: ClassVar[int] = 0
    type: Literal["deposit"] = "deposit"
    public_key: CurveKeyField
    position_id: PositionIdField
    amount: CollateralAmountField

    def position_ids(self) -> tuple[PositionId, ...]:
        return (self.position_id,)


class Withdrawal(_Transaction, Signed):
    """Collateral out of a position; `owner_key` may claim it on chain."""

    number: ClassVar[int] = 8
    type: Literal["withdrawal"] = "withdrawal"
    position_id: PositionIdField
    amount: CollateralAmountField
    owner_key: KeyField

    def message_hash(self, collateral_asset_id: CollateralId) -> int:
        return messages.withdrawal_hash(
            collateral_asset_id=collateral_asset_id,
            public_key=self.public_key,
            owner_key=self.owner_key,
            position_id=self.position_id,
            amount=self.amount,
            nonce=self.nonce,
            expiration_timestamp=self.expiration_timestamp,
        )

    def full_amount(self) -> Quanta:
        return self.amount

    def position_ids(self) -> tuple[PositionId, ...]:
        return (self.position_id,)


class _Transfer(_Transaction, Signed):
    """Collateral from one position to another."""

    sender_position_id: PositionIdField
    receiver_public_key: CurveKeyField
    receiver_position_id: PositionIdField
    amount: CollateralAmountField
    asset_id: CollateralIdField

    def message_hash(self, collateral_asset_id: CollateralId) -> int:
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

    def full_amount(self) -> Quanta:
        return self.amount

    def condition_word(self) -> int:
        return 0

    def position_ids(self) -> tuple[PositionId, ...]:
        return (self.sender_position_id, self.receiver_position_id)


class Transfer(_Transfer):
    """The receiver has it at once."""

    number: ClassVar[int] = 6
    type: Literal["transfer"] = "transfer"


class ConditionalTransfer(_Transfer):
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
    actual_collateral: CollateralAmountField
    actual_synthetic: SyntheticAmountField
    actual_buyer_fee: CollateralAmountField
    actual_seller_fee: CollateralAmountField

    def position_ids(self) -> tuple[PositionId, ...]:
        return (self.buy_order.position_id, self.sell_order.position_id)

    def signed_orders(self) -> tuple[Signed, ...]:
        return (self.buy_order, self.sell_order)


class Liquidate(_Transaction):
    """A limit order takes over (part of) a holding of a position that is worth less than it must."""

    number: ClassVar[int] = 7
    type: Literal["liquidate"] = "liquidate"
    liquidator_order: LimitOrder
    liquidated_position_id: PositionIdField
    actual_collateral: CollateralAmountField
    actual_synthetic: SyntheticAmountField
    actual_liquidator_fee: CollateralAmountField

    def position_ids(self) -> tuple[PositionId, ...]:
        return (self.liquidator_order.position_id, self.liquidated_position_id)

    def signed_orders(self) -> tuple[Signed, ...]:
        return (self.liquidator_order,)


class Deleverage(_Transaction):
    """A bankrupt position's holding goes to one on the other side, at the bankrupt position's own value."""

    number: ClassVar[int] = 9
    type: Literal["deleverage"] = "deleverage"
    deleveragable_position_id: PositionIdField
    deleverager_position_id: PositionIdField
    synthetic_asset_id: AssetIdField
    amount_synthetic: SyntheticAmountField
    amount_collateral: SignedCollateralAmountField = Field(description="negative where the buyer is paid too")
    deleverager_is_buying_synthetic: Flag

    def position_ids(self) -> tuple[PositionId, ...]:
        return (self.deleveragable_position_id, self.deleverager_position_id)


class CancelOrder(_Transaction, _Order):
    """Takes back what is left of a limit order: its terms, and a signature of them with the flag that cancels.

    Of version 2.
    """

    number: ClassVar[int] = 11
    type: Literal["cancel_order"] = "cancel_order"

    def message_hash(self, collateral_asset_id: CollateralId) -> int:
        return self.order_hash(messages.CANCEL)

    def order_id(self, collateral_asset_id: CollateralId) -> OrderId:
        """Of the order that it cancels."""
        return messages.order_id(self.order_hash())

    def position_ids(self) -> tuple[PositionId, ...]:
        return (self.position_id,)


class _Forced(_Transaction):
    """Whether a request is valid follows from the rules, nobody chooses.

    `is_valid` is what a file claims of the outcome: another one is refused. Where it is left out, nothing is claimed.
    """

    kind_word: ClassVar[int]
    output_fields: ClassVar[tuple[str, ...]]
    """What the program outputs of a request: its kind's word, then these fields."""
    is_valid: Flag | None = Field(None, exclude_if=lambda claimed: claimed is None)

    def action_words(self) -> list[int]:
        """The request as the program outputs it."""
        return [self.kind_word, *(getattr(self, name) for name in self.output_fields)]


class ForcedWithdrawal(_Forced):
    """Serves a request of the contract."""

    number: ClassVar[int] = 2
    kind_word: ClassVar[int] = 0
    output_fields: ClassVar[tuple[str, ...]] = ("public_key", "position_id", "amount")
    type: Literal["forced_withdrawal"] = "forced_withdrawal"
    public_key: KeyField
    position_id: PositionIdField
    amount: CollateralAmountField

    def position_ids(self) -> tuple[PositionId, ...]:
        return (self.position_id,)


class ForcedTrade(_Forced):
    """Serves a request of the contract, to which B agreed there."""

    number: ClassVar[int] = 1
    kind_word: ClassVar[int] = 1
    output_fields: ClassVar[tuple[str, ...]] = (
        "public_key_a",
        "public_key_b",
        "position_id_a",
        "position_id_b",
        "synthetic_asset_id",
        "amount_collateral",
        "amount_synthetic",
        "is_party_a_buying_synthetic",
        "nonce",
    )
    type: Literal["forced_trade"] = "forced_trade"
    public_key_a: KeyField
    public_key_b: KeyField
    position_id_a: PositionIdField
    position_id_b: PositionIdField
    synthetic_asset_id: AnyAssetField
    amount_collateral: CollateralAmountField
    amount_synthetic: SyntheticAmountField
    is_party_a_buying_synthetic: Unsigned = Field(description="any word but 0 says that A buys, as in the contract")
    nonce: Felt

    def position_ids(self) -> tuple[PositionId, ...]:
        return (self.position_id_a, self.position_id_b)


FORCED_KINDS: dict[int, type[ForcedWithdrawal | ForcedTrade]] = {
    kind.kind_word: kind for kind in (ForcedWithdrawal, ForcedTrade)
}
"""By the word that stands before a forced request in the output."""


class FundingTick(_Transaction):
    """Moves the time and replaces all funding indices (32.32)."""

    number: ClassVar[int] = 3
    type: Literal["funding"] = "funding"
    funding_indices: IndicesField = ()
    timestamp: SecondsField


class OracleTick(_Transaction):
    """Moves the time and some oracle prices (32.32)."""

    number: ClassVar[int] = 4
    type: Literal["oracle"] = "oracle"
    prices: PricesField = ()
    timestamp: SecondsField


Transaction = Annotated[
    Deposit
    | Withdrawal
    | Transfer
    | ConditionalTransfer
    | Trade
    | Liquidate
    | Deleverage
    | CancelOrder
    | ForcedWithdrawal
    | ForcedTrade
    | FundingTick
    | OracleTick,
    Field(discriminator="type"),
]


TRANSACTION_KINDS: dict[str, type[_Transaction]] = {
    kind.model_fields["type"].default: kind for kind in get_args(get_args(Transaction)[0])
}
"""By the `type` of a document."""


class PriceSignature(Document):
    """What one oracle signed. `external_price` in 10^-18 of a collateral unit, `timestamp` in seconds."""

    signer_key: CurveKeyField
    external_price: ExternalPriceField
    timestamp: SignedTimeField
    signed_asset_id: SignedAssetId
    r: Felt = 0
    s: Felt = 0

    def message_hash(self) -> int:
        return messages.price_hash(self.signed_asset_id, self.external_price, self.timestamp)


class SignedPrice(Document):
    """A bound (32.32) that ticks of the batch must keep, and the signatures whose median it is."""

    asset_id: AssetIdField
    price: PriceField
    signatures: tuple[PriceSignature, ...]

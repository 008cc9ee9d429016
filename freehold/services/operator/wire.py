"""Transactions as clients of the published gateway write them, and what the rules make of them.

How numbers are written and faults are named is in `services/base/wire.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic_core import ValidationError

from freehold.services.base.wire import (
    AS_HEX,
    AS_TEXT,
    Amount,
    AssetId,
    FundingIndex,
    NotReadable,
    PositionId,
    PublicKey,
    WireObject,
    decimal,
    hexadecimal,
    read,
    within,
)
from prover.algebra.field import PRIME
from prover.applications.ledger.facts import condition_word
from prover.applications.ledger.units import CollateralId as Collateral
from prover.applications.perpetual import transactions as rules
from prover.applications.perpetual.units import Price

MAX_TRANSACTIONS_AT_ONCE = 100
"""In a MULTI_TRANSACTION."""


Nonce = Annotated[int, within(decimal, "NONCE", 0, 1 << 32), AS_TEXT]
ForcedNonce = Annotated[int, within(decimal, "NONCE", 0, PRIME), AS_TEXT]
"""The contract takes any field element."""
ExpirationHours = Annotated[int, within(decimal, "EXPIRATION_TIMESTAMP", 0, 1 << 32), AS_TEXT]
Timestamp = Annotated[int, within(decimal, "TIMESTAMP", 0, 1 << 32), AS_TEXT]
PriceFxp = Annotated[int, within(decimal, "PRICE", 1, 1 << 64), AS_TEXT]
ExternalPrice = Annotated[int, within(decimal, "EXTERNAL_PRICE", 1, 1 << 120), AS_TEXT]
CollateralId = Annotated[int, within(hexadecimal, "COLLATERAL_ASSET_ID", 0, 1 << 250), AS_HEX]
SignedAssetId = Annotated[int, within(hexadecimal, "ORACLE_PRICE_SIGNED_ASSET_ID", 0, 1 << 168), AS_HEX]
EthAddress = Annotated[int, within(hexadecimal, "ETH_ADDRESS", 0, 1 << 160), AS_HEX]
SignatureHalf = Annotated[int, within(hexadecimal, "SIGNATURE_SUBFIELD", 0, PRIME), AS_HEX]
HexText = Annotated[str, Field(pattern=r"^(0x)?[0-9a-fA-F]+$", max_length=66)]


class Signature(WireObject):
    r: SignatureHalf
    s: SignatureHalf

    def fields(self) -> dict[str, int]:
        return {"signature_r": self.r, "signature_s": self.s}


class Order(WireObject):
    """A limit order, all of whose amounts are quantised."""

    order_type: Literal["LIMIT_ORDER_WITH_FEES"]
    nonce: Nonce
    public_key: PublicKey
    position_id: PositionId
    amount_synthetic: Amount
    amount_collateral: Amount
    amount_fee: Amount
    asset_id_synthetic: AssetId
    asset_id_collateral: CollateralId
    is_buying_synthetic: bool
    expiration_timestamp: ExpirationHours
    signature: Signature

    def order(self) -> rules.LimitOrder:
        return rules.LimitOrder(
            nonce=self.nonce,
            public_key=self.public_key,
            position_id=self.position_id,
            amount_synthetic=self.amount_synthetic,
            amount_collateral=self.amount_collateral,
            amount_fee=self.amount_fee,
            synthetic_asset_id=self.asset_id_synthetic,
            collateral_asset_id=self.asset_id_collateral,
            is_buying_synthetic=int(self.is_buying_synthetic),
            expiration_timestamp=self.expiration_timestamp,
            **self.signature.fields(),
        )


class Deposit(WireObject):
    type: Literal["DEPOSIT"]
    amount: Amount
    position_id: PositionId
    public_key: PublicKey

    def transaction(self) -> rules.Deposit:
        return rules.Deposit(public_key=self.public_key, position_id=self.position_id, amount=self.amount)


class _Withdrawal(WireObject):
    amount: Amount
    expiration_timestamp: ExpirationHours
    nonce: Nonce
    position_id: PositionId
    public_key: PublicKey
    signature: Signature

    def transaction(self) -> rules.Withdrawal:
        return rules.Withdrawal(
            amount=self.amount,
            expiration_timestamp=self.expiration_timestamp,
            nonce=self.nonce,
            position_id=self.position_id,
            public_key=self.public_key,
            owner_key=self.owner_key(),
            **self.signature.fields(),
        )

    def owner_key(self) -> int:
        return self.public_key


class Withdrawal(_Withdrawal):
    """To the address that the signer's own key is registered to."""

    type: Literal["WITHDRAWAL"]


class WithdrawalToAddress(_Withdrawal):
    type: Literal["WITHDRAWAL_TO_ADDRESS"]
    eth_address: EthAddress

    def owner_key(self) -> int:
        return self.eth_address


class Transfer(WireObject):
    type: Literal["TRANSFER"]
    amount: Amount
    asset_id: CollateralId
    nonce: Nonce
    expiration_timestamp: ExpirationHours
    sender_public_key: PublicKey
    sender_position_id: PositionId
    receiver_public_key: PublicKey
    receiver_position_id: PositionId
    signature: Signature

    def _fields(self) -> dict[str, int]:
        named = self.model_dump(
            include={
                "amount",
                "asset_id",
                "nonce",
                "expiration_timestamp",
                "sender_position_id",
                "receiver_public_key",
                "receiver_position_id",
            }
        )
        return {"public_key": self.sender_public_key, **named, **self.signature.fields()}

    def transaction(self) -> rules.Transfer | rules.ConditionalTransfer:
        return rules.Transfer(**self._fields())


class ConditionalTransfer(Transfer):
    type: Literal["CONDITIONAL_TRANSFER"]  # type: ignore[assignment]
    fact_registry_address: HexText
    fact: HexText

    def registry_and_fact(self) -> tuple[bytes, bytes]:
        """20 and 32 bytes. Raises NotReadable."""
        return _bytes(self.fact_registry_address, 20), _bytes(self.fact, 32)

    def transaction(self) -> rules.ConditionalTransfer:
        condition = condition_word(*self.registry_and_fact())
        return rules.ConditionalTransfer(condition=condition, **self._fields())


class Trade(WireObject):
    type: Literal["TRADE"]
    party_a_order: Order
    party_b_order: Order
    actual_collateral: Amount
    actual_synthetic: Amount
    actual_a_fee: Amount
    actual_b_fee: Amount

    def transaction(self) -> rules.Trade:
        """Either party may be the buyer; that they are one of each is a rule's matter."""
        a, b = (self.party_a_order.order(), self.actual_a_fee), (self.party_b_order.order(), self.actual_b_fee)
        (buy, buyer_fee), (sell, seller_fee) = (a, b) if a[0].is_buying_synthetic else (b, a)
        return rules.Trade(
            buy_order=buy,
            sell_order=sell,
            actual_collateral=self.actual_collateral,
            actual_synthetic=self.actual_synthetic,
            actual_buyer_fee=buyer_fee,
            actual_seller_fee=seller_fee,
        )


class Liquidate(WireObject):
    type: Literal["LIQUIDATE"]
    liquidator_order: Order
    liquidated_position_id: PositionId
    actual_collateral: Amount
    actual_synthetic: Amount
    actual_liquidator_fee: Amount

    def transaction(self) -> rules.Liquidate:
        return rules.Liquidate(
            liquidator_order=self.liquidator_order.order(),
            liquidated_position_id=self.liquidated_position_id,
            actual_collateral=self.actual_collateral,
            actual_synthetic=self.actual_synthetic,
            actual_liquidator_fee=self.actual_liquidator_fee,
        )


class Deleverage(WireObject):
    type: Literal["DELEVERAGE"]
    deleveraged_position_id: PositionId
    deleverager_position_id: PositionId
    synthetic_asset_id: AssetId
    amount_synthetic: Amount
    amount_collateral: Amount
    deleverager_is_buying_synthetic: bool

    def transaction(self) -> rules.Deleverage:
        return rules.Deleverage(
            deleveragable_position_id=self.deleveraged_position_id,
            deleverager_position_id=self.deleverager_position_id,
            synthetic_asset_id=self.synthetic_asset_id,
            amount_synthetic=self.amount_synthetic,
            amount_collateral=self.amount_collateral,
            deleverager_is_buying_synthetic=int(self.deleverager_is_buying_synthetic),
        )


class ForcedWithdrawal(WireObject):
    type: Literal["FORCED_WITHDRAWAL"]
    public_key: PublicKey
    position_id: PositionId
    amount: Amount
    is_valid: bool

    def transaction(self) -> rules.ForcedWithdrawal:
        return rules.ForcedWithdrawal(
            public_key=self.public_key,
            position_id=self.position_id,
            amount=self.amount,
            is_valid=int(self.is_valid),
        )


class ForcedTrade(WireObject):
    type: Literal["FORCED_TRADE"]
    public_key_party_a: PublicKey
    public_key_party_b: PublicKey
    position_id_party_a: PositionId
    position_id_party_b: PositionId
    collateral_asset_id: CollateralId
    synthetic_asset_id: AssetId
    amount_collateral: Amount
    amount_synthetic: Amount
    is_party_a_buying_synthetic: bool
    nonce: ForcedNonce
    is_valid: bool

    def transaction(self) -> rules.ForcedTrade:
        return rules.ForcedTrade(
            public_key_a=self.public_key_party_a,
            public_key_b=self.public_key_party_b,
            position_id_a=self.position_id_party_a,
            position_id_b=self.position_id_party_b,
            synthetic_asset_id=self.synthetic_asset_id,
            amount_collateral=self.amount_collateral,
            amount_synthetic=self.amount_synthetic,
            is_party_a_buying_synthetic=int(self.is_party_a_buying_synthetic),
            nonce=self.nonce,
            is_valid=int(self.is_valid),
        )


class FundingIndices(WireObject):
    indices: dict[AssetId, FundingIndex]
    timestamp: Timestamp


class FundingTick(WireObject):
    type: Literal["FUNDING_TICK"]
    global_funding_indices: FundingIndices

    def transaction(self) -> rules.FundingTick:
        tick = self.global_funding_indices
        return rules.FundingTick(funding_indices=tuple(sorted(tick.indices.items())), timestamp=tick.timestamp)


class TimestampedSignature(WireObject):
    timestamp: Timestamp
    signature: Signature


class OracleQuote(WireObject):
    external_asset_id: SignedAssetId
    price: ExternalPrice
    timestamped_signature: TimestampedSignature


class OraclePrice(WireObject):
    price: PriceFxp
    signed_prices: dict[PublicKey, OracleQuote]

    def signatures(self) -> tuple[rules.PriceSignature, ...]:
        """By rising key, as a batch lists them."""
        return tuple(
            rules.PriceSignature(
                signer_key=signer,
                external_price=quote.price,
                timestamp=quote.timestamped_signature.timestamp,
                signed_asset_id=quote.external_asset_id,
                r=quote.timestamped_signature.signature.r,
                s=quote.timestamped_signature.signature.s,
            )
            for signer, quote in sorted(self.signed_prices.items())
        )


class OraclePricesTick(WireObject):
    type: Literal["ORACLE_PRICES_TICK"]
    timestamp: Timestamp
    oracle_prices: dict[AssetId, OraclePrice]

    def transaction(self) -> rules.OracleTick:
        prices = tuple((asset, Price(quoted.price)) for asset, quoted in sorted(self.oracle_prices.items()))
        return rules.OracleTick(prices=prices, timestamp=self.timestamp)


Single = (
    Deposit
    | Withdrawal
    | WithdrawalToAddress
    | Transfer
    | ConditionalTransfer
    | Trade
    | Liquidate
    | Deleverage
    | ForcedWithdrawal
    | ForcedTrade
    | FundingTick
    | OraclePricesTick
)
"""What one transaction of a batch can be."""


class MultiTransaction(WireObject):
    """All or nothing; each of them is a transaction of its own in the batch."""

    type: Literal["MULTI_TRANSACTION"]
    txs: Annotated[
        tuple[Annotated[Single, Field(discriminator="type")], ...],
        Field(min_length=1, max_length=MAX_TRANSACTIONS_AT_ONCE),
    ]


AnyTransaction = Annotated[Single | MultiTransaction, Field(discriminator="type")]


class AddTransaction(WireObject):
    """The body of `add_transaction`."""

    tx_id: Annotated[int, Field(strict=True, ge=0, lt=1 << 63)]
    tx: AnyTransaction


def singles(transaction: Single | MultiTransaction) -> tuple[Single, ...]:
    return transaction.txs if isinstance(transaction, MultiTransaction) else (transaction,)


def to_rules(transaction: Single) -> rules.Transaction:
    """What a batch executes. Raises NotReadable where the rules know no such transaction."""
    try:
        return transaction.transaction()
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        is_key = "key" in str(first["loc"][-1:])
        raise NotReadable("INVALID_PUBLIC_KEY" if is_key else "INVALID_TRANSACTION", first["msg"]) from error


def to_document(transaction: Single | MultiTransaction) -> Mapping[str, Any]:
    """As it is answered: numbers as text."""
    return transaction.model_dump(mode="json")


def of_rules(transaction: rules.Transaction, collateral: Collateral) -> Single:
    """The inverse of `to_rules`. Raises TypeError where the published form lacks what the transaction says: a condition
    without its fact, version 2's flags and cancellations.

    Oracles' signatures stand in the batch and not in a tick: none are shown. A forced request must say its outcome.
    """
    for kind, document in _DOCUMENTS.items():
        if isinstance(transaction, kind):
            shown: Single = read(_single, document(transaction, collateral))
            return shown
    raise TypeError(f"a {type(transaction).__name__} has no published form")


_single: Any = Annotated[Single, Field(discriminator="type")]


def _deposit(made: rules.Deposit, _: Collateral) -> dict[str, Any]:
    position = {"position_id": made.position_id, "public_key": hex(made.public_key)}
    return {"type": "DEPOSIT", "amount": made.amount, **position}


def _forced_withdrawal(made: rules.ForcedWithdrawal, _: Collateral) -> dict[str, Any]:
    return {
        "type": "FORCED_WITHDRAWAL",
        "public_key": hex(made.public_key),
        "position_id": made.position_id,
        "amount": made.amount,
        "is_valid": _outcome(made),
    }


def _forced_trade(made: rules.ForcedTrade, collateral: Collateral) -> dict[str, Any]:
    return {
        "type": "FORCED_TRADE",
        "public_key_party_a": hex(made.public_key_a),
        "public_key_party_b": hex(made.public_key_b),
        "position_id_party_a": made.position_id_a,
        "position_id_party_b": made.position_id_b,
        "collateral_asset_id": hex(collateral),
        "synthetic_asset_id": hex(made.synthetic_asset_id),
        "amount_collateral": made.amount_collateral,
        "amount_synthetic": made.amount_synthetic,
        "is_party_a_buying_synthetic": made.is_party_a_buying_synthetic != 0,
        "nonce": made.nonce,
        "is_valid": _outcome(made),
    }


def _outcome(made: rules.ForcedWithdrawal | rules.ForcedTrade) -> bool:
    if made.is_valid is None:
        raise NotReadable("INVALID_FORCED_TRANSACTION", "it is not said whether the request was valid")
    return made.is_valid == 1


def _funding_tick(made: rules.FundingTick, _: Collateral) -> dict[str, Any]:
    indices = {hex(asset_id): index for asset_id, index in made.funding_indices}
    return {"type": "FUNDING_TICK", "global_funding_indices": {"indices": indices, "timestamp": made.timestamp}}


def _oracle_tick(made: rules.OracleTick, _: Collateral) -> dict[str, Any]:
    prices = {hex(asset_id): {"price": price, "signed_prices": {}} for asset_id, price in made.prices}
    return {"type": "ORACLE_PRICES_TICK", "timestamp": made.timestamp, "oracle_prices": prices}


def _liquidate(made: rules.Liquidate, _: Collateral) -> dict[str, Any]:
    return {
        "type": "LIQUIDATE",
        "liquidator_order": _order(made.liquidator_order),
        "liquidated_position_id": made.liquidated_position_id,
        "actual_collateral": made.actual_collateral,
        "actual_synthetic": made.actual_synthetic,
        "actual_liquidator_fee": made.actual_liquidator_fee,
    }


def _trade(made: rules.Trade, _: Collateral) -> dict[str, Any]:
    return {
        "type": "TRADE",
        "party_a_order": _order(made.buy_order),
        "party_b_order": _order(made.sell_order),
        "actual_collateral": made.actual_collateral,
        "actual_synthetic": made.actual_synthetic,
        "actual_a_fee": made.actual_buyer_fee,
        "actual_b_fee": made.actual_seller_fee,
    }


def _transfer(made: rules.Transfer, _: Collateral) -> dict[str, Any]:
    return {
        "type": "TRANSFER",
        "amount": made.amount,
        "asset_id": hex(made.asset_id),
        "nonce": made.nonce,
        "expiration_timestamp": made.expiration_timestamp,
        "sender_public_key": hex(made.public_key),
        "sender_position_id": made.sender_position_id,
        "receiver_public_key": hex(made.receiver_public_key),
        "receiver_position_id": made.receiver_position_id,
        "signature": _signature(made),
    }


def _withdrawal(made: rules.Withdrawal, _: Collateral) -> dict[str, Any]:
    """To an address where the owner is another than the signer's key."""
    is_own = made.owner_key == made.public_key
    return {
        **({"type": "WITHDRAWAL"} if is_own else {"type": "WITHDRAWAL_TO_ADDRESS", "eth_address": hex(made.owner_key)}),
        "amount": made.amount,
        "expiration_timestamp": made.expiration_timestamp,
        "nonce": made.nonce,
        "position_id": made.position_id,
        "public_key": hex(made.public_key),
        "signature": _signature(made),
    }


def _signature(made: rules.Signed) -> dict[str, Any]:
    return {"r": hex(made.signature_r), "s": hex(made.signature_s)}


def _order(order: rules.LimitOrder) -> dict[str, Any]:
    if order.flags():
        raise TypeError("an order with flags has no published form")
    return {
        "order_type": "LIMIT_ORDER_WITH_FEES",
        "nonce": order.nonce,
        "public_key": hex(order.public_key),
        "position_id": order.position_id,
        "amount_synthetic": order.amount_synthetic,
        "amount_collateral": order.amount_collateral,
        "amount_fee": order.amount_fee,
        "asset_id_synthetic": hex(order.synthetic_asset_id),
        "asset_id_collateral": hex(order.collateral_asset_id),
        "is_buying_synthetic": order.is_buying_synthetic == 1,
        "expiration_timestamp": order.expiration_timestamp,
        "signature": _signature(order),
    }


_DOCUMENTS: dict[type[Any], Callable[[Any, Collateral], dict[str, Any]]] = {
    rules.Deposit: _deposit,
    rules.ForcedWithdrawal: _forced_withdrawal,
    rules.ForcedTrade: _forced_trade,
    rules.FundingTick: _funding_tick,
    rules.OracleTick: _oracle_tick,
    rules.Liquidate: _liquidate,
    rules.Trade: _trade,
    rules.Transfer: _transfer,
    rules.Withdrawal: _withdrawal,
}
"""What is made here -> its published JSON."""


def _bytes(text: str, size: int) -> bytes:
    number = int(text.removeprefix("0x"), 16)
    if number >> 8 * size:
        raise NotReadable("SCHEMA_VALIDATION_ERROR", f"{text} has more than {size} bytes")
    return number.to_bytes(size, "big")

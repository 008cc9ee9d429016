"""Signing in people's names: orders for the operator, prices as oracles do. The messages are in `messages.py`.

Private keys come from whoever calls and stay there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from prover.algebra import ecdsa
from prover.applications.ledger.units import AssetId, CollateralId, Hours, Seconds, StarkKey
from prover.applications.perpetual import messages
from prover.applications.perpetual.transactions import (
    CancelOrder,
    ConditionalTransfer,
    LimitOrder,
    PriceSignature,
    Signed,
    Transfer,
    Withdrawal,
)
from prover.applications.perpetual.units import (
    NO_COLLATERAL,
    CollateralQuanta,
    ExternalPrice,
    PositionId,
    SyntheticQuanta,
)

SignedOrder = TypeVar("SignedOrder", bound=Signed)


def stark_key(private_key: int) -> StarkKey:
    return StarkKey(ecdsa.public_key(private_key))


def sign(order: SignedOrder, private_key: int, collateral_asset_id: CollateralId) -> SignedOrder:
    """The order with its signature, whosever key it names."""
    r, s = ecdsa.sign(order.message_hash(collateral_asset_id), private_key)
    return order.model_copy(update={"signature_r": r, "signature_s": s})


def signed(kind: type[SignedOrder], private_key: int, collateral: CollateralId, /, **fields: Any) -> SignedOrder:
    """An order with these fields of the model, under the private key's own public one."""
    return sign(kind(public_key=stark_key(private_key), **fields), private_key, collateral)


def cancellation(order: LimitOrder, private_key: int, collateral_asset_id: CollateralId) -> CancelOrder:
    """What takes back the rest of the order."""
    terms = order.model_dump(exclude={"signature_r", "signature_s"})
    return sign(CancelOrder(**terms), private_key, collateral_asset_id)


def sign_price(
    private_key: int, signed_asset_id: int, external_price: ExternalPrice, timestamp: Seconds
) -> PriceSignature:
    r, s = ecdsa.sign(messages.price_hash(signed_asset_id, external_price, timestamp), private_key)
    return PriceSignature(
        signer_key=stark_key(private_key),
        external_price=external_price,
        timestamp=timestamp,
        signed_asset_id=signed_asset_id,
        r=r,
        s=s,
    )


class Owner(Protocol):
    """Who has a position, and the private key that it answers to."""

    @property
    def stark_private_key(self) -> int: ...

    @property
    def stark_key(self) -> StarkKey: ...

    @property
    def position_id(self) -> PositionId: ...


@dataclass(frozen=True)
class Holder:
    """An owner of whom nothing else is known."""

    stark_private_key: int
    position_id: PositionId

    @property
    def stark_key(self) -> StarkKey:
        return stark_key(self.stark_private_key)


@dataclass
class Signer:
    """Makes and signs orders. All expire at `expiration`, each has the next nonce."""

    collateral: CollateralId
    expiration: Hours
    nonce: int = 0

    def next_nonce(self) -> int:
        self.nonce += 1
        return self.nonce

    def order(
        self,
        owner: Owner,
        asset_id: AssetId,
        is_buying: bool,
        synthetic: SyntheticQuanta,
        collateral: CollateralQuanta,
        fee: CollateralQuanta = NO_COLLATERAL,
    ) -> LimitOrder:
        return self._signed(
            LimitOrder,
            owner,
            position_id=owner.position_id,
            synthetic_asset_id=asset_id,
            collateral_asset_id=self.collateral,
            is_buying_synthetic=int(is_buying),
            amount_synthetic=synthetic,
            amount_collateral=collateral,
            amount_fee=fee,
        )

    def withdrawal(self, owner: Owner, amount: CollateralQuanta, receiver: StarkKey) -> Withdrawal:
        """`receiver` may claim it on chain."""
        return self._signed(Withdrawal, owner, position_id=owner.position_id, amount=amount, owner_key=receiver)

    def transfer(
        self, owner: Owner, receiver: Owner, amount: CollateralQuanta, condition: int | None = None
    ) -> Transfer | ConditionalTransfer:
        """Conditional if there is a condition: the word of a fact and its registry."""
        fields: dict[str, Any] = {
            "sender_position_id": owner.position_id,
            "receiver_public_key": receiver.stark_key,
            "receiver_position_id": receiver.position_id,
            "amount": amount,
            "asset_id": self.collateral,
        }
        if condition is None:
            return self._signed(Transfer, owner, **fields)
        return self._signed(ConditionalTransfer, owner, condition=condition, **fields)

    def _signed(self, kind: type[SignedOrder], owner: Owner, **fields: Any) -> SignedOrder:
        terms = {"nonce": self.next_nonce(), "expiration_timestamp": self.expiration}
        return signed(kind, owner.stark_private_key, self.collateral, **fields, **terms)

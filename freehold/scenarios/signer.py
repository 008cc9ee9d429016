"""What users of a scenario sign for the operator: orders, transfers, withdrawals."""

from __future__ import annotations

from freehold.scenarios.accounts import User
from freehold.scenarios.assets import Asset
from prover.applications.perpetual.transactions import (
    ConditionalTransfer,
    LimitOrder,
    SignedOrder,
    Transfer,
    Withdrawal,
    sign,
)

NEVER = (1 << 32) - 1
"""Hours: orders of scenarios do not expire."""


class Signer:
    """Signs in people's names; each order has a nonce of its own. Amounts are quantised."""

    def __init__(self, collateral: int) -> None:
        self.collateral = collateral
        self._nonce = 0

    def nonce(self) -> int:
        self._nonce += 1
        return self._nonce

    def _sign(self, kind: type[SignedOrder], user: User, **fields: object) -> SignedOrder:
        unsigned = kind(public_key=user.stark_key, nonce=self.nonce(), expiration_timestamp=NEVER, **fields)
        return sign(unsigned, user.stark_private_key, self.collateral)

    def withdrawal(self, user: User, amount: int, receiver: User) -> Withdrawal:
        """`receiver`'s key may claim it on chain."""
        return self._sign(Withdrawal, user, position_id=user.position_id, amount=amount, owner_key=receiver.stark_key)

    def transfer(self, user: User, receiver: User, amount: int, condition: int | None = None) -> Transfer:
        kind, extra = (Transfer, {}) if condition is None else (ConditionalTransfer, {"condition": condition})
        return self._sign(
            kind,
            user,
            sender_position_id=user.position_id,
            receiver_public_key=receiver.stark_key,
            receiver_position_id=receiver.position_id,
            amount=amount,
            asset_id=self.collateral,
            **extra,
        )

    def order(self, user: User, asset: Asset, buys: bool, synthetic: int, collateral: int, fee: int = 0) -> LimitOrder:
        return self._sign(
            LimitOrder,
            user,
            position_id=user.position_id,
            synthetic_asset_id=asset.asset_id,
            collateral_asset_id=self.collateral,
            is_buying_synthetic=int(buys),
            amount_synthetic=synthetic,
            amount_collateral=collateral,
            amount_fee=fee,
        )

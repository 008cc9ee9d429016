"""Orders, withdrawals and transfers in human amounts, and the messages that are signed for them.

Rounded as public clients do (`prover/applications/perpetual/amounts.py`): a buyer's collateral up, a seller's down,
fees up; the synthetic amount and what is withdrawn must be whole quanta. The nonce comes from the client's id. What the
book drops at `expiration` stays provable for a week more; withdrawals and transfers have no book to leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from freehold.trading.markets import Collateral, Market
from prover.applications.ledger.fields import HOURS_UPPER_BOUND
from prover.applications.ledger.units import CollateralId, Hours, StarkKey
from prover.applications.perpetual.amounts import order_collateral, order_fee, quantised
from prover.applications.perpetual.clients import HOUR, order_nonce, signed_expiration
from prover.applications.perpetual.errors import InputRefused
from prover.applications.perpetual.transactions import LimitOrder, Transfer, Withdrawal
from prover.applications.perpetual.units import CollateralQuanta, PositionId, SyntheticQuanta

SIGNATURE_DIGITS = 64
"""Of r, and of s after it."""


@dataclass(frozen=True)
class Account:
    """Whose orders these are."""

    stark_key: StarkKey
    position_id: PositionId


@dataclass(frozen=True)
class Terms:
    """A limit order as people say it. `expiration`: seconds since 1970 at which it leaves the book.

    `limit_fee`: the largest fee, as a fraction of what is paid.
    """

    is_buying: bool
    size: str
    price: str
    limit_fee: str
    client_id: str
    expiration: float


def limit_order(terms: Terms, market: Market, collateral: CollateralId, account: Account) -> LimitOrder:
    """Without a signature. Raises InputRefused for amounts that no order can have."""
    resolution = market.asset.resolution
    synthetic = SyntheticQuanta(quantised(terms.size, resolution, "size"))
    paid = order_collateral(synthetic, terms.price, resolution, market.collateral_resolution, terms.is_buying, "price")
    return LimitOrder(
        public_key=account.stark_key,
        position_id=account.position_id,
        synthetic_asset_id=market.asset.asset_id,
        collateral_asset_id=collateral,
        is_buying_synthetic=int(terms.is_buying),
        amount_synthetic=synthetic,
        amount_collateral=paid,
        amount_fee=order_fee(paid, terms.limit_fee, "limitFee"),
        nonce=order_nonce(terms.client_id),
        expiration_timestamp=signed_expiration(terms.expiration),
    )


def withdrawal(amount: str, client_id: str, expiration: float, collateral: Collateral, account: Account) -> Withdrawal:
    """To the owner's own key. Without a signature. Raises InputRefused."""
    return Withdrawal(
        public_key=account.stark_key,
        owner_key=account.stark_key,
        position_id=account.position_id,
        amount=collateral_quanta(amount, collateral),
        nonce=order_nonce(client_id),
        expiration_timestamp=_hours(expiration),
    )


def transfer(
    amount: str, client_id: str, expiration: float, collateral: Collateral, account: Account, receiver: Account
) -> Transfer:
    """Of collateral. Without a signature. Raises InputRefused."""
    return Transfer(
        public_key=account.stark_key,
        sender_position_id=account.position_id,
        receiver_public_key=receiver.stark_key,
        receiver_position_id=receiver.position_id,
        amount=collateral_quanta(amount, collateral),
        asset_id=collateral.asset_id,
        nonce=order_nonce(client_id),
        expiration_timestamp=_hours(expiration),
    )


def collateral_quanta(amount: str, collateral: Collateral) -> CollateralQuanta:
    """Raises InputRefused."""
    return CollateralQuanta(quantised(amount, collateral.resolution))


def signature_text(r: int, s: int) -> str:
    return f"{r:0{SIGNATURE_DIGITS}x}{s:0{SIGNATURE_DIGITS}x}"


def signature_of(text: str) -> tuple[int, int]:
    """r and s. Raises InputRefused for what is no 128 hex digits; `0x` may stand before them."""
    digits = text.removeprefix("0x")
    try:
        if len(digits) == 2 * SIGNATURE_DIGITS:
            return int(digits[:SIGNATURE_DIGITS], 16), int(digits[SIGNATURE_DIGITS:], 16)
    except ValueError:
        pass
    raise InputRefused(f"a signature is {2 * SIGNATURE_DIGITS} hex digits, r and s")


def _hours(expiration: float) -> Hours:
    hours = ceil(expiration / HOUR)
    if not 0 <= hours < HOURS_UPPER_BOUND:
        raise InputRefused(f"expiration {expiration} s is hour {hours}, which 32 bits cannot say")
    return Hours(hours)

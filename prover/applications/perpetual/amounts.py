"""Human amounts to quantised ones and back, as decimal strings (docs/spec/perpetual-state.md 2, 5.8, 8).

A quantised amount counts 1/resolution of an asset. Prices are 32.32 fixed point, collateral quanta per synthetic
quantum. Nothing is rounded silently: an amount that needs a fraction of a quantum is refused.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation, localcontext

from prover.applications.ledger.fields import AMOUNT_UPPER_BOUND, FXP32
from prover.applications.perpetual.errors import InputRefused
from prover.applications.perpetual.fields import EXTERNAL_PRICE_UNIT, PRICE_UPPER_BOUND
from prover.applications.perpetual.prices import internal_price

DIGITS = 100
"""More than any product here has, so that Decimal never rounds by itself."""


def _decimal(text: str | Decimal, name: str) -> Decimal:
    try:
        value = Decimal(text)
    except (InvalidOperation, ValueError) as error:
        raise InputRefused(f"{name}: {text!r} is no decimal number") from error
    if not value.is_finite():
        raise InputRefused(f"{name}: {text!r} is no decimal number")
    return value


def _exact(value: Decimal, unit: int, name: str, what: str) -> int:
    """value * unit, refused unless it is whole."""
    with localcontext() as context:
        context.prec = DIGITS
        scaled = value * unit
        if scaled != scaled.to_integral_value():
            raise InputRefused(f"{name}: {value} has too many decimals, {what}")
        return int(scaled)


def quantised(text: str | Decimal, resolution: int, name: str = "amount") -> int:
    """`"1.5"` at resolution 10^6 is 1,500,000. Raises InputRefused for a fraction of a quantum, or beyond 64 bits."""
    amount = _exact(_decimal(text, name), resolution, name, f"the resolution is {resolution:,}")
    if not 0 <= amount < AMOUNT_UPPER_BOUND:
        raise InputRefused(f"{name}: {text} is {amount:,} quanta, must be in [0, 2^64)")
    return amount


def human(amount: int, resolution: int) -> str:
    """The shortest exact decimal: 1,500,000 at resolution 10^6 is `"1.5"`. A resolution may be any integer."""
    with localcontext() as context:
        context.prec = DIGITS
        text = f"{Decimal(amount) / resolution:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def external_price(text: str | Decimal, name: str = "price") -> int:
    """What an oracle signs: a price in collateral per one asset, in 10^-18."""
    return _exact(_decimal(text, name), EXTERNAL_PRICE_UNIT, name, "oracles sign 18")


def price_fxp32(text: str | Decimal, asset_resolution: int, collateral_resolution: int, name: str = "price") -> int:
    """A human price as 32.32, rounded half up as signed prices are. Raises InputRefused outside [1, 2^64)."""
    price = internal_price(external_price(text, name), asset_resolution, collateral_resolution)
    if not 1 <= price < PRICE_UPPER_BOUND:
        raise InputRefused(f"{name}: {text} is {price} in 32.32, must be in [1, 2^64)")
    return price


def human_price(price: int, asset_resolution: int, collateral_resolution: int, decimals: int = 6) -> str:
    """A 32.32 price in collateral per one asset, rounded half up to so many decimals: for eyes, not for rules."""
    unit = collateral_resolution * FXP32
    scaled = (2 * price * asset_resolution * 10**decimals + unit) // (2 * unit)
    return human(scaled, 10**decimals)


def risk_fxp32(percent: str | Decimal, name: str = "risk") -> int:
    """A margin in percent as 0.32, rounded down: 3.5 % must let exactly 3.5 % be borrowed against."""
    with localcontext() as context:
        context.prec = DIGITS
        risk = int(_decimal(percent, name) * FXP32 / 100 // 1)
    if not 1 <= risk < FXP32:
        raise InputRefused(f"{name}: {percent} % is {risk} in 0.32, must be in [1, 2^32)")
    return risk


def order_collateral(amount_synthetic: int, price: int, is_buying_synthetic: bool) -> int:
    """The collateral to sign for: the limit price (32.32) times the amount, rounded in the signer's favour."""
    product = amount_synthetic * price
    return product // FXP32 if is_buying_synthetic else -(-product // FXP32)

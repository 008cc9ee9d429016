"""Human amounts to quantised ones and back, as decimal strings (docs/spec/perpetual-state.md 2, 5.8, 8).

A quantised amount counts 1 / resolution of an asset. Nothing is rounded silently: an amount that needs a fraction of a
quantum is refused. What an order signs for besides its synthetic amount is computed from the exact price and rounded as
public clients do: collateral up for a buyer and down for a seller, fees up.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation, localcontext
from fractions import Fraction
from math import ceil, floor

from prover.applications.ledger.fields import AMOUNT_UPPER_BOUND, FXP32
from prover.applications.perpetual.errors import BelowUnit, InputRefused
from prover.applications.perpetual.fields import EXTERNAL_PRICE_UNIT, PRICE_UPPER_BOUND
from prover.applications.perpetual.prices import internal_price
from prover.applications.perpetual.units import CollateralQuanta, ExternalPrice, Price, Risk, SyntheticQuanta

DIGITS = 100
"""More than any number here has, before and after the point."""


def _exact(text: str | Decimal, name: str) -> Fraction:
    try:
        value = Decimal(text)
    except (InvalidOperation, ValueError) as error:
        raise InputRefused(f"{name}: {text!r} is no decimal number") from error
    if not value.is_finite() or abs(value.adjusted()) > DIGITS or len(value.as_tuple().digits) > DIGITS:
        raise InputRefused(f"{name}: {text!r} is no decimal number of at most {DIGITS} digits")
    return Fraction(value)


def _whole(text: str | Decimal, unit: int, name: str, what: str) -> int:
    """The number times `unit`, refused unless it is whole."""
    scaled = _exact(text, name) * unit
    if 0 < scaled < 1:
        raise BelowUnit(f"{name}: {text} is less than one unit, {what}")
    if scaled.denominator != 1:
        raise InputRefused(f"{name}: {text} has too many decimals, {what}")
    return int(scaled)


def _amount(amount: int, text: str | Decimal, name: str) -> int:
    if not 0 <= amount < AMOUNT_UPPER_BOUND:
        raise InputRefused(f"{name}: {text} is {amount:,} quanta, must be in [0, 2^64)")
    return amount


def quantised(text: str | Decimal, resolution: int, name: str = "amount") -> int:
    """`"1.5"` at resolution 10^6 is 1,500,000.

    Raises BelowUnit for less than a quantum, InputRefused for another fraction of one, or beyond 64 bits.
    """
    return _amount(_whole(text, resolution, name, f"the resolution is {resolution:,}"), text, name)


def human(amount: int, resolution: int) -> str:
    """The shortest exact decimal: 1,500,000 at resolution 10^6 is `"1.5"`. A resolution may be any integer."""
    with localcontext() as context:
        context.prec = DIGITS
        text = f"{Decimal(amount) / resolution:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def external_price(text: str | Decimal, name: str = "price") -> ExternalPrice:
    """What an oracle signs: a price in collateral per one asset, in 10^-18. Raises BelowUnit, InputRefused."""
    return ExternalPrice(_whole(text, EXTERNAL_PRICE_UNIT, name, "oracles sign 18"))


def price_fxp32(text: str | Decimal, asset_resolution: int, collateral_resolution: int, name: str = "price") -> Price:
    """A human price as 32.32, rounded half up as signed prices are. Raises InputRefused outside [1, 2^64)."""
    price = internal_price(external_price(text, name), asset_resolution, collateral_resolution)
    if not 1 <= price < PRICE_UPPER_BOUND:
        raise InputRefused(f"{name}: {text} is {price} in 32.32, must be in [1, 2^64)")
    return price


def human_price(price: Price, asset_resolution: int, collateral_resolution: int, decimals: int = 6) -> str:
    """A 32.32 price in collateral per one asset, rounded half up to so many decimals: for eyes, not for rules."""
    unit = collateral_resolution * FXP32
    scaled = (2 * price * asset_resolution * 10**decimals + unit) // (2 * unit)
    return human(scaled, 10**decimals)


def risk_fxp32(percent: str | Decimal, name: str = "risk") -> Risk:
    """A margin in percent as 0.32, rounded down: 3.5 % must let exactly 3.5 % be borrowed against."""
    risk = floor(_exact(percent, name) * FXP32 / 100)
    if not 1 <= risk < FXP32:
        raise InputRefused(f"{name}: {percent} % is {risk} in 0.32, must be in [1, 2^32)")
    return Risk(risk)


def order_collateral(
    synthetic: SyntheticQuanta,
    price: str | Decimal,
    asset_resolution: int,
    collateral_resolution: int,
    is_buying_synthetic: bool,
    name: str = "collateral",
) -> CollateralQuanta:
    """What an order signs for at this limit, in collateral per one asset: at most so much, or at least so much.

    Raises BelowUnit for an amount of 0 and where a seller would sign for nothing, InputRefused beyond 64 bits.
    """
    if synthetic == 0:
        raise BelowUnit(f"{name}: an order for 0 quanta is none")
    exact = synthetic * _exact(price, "price") * collateral_resolution / asset_resolution
    collateral = ceil(exact) if is_buying_synthetic else floor(exact)
    if collateral == 0:
        raise BelowUnit(f"{name}: {synthetic} quanta at {price} are worth less than one unit of collateral")
    return CollateralQuanta(_amount(collateral, price, name))


def order_fee(collateral: CollateralQuanta, fee: str | Decimal, name: str = "fee") -> CollateralQuanta:
    """The most that an order pays for its whole collateral, `fee` being a fraction: 0.0005 for 0.05 %."""
    return CollateralQuanta(_amount(ceil(collateral * _exact(fee, name)), fee, name))

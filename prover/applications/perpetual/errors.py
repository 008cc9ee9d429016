"""Refusals of the exchange's rules.

InputRefused               a file or a value that is no state, configuration or batch; nothing was run
RuleBroken                 a transaction or batch that no proof can contain; `rule` is its name, a code's if it has one
├── UpdateRefused          the position update gives an error code
├── RequestRefused         a transaction contradicts itself, or declares an outcome that it does not have
├── OrderRefused           signature, expiration, fulfilment, limit price or fee of a signed order
├── TimeRefused            system time, funding validity
├── FundingRefused         a funding tick's assets or rates
├── PriceRefused           signed prices, or a tick outside them
├── PositionRefused        a position that may not be liquidated or deleveraged so
└── BatchRefused           the configuration, or what the batch ends with
"""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """Error codes (docs/spec/perpetual-state.md 5.7). An update can give 1, 2, 3, 10, 12, 13, 16, 19, 20, 22."""

    SUCCESS = 0
    ILLEGAL_POSITION_TRANSITION_ENLARGING_SYNTHETIC_HOLDINGS = 1
    ILLEGAL_POSITION_TRANSITION_NO_RISK_REDUCED_VALUE = 2
    ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO = 3
    INVALID_ASSET_ORACLE_PRICE = 4
    INVALID_COLLATERAL_ASSET_ID = 5
    INVALID_FULFILLMENT_ASSETS_RATIO = 6
    INVALID_FULFILLMENT_FEE_RATIO = 7
    INVALID_FULFILLMENT_INFO = 8
    INVALID_FUNDING_TICK_TIMESTAMP = 9
    INVALID_PUBLIC_KEY = 10
    INVALID_SIGNATURE = 11
    MISSING_GLOBAL_FUNDING_INDEX = 12
    MISSING_ORACLE_PRICE = 13
    MISSING_SYNTHETIC_ASSET_ID = 14
    OUT_OF_RANGE_AMOUNT = 15
    OUT_OF_RANGE_BALANCE = 16
    OUT_OF_RANGE_FUNDING_INDEX = 17
    OUT_OF_RANGE_POSITIVE_AMOUNT = 18
    OUT_OF_RANGE_TOTAL_RISK = 19
    OUT_OF_RANGE_TOTAL_VALUE = 20
    SAME_POSITION_ID = 21
    TOO_MANY_SYNTHETIC_ASSETS_IN_POSITION = 22
    TOO_MANY_SYNTHETIC_ASSETS_IN_SYSTEM = 23
    UNDELEVERAGABLE_POSITION = 24
    UNFAIR_DELEVERAGE = 25
    UNLIQUIDATABLE_POSITION = 26
    UNSORTED_ORACLE_PRICES = 27


class InputRefused(ValueError):
    """The message names the field and the reason."""


class RuleBroken(Exception):
    """A transaction that cannot be part of a batch. `place` is its index in the batch, once known."""

    def __init__(self, rule: Code | str, detail: str) -> None:
        super().__init__(rule, detail)
        self.code = rule if isinstance(rule, Code) else None
        self.rule = rule.name if isinstance(rule, Code) else rule
        self.detail = detail
        self.place: int | None = None
        self.transaction: str | None = None

    def __str__(self) -> str:
        where = "" if self.place is None else f"transaction {self.place} ({self.transaction}): "
        return f"{where}{self.rule} ({self.detail})"


class UpdateRefused(RuleBroken):
    def __init__(self, code: Code, position_id: int, detail: str) -> None:
        super().__init__(code, detail)
        self.position_id = position_id

    def __str__(self) -> str:
        where = "" if self.place is None else f"transaction {self.place} ({self.transaction}): "
        return f"{where}position {self.position_id}: {self.rule} ({self.detail})"


class RequestRefused(RuleBroken):
    """The message names the field and its bound."""


class OrderRefused(RuleBroken):
    """The message gives what was signed and what was asked."""


class TimeRefused(RuleBroken):
    """The message gives both times."""


class FundingRefused(RuleBroken):
    """The message gives the asset and the rate."""


class PriceRefused(RuleBroken):
    """The message gives the asset and the bounds."""


class PositionRefused(RuleBroken):
    """The message gives total value and total risk."""


class BatchRefused(RuleBroken):
    """Nothing in the batch can be proven."""

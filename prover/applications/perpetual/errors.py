"""Refusals of the exchange's rules.

InputRefused               a file or a value that is no state, configuration or batch; nothing was run
└── BelowUnit              an amount or a price of less than the least unit
RuleBroken                 a transaction or batch that no proof can contain; `rule` is its name, a code's if it has one
├── UpdateRefused          the position update gives an error code
├── RequestRefused         a transaction contradicts itself, or declares an outcome that it does not have
├── OrderRefused           signature, expiration, fulfilment, limit price or fee of a signed order
├── TimeRefused            system time, funding validity
├── FundingRefused         a funding tick's assets or rates
├── PriceRefused           signed prices, or a tick outside them
├── PositionRefused        a position that may not be liquidated or deleveraged so
└── BatchRefused           the configuration, or what the batch ends with
OutputMalformed            words that no program wrote; `part` is what was read, `place` the word's
├── OutputCutOff           there are fewer words than the counts say
├── OutputTooLong          there are words after the end
├── WordOutOfRange         a word that its field cannot hold
├── NotAscending           ids that do not ascend
└── KindUnknown            an availability mode or a forced request of no known kind
DataRefused                a rollup's data that do not go on from what was read before
├── TickUnread             a position's indices are those of a tick that was not read
├── IndexUnread            a position holds an asset for which that tick has no index
└── PositionsDiffer        positions that are not those of the state on chain
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


class BelowUnit(InputRefused):
    """The message names the unit."""


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


class OutputMalformed(ValueError):
    """The message names the part of the output and the word's place in it."""

    def __init__(self, part: str, place: int, detail: str) -> None:
        super().__init__(f"word {place}, {part}: {detail}")
        self.part, self.place = part, place


class OutputCutOff(OutputMalformed):
    def __init__(self, part: str, place: int) -> None:
        super().__init__(part, place, "the words end before it")


class OutputTooLong(OutputMalformed):
    def __init__(self, part: str, place: int, n_left: int) -> None:
        super().__init__(part, place, f"{n_left} words are left after its end")


class WordOutOfRange(OutputMalformed):
    def __init__(self, part: str, place: int, word: int, reason: str) -> None:
        super().__init__(part, place, f"{word:#x} {reason}")
        self.word = word


class NotAscending(OutputMalformed):
    def __init__(self, part: str, place: int, word: int, last: int) -> None:
        super().__init__(part, place, f"{word:#x} comes after {last:#x}")
        self.word = word


class KindUnknown(OutputMalformed):
    def __init__(self, part: str, place: int, word: int) -> None:
        super().__init__(part, place, f"{word:#x} is no kind of it")
        self.word = word


class DataRefused(ValueError):
    """The message names the position, if it is one's."""


class TickUnread(DataRefused):
    def __init__(self, position_id: int, timestamp: int) -> None:
        super().__init__(f"position {position_id} was funded at {timestamp}, and no tick of that time was read")
        self.position_id, self.timestamp = position_id, timestamp


class IndexUnread(DataRefused):
    def __init__(self, position_id: int, asset_id: int, timestamp: int) -> None:
        when = f"the tick of {timestamp} has" if timestamp else "it was not funded, and had"
        super().__init__(f"position {position_id} holds {asset_id:#x}: {when} no index of it")
        self.position_id, self.asset_id, self.timestamp = position_id, asset_id, timestamp


class PositionsDiffer(DataRefused):
    def __init__(self, root: int, expected: int) -> None:
        super().__init__(f"positions have the root {root:#x}, the state has {expected:#x}")
        self.root, self.expected = root, expected

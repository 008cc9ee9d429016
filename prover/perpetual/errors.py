"""Refusals of the exchange's rules.

RuleBroken                 a transaction that no proof can contain; `code` is the published error code or None
├── UpdateRefused          the position update gives an error
├── RequestRefused         a field is out of its range
└── TimeRefused            system time, funding validity
"""


class RuleBroken(Exception):
    """A transaction that cannot be part of a batch."""


class UpdateRefused(RuleBroken):
    def __init__(self, code: int, name: str, position_id: int, detail: str) -> None:
        super().__init__(f"position {position_id}: {name} ({detail})")
        self.code, self.name = code, name


class RequestRefused(RuleBroken):
    """The message names the field and its bound."""


class TimeRefused(RuleBroken):
    """The message gives both times."""

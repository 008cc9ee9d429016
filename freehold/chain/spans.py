"""Spans of time as people write them: '7 days', '1 hour'."""

from __future__ import annotations

UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}


def seconds(text: str) -> int:
    """Raises ValueError for what is no span."""
    count, _, unit = text.partition(" ")
    if not count.isdecimal() or unit.removesuffix("s") not in UNITS or int(count) == 0:
        raise ValueError(f"'{text}' is no time: '7 days', '1 hour'")
    return int(count) * UNITS[unit.removesuffix("s")]

"""One price from what several oracles say: the median of those that are young enough. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from freehold.errors import Refused
from prover.applications.ledger.units import Seconds
from prover.applications.perpetual.units import Price

Quote = tuple[Price, Seconds]
"""A price (32.32), and when its oracle signed it."""


def young(quotes: Iterable[Quote], now: Seconds, age_limit: int) -> list[Price]:
    """Of the last `age_limit` seconds, both ends inclusive; what is signed for a later time is left out too."""
    return [price for price, signed_at in quotes if now - age_limit <= signed_at <= now]


def median(prices: Sequence[Price]) -> Price:
    """The middle one; of an even number the lower of both, which the rules take as well. Needs one at least."""
    return sorted(prices)[(len(prices) - 1) // 2]


def index_price(quotes: Iterable[Quote], now: Seconds, age_limit: int, quorum: int) -> Price:
    """Raises Refused where fewer than the quorum are young enough."""
    found = young(quotes, now, age_limit)
    if len(found) < max(1, quorum):
        raise Refused(f"{len(found)} prices of the last {age_limit} s up to {now}, {max(1, quorum)} are required")
    return median(found)

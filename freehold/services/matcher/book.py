"""One market's book: bids and asks by price, then by arrival. What fills do to anybody is not known here."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator

from sortedcontainers import SortedDict

from freehold.services.matcher.orders import Open, crosses
from prover.applications.perpetual.units import OrderId, SyntheticQuanta

Level = OrderedDict[OrderId, Open]
"""Orders at one price, by arrival."""


class Side:
    """Keys ascend from the best price on: a bid's are negative."""

    def __init__(self, is_buying: bool) -> None:
        self._sign = -1 if is_buying else 1
        self._levels: SortedDict[int, Level] = SortedDict()

    def add(self, order: Open) -> None:
        """At the end of its price."""
        key = self._sign * order.ticks
        level = self._levels.get(key)
        if level is None:
            level = self._levels[key] = OrderedDict()
        level[order.order_id] = order

    def remove(self, order: Open) -> None:
        """Raises KeyError for one that is not here."""
        key = self._sign * order.ticks
        level = self._levels[key]
        del level[order.order_id]
        if not level:
            del self._levels[key]

    def best(self) -> int | None:
        """In ticks."""
        return self._sign * self._levels.keys()[0] if self._levels else None

    def by_priority(self) -> Iterator[Open]:
        """Nothing may be added or removed meanwhile."""
        for level in self._levels.values():
            yield from level.values()

    def depth(self, left: Callable[[Open], SyntheticQuanta]) -> Iterator[tuple[int, SyntheticQuanta]]:
        """Ticks and synthetic quanta of each price, the best first."""
        for key, level in self._levels.items():
            yield self._sign * key, SyntheticQuanta(sum(map(left, level.values())))


class Book:
    def __init__(self) -> None:
        self.bids, self.asks = Side(True), Side(False)

    def own(self, order: Open) -> Side:
        return self.bids if order.is_buying else self.asks

    def other(self, order: Open) -> Side:
        return self.asks if order.is_buying else self.bids

    def add(self, order: Open) -> None:
        self.own(order).add(order)

    def remove(self, order: Open) -> None:
        """Raises KeyError for one that is not here."""
        self.own(order).remove(order)

    def makers(self, taker: Open) -> Iterator[Open]:
        """Who rests at a price that the taker takes, in their order. Nothing may be added or removed meanwhile."""
        for maker in self.other(taker).by_priority():
            if not crosses(taker, maker.ticks):
                return
            yield maker

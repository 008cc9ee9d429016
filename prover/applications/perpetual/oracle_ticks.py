"""The oracle ticks that lead a market to signed prices by a given time (docs/spec/perpetual-state.md 7.12).

The rules let a price go only so far in a tick and in an hour. An operator who has to follow a market that jumped, or
who was silent, therefore sends several ticks; this is the one place that knows how many, and when each is due.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping

from prover.applications.ledger.units import AssetId, Seconds
from prover.applications.perpetual.config import GeneralConfig, Limits
from prover.applications.perpetual.limits import HOUR, reach
from prover.applications.perpetual.transactions import OracleTick
from prover.applications.perpetual.units import Price

Prices = Mapping[AssetId, Price]


def oracle_ticks(
    config: GeneralConfig, prices: Prices, since: Seconds, now: Seconds, targets: Prices
) -> list[OracleTick]:
    """Ticks from the time `since` of the last one to `now`, the last of them at `now`; as few as there can be.

    `prices` are those of the state. Where the time is too short, the prices end as near to their targets as they may.
    """
    if not targets:
        return []
    if config.limits is None:
        return [_tick(targets, now)]
    limits = config.limits
    step = max(1, -(-limits.max_price_move_per_tick * HOUR // limits.max_price_move_per_hour))
    longest = max(1, (now - since) // step)

    def arrives(count: int) -> bool:
        *_, (_, last) = _walk(limits, prices, since, _times(now, step, count), targets)
        return last == targets

    count = min(longest, 1 + bisect_left(range(1, longest + 1), True, key=arrives))
    return [_tick(reached, time) for time, reached in _walk(limits, prices, since, _times(now, step, count), targets)]


def _times(now: Seconds, step: int, count: int) -> Iterator[Seconds]:
    """The last `count` times, `step` apart: after each step a price may move by all that a tick allows."""
    return (Seconds(now - place * step) for place in reversed(range(count)))


def _walk(
    limits: Limits, prices: Prices, since: Seconds, times: Iterator[Seconds], targets: Prices
) -> Iterator[tuple[Seconds, Prices]]:
    """Each time with the prices reached then. An asset without a price begins at its target."""
    reached = {asset_id: prices.get(asset_id, target) for asset_id, target in targets.items()}
    for time in times:
        for asset_id, old in reached.items():
            far = reach(limits, old, time - since)
            reached[asset_id] = Price(min(max(targets[asset_id], old - far), old + far))
        yield time, dict(reached)
        since = time


def _tick(prices: Prices, time: Seconds) -> OracleTick:
    return OracleTick(prices=tuple(sorted(prices.items())), timestamp=time)

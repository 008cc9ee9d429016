"""The oracle ticks that lead a market to signed prices by a given time (docs/spec/perpetual-state.md 7.12).

The rules let a price go only so far in a tick and in an hour. An operator who has to follow a market that jumped, or who
was silent, therefore sends several ticks; this is the one place that knows how many, and when each is due.
"""

from __future__ import annotations

from collections.abc import Mapping

from prover.applications.ledger.units import AssetId, Seconds
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.limits import reach
from prover.applications.perpetual.transactions import OracleTick
from prover.applications.perpetual.units import Price

HOUR = 3600


def oracle_ticks(
    config: GeneralConfig,
    prices: Mapping[AssetId, Price],
    since: Seconds,
    now: Seconds,
    targets: Mapping[AssetId, Price],
) -> list[OracleTick]:
    """Ticks from the time `since` of the last one to `now`, the last of them at `now`; as few as there can be.

    `prices` are those of the state. Where the time is too short, the prices end as near to their targets as they may.
    """
    if not targets:
        return []
    if config.limits is None:
        return [_tick(targets, now)]
    step = -(-config.limits.max_price_move_per_tick * HOUR // config.limits.max_price_move_per_hour)
    longest = max(1, (now - since) // max(1, step))
    for count in range(1, longest + 1):
        times = [Seconds(now - (count - 1 - place) * step) for place in range(count)]
        ticks = list(_walk(config, dict(prices), since, times, targets))
        if dict(ticks[-1].prices) == dict(targets):
            break
    return ticks


def _walk(
    config: GeneralConfig,
    prices: dict[AssetId, Price],
    since: Seconds,
    times: list[Seconds],
    targets: Mapping[AssetId, Price],
) -> list[OracleTick]:
    ticks = []
    for time in times:
        for asset_id, target in targets.items():
            if asset_id in prices:
                bound = reach(config.limits, prices[asset_id], time - since)
                low, high = prices[asset_id] - bound, prices[asset_id] + bound
                target = Price(min(max(target, low), high))
            prices[asset_id] = target
        ticks.append(_tick({asset_id: prices[asset_id] for asset_id in targets}, time))
        since = time
    return ticks


def _tick(prices: Mapping[AssetId, Price], time: Seconds) -> OracleTick:
    return OracleTick(prices=tuple(sorted(prices.items())), timestamp=time)

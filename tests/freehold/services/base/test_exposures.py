"""The positions that may be liquidated, of all at once, are those of each by itself: at the margin, one quantum off it,
with funding, at the bounds of risk."""

import random

import pytest

from freehold.services.base.exposures import MANY_NEW, Exposures, is_below_margin
from prover.applications.perpetual.config import RiskSegment
from prover.applications.perpetual.margin import totals
from prover.applications.perpetual.positions import EMPTY, Asset, Position
from prover.applications.perpetual.samples import key, position
from tests.support.limited_exchange import LimitedExchange

EXCHANGE = LimitedExchange(n_assets=3)
ONE = 1 << 32


def config_and_market(rng: random.Random):
    segments = (
        RiskSegment(upper_bound=10**6 * ONE, risk=ONE // 20),
        RiskSegment(upper_bound=(1 << 128) - 1, risk=ONE // 7),
    )
    config = EXCHANGE.config()
    assets = tuple(asset.model_copy(update={"risk_segments": segments}) for asset in config.synthetic_assets)
    config = config.model_copy(update={"synthetic_assets": assets})
    market = EXCHANGE.state({}).market(config)
    prices = {asset.asset_id: rng.randrange(1, 1 << 40) for asset in assets}
    indices = {asset.asset_id: rng.randrange(-(1 << 40), 1 << 40) for asset in assets}
    return config, market.__class__(**{**vars(market), "prices": prices, "indices": indices})


def at_the_margin(rng: random.Random, config, market) -> Position:
    """With collateral that makes value and risk meet within a few quanta."""
    held = []
    for asset in rng.sample(config.synthetic_assets, rng.randrange(1, 4)):
        price = market.prices[asset.asset_id]
        size = rng.choice([rng.randrange(1, 10**12), 10**6 * ONE // price + rng.randrange(-1, 2) or 1])
        held.append(Asset(asset.asset_id, rng.choice([-1, 1]) * size, rng.randrange(-(1 << 40), 1 << 40)))
    base = Position(key(7), 0, tuple(sorted(held, key=lambda asset: asset.asset_id)))
    value, risk = totals(base, market)
    owed = sum((market.indices[a.asset_id] - a.cached_funding_index) * a.balance for a in held)
    needed = (risk // ONE - value + owed) // ONE
    return Position(base.public_key, needed + rng.randrange(-2, 3), base.assets)


@pytest.mark.parametrize("seed", range(5))
def test_none_is_missed_and_none_is_added(seed):
    rng = random.Random(seed)
    config, market = config_and_market(rng)
    positions = {number * 3: at_the_margin(rng, config, market) for number in range(300)}
    positions |= {10**6: position(7, 5), (1 << 64) - 1: at_the_margin(rng, config, market)}
    exposures = Exposures(config, {})
    exposures.update(positions, positions)
    for _ in range(3):
        expected = {key for key, one in positions.items() if is_below_margin(one, market)}
        assert 0 < len(expected) < len(positions)
        assert set(exposures.below_margin(positions, market)) == expected
        assert set(Exposures(config, positions).below_margin(positions, market)) == expected
        exposures = Exposures(config, positions)
        changed = {key: at_the_margin(rng, config, market) for key in (0, 3, 1, 10**6)} | {6: EMPTY, 9: position(7, 1)}
        positions |= changed
        exposures.update(changed, positions)


def test_many_new_ones_become_rows():
    config, market = config_and_market(random.Random(1))
    exposures = Exposures(config, {})
    poor = position(7, -(10**15), {0: 1})
    positions = dict.fromkeys(range(MANY_NEW + 1), poor)
    exposures.update(positions, positions)
    assert not exposures._new and len(list(exposures.below_margin(positions, market))) == len(positions)

"""Funding, its ticks, and the age at which it stops everything else: edges 75 to 88 of the list."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from prover.applications.perpetual.errors import Code
from prover.applications.perpetual.margin import Market, funded
from prover.applications.perpetual.positions import Position
from prover.applications.perpetual.transactions import FundingTick, OracleTick
from tests.support.world import (
    ALICE,
    BOB,
    BTC,
    CONFIG,
    ETH,
    HALF,
    NOW,
    ONE,
    PRICE,
    SOL,
    TIME,
    apply,
    asset_id,
    configured,
    deposit,
    forced_trade,
    forced_withdrawal,
    funding,
    holds,
    refused,
    synthetic,
    withdrawal,
    world,
)

WEEK = CONFIG.funding_validity_period


def market(indices: dict[int, int]) -> Market:
    return Market({}, False, {BTC: 0, ETH: 0, SOL: 0, **indices}, PRICE, TIME)


def test_funding_rounds_down_for_longs_and_shorts():
    """Edge 75: half a unit owed costs one, half a unit due brings none."""
    assert funded(holds(ALICE, 100, {ETH: 1}), market({ETH: ONE // 2})).collateral_balance == 99
    assert funded(holds(ALICE, 100, {ETH: -1}), market({ETH: ONE // 2})).collateral_balance == 100


def test_one_rounding_for_the_whole_position():
    """Edge 76: owing half a unit for one asset and being due half for another changes nothing."""
    position = holds(ALICE, 100, {ETH: 1, BTC: -1})
    assert funded(position, market({ETH: ONE // 2, BTC: ONE // 2})).collateral_balance == 100


def test_a_tick_in_the_batch_can_make_a_withdrawal_illegal():
    """Edge 77: funding is applied before anything else."""
    state = world({7: holds(ALICE, 100, {ETH: -1000})}, prices={**PRICE, ETH: ONE // 20})
    assert apply(state, withdrawal(ALICE, 7, 48))
    tick, config = funding(NOW, indices={ETH: -(ONE // 1000)}), configured(max_funding_rate=10**6)
    with refused(Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO):
        apply(state, tick, withdrawal(ALICE, 7, 48), config=config)
    assert apply(state, tick, withdrawal(ALICE, 7, 47), config=config)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_rate_limit_is_met_and_not_passed(sign):
    """Edge 78: |change| * 2^32 <= rate * price * seconds, exactly; 1120 a second is 0.751 % in 8 hours."""
    limit = CONFIG.max_funding_rate * PRICE[ETH] * 100 // ONE
    assert apply(world({}), funding(NOW, indices={ETH: sign * limit})).after.funding_timestamp == NOW
    with refused("FUNDING_RATE"):
        apply(world({}), funding(NOW, indices={ETH: sign * (limit + 1)}))
    assert round(1120 * 8 * 3600 / ONE * 100, 3) == 0.751


def test_no_time_means_no_change():
    """Edge 79: the indices of known assets stay, new ones may join."""
    state = world({}, system_time=TIME, prices={ETH: ONE}, indices={ETH: 5})
    assert apply(state, FundingTick(timestamp=TIME, funding_indices=((BTC, 9), (ETH, 5))))
    with refused("FUNDING_RATE"):
        apply(state, FundingTick(timestamp=TIME, funding_indices=((ETH, 6),)))


def test_time_never_goes_back():
    """Edge 80: for both ticks."""
    for tick in (funding, lambda time: OracleTick(timestamp=time)):
        assert apply(world({}), tick(NOW)).after.system_time == NOW
        with refused("SYSTEM_TIME"):
            apply(world({}), tick(NOW - 1))


def test_a_tick_names_every_known_asset_in_order():
    """Edge 81."""
    with refused(Code.MISSING_GLOBAL_FUNDING_INDEX):
        apply(world({}), FundingTick(timestamp=NOW, funding_indices=((BTC, 0), (ETH, 0))))
    for wrong in (((ETH, 0), (BTC, 0), (SOL, 0)), ((BTC, 0), (ETH, 0), (ETH, 0), (SOL, 0))):
        with pytest.raises(ValidationError, match="ascend strictly"):
            FundingTick(timestamp=NOW, funding_indices=wrong)


def test_a_new_asset_starts_anywhere_in_63_bits():
    """Edge 82: and needs no price."""
    for index in (-HALF, HALF - 1):
        tick = FundingTick(timestamp=NOW, funding_indices=((ETH, index),))
        assert apply(world({}, prices={}, indices={}), tick).after.funding_indices == ((ETH, index),)
    for index in (-HALF - 1, HALF):
        with pytest.raises(ValidationError):
            FundingTick(timestamp=NOW, funding_indices=((ETH, index),))


def test_funding_of_an_asset_that_is_not_configured_is_refused():
    """Edge 83: and a configuration that drops an asset with funding stops everything."""
    tick = funding(NOW, indices={asset_id("ZZZ-1"): 0})
    with refused(Code.MISSING_SYNTHETIC_ASSET_ID):
        apply(world({}), tick)
    config = configured(*(synthetic(asset) for asset in (BTC, ETH, SOL, asset_id("ZZZ-1"))))
    after = apply(world({}, config), tick, config=config).after
    assert apply(after, config=config)
    with refused(Code.MISSING_SYNTHETIC_ASSET_ID):
        apply(after)


def test_a_known_asset_without_a_price_cannot_be_ticked():
    """Edge 84."""
    with refused(Code.MISSING_ORACLE_PRICE):
        apply(world({}, prices={ETH: ONE, BTC: ONE}), funding(NOW))


def test_old_funding_stops_everything_but_ticks():
    """Edges 85, 86 and 142: at the limit all goes on; a second later only ticks do, and one repairs it."""
    stale = {"funding_timestamp": TIME, "indices": {}, "prices": {}}
    at_limit = world({7: holds(ALICE, 10)}, system_time=TIME + WEEK, **stale)
    past = world({7: holds(ALICE, 10)}, system_time=TIME + WEEK + 1, **stale)
    for transaction in (deposit(ALICE, 7, 1), withdrawal(ALICE, 7, 1), forced_withdrawal(ALICE, 7, 1)):
        assert apply(at_limit, transaction)
        with refused(Code.INVALID_FUNDING_TICK_TIMESTAMP):
            apply(past, transaction)
        tick = FundingTick(timestamp=past.system_time)
        assert apply(past, tick, transaction)
    assert apply(past, OracleTick(timestamp=past.system_time + 5))
    with refused(Code.INVALID_FUNDING_TICK_TIMESTAMP):
        apply(past, OracleTick(timestamp=past.system_time + 5), deposit(ALICE, 7, 1))


OVERFLOWING = holds(ALICE, HALF - 1, {ETH: -1})


def overflowing_world():
    """Alice's short is due one unit, and her collateral is full."""
    return world({7: OVERFLOWING, 8: holds(BOB, 100, {ETH: 3})}, indices={BTC: 0, SOL: 0, ETH: ONE})


def test_funding_out_of_range_is_an_ordinary_error():
    """Edge 87: the request is proven invalid, the position stored as it was (docs/spec/perpetual-state.md 11.2)."""
    state = overflowing_world()
    batch = apply(state, forced_withdrawal(ALICE, 7, 1))
    assert batch.served == (Code.OUT_OF_RANGE_BALANCE,)
    assert batch.after.position(7) == OVERFLOWING and batch.funding_timestamps == {7: 0}
    batch = apply(state, forced_trade((BOB, 8), (ALICE, 7), True, 1, 1))
    assert batch.served == (Code.OUT_OF_RANGE_BALANCE,) and batch.after.position(7) == OVERFLOWING
    assert batch.after.position(8) == holds(BOB, 97, {ETH: 3}, index=ONE)
    with refused(Code.OUT_OF_RANGE_BALANCE):
        apply(state, deposit(ALICE, 7, 0))


def test_the_published_rules_have_no_answer_there():
    """The broken twin of edge 87: without the first step's code the update would store what no leaf can hold."""
    state = overflowing_world()
    position, found = state.position(7), state.market(CONFIG)
    assert funded(position, found) is None
    owed = sum((found.indices[a.asset_id] - a.cached_funding_index) * a.balance for a in position.assets)
    assert (position.collateral_balance * ONE - owed) // ONE == HALF


balances = st.integers(-(2**40), 2**40)


@given(
    st.lists(st.tuples(balances, balances, balances), min_size=1, max_size=6),
    st.tuples(*[st.integers(-(2**40), 2**40)] * 3),
)
@settings(max_examples=100)
def test_funding_never_creates_collateral(holdings, indices):
    """Edge 88: balances that sum to 0 per asset pay each other, and rounding only takes, at most one unit each."""
    ids = (BTC, ETH, SOL)
    sums = [sum(holding[i] for holding in holdings) for i in range(3)]
    everybody = [*holdings, tuple(-total for total in sums)]
    positions = [
        Position(1, 2**50, holds(ALICE, 0, {i: b for i, b in zip(ids, holding, strict=True) if b}).assets)
        for holding in everybody
    ]
    found = Market({}, False, dict(zip(ids, indices, strict=True)), PRICE, TIME)
    after = [funded(position, found) for position in positions]
    change = sum(p.collateral_balance for p in after) - sum(p.collateral_balance for p in positions)
    assert -len(positions) <= change <= 0

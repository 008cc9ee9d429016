"""Liquidation and deleverage: edges 113 to 128 of the list."""

import pytest

from prover.applications.perpetual.errors import Code, RuleBroken
from prover.applications.perpetual.margin import totals
from prover.applications.perpetual.positions import EMPTY
from prover.applications.perpetual.transactions import Deleverage
from tests.support.world import (
    ALICE,
    BOB,
    BTC,
    CONFIG,
    ETH,
    FEE_KEEPER,
    FEES,
    NOW,
    ONE,
    PRICE,
    RISK,
    apply,
    configured,
    funding,
    holds,
    key,
    liquidate,
    order,
    refused,
    synthetic,
    world,
)

RICH = holds(BOB, 10**9)


def buying(size: int = 10**6, collateral: int = 10**6, **fields):
    """Bob (8) takes over longs at 1 or better."""
    return order(BOB, 8, True, size, collateral, **fields)


def selling(size: int = 10**6, collateral: int = 10**6, **fields):
    """Bob (8) takes over shorts at 1 or better."""
    return order(BOB, 8, False, size, collateral, **fields)


def test_only_below_the_required_margin():
    """Edge 113: at 50 % of 1000, a value of 500 is enough, 499 is not."""
    config = configured(synthetic(ETH, risk=ONE // 2))
    for value, liquidatable in ((501, False), (500, False), (499, True)):
        state = world(
            {7: holds(ALICE, value - 1000, {ETH: 1000}), 8: RICH}, config, prices={ETH: ONE}, indices={ETH: 0}
        )
        if liquidatable:
            assert apply(state, liquidate(buying(), 7, 1, 1), config=config)
        else:
            with refused(Code.UNLIQUIDATABLE_POSITION):
                apply(state, liquidate(buying(), 7, 1, 1), config=config)


LONG, SHORT = holds(ALICE, -990, {ETH: 1000}), holds(ALICE, 1010, {ETH: -1000})


def test_no_more_than_the_holding_and_only_towards_zero():
    """Edges 114 and 120, for longs and shorts."""
    for position, towards, away in ((LONG, buying(), selling()), (SHORT, selling(), buying())):
        state = world({7: position, 8: RICH})
        assert apply(state, liquidate(towards, 7, 1000, 1000)).after.position(7).assets == ()
        with refused("CLOSES_NO_HOLDING"):
            apply(state, liquidate(towards, 7, 1001, 1001))
        with refused("CLOSES_NO_HOLDING"):
            apply(state, liquidate(away, 7, 1, 1))
        with refused("CLOSES_NO_HOLDING"):
            apply(state, liquidate(buying(synthetic_asset_id=BTC), 7, 1, 1))


def test_nobody_liquidates_himself():
    """Edge 115: nor an order of the fee position."""
    state = world({7: LONG, FEES: holds(FEE_KEEPER, 10**9)})
    with refused(Code.SAME_POSITION_ID):
        apply(state, liquidate(order(ALICE, 7, True, 10, 10), 7, 1, 1))
    with refused(Code.SAME_POSITION_ID):
        apply(state, liquidate(order(FEE_KEEPER, FEES, True, 10, 10), 7, 1, 1))


def test_a_part_may_cost_its_share_and_no_more():
    """Edge 116: half of 1000 may take half of the 10 that the position is worth."""
    for position, liquidator, fair, worse in (
        (LONG, buying(), 495, 494),
        (SHORT, selling(10**6, 10**6), 505, 506),
    ):
        state = world({7: position, 8: RICH})
        assert apply(state, liquidate(liquidator, 7, 500, fair))
        with refused(Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO):
            apply(state, liquidate(liquidator, 7, 500, worse))


def test_a_full_close_may_take_all_and_leave_no_debt():
    """Edge 117: a full close at 990 leaves the owner nothing (kept, docs/spec/perpetual-state.md 11.11)."""
    state = world({7: LONG, 8: RICH})
    assert apply(state, liquidate(buying(), 7, 1000, 990)).after.position(7) == EMPTY
    with refused(Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO):
        apply(state, liquidate(buying(), 7, 1000, 989))


def test_the_liquidators_own_rules_hold():
    """Edge 118: margin, fee, the order's size."""
    state = world({7: LONG, 8: holds(BOB, 10)})
    with refused(Code.ILLEGAL_POSITION_TRANSITION_ENLARGING_SYNTHETIC_HOLDINGS):
        apply(state, liquidate(buying(), 7, 1000, 1000))
    state = world({7: LONG, 8: RICH})
    with_fee = buying(1000, 1000, amount_fee=10)
    assert apply(state, liquidate(with_fee, 7, 500, 500, fee=5)).after.position(FEES) == holds(FEE_KEEPER, 5)
    with refused(Code.INVALID_FULFILLMENT_FEE_RATIO):
        apply(state, liquidate(with_fee, 7, 500, 500, fee=6))
    small = buying(100, 100)
    with refused(Code.INVALID_FULFILLMENT_INFO):
        apply(state, liquidate(small, 7, 60, 60), liquidate(small, 7, 41, 41))


def test_funding_of_the_same_batch_counts():
    """Edge 119: one unit of value above the requirement; funding takes it."""
    position = holds(ALICE, 36 - 1000, {ETH: 1000})
    state = world({7: position, 8: RICH})
    with refused(Code.UNLIQUIDATABLE_POSITION):
        apply(state, liquidate(buying(), 7, 1000, 1000))
    config = configured(max_funding_rate=10**6)
    tick = funding(NOW, indices={ETH: 2 * ONE // 1000})
    assert apply(state, tick, liquidate(buying(), 7, 1000, 1000), config=config)


def deleverage(size: int, collateral: int, buys: bool = True, e: int = 7, r: int = 8, asset: int = ETH) -> Deleverage:
    return Deleverage(
        deleveragable_position_id=e,
        deleverager_position_id=r,
        synthetic_asset_id=asset,
        amount_synthetic=size,
        amount_collateral=collateral,
        deleverager_is_buying_synthetic=int(buys),
    )


BANKRUPT_LONG, BANKRUPT_SHORT = holds(ALICE, -1010, {ETH: 1000}), holds(ALICE, 990, {ETH: -1000})


@pytest.mark.parametrize(
    ("bankrupt", "other", "buys", "fair"),
    [
        (BANKRUPT_LONG, holds(BOB, 10**6, {ETH: -5000}), True, 505),
        (BANKRUPT_SHORT, holds(BOB, 10**6, {ETH: 5000}), False, 495),
    ],
    ids=["long", "short"],
)
def test_exactly_one_price_is_fair(bankrupt, other, buys, fair):
    """Edge 121: half of the holding for half of the loss: TV/TR stays."""
    state = world({7: bankrupt, 8: other})
    batch = apply(state, deleverage(500, fair, buys))
    before, after = (totals(s.position(7), s.market(CONFIG)) for s in (state, batch.after))
    assert (before.total_value, after.total_value) == (-10 * ONE, -5 * ONE)
    rules = (Code.UNFAIR_DELEVERAGE, Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO)
    for collateral, rule in ((fair + 1, rules[not buys]), (fair - 1, rules[buys])):
        with refused(rule):
            apply(state, deleverage(500, collateral, buys))


def test_only_a_negative_value_is_deleveragable():
    """Edge 122: 0 is not, and -1/2^32 is."""
    other = holds(BOB, 10**6, {ETH: -5000})
    with refused(Code.UNDELEVERAGABLE_POSITION):
        apply(world({7: holds(ALICE, -1000, {ETH: 1000}), 8: other}), deleverage(1000, 1000))
    state = world({7: holds(ALICE, -1, {ETH: 1}), 8: other}, prices={**PRICE, ETH: ONE - 1})
    assert totals(state.position(7), state.market(CONFIG)).total_value == -1
    assert apply(state, deleverage(1, 1)).after.position(7) == EMPTY


def test_the_other_side_closes_and_never_opens():
    """Edge 123: it holds the opposite sign, and at least as much."""
    for balances in ({ETH: 5000}, {}, {ETH: -499}, {BTC: -5000}):
        with refused("CLOSES_NO_HOLDING"):
            apply(world({7: BANKRUPT_LONG, 8: holds(BOB, 10**6, balances)}), deleverage(500, 505))
    assert apply(world({7: BANKRUPT_LONG, 8: holds(BOB, 10**6, {ETH: -500})}), deleverage(500, 505))


def test_the_whole_last_asset_leaves_less_than_a_unit():
    """Edge 124: 0 or a fraction that is rounded to 0; nothing owed, nothing won."""
    state = world({7: BANKRUPT_LONG, 8: holds(BOB, 10**6, {ETH: -5000})})
    assert apply(state, deleverage(1000, 1010)).after.position(7) == EMPTY
    with refused(Code.UNFAIR_DELEVERAGE):
        apply(state, deleverage(1000, 1011))
    with refused(Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO):
        apply(state, deleverage(1000, 1009))


def test_one_of_several_assets_keeps_the_ratio():
    """Edge 125: after ETH is gone, TV/TR is what it was, and not a unit of value better."""
    state = world(
        {7: holds(ALICE, -3030, {ETH: 1000, BTC: 1000}), 8: holds(BOB, 10**6, {ETH: -5000})},
    )
    before = totals(state.position(7), state.market(CONFIG))
    accepted = []
    for collateral in range(1000, 1020):
        try:
            after = apply(state, deleverage(1000, collateral)).after
        except RuleBroken:
            continue
        found = totals(after.position(7), after.market(CONFIG))
        assert before.total_value * found.total_risk <= found.total_value * before.total_risk
        assert before.total_value * found.total_risk > (found.total_value - ONE) * before.total_risk
        accepted.append(collateral)
    assert accepted == [1010]


def test_nothing_for_nothing_is_accepted():
    """Edge 126: a no-op, also towards a position that holds none, or none at all."""
    for other in (holds(BOB, 10**6, {ETH: -5000}), holds(BOB, 10**6), EMPTY):
        state = world({7: BANKRUPT_LONG, 8: other})
        batch = apply(state, deleverage(0, 0))
        assert batch.after.tree.root == state.tree.root and batch.touched_positions == [7, 8]


def test_a_badly_leveraged_deleverager_obeys_the_transition_rule():
    """Edge 127: paying 505 for what the market sells at 500 lowers value faster than risk."""
    weak = holds(BOB, 5001, {ETH: -5000})
    with refused(Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO):
        apply(world({7: BANKRUPT_LONG, 8: weak}), deleverage(500, 505))


def test_both_sides_must_exist_and_differ():
    """Edge 128."""
    state = world({7: BANKRUPT_LONG, 8: holds(BOB, 10**6, {ETH: -5000})})
    with refused(Code.SAME_POSITION_ID):
        apply(state, deleverage(500, 505, r=7))
    with refused(Code.INVALID_PUBLIC_KEY):
        apply(state, deleverage(500, 505, r=9))
    with refused(Code.INVALID_PUBLIC_KEY):
        apply(state, deleverage(500, 505, e=9))
    assert RISK and key(BOB)

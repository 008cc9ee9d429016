"""What version 2 asks of liquidations: a price near the market, and no more than is needed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prover.applications.perpetual.config import Limits
from prover.applications.perpetual.errors import Code, PositionRefused, RuleBroken
from prover.applications.perpetual.limits import check_liquidation
from prover.applications.perpetual.margin import Status, totals
from prover.applications.perpetual.positions import EMPTY
from tests.support.world import (
    ALICE,
    BOB,
    BTC,
    ETH,
    ONE,
    apply,
    configured,
    holds,
    liquidate,
    order,
    refused,
    synthetic,
    world,
)

LIMITED = configured(limits=Limits())
RICH = holds(BOB, 10**9)


def taken(position, size: int, collateral: int, config=LIMITED, asset: int = ETH, **fields):
    """The position after Bob (8) takes over so much of it for so much."""
    buys = position.balance(asset) > 0
    limit = 10**9 if buys else 1
    bid = order(BOB, 8, buys, 10**6, limit, synthetic_asset_id=asset)
    state = world({7: position, 8: RICH}, config, **fields)
    return apply(state, liquidate(bid, 7, size, collateral), config=config).after.position(7)


def worth(position, config=LIMITED) -> int:
    found = totals(position, world({}, config).market(config))
    return found.total_value // ONE


# --- at what price

WEAK = holds(ALICE, 30_000 - 1_000_000, {ETH: 1_000_000})
"""Worth 30,000 where 35,000 are required."""


def test_a_liquidated_position_loses_no_more_than_the_penalty():
    """100,000 at 2.5 %: 2,500 may be lost, and less than a unit more."""
    config = configured(limits=Limits(liquidation_penalty=ONE // 40))
    assert worth(taken(WEAK, 100_000, 97_500, config), config) == 27_500
    with refused("LIQUIDATION_PRICE"):
        taken(WEAK, 100_000, 97_499, config)
    short = holds(ALICE, 1_030_000, {ETH: -1_000_000})
    assert worth(taken(short, 100_000, 102_500, config), config) == 27_500
    with refused("LIQUIDATION_PRICE"):
        taken(short, 100_000, 102_501, config)


@pytest.mark.parametrize("penalty", [0, 1, ONE - 1])
def test_the_least_and_the_greatest_penalty(penalty):
    """Without a penalty only less than a unit may be lost; a whole unit is one too many."""
    limits = Limits(liquidation_penalty=penalty)
    price, size = 3 * ONE, 1000
    most = (penalty * price * size + ONE * ONE - 1) // ONE

    def check(lost: int) -> None:
        check_liquidation(limits, 7, Status(0, 10**30), Status(-lost, 10**29), price, size)

    check(most)
    with pytest.raises(PositionRefused, match="LIQUIDATION_PRICE"):
        check(most + 1)


def test_more_than_the_market_pays_is_no_loss():
    """A liquidator who pays above the market's price may: so insurance takes over a debt."""
    bankrupt = holds(ALICE, -1_010_000, {ETH: 1_000_000})
    assert taken(bankrupt, 1_000_000, 1_010_000) == EMPTY
    with refused(Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO):
        taken(bankrupt, 1_000_000, 1_009_999)


# --- how much


def test_the_owner_keeps_the_rest():
    """An operator liquidates Alice for as much as the rules let, at the worst price they let.

    She is long 1,000,000 and worth 30,000, where 35,000 are required. In version 1 a full close at 970,000 takes all
    that she has. In version 2 at most 733,303 of it can be sold, at a loss of 18,332: she keeps 11,668, and 266,697
    that require 9,334.
    """
    version_1 = configured()
    assert taken(WEAK, 1_000_000, 970_000, version_1) == EMPTY, "30,000 are gone"
    size, least = most_liquidated(WEAK)
    left = taken(WEAK, size, least)
    assert (size, size - least) == (733_303, 18_332)
    assert (worth(left), left.balance(ETH)) == (11_668, 266_697)
    with refused("LIQUIDATION_SIZE"):
        taken(WEAK, size + 1, least + 1)
    with refused("LIQUIDATION_PRICE"):
        taken(WEAK, 1_000_000, 970_000)


def most_liquidated(position) -> tuple[int, int]:
    """The greatest size at the worst price, by bisection."""
    low, high = 1, 1_000_000
    while low < high:
        size = (low + high + 1) // 2
        try:
            taken(position, size, size - size * 25 // 1000)
            low = size
        except RuleBroken:
            high = size - 1
    return low, low - low * 25 // 1000


def test_no_larger_than_restores_the_margin_with_its_buffer():
    """At the market's price: 30,000 bear 24,000 of risk and a buffer of 25 %, so 685,714 of the holding are kept."""
    config = configured(synthetic(ETH, risk=ONE * 35 // 1000), limits=Limits())
    fields = {"prices": {ETH: ONE}, "indices": {ETH: 0}}
    keeps = 30_000 * 1000 * 4 // (35 * 5)
    size = 1_000_000 - keeps
    left = taken(WEAK, size, size, config, **fields)
    found = totals(left, world({}, config, **fields).market(config))
    assert found.total_risk * 5 // 4 <= found.total_value * ONE, "restored with the buffer"
    with refused("LIQUIDATION_SIZE"):
        taken(WEAK, size + 1, size + 1, config, **fields)


@pytest.mark.parametrize("buffer", [0, ONE])
def test_the_least_and_the_greatest_buffer(buffer):
    """Without one the margin alone is restored; with 100 % twice the margin."""
    config = configured(synthetic(ETH, risk=ONE // 2), limits=Limits(liquidation_buffer=buffer))
    fields = {"prices": {ETH: ONE}, "indices": {ETH: 0}}
    weak = holds(ALICE, 400_000 - 1_000_000, {ETH: 1_000_000})
    keeps = 800_000 if buffer == 0 else 400_000
    size = 1_000_000 - keeps
    assert taken(weak, size, size, config, **fields).balance(ETH) == keeps
    with refused("LIQUIDATION_SIZE"):
        taken(weak, size + 1, size + 1, config, **fields)


def test_of_several_holdings_one_may_be_closed():
    """What is left is judged as a whole: the other holding's risk stays."""
    both = holds(ALICE, 60_000 - 3_000_000, {ETH: 1_000_000, BTC: 1_000_000})
    left = taken(both, 1_000_000, 1_000_000)
    assert [asset.asset_id for asset in left.assets] == [BTC] and worth(left) == 60_000
    with refused("LIQUIDATION_SIZE"):
        taken(both, 1_000_000, 2_000_000, asset=BTC)


def test_a_worthless_position_may_be_closed_whole():
    """Worth 0 or less: no part of it restores anything."""
    for value in (0, -10_000):
        position = holds(ALICE, value - 1_000_000, {ETH: 1_000_000})
        assert taken(position, 1_000_000, 1_000_000 - value) == EMPTY


def test_a_unit_may_be_liquidated_of_any_weak_position():
    """One quantum at the market's price is never too much, also where its risk falls or rises by a segment."""
    for segments in ((), ((999_999, 1),), ((999_999, ONE - 1),)):
        config = configured(
            synthetic(ETH, risk=ONE // 20, segments=segments), is_risk_by_balance_only=1, limits=Limits()
        )
        fields = {"prices": {ETH: ONE}, "indices": {ETH: 0}}
        state = world({}, config, **fields)
        weak = holds(ALICE, 49_999 - 1_000_000, {ETH: 1_000_000})
        assert not totals(weak, state.market(config)).is_well_leveraged()
        if segments != ((999_999, ONE - 1),):
            assert taken(weak, 1, 1, config, **fields)
        else:
            with refused(Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO):
                taken(weak, 1, 1, config, **fields)


values, risks = st.integers(-(2**95), 2**95 - 1), st.integers(0, 2**128 - 1)


@given(
    st.tuples(values, risks.filter(bool)),
    st.tuples(values, risks),
    st.integers(1, 2**64 - 1),
    st.integers(1, 2**64 - 1),
)
@settings(max_examples=200, deadline=None)
def test_both_inequalities_as_the_page_writes_them(before, after, price, size):
    """Total for all numbers of a position, and within the 2^228 that the program compares."""
    (tv0, tr0), (tv1, tr1), limits = before, after, Limits()
    fair = (tv1 - tv0) * ONE + limits.liquidation_penalty * price * size + ONE * ONE > 0
    left = (tr1 * size + (tr0 - tr1)) * (ONE + limits.liquidation_buffer)
    right = tv1 * ONE * size * ONE
    assert abs(left) < 2**228 and abs(right) < 2**228
    rule = "LIQUIDATION_PRICE" if not fair else None if left > right else "LIQUIDATION_SIZE"
    if rule is None:
        check_liquidation(limits, 7, Status(*before), Status(*after), price, size)
    else:
        with pytest.raises(PositionRefused, match=rule):
            check_liquidation(limits, 7, Status(*before), Status(*after), price, size)

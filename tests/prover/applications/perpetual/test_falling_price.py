"""A falling price: twelve liquidations in one batch, an insurance fund, and deleverage when it is spent.

`docs/liquidation.md` has this example with these numbers.
"""

from collections import Counter

from prover.applications.perpetual.amounts import human, price_fxp32
from prover.applications.perpetual.config import Limits
from prover.applications.perpetual.errors import Code, RuleBroken
from prover.applications.perpetual.limits import reach
from prover.applications.perpetual.margin import totals
from prover.applications.perpetual.transactions import Deleverage, OracleTick, SignedPrice
from tests.support.world import (
    BTC,
    CONFIG,
    NOW,
    ONE,
    apply,
    configured,
    external,
    holds,
    liquidate,
    order,
    refused,
    signed_price,
    world,
)

BITCOIN, DOLLAR = 10**10, 10**6
INSURANCE, SHORT = 100, 200
FUND, SHORTS_OWNER = 0xF00D, 0x5407
TRADERS = {10 + number: 0x7000 + number for number in range(12)}
"""Twelve people, long one BTC each, bought at 20,000 with 1,000 to 2,100 of their own."""


def price(dollars: int) -> int:
    return price_fxp32(str(dollars), BITCOIN, DOLLAR)


def signed(dollars: int) -> SignedPrice:
    return signed_price(BTC, price(dollars), quotes=[dollars * 10**18] * 3)


def market_at_20000():
    positions = {
        place: holds(owner, (1000 + 100 * number - 20_000) * DOLLAR, {BTC: BITCOIN})
        for number, (place, owner) in enumerate(TRADERS.items())
    }
    positions[INSURANCE] = holds(FUND, 30_000 * DOLLAR)
    positions[SHORT] = holds(SHORTS_OWNER, 500_000 * DOLLAR, {BTC: -12 * BITCOIN})
    return world(positions, prices={BTC: price(20_000)}, indices={BTC: 0})


def tick(dollars: int) -> dict:
    """The oracle tick and the signed bounds that it needs."""
    bound = signed(dollars)
    return {"tick": OracleTick(prices=((BTC, bound.price),), timestamp=NOW), "low": [bound], "high": [bound]}


def value(state, place: int) -> int:
    """Total value in whole dollars, rounded down."""
    return totals(state.position(place), state.market(CONFIG)).total_value // ONE // DOLLAR


def takeover(place: int, collateral: int, number: int):
    """The insurance fund buys one whole position for `collateral`."""
    bid = order(FUND, INSURANCE, True, BITCOIN, collateral, synthetic_asset_id=BTC, nonce=number)
    return liquidate(bid, place, BITCOIN, collateral)


def weak(state) -> list[int]:
    return [place for place in TRADERS if not totals(state.position(place), state.market(CONFIG)).is_well_leveraged()]


def test_nobody_is_weak_at_the_start():
    state = market_at_20000()
    assert weak(state) == [] and value(state, 10) == 1000
    with refused(Code.UNLIQUIDATABLE_POSITION):
        apply(state, takeover(10, 19_000 * DOLLAR, 1))


def weak_at(state, dollars: int) -> list[int]:
    fallen = tick(dollars)
    return weak(apply(state, fallen["tick"], low=fallen["low"], high=fallen["high"]).after)


def test_ten_and_more_fall_in_one_batch():
    """S3-14, S3-17: at 18,000 the margin is 630; twelve traders have 1,000 to 2,100 less 2,000 left: all are weak, and
    ten of them owe. Each takeover at what the trader owes empties the position, and the fund carries the loss."""
    state, fallen = market_at_20000(), tick(18_000)
    assert weak_at(state, 18_000) == list(TRADERS)
    bids = [takeover(place, -state.position(place).collateral_balance, number) for number, place in enumerate(TRADERS)]
    with refused(Code.UNLIQUIDATABLE_POSITION):
        apply(state, *bids)
    batch = apply(state, fallen["tick"], *bids, low=fallen["low"], high=fallen["high"])
    assert all(batch.after.position(place).is_empty() for place in TRADERS)
    equity = [1000 + 100 * number - 2000 for number in range(12)]
    assert [e for e in equity if e < 0] == [-1000 + 100 * number for number in range(10)]
    assert sum(equity) == -5400 and value(batch.after, INSURANCE) == 30_000 - 5_400
    assert batch.after.position(INSURANCE).balance(BTC) == 12 * BITCOIN
    assert Counter(t.type for t in batch.transactions) == {"oracle": 1, "liquidate": 12}


def test_the_order_of_liquidations_creates_no_value():
    """S3-14: forwards or backwards, the fund ends with the same."""
    state, fallen = market_at_20000(), tick(18_000)
    bids = [takeover(place, -state.position(place).collateral_balance, number) for number, place in enumerate(TRADERS)]
    ends = [
        apply(state, fallen["tick"], *some, low=fallen["low"], high=fallen["high"]).after.position(INSURANCE)
        for some in (bids, bids[::-1])
    ]
    assert ends[0] == ends[1]


def test_the_fund_has_its_own_margin():
    """It can carry so many positions as its value bears at 3.5 %: at 15,000 it can take seven, and the rest
    is deleveraged against the shorts, at each bankrupt position's own price and without a cent from anyone else."""
    state, fallen = market_at_20000(), tick(15_000)
    after = apply(state, fallen["tick"], low=fallen["low"], high=fallen["high"]).after
    taken = []
    for number, place in enumerate(TRADERS):
        bid = takeover(place, -state.position(place).collateral_balance, number)
        try:
            after = apply(after, bid).after
        except RuleBroken as broken:
            assert broken.code == Code.ILLEGAL_POSITION_TRANSITION_ENLARGING_SYNTHETIC_HOLDINGS
            break
        taken.append(place)
    left = [place for place in TRADERS if place not in taken]
    assert len(taken) == 7 and len(left) == 5
    assert value(after, INSURANCE) == 30_000 - sum(4000 - 100 * number for number in range(7)) == 4_100
    before = value(after, SHORT)
    batch = apply(after, *(deleverage(place, -after.position(place).collateral_balance) for place in left))
    assert all(batch.after.position(place).is_empty() for place in TRADERS)
    losses = [4000 - 100 * number for number in range(7, 12)]
    assert value(batch.after, SHORT) == before - sum(losses) == before - 15_500
    assert batch.after.position(SHORT).balance(BTC) == -7 * BITCOIN
    total = sum(p.collateral_balance for p in batch.after.positions.values())
    assert total == sum(p.collateral_balance for p in state.positions.values())


def test_version_2_has_the_same_story():
    """At 18,000 in one tick after six minutes, and at 15,000 in two, by 16,000: a tick reaches 20 %, an hour 100 %."""
    config, state = configured(limits=Limits()), market_at_20000()
    bids = [takeover(place, -state.position(place).collateral_balance, number) for number, place in enumerate(TRADERS)]

    def fall(*ticks: tuple[int, int], then=()):
        last, end = ticks[-1]
        bound = signed_price(BTC, last, NOW + end, quotes=[external(last, BTC)] * 3)
        steps = [OracleTick(prices=((BTC, to),), timestamp=NOW + time) for to, time in ticks]
        return apply(state, *steps, *then, config=config, low=[bound], high=[bound]).after

    after = fall((price(18_000), 361), then=bids)
    assert all(after.position(place).is_empty() for place in TRADERS) and value(after, INSURANCE) == 30_000 - 5_400
    for early, rule in (((price(18_000), 359), "PRICE_MOVE"), ((price(15_000), 720), "PRICE_MOVE")):
        with refused(rule):
            fall(early)
    lowest = price(20_000) - reach(config.limits, price(20_000), 720)
    struck = fall((lowest, 720), (price(15_000), 960))
    left = list(TRADERS)[7:]
    closed = apply(
        struck, *(deleverage(place, -struck.position(place).collateral_balance) for place in left), config=config
    ).after
    assert value(struck, SHORT) - value(closed, SHORT) == 15_500


def deleverage(place: int, collateral: int) -> Deleverage:
    return Deleverage(
        deleveragable_position_id=place,
        deleverager_position_id=SHORT,
        synthetic_asset_id=BTC,
        amount_synthetic=BITCOIN,
        amount_collateral=collateral,
        deleverager_is_buying_synthetic=1,
    )


def test_the_deleverager_may_lose_his_gain_and_not_his_margin():
    """The short side closes above the market, 19,000 for what is worth 15,000, and keeps 1,000 of the gain."""
    state = market_at_20000()
    fallen = tick(15_000)
    after = apply(state, fallen["tick"], low=fallen["low"], high=fallen["high"]).after
    closed = apply(after, deleverage(10, 19_000 * DOLLAR)).after
    assert value(after, SHORT) - value(closed, SHORT) == 4_000
    assert totals(closed.position(SHORT), closed.market(CONFIG)).is_well_leveraged()
    assert human(closed.position(SHORT).collateral_balance, DOLLAR) == "481000"
    assert external(price(15_000), BTC) == 15_000 * 10**18

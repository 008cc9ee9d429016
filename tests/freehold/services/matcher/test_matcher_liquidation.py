"""Takeovers by the fund: no more than is needed; and who is deleveraged when the fund cannot take more."""

from fractions import Fraction

import pytest

from freehold.services.matcher import liquidation
from freehold.services.matcher import outputs as o
from prover.applications.perpetual.errors import RuleBroken
from prover.applications.perpetual.margin import totals
from prover.applications.perpetual.samples import RICH, asset_id, position
from tests.support.trading_floor import Floor, settings_of

ASSET = asset_id(0)


def floor_of(own: int, fund: int, others: tuple[int, ...] = (RICH,), version: int = 1, steps: int = 100) -> Floor:
    """Position 11 is long 100 steps, 20,000 at the index price, with `own` collateral; 12 and on are short the same
    together."""
    share = steps * 100 // len(others)
    people = {11: position(311, own - steps * 200, {0: steps * 100})}
    people |= {12 + place: position(312 + place, have + 2 * share, {0: -share}) for place, have in enumerate(others)}
    return Floor(version, people, fund, settings=settings_of(maker_fee=0, taker_fee=0))


def of(kind, found):
    return [one for one in found if isinstance(one, kind)]


@pytest.mark.parametrize("version", [1, 2])
def test_a_position_is_taken_over_as_far_as_it_needs_and_is_well_leveraged_then(version):
    """At 19 ticks 2,000 - 1,000 = 1,000 of value stand against 665; at 18 there are 0 of 630."""
    floor = floor_of(1500, RICH, version=version)
    assert of(o.Liquidated, floor.tick(20, 20)) == []
    (taken,) = of(o.Liquidated, floor.tick(19, 20))
    view = floor.engine.view
    after = view.funded(11)
    assert totals(after, view.market).is_well_leveraged()
    assert 0 < taken.synthetic < 10_000
    assert taken.synthetic + after.balance(ASSET) == 10_000
    before = floor_before(floor)
    one_less = liquidation.reduced(before, ASSET, taken.synthetic - 1, proceeds_of(before, view, taken.synthetic - 1))
    assert not totals(one_less, view.market).is_well_leveraged()
    floor.judged()


def floor_before(floor):
    """Position 11 at the last tick, before anything was taken over."""
    judged = floor.judged(floor.sent[:-1])
    return judged.funded(11)


def proceeds_of(before, view, size):
    return liquidation.proceeds(before, view.market, ASSET, size, settings_of().liquidation_penalty)


def test_the_penalty_is_what_is_set_and_at_most_half_of_what_can_be_borne():
    """1.5 % in 0.32 is a little less; and 10 of value bear 5 for half of the risk, of which 2.5 are asked."""
    market = floor_of(1500, RICH).engine.view.market
    sound, weak = position(311, 650 - 20_000, {0: 10_000}), position(311, 10 - 20_000, {0: 10_000})
    penalty = settings_of().liquidation_penalty
    assert liquidation.proceeds(sound, market, ASSET, 5_000, penalty) == 10_000 - 149
    assert liquidation.proceeds(weak, market, ASSET, 5_000, penalty) == 10_000 - 2
    short = position(311, 650 + 20_000, {0: -10_000})
    assert liquidation.proceeds(short, market, ASSET, 5_000, penalty) == -10_000 - 149


def test_a_bankrupt_position_ends_empty_and_the_fund_bears_its_debt():
    """18,500, and the quantum that its funding rounds away."""
    floor = floor_of(1500, 100_000)
    floor.tick(18, 20)
    view = floor.engine.view
    assert view.position(11).is_empty()
    assert view.position(5).collateral_balance == 100_000 - 18_501
    floor.judged()


def test_what_the_fund_cannot_take_goes_to_the_most_leveraged_of_the_other_side():
    """12 has the least behind its short, 14 the most."""
    floor = floor_of(1500, 0, (3_000, 9_000, 30_000), steps=99)
    outputs = floor.tick(18, 20)
    assert of(o.Liquidated, outputs) == []
    assert [one.by for one in of(o.Deleveraged, outputs)] == [12, 13, 14]
    assert floor.engine.view.position(11).is_empty()
    floor.judged()


def test_the_fund_takes_what_it_can_before_anybody_is_deleveraged():
    floor = floor_of(1500, 600)
    outputs = floor.tick(18, 20)
    (taken,), (rest,) = of(o.Liquidated, outputs), of(o.Deleveraged, outputs)
    assert taken.synthetic + rest.synthetic == 10_000
    view = floor.engine.view
    fund = totals(view.funded(5), view.market)
    assert fund.is_well_leveraged()
    floor.judged()


def test_a_solvent_position_that_the_fund_cannot_take_is_left_and_told():
    floor = floor_of(1500, 0)
    outputs = floor.tick(19, 20)
    assert of(o.Deleveraged, outputs) == []
    (left,) = of(o.LeftBelowMargin, outputs)
    assert (left.position_id, left.asset_id) == (11, ASSET)
    assert "position 5" in left.detail


def test_its_orders_leave_the_book_first():
    floor = floor_of(1500, RICH)
    floor.place(floor.order(11, False, 1, 25))
    outputs = floor.tick(19, 20)
    assert [one.reason for one in of(o.Closed, outputs)] == [o.Reason.LIQUIDATED]
    assert outputs.index(of(o.Closed, outputs)[0]) < outputs.index(of(o.Liquidated, outputs)[0])


def test_positions_are_taken_over_the_weakest_first():
    people = {
        11: position(311, 1_100 - 20_000, {0: 10_000}),
        12: position(312, 1_050 - 20_000, {0: 10_000}),
        13: position(313, RICH, {0: -20_000}),
    }
    outputs = Floor(people=people, settings=settings_of()).tick(19, 20)
    assert [one.position_id for one in of(o.Liquidated, outputs)] == [12, 11]


TWINS = {
    "a takeover for nothing": ("proceeds", lambda position, market, asset, size, penalty: 1),
    "a takeover at the index": (
        "proceeds",
        lambda position, market, asset, size, penalty: market.prices[asset] * size // 2**32,
    ),
    "always all of it": ("needed", lambda position, market, asset, penalty: abs(position.balance(asset))),
    "one quantum too few": ("needed", lambda *arguments: max(1, NEEDED(*arguments) - 1)),
    "the least leveraged first": ("by_leverage", lambda *arguments: reversed(list(RANKED(*arguments)))),
    "the healthiest first": ("health", lambda position, market: -Fraction(*totals(position, market))),
}
NEEDED, RANKED = liquidation.needed, liquidation.by_leverage
CHECKS = (
    lambda: test_a_position_is_taken_over_as_far_as_it_needs_and_is_well_leveraged_then(1),
    test_the_penalty_is_what_is_set_and_at_most_half_of_what_can_be_borne,
    test_a_bankrupt_position_ends_empty_and_the_fund_bears_its_debt,
    test_what_the_fund_cannot_take_goes_to_the_most_leveraged_of_the_other_side,
    test_positions_are_taken_over_the_weakest_first,
)


@pytest.mark.parametrize("name", TWINS)
def test_each_broken_liquidation_is_caught(name, monkeypatch):
    attribute, broken = TWINS[name]
    monkeypatch.setattr(liquidation, attribute, broken)
    caught = 0
    for check in CHECKS:
        try:
            check()
        except (AssertionError, RuleBroken, ValueError):
            caught += 1
    assert caught

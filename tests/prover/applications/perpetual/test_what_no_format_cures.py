"""What remains in version 2, and the safe way around it. `docs/trust-model.md` tells the same."""

import pytest

from prover.applications.perpetual.config import Limits
from prover.applications.perpetual.errors import Code, InputRefused
from prover.applications.perpetual.escape import escape_amount
from prover.applications.perpetual.limits import reach
from prover.applications.perpetual.margin import totals
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import Deleverage, OracleTick
from tests.support.world import (
    ALICE,
    BOB,
    BTC,
    CAROL,
    ETH,
    NOW,
    ONE,
    PRICE,
    SIGNERS,
    SOL,
    TIME,
    apply,
    configured,
    deposit,
    external,
    forced_trade,
    forced_withdrawal,
    funding,
    holds,
    order,
    refused,
    signed_price,
    synthetic,
    trade,
    transfer,
    world,
)

MALLORY, STRAW = 0xBAD, 0x57A3
COIN = 10**6
LIMITED = configured(limits=Limits())


def run(state, *transactions, **bounds):
    return apply(state, *transactions, config=LIMITED, **bounds)


def worth(state, place: int) -> int:
    return totals(state.position(place), state.market(LIMITED)).total_value // ONE


class TestFunding:
    """A tick charges all time since the tick before it, also to a position that was opened a second ago."""

    SIZE = 10**10
    """One BTC at 20,000 coins."""

    def charged(self, config, late: int, held: int, n_ticks: int = 1) -> int:
        """What Alice pays in coins: filled `late` after the last tick, then ticks as dear as they may be, for
        `held`."""
        filled = TIME + late
        state = world({7: holds(ALICE, 10**12), 8: holds(BOB, 10**12)}, config, system_time=filled)
        sides = ((ALICE, 7, True), (BOB, 8, False))
        orders = (order(*side, self.SIZE, 20_000 * COIN, synthetic_asset_id=BTC) for side in sides)
        steps, index, last = [trade(*orders, self.SIZE, 20_000 * COIN)], 0, TIME
        for number in range(1, n_ticks + 1):
            time = filled + held * number // n_ticks
            index, last = index + config.max_funding_rate * PRICE[BTC] * (time - last) // ONE, time
            steps.append(funding(time, indices={BTC: index}))
        after = apply(state, *steps, deposit(ALICE, 7, 0), config=config).after.position(7)
        return (10**12 - 20_000 * COIN - after.collateral_balance) // COIN

    @pytest.mark.parametrize(("config", "most"), [(configured(), 3154), (LIMITED, 75)], ids=["version 1", "version 2"])
    def test_who_holds_for_no_time_pays_for_the_validity_period(self, config, most):
        """Seven days are 15.8 % of 20,000; four hours are 0.376 %. A second more, and nothing is filled at all."""
        validity = config.funding_validity_period
        assert self.charged(config, validity, 0) == most
        with refused(Code.INVALID_FUNDING_TICK_TIMESTAMP):
            self.charged(config, validity + 1, 0)

    def test_the_most_that_an_operator_can_charge(self):
        """Over its choices: (time held + funding_validity_period) * max_funding_rate * price, and no more."""
        validity = LIMITED.funding_validity_period
        for held in (0, 3600, 28_800):
            bound = (held + validity) * LIMITED.max_funding_rate * 20_000 // ONE
            found = {
                self.charged(LIMITED, late, held, n_ticks)
                for late in (0, 1, validity - 1, validity)
                for n_ticks in (1, 3)
            }
            assert max(found) == bound, (held, found)


class TestThePositionOfSomebodyElse:
    def test_one_unit_in_an_empty_id_makes_a_forced_trade_invalid(self):
        """Alice asks for a trade into a new position. A stranger, who sees it on chain, sends one unit there under
        his own key: the id is his, the request is proven invalid. Had she funded the position first, it would be
        hers."""
        state = world({7: holds(ALICE, -15_000, {ETH: 20_000}), 9: holds(MALLORY, 10)}, LIMITED)
        request = forced_trade((CAROL, 12), (ALICE, 7), True, 20_000, 15_000)
        dust = transfer(MALLORY, 9, MALLORY, 12, 1)
        assert run(state, request).served == (Code.SUCCESS,)
        assert run(state, dust, request).served == (Code.INVALID_PUBLIC_KEY,)
        funded = run(state, deposit(CAROL, 12, 1)).after
        with refused(Code.INVALID_PUBLIC_KEY):
            run(funded, dust)
        assert run(funded, request).served == (Code.SUCCESS,)

    def test_an_emptied_id_can_be_taken_again(self):
        """So the safe way is a position that is never emptied: leave a unit in it."""
        state = world({7: holds(ALICE, 5), 9: holds(MALLORY, 10)}, LIMITED)
        emptied = run(state, forced_withdrawal(ALICE, 7, 5)).after
        assert run(emptied, transfer(MALLORY, 9, MALLORY, 7, 1)).after.position(7) == holds(MALLORY, 1)


class TestDeleverage:
    """An operator chooses the winner that pays for a bankrupt position, and pays its share of that one's loss."""

    STRIKE = Deleverage(
        deleveragable_position_id=10,
        deleverager_position_id=8,
        synthetic_asset_id=ETH,
        amount_synthetic=1000,
        amount_collateral=9000,
        deleverager_is_buying_synthetic=1,
    )

    def test_it_can_cost_more_than_was_won(self):
        """A straw man's long was not liquidated while ETH fell from 10 to 1, and owes 8,000 more than it has. Bob
        went short at the bottom and won nothing: he buys back for 9 what is worth 1, and pays 8,000 of his own."""
        state = world({10: holds(STRAW, -9000, {ETH: 1000}), 8: holds(BOB, 51_000, {ETH: -1000})}, LIMITED)
        after = run(state, self.STRIKE).after
        assert worth(state, 8) - worth(after, 8) == 8000 and after.position(10).is_empty()

    def test_it_does_not_reach_a_position_without_synthetic_assets(self):
        """The safe way: what no margin needs stands in a second position, and is asked for from there."""
        state = world({10: holds(STRAW, -9000, {ETH: 1000}), 8: holds(BOB, 50_000)}, LIMITED)
        with refused("CLOSES_NO_HOLDING"):
            run(state, self.STRIKE)
        assert run(state, forced_withdrawal(BOB, 8, 50_000)).served == (Code.SUCCESS,)

    def test_a_long_that_is_paid_for_whole_keeps_its_place(self):
        """A long that moved by a forced trade into a second position without a debt: whatever the operator
        deleverages of it, coins beside it are not taken by a bankrupt short whose loss is below its notional, but
        added."""
        state = world({10: holds(STRAW, 990, {ETH: -1000}), 8: holds(BOB, 0, {ETH: 1000})}, LIMITED)
        sold = {"amount_collateral": 990, "deleverager_is_buying_synthetic": 0}
        after = run(state, self.STRIKE.model_copy(update=sold)).after
        assert after.position(8) == holds(BOB, 990)
        assert run(after, forced_withdrawal(BOB, 8, 990)).served == (Code.SUCCESS,)


class TestPrices:
    def test_one_of_two_signers_sets_the_price_where_the_quorum_is_even(self):
        """Quorum 2 of three signers: the operator pairs the honest quote with the dishonest one, and picks any price
        between them. Version 2 refuses such a configuration; with a quorum of 3 the lie is outvoted."""
        two = synthetic(SOL).model_copy(update={"oracle_price_quorum": 2})
        honest, lie = external(PRICE[SOL], SOL), external(50 * PRICE[SOL], SOL)
        high = signed_price(SOL, 49 * PRICE[SOL], signers=SIGNERS[:2], quotes=[honest, lie])
        config = configured(two)
        tick = OracleTick(prices=((SOL, 49 * PRICE[SOL]),), timestamp=NOW)
        state = world({}, config, prices={SOL: PRICE[SOL]}, indices={SOL: 0})
        assert apply(state, tick, config=config, low=[high], high=[high])
        with pytest.raises(ValueError, match="must be odd"):
            configured(two, limits=Limits())
        for price in (49 * PRICE[SOL], 50 * PRICE[SOL]):
            with refused(Code.INVALID_ASSET_ORACLE_PRICE):
                run(world({}, LIMITED), low=[signed_price(SOL, price, quotes=[honest, honest, lie])])

    def test_the_last_tick_before_silence_fixes_all_escapes(self):
        """The operator ticks for the last time, and no batch comes again. Oracles sign 2 % apart and the last price
        may lag the market by a jump above its reach: Alice, long 1 BTC at 20,000 with 1,000 of her own, escapes with
        what is left."""
        position = holds(ALICE, -19_000 * COIN, {BTC: 10**10})
        state = world({7: position}, LIMITED)
        low = PRICE[BTC] * 98 // 100
        bounds = [
            signed_price(BTC, price, NOW + 720) for price in (low, low * (ONE + Limits().max_price_spread) // ONE)
        ]
        last = OracleTick(prices=((BTC, low),), timestamp=NOW + 720)
        after = run(state, last, low=bounds[:1], high=bounds[1:]).after
        amounts = [
            escape_amount(one.position(7), one.funding_indices, one.oracle_prices) // COIN for one in (state, after)
        ]
        assert amounts == [1000, 599]
        crashed = 20_000 - 20_000 * reach(Limits(), PRICE[BTC], 720) // PRICE[BTC]
        assert crashed in (16_000, 16_001), "the market may be at 10,000 by then: a tick ends at 16,000"


class TestOrders:
    def test_many_small_positions_evade_the_tiers(self):
        """A tier asks for more margin of a large holding. Ten ids of one owner hold the same and need the lower one."""
        tiers = ((100_000, ONE // 100),)
        config = configured(synthetic(ETH, risk=ONE // 5, segments=tiers), is_risk_by_balance_only=1, limits=Limits())
        fields = {"prices": {ETH: ONE}, "indices": {ETH: 0}}
        whole, part = holds(ALICE, 0, {ETH: 1_000_000}), holds(ALICE, 0, {ETH: 100_000})
        market = world({}, config, **fields).market(config)
        needed = [totals(position, market).total_risk // ONE**2 for position in (whole, part)]
        assert (needed[0], 10 * needed[1]) == (199_999, 9_990)

    def test_what_a_rollup_publishes_knows_no_orders(self):
        """A successor who has all of the data can serve forced requests and deposits, and no signed order: it does
        not know what is used of it."""
        state = world({7: holds(ALICE, 10**6), 8: holds(BOB, 10**6)}, LIMITED)
        deal = trade(order(ALICE, 7, True, 100, 100), order(BOB, 8, False, 100, 100), 50, 50)
        after = run(state, deal).after
        successor = State.known(after.positions, after.shared())
        assert run(successor, forced_withdrawal(ALICE, 7, 5)).served == (Code.SUCCESS,)
        with pytest.raises(InputRefused, match="only their root is given"):
            run(successor, deal)

"""What an operator who wants to harm can do with a batch. Each test says what is tried and what is achieved.

`docs/trust-model.md` tells the same. The attacker here orders, omits, repeats, prices and rounds at will, but cannot
sign for others, and the contract takes no batch that the rules refuse.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prover.applications.perpetual.errors import Code
from prover.applications.perpetual.facts import availability_claim
from prover.applications.perpetual.margin import totals
from prover.applications.perpetual.signing import sign
from prover.applications.perpetual.transactions import Deleverage, OracleTick
from tests.support.world import (
    ALICE,
    BOB,
    BTC,
    CAROL,
    CONFIG,
    ETH,
    FEE_KEEPER,
    FEES,
    HOUR,
    NOW,
    ONE,
    PRICE,
    SIGNERS,
    USD,
    apply,
    configured,
    deposit,
    external,
    forced_withdrawal,
    funding,
    holds,
    key,
    liquidate,
    order,
    refused,
    signed_price,
    trade,
    transfer,
    withdrawal,
    world,
)

MALLORY, STRAW = 0xBAD, 0x57A3
RICH = {7: holds(ALICE, 10**6), 8: holds(BOB, 10**6), 9: holds(MALLORY, 10**6)}


class TestTheOperatorSigns:
    """Achieves nothing: what moves a position is signed by its key, or asked on chain by its owner."""

    @pytest.mark.parametrize(
        "forged",
        [
            lambda: withdrawal(ALICE, 7, 1000, to=key(MALLORY)),
            lambda: transfer(ALICE, 7, MALLORY, 9, 1000),
            lambda: transfer(ALICE, 7, MALLORY, 9, 1000, condition=5),
        ],
    )
    def test_in_the_users_name(self, forged):
        transaction = sign(forged(), MALLORY, USD)
        with refused(Code.INVALID_SIGNATURE):
            apply(world(RICH), transaction)

    def test_with_his_own_key(self):
        """A signature that fits a key of the operator's does not fit the position."""
        with refused(Code.INVALID_PUBLIC_KEY):
            apply(world(RICH), withdrawal(MALLORY, 7, 1))

    @given(st.sampled_from(["amount", "nonce", "expiration_timestamp", "position_id", "owner_key"]), st.integers(1, 99))
    @settings(max_examples=20, deadline=None)
    def test_with_one_field_changed(self, field, change):
        good = withdrawal(ALICE, 7, 1000, to=0xABC)
        with refused(Code.INVALID_SIGNATURE):
            apply(world(RICH), good.model_copy(update={field: getattr(good, field) + change}))

    def test_somebody_elses_money_by_a_deposit_or_a_fee(self):
        """Deposits come from the contract, which counts them; a fee leaves only the order that names it."""
        batch = apply(world(RICH), deposit(MALLORY, 9, 5))
        assert batch.modifications == ((key(MALLORY), 9, 2**64 + 5),)
        assert batch.after.position(7) == RICH[7]


class TestTheOperatorReplays:
    """Achieves nothing: an order's leaf holds what is used, for ever."""

    def test_an_order_in_the_same_and_in_later_batches(self):
        state, payment = world(RICH), transfer(ALICE, 7, MALLORY, 9, 1000)
        after = apply(state, payment).after
        for start, transactions in ((state, (payment, payment)), (after, (payment,))):
            with refused(Code.INVALID_FULFILLMENT_INFO):
                apply(start, *transactions)

    def test_an_order_on_an_old_state(self):
        """A batch may build on an old root, but the contract takes only the state it knows: the output names it."""
        old = world(RICH)
        new = apply(old, transfer(ALICE, 7, MALLORY, 9, 1000)).after
        again = apply(old, transfer(ALICE, 7, MALLORY, 9, 1000, nonce=2))
        assert again.before.hash() == old.hash() != new.hash()

    def test_a_zero_amount(self):
        """Achieves output words and nothing else (docs/spec/perpetual-state.md 11.9, kept as v3.2 has it)."""
        state, payment = world(RICH), withdrawal(ALICE, 7, 0)
        batch = apply(state, payment, payment)
        assert batch.after.positions == state.positions
        assert batch.modifications == ((key(ALICE), 7, 2**64),) * 2


class TestTheOperatorReordersAndOmits:
    """Achieves a choice: which signed orders are executed, and when. Never a price outside what was signed."""

    def test_the_limit_holds_in_any_order(self):
        """S3-30: the victim's buy is filled at its limit at worst, whoever trades before."""
        victim = order(ALICE, 7, True, 1000, 1000)
        front = trade(order(MALLORY, 9, True, 500, 495), order(BOB, 8, False, 500, 495), 500, 495)
        sandwich = trade(victim, order(MALLORY, 9, False, 500, 500), 500, 500)
        batch = apply(world(RICH), front, sandwich)
        assert batch.after.position(9) == holds(MALLORY, 10**6 + 5)
        assert batch.after.position(7) == holds(ALICE, 10**6 - 500, {ETH: 500})
        with refused(Code.INVALID_FULFILLMENT_ASSETS_RATIO):
            apply(world(RICH), front, trade(victim, order(MALLORY, 9, False, 500, 500), 500, 501))

    def test_leaving_out_is_seen(self):
        """An omitted order is open as before; an omitted forced request freezes the exchange after its deadline."""
        state = world(RICH)
        assert apply(state).after.words() == state.words()

    def test_making_a_request_invalid_needs_the_users_own_signature(self):
        """Edge 141: with nothing of Alice's in hand, no order of the others' transactions makes her request invalid."""
        request = forced_withdrawal(ALICE, 7, 10**6)
        others = (
            transfer(BOB, 8, MALLORY, 9, 10**6),
            trade(order(MALLORY, 9, True, 9, 9), order(BOB, 8, False, 9, 9), 9, 9),
            funding(NOW),
        )
        for transaction in others:
            assert apply(world(RICH), transaction, request).served == (Code.SUCCESS,)

    def test_a_price_or_funding_can_make_a_request_invalid(self):
        """Achieves a delay: a request at the edge of the margin fails after a price moved; a smaller one holds."""
        state = world({7: holds(ALICE, 0, {BTC: 10**10})})
        lower = signed_price(BTC, PRICE[BTC] * 99 // 100, quotes=[external(PRICE[BTC], BTC) * 99 // 100] * 3)
        tick = OracleTick(prices=((BTC, lower.price),), timestamp=NOW)
        request, smaller = forced_withdrawal(ALICE, 7, 19_300_000_000), forced_withdrawal(ALICE, 7, 19_100_000_000)
        assert apply(state, request).served == (Code.SUCCESS,)
        served = apply(state, tick, request, smaller, low=[lower], high=[lower]).served
        assert served == (Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO, Code.SUCCESS)


class TestTheOperatorPrices:
    """Achieves a choice between signed medians inside the validity period, and staleness."""

    def test_an_unsigned_price(self):
        forged = [external(9 * ONE, ETH)] * 3
        with refused("PRICE_SIGNER"):
            apply(world({}), low=[signed_price(ETH, 9 * ONE, signers=(MALLORY, STRAW, CAROL), quotes=forged)])
        assert key(MALLORY) not in CONFIG.synthetic_assets[1].oracle_price_signers

    def test_the_best_of_old_and_new(self):
        """Any price between a minimum and a maximum that were both signed within the validity period."""
        old, new = signed_price(ETH, ONE, NOW - 10**7), signed_price(ETH, 2 * ONE, NOW)
        tick = OracleTick(prices=((ETH, 3 * ONE // 2),), timestamp=NOW)
        assert apply(world({}), tick, low=[old], high=[new])
        with refused("PRICE_TIME"):
            apply(world({}), tick, low=[signed_price(ETH, ONE, NOW - CONFIG.price_validity_period - 1)], high=[new])

    def test_one_bad_signer_of_three_moves_nothing(self):
        """The median stands between the honest quotes, whichever signers are picked."""
        honest = [external(ONE, ETH), external(ONE + 2**20, ETH)]
        for lie in (1, external(50 * ONE, ETH)):
            quotes = [*honest, lie]
            with refused(Code.INVALID_ASSET_ORACLE_PRICE):
                apply(world({}), low=[signed_price(ETH, 50 * ONE, quotes=quotes)])
        assert len(SIGNERS) == 5

    def test_no_new_price_at_all(self):
        """Edge 101: achieves liquidations and trades at stale prices; v3.2's rules have no limit of age."""
        late = world(RICH, funding_timestamp=NOW + 10**8, system_time=NOW + 10**8)
        assert apply(late, trade(order(ALICE, 7, True, 9, 9), order(BOB, 8, False, 9, 9), 9, 9))


class TestTheOperatorFunds:
    """Achieves at most the configured rate in either direction; nobody signs funding."""

    def test_the_rate_bounds_what_he_can_take(self):
        """1120 a second is 0.751 % of the notional in eight hours, whatever the tick says."""
        hours = 8 * 3600
        limit = CONFIG.max_funding_rate * PRICE[ETH] * hours // ONE
        state = world({**RICH, 7: holds(ALICE, 10**6, {ETH: 10**6})}, funding_timestamp=NOW, system_time=NOW)
        tick = funding(NOW + hours, indices={ETH: limit})
        paid = 10**6 - apply(state, tick, deposit(ALICE, 7, 0)).after.position(7).collateral_balance
        assert paid == 7511
        with refused("FUNDING_RATE"):
            apply(state, funding(NOW + hours, indices={ETH: limit + 1}))


class TestTheOperatorRounds:
    """Achieves up to one collateral unit (10^-6) for each fill of an order."""

    def test_a_fill_for_each_unit(self):
        """Edge 55: a buyer of 20 quanta worth 0.1 each pays 20 units instead of 2, each fill costing a whole trade."""
        victim = order(ALICE, 7, True, 1000, 100)
        fills = [trade(victim, order(MALLORY, 9, False, 1000, 100), 1, 1) for _ in range(20)]
        batch = apply(world(RICH), *fills)
        overpaid = 10**6 - batch.after.position(7).collateral_balance - 2
        assert overpaid == 18 == len(fills) * 1 - 2
        with refused(Code.INVALID_FULFILLMENT_ASSETS_RATIO):
            apply(world(RICH), trade(victim, order(MALLORY, 9, False, 1000, 100), 1, 2))

    def test_funding_dust_goes_to_nobody(self):
        """Rounding is against both sides: at most a unit a touched position, and no one receives it."""
        state = world({7: holds(ALICE, 100, {ETH: 1}), 8: holds(BOB, 100, {ETH: -1})}, indices={BTC: 0, ETH: ONE // 2})
        after = apply(state, deposit(ALICE, 7, 0), deposit(BOB, 8, 0)).after
        assert (after.position(7).collateral_balance, after.position(8).collateral_balance) == (99, 100)


class TestTheOperatorLiquidates:
    """Achieves the whole remaining equity of a position that is below its margin; nothing of a healthy one."""

    def test_a_healthy_position(self):
        """S3-28."""
        state = world({**RICH, 7: holds(ALICE, 36 - 1000, {ETH: 1000})})
        with refused(Code.UNLIQUIDATABLE_POSITION):
            apply(state, liquidate(order(MALLORY, 9, True, 1000, 1000), 7, 1000, 1000))

    def test_a_weak_one_for_nothing(self):
        """docs/spec/perpetual-state.md 11.11: 34 of equity on 1000, and a full close that pays 966 takes it all."""
        state = world({**RICH, 7: holds(ALICE, 34 - 1000, {ETH: 1000})})
        batch = apply(state, liquidate(order(MALLORY, 9, True, 1000, 1000), 7, 1000, 966))
        assert batch.after.position(7).is_empty()
        gained = totals(batch.after.position(9), batch.after.market(CONFIG)).total_value // ONE - 10**6
        assert gained == 34

    def test_deleverage_of_a_solvent_position(self):
        state = world({7: holds(ALICE, -999, {ETH: 1000}), 9: holds(MALLORY, 10**6, {ETH: -1000})})
        request = Deleverage(
            deleveragable_position_id=7,
            deleverager_position_id=9,
            synthetic_asset_id=ETH,
            amount_synthetic=1000,
            amount_collateral=999,
            deleverager_is_buying_synthetic=1,
        )
        with refused(Code.UNDELEVERAGABLE_POSITION):
            apply(state, request)


class TestTheOperatorLiesAboutRequests:
    """Achieves nothing: the outcome is computed, not declared; only the code decides."""

    @pytest.mark.parametrize(("amount", "truth"), [(10**6, 1), (10**6 + 1, 0)])
    def test_valid_as_invalid_and_the_reverse(self, amount, truth):
        request = forced_withdrawal(ALICE, 7, amount)
        assert apply(world(RICH), request.model_copy(update={"is_valid": truth}))
        with refused("FORCED_OUTCOME"):
            apply(world(RICH), request.model_copy(update={"is_valid": 1 - truth}))

    def test_for_somebody_else(self):
        """The output names key, position and amount: the contract clears only what was asked."""
        batch = apply(world(RICH), forced_withdrawal(MALLORY, 7, 1))
        assert batch.served == (Code.INVALID_PUBLIC_KEY,)
        assert batch.forced[0].action_words() == [0, key(MALLORY), 7, 1]


class TestTheOperatorHidesData:
    """Achieves nothing in a rollup, where the words are the data; needs the committee in a validium."""

    def test_every_touched_position_is_published(self):
        config = configured(data_availability_mode=1)
        batch = apply(world(RICH, config), transfer(ALICE, 7, BOB, 8, 5), config=config)
        assert {7, 8} <= set(batch.data()) and batch.output()[-len(batch.data()) :] == batch.data()

    def test_the_claim_binds_roots_and_sequence(self):
        first = apply(world(RICH), transfer(ALICE, 7, BOB, 8, 5)).after
        second = apply(world(RICH), transfer(ALICE, 7, BOB, 8, 6)).after
        assert len({availability_claim(first, 1), availability_claim(second, 1), availability_claim(first, 2)}) == 3


class TestTheOperatorTakesFees:
    """Achieves the signed fee and no more, and only to the configured position."""

    def test_more_than_signed(self):
        victim = order(ALICE, 7, True, 1000, 1000, amount_fee=10)
        other = order(MALLORY, 9, False, 1000, 1000)
        assert apply(world(RICH), trade(victim, other, 100, 100, (1, 0))).after.position(FEES) == holds(FEE_KEEPER, 1)
        with refused(Code.INVALID_FULFILLMENT_FEE_RATIO):
            apply(world(RICH), trade(victim, other, 100, 100, (2, 0)))

    def test_to_another_position(self):
        """Another fee position is another configuration hash, which the contract does not know."""
        mine = CONFIG.model_copy(update={"fee_position": CONFIG.fee_position.model_copy(update={"position_id": 9})})
        assert mine.hash() != CONFIG.hash()


class TestTheOperatorLetsOrdersLive:
    """Achieves nothing: the batch's minimum expiration is output, and the contract compares it with the clock."""

    def test_an_expired_order(self):
        with refused("ORDER_EXPIRED"):
            apply(world(RICH), withdrawal(ALICE, 7, 1, expiration_timestamp=HOUR - 1))
        assert HOUR in apply(world(RICH)).output()

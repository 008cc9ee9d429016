"""Trades: edges 51 to 74 of the list."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from prover.applications.perpetual.config import FeePosition
from prover.applications.perpetual.errors import Code, OrderRefused
from prover.applications.perpetual.execute import _check_limits
from prover.applications.perpetual.fields import MAX_ASSETS_IN_POSITION
from prover.applications.perpetual.margin import Change, totals, update_position
from prover.applications.perpetual.positions import EMPTY, Asset
from tests.support.world import (
    ALICE,
    BOB,
    BTC,
    CONFIG,
    ETH,
    FEE_KEEPER,
    FEES,
    HALF,
    ONE,
    RISK,
    SOL,
    USD,
    apply,
    asset_id,
    configured,
    deposit,
    forced_trade,
    forced_withdrawal,
    holds,
    key,
    order,
    refused,
    synthetic,
    trade,
    transfer,
    world,
)

RICH = {7: holds(ALICE, 10**9), 8: holds(BOB, 10**9)}


def meet(synthetic_amount: int, collateral: int, fees=(0, 0), signed=(1000, 105), signed_fee=0, **fields):
    """Alice (7) buys of Bob (8) what both signed for `signed`."""
    buy = order(ALICE, 7, True, *signed, amount_fee=signed_fee, **fields)
    return trade(
        buy, order(BOB, 8, False, *signed, amount_fee=signed_fee, **fields), synthetic_amount, collateral, fees
    )


def test_the_buyer_pays_at_most_the_limit_rounded_up():
    """Edge 51: one unit of 1000 for 105 is worth 0.105."""
    state = world(RICH)
    sell = order(BOB, 8, False, 1000, 1)
    for paid, limit_holds in ((1, True), (2, False)):
        transaction = trade(order(ALICE, 7, True, 1000, 105), sell, 1, paid)
        if limit_holds:
            assert apply(state, transaction)
        else:
            with refused(Code.INVALID_FULFILLMENT_ASSETS_RATIO):
                apply(state, transaction)


def test_the_seller_gets_at_least_the_limit_rounded_down():
    """Edges 52 and 53: 9 units are worth 0.945, so 0 is fair; 10 are worth 1.05, so 0 is not."""
    state = world(RICH)
    assert apply(state, meet(9, 0))
    with refused(Code.INVALID_FULFILLMENT_ASSETS_RATIO):
        apply(state, meet(10, 0))
    assert apply(state, meet(10, 1))


def test_who_pays_nothing_pays_no_fee():
    """Edge 53."""
    with refused(Code.INVALID_FULFILLMENT_FEE_RATIO):
        apply(world(RICH), meet(9, 0, fees=(1, 0), signed_fee=50))


@pytest.mark.parametrize(("collateral", "fee"), [(105, 50), (21, 10), (20, 9), (2, 0)])
def test_the_fee_keeps_the_signed_ratio(collateral, fee):
    """Edge 54: floor(50 / 105 of what is paid), for whole and partial fills."""
    synthetic_amount = collateral * 1000 // 105
    for side in (0, 1):
        fees = (fee, 0) if side == 0 else (0, fee)
        assert apply(world(RICH), meet(synthetic_amount, collateral, fees=fees, signed_fee=50))
        with refused(Code.INVALID_FULFILLMENT_FEE_RATIO):
            over = (fee + 1, 0) if side == 0 else (0, fee + 1)
            apply(world(RICH), meet(synthetic_amount, collateral, fees=over, signed_fee=50))


def test_many_small_fills_cost_up_to_a_unit_each():
    """Edge 55: kept as in v3.2. Ten fills of one unit, worth 1.05 in all, may take 10; the order's own amounts do
    not bound the sum. The trust model says what that is worth to an operator."""
    state = world(RICH)
    sell = order(BOB, 8, False, 1000, 1)
    batch = apply(state, *[trade(order(ALICE, 7, True, 1000, 105), sell, 1, 1) for _ in range(10)])
    assert batch.after.position(7).collateral_balance == 10**9 - 10


def test_the_same_position_cannot_trade_with_itself():
    """Edge 56."""
    buy, sell = order(ALICE, 7, True, 10, 10), order(ALICE, 7, False, 10, 10)
    with refused(Code.SAME_POSITION_ID):
        apply(world(RICH), trade(buy, sell, 1, 1))


def test_the_fee_position_does_not_trade():
    """Edge 57."""
    state = world({**RICH, FEES: holds(FEE_KEEPER, 10**9)})
    with refused(Code.SAME_POSITION_ID):
        apply(state, trade(order(FEE_KEEPER, FEES, True, 10, 10), order(BOB, 8, False, 10, 10), 1, 1))
    with refused(Code.SAME_POSITION_ID):
        apply(state, trade(order(ALICE, 7, True, 10, 10), order(FEE_KEEPER, FEES, False, 10, 10), 1, 1))


def test_orders_must_name_one_asset_and_the_collateral():
    """Edge 58."""
    buy = order(ALICE, 7, True, 10, 10)
    with refused("TRADE_ASSETS"):
        apply(world(RICH), trade(buy, order(BOB, 8, False, 10, 10, synthetic_asset_id=BTC), 1, 1))
    with refused(Code.INVALID_COLLATERAL_ASSET_ID):
        apply(world(RICH), trade(buy, order(BOB, 8, False, 10, 10, collateral_asset_id=USD + 1), 1, 1))


def test_the_first_order_buys_and_the_second_sells():
    """Edge 59: a flag is 0 or 1."""
    buy, sell = order(ALICE, 7, True, 10, 10), order(BOB, 8, False, 10, 10)
    for orders in ((sell, buy), (buy, order(BOB, 8, True, 10, 10)), (order(ALICE, 7, False, 10, 10), sell)):
        with refused("TRADE_SIDES"):
            apply(world(RICH), trade(*orders, 1, 1))
    with pytest.raises(ValidationError, match="is_buying_synthetic"):
        order(ALICE, 7, 2, 10, 10)


def test_an_asset_needs_a_price_and_an_index():
    """Edge 60: the price is asked for first, and both even where nothing changes."""
    for fields, code in (
        ({"prices": {}, "indices": {}}, Code.MISSING_ORACLE_PRICE),
        ({"prices": {BTC: ONE}, "indices": {ETH: 0}}, Code.MISSING_ORACLE_PRICE),
        ({"prices": {ETH: ONE}, "indices": {}}, Code.MISSING_GLOBAL_FUNDING_INDEX),
    ):
        state = world(RICH, **fields)
        with refused(code):
            apply(state, meet(10, 1))
        update = update_position(RICH[7], Change(RICH[7].public_key, 0, ETH, 0), state.market(CONFIG))
        assert update.code == code


def test_a_trade_may_end_with_value_equal_to_risk():
    """Edges 61, 62 and 104: 3.5 % of 20,000 is 699.99999832: 699 and a fraction. 700 is enough, 699 is not."""
    risk = -(-20_000 * RISK // ONE)
    assert risk == 700 and 20_000 * RISK % ONE
    for equity, accepted in ((risk, True), (risk - 1, False)):
        state = world({7: holds(ALICE, equity), 8: holds(BOB, 10**9)})
        transaction = meet(20_000, 20_000, signed=(20_000, 20_000))
        if accepted:
            after = totals(apply(state, transaction).after.position(7), state.market(CONFIG))
            assert after.total_value * ONE - after.total_risk < ONE * ONE
        else:
            with refused(Code.ILLEGAL_POSITION_TRANSITION_ENLARGING_SYNTHETIC_HOLDINGS):
                apply(state, transaction)


def test_value_equal_to_risk_to_the_last_bit():
    """Edge 61 with a risk of one half: 50 % of 20,000 is 10,000, and equality is legal."""
    config = configured(synthetic(ETH, risk=ONE // 2))
    for equity, accepted in ((10_000, True), (9_999, False)):
        state = world({7: holds(ALICE, equity), 8: holds(BOB, 10**9)}, config, prices={ETH: ONE}, indices={ETH: 0})
        transaction = meet(20_000, 20_000, signed=(20_000, 20_000))
        if accepted:
            after = totals(apply(state, transaction, config=config).after.position(7), state.market(config))
            assert after.total_risk == after.total_value * ONE
        else:
            with refused(Code.ILLEGAL_POSITION_TRANSITION_ENLARGING_SYNTHETIC_HOLDINGS):
                apply(state, transaction, config=config)


def test_an_empty_position_gets_a_key_by_trading():
    """Edge 63: it may even owe collateral, when the deal is good enough."""
    state = world({8: holds(BOB, 10**9)})
    transaction = trade(order(ALICE, 7, True, 1000, 105), order(BOB, 8, False, 1000, 105), 1000, 105)
    assert apply(state, transaction).after.position(7) == holds(ALICE, -105, {ETH: 1000})


def test_closing_removes_the_entry_and_reopening_caches_the_index():
    """Edge 64."""
    state = world({7: holds(ALICE, 10**9, {ETH: 10}), 8: holds(BOB, 10**9)}, indices={ETH: 77, BTC: 0, SOL: 0})
    sell, buy = order(ALICE, 7, False, 100, 100), order(BOB, 8, True, 100, 100)
    closed = apply(state, trade(buy, sell, 10, 10)).after
    assert closed.position(7).assets == ()
    reopened = apply(closed, trade(order(ALICE, 7, True, 9, 9), order(BOB, 8, False, 9, 9), 1, 1)).after
    assert reopened.position(7).assets == (Asset(ETH, 1, 77),)


def test_a_flip_is_legal_for_the_well_leveraged_only():
    """Edge 65."""
    sell, buy = order(ALICE, 7, False, 200, 200), order(BOB, 8, True, 200, 200)
    good = world({7: holds(ALICE, 10**6, {ETH: 100}), 8: RICH[8]})
    assert apply(good, trade(buy, sell, 101, 101)).after.position(7).balance(ETH) == -1
    bad = world({7: holds(ALICE, -(10**6), {ETH: 10**6 + 10}), 8: RICH[8]})
    sell, buy = order(ALICE, 7, False, 3 * 10**6, 3 * 10**6), order(BOB, 8, True, 3 * 10**6, 3 * 10**6)
    with refused(Code.ILLEGAL_POSITION_TRANSITION_ENLARGING_SYNTHETIC_HOLDINGS):
        apply(bad, trade(buy, sell, 2 * 10**6 + 20, 2 * 10**6 + 20))


def test_the_badly_leveraged_may_reduce_when_value_over_risk_does_not_fall():
    """Edge 66: 1000 held, 10 of value; half sold must leave 5 or more."""
    state = world({7: holds(ALICE, -990, {ETH: 1000}), 8: RICH[8]})
    for got, accepted in ((495, True), (494, False)):
        sell, buy = order(ALICE, 7, False, 500, 490), order(BOB, 8, True, 500, 500)
        if accepted:
            assert apply(state, trade(buy, sell, 500, got))
        else:
            with refused(Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO):
                apply(state, trade(buy, sell, 500, got))


def test_reducing_one_of_two_assets_while_the_other_stays():
    """Edge 67: TV/TR rises when the sale is at the price."""
    state = world({7: holds(ALICE, -2970, {ETH: 1000, BTC: 1000}), 8: RICH[8]})
    transaction = trade(order(BOB, 8, True, 500, 500), order(ALICE, 7, False, 500, 500), 500, 500)
    assert apply(state, transaction).after.position(7).balance(BTC) == 1000


def test_a_new_asset_is_refused_while_badly_leveraged():
    """Edge 68: even at a price that improves TV/TR."""
    state = world({7: holds(ALICE, -990, {ETH: 1000}), 8: RICH[8]})
    fields = {"synthetic_asset_id": BTC}
    transaction = trade(order(ALICE, 7, True, 10, 10, **fields), order(BOB, 8, False, 10, 10, **fields), 10, 10)
    old = totals(state.position(7), state.market(CONFIG))
    new = totals(holds(ALICE, -1000, {ETH: 1000, BTC: 10}), state.market(CONFIG))
    assert old.total_value * new.total_risk < new.total_value * old.total_risk
    with refused(Code.ILLEGAL_POSITION_TRANSITION_ENLARGING_SYNTHETIC_HOLDINGS):
        apply(state, transaction)


def many_assets(count: int):
    """A configuration of 65 assets, and a position that holds `count` of them."""
    ids = [asset_id(f"A{number:02}-9") for number in range(MAX_ASSETS_IN_POSITION + 1)]
    config = configured(*(synthetic(asset) for asset in ids))
    balances = {asset: 1 for asset in ids[1 : count + 1]}
    positions = {7: holds(ALICE, 10**6, balances), 8: RICH[8]}
    return ids, config, world(positions, config, prices=dict.fromkeys(ids, ONE), indices=dict.fromkeys(ids, 0))


@pytest.mark.parametrize(("held", "accepted"), [(63, True), (64, False)])
def test_64_assets_fit_a_position(held, accepted):
    """Edge 69."""
    ids, config, state = many_assets(held)
    fields = {"synthetic_asset_id": ids[0]}
    transaction = trade(order(ALICE, 7, True, 10, 10, **fields), order(BOB, 8, False, 10, 10, **fields), 1, 1)
    if accepted:
        assert len(apply(state, transaction, config=config).after.position(7).assets) == 64
    else:
        with refused(Code.TOO_MANY_SYNTHETIC_ASSETS_IN_POSITION):
            apply(state, transaction, config=config)


@pytest.mark.parametrize("new", [BTC, ETH, SOL])
def test_assets_stay_in_order(new):
    """Edge 70: the smallest, the middle and the largest id."""
    others = {asset: 5 for asset in (BTC, ETH, SOL) if asset != new}
    state = world({7: holds(ALICE, 10**6, others), 8: RICH[8]})
    fields = {"synthetic_asset_id": new}
    transaction = trade(order(ALICE, 7, True, 9, 9, **fields), order(BOB, 8, False, 9, 9, **fields), 3, 3)
    assets = apply(state, transaction).after.position(7).assets
    assert [asset.asset_id for asset in assets] == sorted((BTC, ETH, SOL))


def test_synthetic_balances_are_symmetric():
    """Edges 71 and 72: 2^63 - 1 on both sides; one more is an ordinary error, also downwards, where 64 bits would
    hold it."""
    config = configured(synthetic(ETH, risk=1))
    market = world({}, config, prices={ETH: 1}, indices={ETH: 0}).market(config)
    owner = holds(ALICE, 2**62)
    for delta, code in (
        (HALF - 1, Code.SUCCESS),
        (1 - HALF, Code.SUCCESS),
        (HALF, Code.OUT_OF_RANGE_BALANCE),
        (-HALF, Code.OUT_OF_RANGE_BALANCE),
        (-HALF - 1, Code.OUT_OF_RANGE_BALANCE),
    ):
        assert update_position(owner, Change(owner.public_key, 0, ETH, delta), market).code == code


def test_both_fees_reach_the_fee_position():
    """Edges 73 and 74."""
    transaction = meet(1000, 105, fees=(3, 4), signed_fee=50)
    batch = apply(world(RICH), transaction)
    assert batch.after.position(FEES) == holds(FEE_KEEPER, 7)
    assert [s.after.collateral_balance for s in batch.changes if s.position_id == FEES] == [3, 7]
    assert apply(world(RICH), meet(1000, 105)).after.position(FEES) == EMPTY
    assert apply(world(RICH), meet(1000, 105, fees=(0, 1), signed_fee=50)).after.position(FEES) == holds(FEE_KEEPER, 1)
    nearly_full = world({**RICH, FEES: holds(FEE_KEEPER, HALF - 7)})
    with refused(Code.OUT_OF_RANGE_BALANCE):
        apply(nearly_full, transaction)
    assert apply(nearly_full, meet(1000, 105, fees=(3, 3), signed_fee=50))


def test_each_fee_leaves_the_fee_position_legal_as_it_comes():
    """A fee position below the range of values: one fee after the other, the first leaves it outside, and both at once
    would not have. Whoever paid them together would prove a batch that another pays in two steps and refuses."""
    deep = {ETH: -1}
    rich = {7: holds(ALICE, 10**9), 8: holds(BOB, HALF - 1)}
    for start, accepted in ((-HALF + 4, True), (-HALF + 3, False)):
        state = world({**rich, FEES: holds(FEE_KEEPER, start, deep)}, prices={ETH: 4 * ONE}, indices={ETH: 0})
        paid = meet(10, 50, fees=(3, HALF - 1), signed=(10, 50), signed_fee=HALF)
        if accepted:
            assert apply(state, paid).after.position(FEES).collateral_balance == start + HALF + 2
        else:
            with refused(Code.OUT_OF_RANGE_TOTAL_VALUE):
                apply(state, paid)


def test_nobody_takes_the_empty_fee_position():
    """Mallory, with the key of both parties, asks on chain that the fee position buys one quantum of him for nothing.

    Were it valid, an operator could prove nothing else, and every later trade and liquidation would meet a fee position
    of another's key. It is proven invalid; the fee key itself may do it.
    """
    state = world({**RICH, 9: holds(0xBAD, 10**6)})
    request = forced_trade((0xBAD, FEES), (0xBAD, 9), True, 1, 0)
    batch = apply(state, request, meet(1000, 105, fees=(3, 4), signed_fee=50))
    assert batch.served == (Code.INVALID_PUBLIC_KEY,)
    assert batch.after.position(FEES) == holds(FEE_KEEPER, 7)
    assert apply(state, forced_trade((FEE_KEEPER, FEES), (0xBAD, 9), True, 1, 0)).served == (Code.SUCCESS,)


@pytest.mark.parametrize("held", [{}, {FEES: holds(FEE_KEEPER, 5)}], ids=["empty", "held"])
def test_the_fee_position_answers_to_the_fee_key_alone(held):
    """Deposits, transfers and requests, while it is empty and while it is not."""
    state = world({**RICH, **held})
    for under_another_key in (deposit(BOB, FEES, 1), transfer(BOB, 8, BOB, FEES, 1), deposit(BOB, FEES, 0)):
        with refused(Code.INVALID_PUBLIC_KEY):
            apply(state, under_another_key)
    for under_the_fee_key in (deposit(FEE_KEEPER, FEES, 1), transfer(BOB, 8, FEE_KEEPER, FEES, 1)):
        assert apply(state, under_the_fee_key).after.position(FEES).public_key == key(FEE_KEEPER)
    assert apply(state, forced_withdrawal(BOB, FEES, 0)).served == (Code.INVALID_PUBLIC_KEY,)


def test_a_fee_position_without_a_key_is_nobodys():
    """Nobody owns it, and no trade can pay its fees there; other positions are not concerned."""
    config = CONFIG.model_copy(update={"fee_position": FeePosition(position_id=FEES)})
    state = world(RICH, config)
    for owner in (BOB, FEE_KEEPER):
        with refused(Code.INVALID_PUBLIC_KEY):
            apply(state, deposit(owner, FEES, 1), config=config)
    with refused(Code.INVALID_PUBLIC_KEY):
        apply(state, meet(1000, 105), config=config)
    assert apply(state, deposit(BOB, 8, 1), config=config)


def test_a_fee_position_of_another_key_waits_for_its_configuration():
    """After governance has changed the key the old owner has no say: empty the position before the change."""
    state = world({**RICH, FEES: holds(BOB, 5)})
    for owner in (BOB, FEE_KEEPER):
        assert apply(state, forced_withdrawal(owner, FEES, 1)).served == (Code.INVALID_PUBLIC_KEY,)


@given(
    st.integers(1, 2**64 - 1),
    st.integers(1, 2**64 - 1),
    st.integers(1, 2**64 - 1),
    st.integers(0, 2**64 - 1),
    st.booleans(),
)
@settings(max_examples=200)
def test_a_fill_is_never_worse_than_the_limit_by_a_whole_unit(full, limit, filled, paid, buys):
    """S3-30: whatever is filled, a buyer pays less than the limit plus one, a seller gets more than it less one."""
    signed = order(ALICE, 7, buys, 5, 5).model_copy(update={"amount_synthetic": full, "amount_collateral": limit})
    fair = Fraction(limit * filled, full)
    try:
        _check_limits(signed, filled, paid, 0)
        assert paid < fair + 1 if buys else paid > fair - 1
    except OrderRefused:
        assert paid > fair if buys else paid < fair

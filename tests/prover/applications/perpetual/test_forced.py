"""Forced requests: edges 129 to 142 of the list. Exactly one outcome of each request follows from the rules."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prover.algebra.field import PRIME
from prover.applications.perpetual.documents import Case
from prover.applications.perpetual.errors import Code
from prover.applications.perpetual.margin import Market, totals
from prover.applications.perpetual.positions import EMPTY, Asset, Position
from tests.support.forced_requests import WIDE, indices, positions, prices, requests
from tests.support.world import (
    ALICE,
    BOB,
    BTC,
    CAROL,
    CONFIG,
    ETH,
    HALF,
    ONE,
    PRICE,
    SOL,
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
    withdrawal,
    world,
)

NO_RISK = Code.ILLEGAL_POSITION_TRANSITION_NO_RISK_REDUCED_VALUE
RATIO = Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO
ENLARGING = Code.ILLEGAL_POSITION_TRANSITION_ENLARGING_SYNTHETIC_HOLDINGS


@pytest.mark.parametrize("amount", [50, 51])
def test_nobody_chooses_the_outcome(amount):
    """Edge 129, S2-20: a file that claims the other outcome is refused."""
    state, request = world({7: holds(ALICE, 50)}), forced_withdrawal(ALICE, 7, amount)
    valid = amount == 50
    assert apply(state, request.model_copy(update={"is_valid": int(valid)}))
    with refused("FORCED_OUTCOME"):
        apply(state, request.model_copy(update={"is_valid": int(not valid)}))


@pytest.mark.parametrize(
    ("position", "owner", "amount", "code"),
    [
        (holds(ALICE, 50), BOB, 1, Code.INVALID_PUBLIC_KEY),
        (EMPTY, ALICE, 1, NO_RISK),
        (holds(ALICE, 50), ALICE, 51, NO_RISK),
        (holds(ALICE, 50, {ETH: 10}), ALICE, 60, RATIO),
        (holds(ALICE, -HALF, {BTC: HALF - 1}), ALICE, 1, Code.OUT_OF_RANGE_BALANCE),
        (EMPTY, ALICE, HALF + 1, Code.OUT_OF_RANGE_BALANCE),
        (holds(ALICE, -HALF + 5, {ETH: -5}), ALICE, 1, Code.OUT_OF_RANGE_TOTAL_VALUE),
        (holds(ALICE, 0, {ETH: 2**62, SOL: -(2**60)}), ALICE, 1, RATIO),
    ],
)
def test_each_reason_is_proven(position, owner, amount, code):
    """Edge 130: S2-25. Total risk out of range is with the margin tests (edge 110)."""
    assert apply(world({7: position}), forced_withdrawal(owner, 7, amount)).served == (code,)


def test_nothing_from_nothing_is_valid():
    """Edge 131."""
    batch = apply(world({}), forced_withdrawal(ALICE, 7, 0))
    assert batch.served == (Code.SUCCESS,) and batch.after.position(7) == EMPTY


def test_an_invalid_action_still_applies_funding():
    """Edge 133."""
    state = world({7: holds(ALICE, 50, {ETH: 10})}, indices={BTC: 0, SOL: 0, ETH: ONE})
    batch = apply(state, forced_withdrawal(BOB, 7, 1))
    assert batch.after.position(7) == holds(ALICE, 40, {ETH: 10}, index=ONE)


def test_the_output_shows_the_action_and_money_only_if_valid():
    """Edge 134."""
    state = world({7: holds(ALICE, 50)})
    for amount, modifications in ((50, ((key(ALICE), 7, 2**64 - 50),)), (51, ())):
        batch = apply(state, forced_withdrawal(ALICE, 7, amount))
        assert batch.modifications == modifications
        assert [a.action_words() for a in batch.forced] == [[0, key(ALICE), 7, amount]]


RICH = {7: holds(ALICE, 10**6), 8: holds(BOB, 10**6)}


@pytest.mark.parametrize("a_buys", [True, False])
def test_a_forced_trade_moves_both_sides(a_buys):
    """Edge 135, S2-11: without any fee."""
    batch = apply(world(RICH), forced_trade((ALICE, 7), (BOB, 8), a_buys, 1000, 900))
    sign = 1 if a_buys else -1
    assert batch.after.position(7) == holds(ALICE, 10**6 - sign * 900, {ETH: sign * 1000})
    assert batch.after.position(8) == holds(BOB, 10**6 + sign * 900, {ETH: -sign * 1000})
    assert batch.touched_positions == [7, 8] and batch.modifications == ()


@pytest.mark.parametrize("a_buys", [True, False])
@pytest.mark.parametrize("broken", [7, 8])
def test_one_failing_side_stops_both(a_buys, broken):
    """Edges 135 and 136: by key and by margin, on either side; both are stored funded and otherwise unchanged."""
    index = {BTC: 0, ETH: 0, SOL: ONE}
    positions = {7: holds(ALICE, 10**6, {SOL: 3}), 8: holds(BOB, 10**6, {SOL: 5})}
    owner = {7: ALICE, 8: BOB}[broken]
    for spoiled in (holds(CAROL, 10**6, {SOL: 3}), holds(owner, 10, {SOL: 1})):
        state = world({**positions, broken: spoiled}, indices=index)
        batch = apply(state, forced_trade((ALICE, 7), (BOB, 8), a_buys, 10**6, 10**6))
        assert batch.served[0] in (Code.INVALID_PUBLIC_KEY, ENLARGING)
        for place in (7, 8):
            before, after = state.position(place), batch.after.position(place)
            assert after.collateral_balance == before.collateral_balance - before.balance(SOL)
            assert after.assets == (Asset(SOL, before.balance(SOL), ONE),)


def test_forced_trades_fail_by_asset():
    """Edges 60 and 136: no price, no index, an id that no asset can have, the 65th asset (vectors)."""
    for fields, asset, code in (
        ({"prices": {}, "indices": {}}, ETH, Code.MISSING_ORACLE_PRICE),
        ({"prices": {ETH: ONE}, "indices": {}}, ETH, Code.MISSING_GLOBAL_FUNDING_INDEX),
        ({}, asset_id("ZZZ-1"), Code.MISSING_ORACLE_PRICE),
        ({}, PRIME - 1, Code.MISSING_ORACLE_PRICE),
    ):
        for amount in (0, 1):
            batch = apply(world(RICH, **fields), forced_trade((ALICE, 7), (BOB, 8), True, amount, amount, asset))
            assert batch.served == (code,)


def test_trading_nothing_is_valid():
    """Edge 137."""
    assert apply(world(RICH), forced_trade((ALICE, 7), (BOB, 8), True, 0, 0)).served == (Code.SUCCESS,)


def test_the_same_position_twice_is_refused():
    """Edge 138: the contract refuses it, for no proof could contain it."""
    with refused(Code.SAME_POSITION_ID):
        apply(world(RICH), forced_trade((ALICE, 7), (ALICE, 7), True, 1, 1))


def test_the_same_trade_twice_is_the_contracts_to_refuse():
    """Edge 140: the rules execute it twice; `updateState` clears a request once."""
    request = forced_trade((ALICE, 7), (BOB, 8), True, 10, 10)
    assert apply(world(RICH), request, request).after.position(7).balance(ETH) == 20


def test_an_earlier_transaction_can_make_a_request_invalid():
    """Edge 141: only with what the user signed; an order that was left open, here."""
    state, request = world({**RICH, 7: holds(ALICE, 1000)}), forced_withdrawal(ALICE, 7, 1000)
    open_order = trade(order(ALICE, 7, True, 100, 100), order(BOB, 8, False, 100, 100), 100, 100)
    assert apply(state, request).served == (Code.SUCCESS,)
    assert apply(state, open_order, request).served == (RATIO,)
    assert apply(state, withdrawal(ALICE, 7, 1), request).served == (NO_RISK,)


def test_alice_gets_everything_out():
    """S2-27: +1 BTC at 20,000; 20,000 is invalid, after a forced trade with her neighbour it is valid."""
    btc, dollars = 10**10, 10**6
    state = world({7: holds(ALICE, 0, {BTC: btc}), 8: holds(BOB, 20_000 * dollars)})
    everything = forced_withdrawal(ALICE, 7, 20_000 * dollars)
    batch = apply(state, everything, forced_trade((ALICE, 7), (BOB, 8), False, btc, 20_000 * dollars, BTC), everything)
    assert batch.served == (RATIO, Code.SUCCESS, Code.SUCCESS)
    assert batch.after.position(7) == EMPTY and batch.after.position(8) == holds(BOB, 0, {BTC: btc})


def test_a_lost_key_is_replaced_by_a_self_forced_trade():
    """S4-14: synthetic and collateral go to a position under a new key; the old position is empty."""
    old, new, helper = 0x0DD, 0x4E3, 0x4E1
    state = world({7: holds(old, 500, {ETH: 1000}), 8: holds(new, 100), 9: holds(helper, 10**6)})
    batch = apply(
        state,
        forced_trade((old, 7), (new, 8), False, 1000, 0),
        forced_withdrawal(old, 7, 500),
        deposit(new, 8, 500),
    )
    assert batch.served == (Code.SUCCESS, Code.SUCCESS)
    assert batch.after.position(7) == EMPTY and batch.after.position(8) == holds(new, 600, {ETH: 1000})


# --- totality


def judged_from_the_definition(position: Position, result: Position, market: Market) -> bool:
    """5.5 in other words: by fractions, and without an order of checks."""
    old, new = totals(position, market), totals(result, market)
    if new.total_risk <= new.total_value * ONE:
        return True
    smaller = all(
        0 < asset.balance <= position.balance(asset.asset_id) or position.balance(asset.asset_id) <= asset.balance < 0
        for asset in result.assets
    )
    if not smaller:
        return False
    if old.total_risk == 0:
        return new.total_value >= old.total_value and new.total_risk == 0
    return old.total_value * new.total_risk <= new.total_value * old.total_risk


@given(
    positions(ALICE),
    positions(BOB),
    requests(),
    st.tuples(indices, indices, indices),
    st.tuples(prices, prices, prices),
)
@settings(max_examples=800, deadline=None)
def test_every_request_has_exactly_one_outcome(first, second, request, index, price):
    """Edge 139: extremes of every number; the outcome is one code, and only funding moves if it is invalid."""
    ids = (BTC, ETH, SOL)
    state = world(
        {7: first, 8: second},
        WIDE,
        indices=dict(zip(ids, index, strict=True)),
        prices=dict(zip(ids, price, strict=True)),
    )
    batch = apply(state, request, config=WIDE)
    (code,) = batch.served
    assert code in (0, 1, 2, 3, 10, 12, 13, 16, 19, 20, 22)
    other = apply(state, request.model_copy(update={"is_valid": int(code == Code.SUCCESS)}), config=WIDE)
    assert other.output() == batch.output()
    with refused("FORCED_OUTCOME"):
        apply(state, request.model_copy(update={"is_valid": int(code != Code.SUCCESS)}), config=WIDE)
    market = state.market(WIDE)
    for change in batch.changes:
        base = change.before_funded()
        if code != Code.SUCCESS:
            assert change.after == base
        else:
            assert judged_from_the_definition(base, change.after, market)
    assert Case.parsed(json.loads(Case.of(batch).model_dump_json())).apply().output() == batch.output()


def test_the_seller_alone_may_reach_minus_two_to_the_63():
    """With a buyer who is short only the seller's balance is out of range (docs/spec/perpetual-state.md 11.1)."""
    config = configured(synthetic(ETH, risk=1))
    for held, code in ((-1, Code.OUT_OF_RANGE_BALANCE), (0, Code.SUCCESS)):
        positions = {7: holds(ALICE, 2**62, {ETH: -1}), 8: holds(BOB, 2**62, {ETH: held} if held else {})}
        state = world(positions, config, prices={ETH: 1}, indices={ETH: 0})
        request = forced_trade((ALICE, 7), (BOB, 8), True, HALF - 1, 0)
        assert apply(state, request, config=config).served == (code,)


def test_the_original_has_no_answer_at_minus_two_to_the_63():
    """Edge 72: anyone could request this; it is proven invalid, whoever sells (docs/spec/perpetual-state.md 11.1)."""
    config = configured(synthetic(ETH, risk=1))
    for amount, code in (
        (HALF - 1, Code.SUCCESS),
        (HALF, Code.OUT_OF_RANGE_BALANCE),
        (HALF + 1, Code.OUT_OF_RANGE_BALANCE),
    ):
        state = world({7: holds(ALICE, 2**62), 8: holds(BOB, 2**62)}, config, prices={ETH: 1}, indices={ETH: 0})
        for a_buys in (True, False):
            assert apply(state, forced_trade((ALICE, 7), (BOB, 8), a_buys, amount, 0), config=config).served == (code,)
    assert PRICE and CONFIG

"""Operators who answer hints otherwise than honestly, or claim another state: no proof, or the same words.

A run that ends because a later hint is confused says nothing about the program; those are counted and must be few.
"""

from __future__ import annotations

import copy

import pytest
from hypothesis import HealthCheck, given, settings

from prover.algebra.field import PRIME
from prover.applications.perpetual import samples as sample
from prover.applications.perpetual.program import advice
from prover.applications.perpetual.samples import (
    ALICE,
    BANKRUPT,
    BOB,
    CAROL,
    LIQUID,
    PRICE,
    A,
    B,
    SampleExchange,
    asset_id,
    five_assets,
    forced_withdrawal,
    position,
)
from prover.applications.perpetual.transactions import Deleverage, Trade
from prover.cairo.errors import RunFailed
from prover.cairo.run import run_program
from tests.support.limited_exchange import ONE, LimitedExchange
from tests.support.program_kit import CASES, cheat, lying_program, published, run
from tests.support.totality_cases import trades, withdrawals

# Files whose hints answer questions of fact; those of the transactions also choose, as an operator may.
FACTS = ("bounds", "margin", "market", "orders", "prices", "update")
RULES = ("access", "bounds", "forced", "margin", "market", "orders", "positions", "prices", "ticks", "trades", "update")
ALTERATIONS = {
    "one more": lambda honest: (honest + 1) % PRIME,
    "one less": lambda honest: (honest - 1) % PRIME,
    "none": lambda honest: 0,
}


def flip(honest: int) -> int:
    return 1 - honest


def try_all(given_input, kind, scopes, alter, stride: int = 1) -> tuple[int, int]:
    """(answers altered to no effect or to no proof, answers after which a hint gave up)."""
    honest = run(given_input)
    _, n_answers = cheat(given_input, kind, scopes, 0, alter, honest.n_steps)
    refused = confused = 0
    for place in range(1, n_answers + 1, stride):
        try:
            found, _ = cheat(given_input, kind, scopes, place, alter, 2 * honest.n_steps)
        except RunFailed as error:
            confused += "hint fails" in str(error)
            refused += "hint fails" not in str(error)
        else:
            assert found.output == honest.output, f"answer {place} of {n_answers} changes the output"
            refused += 1
    return refused, confused


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(withdrawals())
def test_no_other_branch_of_a_forced_withdrawal_is_provable(case):
    try_all(case.given, "branch", RULES, flip)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(trades())
def test_no_other_branch_of_a_forced_trade_is_provable(case):
    try_all(case.given, "branch", RULES, flip)


def busy_batch() -> dict:
    """Ticks, signed prices and a trade that opens one holding and closes part of another."""
    exchange = SampleExchange(n_assets=6)
    before = exchange.state({A: position(ALICE, 10**12, five_assets()), B: position(BOB, 10**12, {5: 10**9})})
    transactions = [exchange.funding_tick(), exchange.oracle_tick(1), exchange.trade((ALICE, A), (BOB, B), 5)]
    return exchange.case(before, transactions, exchange.signed_prices(1)).program_input()


def busy_limited_batch() -> dict:
    """Of version 2, with what only it has: a jump, flags, a liquidation's limits, a cancellation, an amount below 0."""
    exchange = LimitedExchange(n_assets=6)
    held = {0: -(10**9), 1: 10**9, 3: 10**9}
    before = exchange.state(
        {
            A: position(ALICE, 10**12, held),
            B: position(BOB, 10**12, {0: 10**9, 5: 10**9}),
            LIQUID: position(CAROL, 10**7 - 2 * 10**9 + 1, {1: 10**9}),
            BANKRUPT: position(CAROL, -1400, {5: -100}),
        }
    )
    reduced = exchange.flagged(ALICE, A, 0, True, 10**6, 3 * 10**6, 1)
    whole = exchange.flagged(BOB, B, 0, False, 10**6, 10**6, 2)
    traded = Trade(
        buy_order=reduced,
        sell_order=whole,
        actual_synthetic=10**6,
        actual_collateral=2 * 10**6,
        actual_buyer_fee=0,
        actual_seller_fee=0,
    )
    taken = sample.liquidation(exchange.flagged(BOB, B, 1, True, 10**6, 2 * 10**6, 2))
    struck = Deleverage(
        deleveragable_position_id=BANKRUPT,
        deleverager_position_id=B,
        synthetic_asset_id=asset_id(5),
        amount_synthetic=100,
        amount_collateral=-1400,
        deleverager_is_buying_synthetic=0,
    )
    jump = exchange.tick(PRICE + (PRICE * (ONE * 359 // 3600) >> 32), 359, place=4)
    cancelled = exchange.cancellation(ALICE, exchange.flagged(ALICE, A, 2, False, 10**6, 10**6, 3))
    target = [exchange.signed(2 * PRICE, exchange.time + 359, place=4)]
    transactions = [forced_withdrawal(ALICE, A, 9), jump, traded, taken, cancelled, struck]
    return exchange.input(before, transactions, target, target)


CASES_OF_ALTERATION = [("branch", RULES, flip), *(("number", FACTS, alter) for alter in ALTERATIONS.values())]
NAMES = ["branch flipped", *ALTERATIONS]


@pytest.mark.parametrize(("kind", "scopes", "alter"), CASES_OF_ALTERATION, ids=NAMES)
def test_no_other_answer_in_a_trade_is_provable(kind, scopes, alter):
    refused, confused = try_all(busy_batch(), kind, scopes, alter, stride=7)
    assert refused > 2 * confused


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "scopes", "alter"), CASES_OF_ALTERATION, ids=NAMES)
@pytest.mark.parametrize("batch", [busy_batch, busy_limited_batch])
def test_no_other_answer_anywhere_in_a_trade_is_provable(batch, kind, scopes, alter):
    refused, confused = try_all(batch(), kind, scopes, alter)
    assert refused > 2 * confused


@pytest.mark.parametrize(("kind", "scopes", "alter"), CASES_OF_ALTERATION, ids=NAMES)
def test_no_other_answer_under_limits_is_provable(kind, scopes, alter):
    refused, confused = try_all(busy_limited_batch(), kind, scopes, alter, stride=3)
    assert refused > 2 * confused


@pytest.mark.parametrize("alter", ALTERATIONS.values(), ids=ALTERATIONS)
def test_no_other_answer_about_a_cancellation_is_provable(alter):
    """All of them: nothing of it is for the operator to choose. One hint knows the side itself."""
    refused, confused = try_all(busy_limited_batch(), "number", ("cancellations",), alter)
    assert refused >= 2 and confused <= 1


def test_no_other_turn_in_a_tree_is_provable():
    given_input = published("transfer into badly leveraged receiver improves it")
    refused, confused = try_all(given_input, "branch", ("trees", "empty_climb"), flip, stride=5)
    assert refused > 5 * confused


def claims_of_another_position() -> list[dict]:
    """Positions with the same words to hash: 2^64 of the balance for one of the index, and the other way round."""
    assets = CASES["withdraw exactly to margin limit"]["prev_state"]["positions"]
    name = next(name for name, document in assets.items() if document["assets"])
    claims = []
    for shift in (1, -1):
        given_input = published("withdraw exactly to margin limit")
        claimed = copy.deepcopy(given_input)
        asset = claimed["prev_state"]["positions"][name]["assets"][0]
        asset["balance"] = str(int(asset["balance"]) + shift * 2**64)
        asset["cached_funding_index"] = str(int(asset["cached_funding_index"]) - shift)
        claims.append(claimed)
    return claims


@pytest.mark.parametrize("claimed", claims_of_another_position(), ids=["more", "less"])
def test_a_leaf_stands_for_one_position_only(claimed):
    with pytest.raises(RunFailed):
        run(claimed)


def test_an_operator_cannot_claim_that_a_position_was_valued_already(monkeypatch):
    """Then its funding would not be applied, and the operator could name its value and risk."""
    honest = advice.Advice._claimed_position

    def valued(self, document, segments):
        return [*honest(self, document, segments)[:4], 1, 10**30, 0]

    name = "forced withdrawal maximum plus one proven invalid"
    assert run(published(name))
    monkeypatch.setattr(advice.Advice, "_claimed_position", valued)
    with pytest.raises(RunFailed):
        run(published(name))


def test_an_operator_cannot_forget_how_much_of_an_order_is_used(monkeypatch):
    name = "trade partial fills to full"
    assert run(published(name))
    monkeypatch.setattr(advice.Advice, "order_used", lambda self, order_id: 0)
    with pytest.raises(RunFailed):
        run(published(name))


def test_an_operator_cannot_leave_out_an_access(monkeypatch):
    """The second transaction on a position starts from what the first one left."""
    name = "trade partial fills to full"
    monkeypatch.setattr(advice.Advice, "store_position", lambda self, position_id, place: None)
    with pytest.raises(RunFailed):
        run(published(name))


NEXT = "memory[asset + ids.Asset.next]"
LIES_ABOUT_A_LIST = {
    "the asset is not held": ("is_held = memory[asset] == row", "is_held = False"),
    "another balance is held": ("memory[asset + ids.Asset.balance] if", "1 + memory[asset + ids.Asset.balance] if"),
    "one more asset goes": (f"{NEXT} if is_held", f"memory[{NEXT} + ids.Asset.next] if is_held"),
    "the asset stays and comes again": (f"{NEXT} if is_held else asset", "asset"),
    "nothing stands before it": ("int(ids.assets.row < ids.row)", "0"),
    "only one stands before it": ("int(ids.this.source.row < ids.row)", "0"),
    "one more stands before it": ("int(ids.this.source.row < ids.row)", "int(ids.this.source.row <= ids.row)"),
    "the list never ends": ("int(ids.this.source.row < ids.row)", "1"),
}


AT_THE_FRONT = [name for name in LIES_ABOUT_A_LIST if "before" not in name and "never" not in name]
# After the end comes the end: there, one more that goes is none.
LIES = [(lie, place) for lie in LIES_ABOUT_A_LIST for place in (2, 4) if (lie, place) != ("one more asset goes", 4)]
LIES += [(lie, 0) for lie in AT_THE_FRONT]
LIES_ABOUT_A_NEW_ASSET = {
    "another one is taken for it": [("is_held = memory[asset] == row", "is_held = True")],
    "what follows it goes": [("if is_held else asset", f"if is_held else {NEXT}")],
    "it stands too far behind": [
        ("while memory[asset] < row", "while memory[asset] < row + 2"),
        ("ids.assets.row < ids.row", "ids.assets.row < ids.row + 2"),
        ("ids.this.source.row < ids.row", "ids.this.source.row < ids.row + 2"),
    ],
    "it stands in front": [
        ("while memory[asset] < row", "while False"),
        ("ids.assets.row < ids.row", "False"),
    ],
}


def refused_lie(lies, place: int, held: dict[int, int]) -> None:
    """A trade in this asset between two people with these holdings is provable, but not with these lies."""
    exchange = SampleExchange(n_assets=7)
    rich = {A: position(ALICE, 10**12, held), B: position(BOB, 10**12, held)}
    honest = exchange.case(exchange.state(rich), [exchange.trade((ALICE, A), (BOB, B), place)]).program_input()
    assert run(honest)
    with pytest.raises(RunFailed) as refusal:
        run_program(lying_program(*lies), honest, max_steps=1 << 16)
    assert "hint fails" not in str(refusal.value)


@pytest.mark.parametrize(("lie", "place"), LIES)
def test_an_operator_cannot_lie_about_a_list_of_assets(lie, place):
    refused_lie([LIES_ABOUT_A_LIST[lie]], place, five_assets())


@pytest.mark.parametrize(
    ("lie", "place"),
    [
        (lie, place)
        for lie in LIES_ABOUT_A_NEW_ASSET
        for place in (0, 2, 4)
        if (lie, place) != ("it stands in front", 0)
    ],
)
def test_an_operator_cannot_lie_about_a_new_asset(lie, place):
    refused_lie(LIES_ABOUT_A_NEW_ASSET[lie], place, {1: 10**9, 3: 10**9, 5: 10**9})


@pytest.mark.parametrize("n_levels", [0, 16, 32, 56])
def test_an_operator_cannot_say_that_surroundings_are_empty_where_they_are_not(monkeypatch, n_levels):
    """Two orders share a subtree of height 60 or less; where to leave is the operator's choice and changes nothing."""
    exchange = SampleExchange(n_assets=5)
    rich = {A: position(ALICE, 10**12, five_assets()), B: position(BOB, 10**12, five_assets())}
    orders = [exchange.transfer(ALICE, A, BOB, B, amount) for amount in range(1, 40)]
    given_input = exchange.case(exchange.state(rich), orders).program_input()
    honest = run(given_input)
    true_levels = advice.TreeAdvice._empty_levels
    monkeypatch.setattr(
        advice.TreeAdvice,
        "_empty_levels",
        lambda self, leaf, siblings: n_levels if true_levels(self, leaf, siblings) else 0,
    )
    if n_levels < 56:
        assert run(given_input).output == honest.output
    else:
        with pytest.raises(RunFailed):
            run(given_input)

"""Who owns the fee position, and what it may be when fees come. Of both versions."""

from __future__ import annotations

import pytest

from prover.applications.perpetual.config import FeePosition
from prover.applications.perpetual.positions import EMPTY
from prover.applications.perpetual.samples import (
    ALICE,
    BOB,
    CAROL,
    FEE_KEEPER,
    FEES,
    A,
    B,
    asset_id,
    deposit,
    forced_withdrawal,
    key,
    position,
)
from prover.applications.perpetual.transactions import ForcedTrade, Trade
from prover.cairo.errors import RunFailed
from prover.cairo.run import run_program
from tests.support.limited_exchange import LimitedExchange, accepted, refused
from tests.support.program_kit import lying_program

EXCHANGES = [LimitedExchange(limits=None), LimitedExchange()]
NAMES = ["version 1", "version 2"]
PEOPLE = {A: position(ALICE, 10**12), B: position(BOB, 10**12)}
KEPT = {"kept": position(FEE_KEEPER, 100), "empty": EMPTY, "another's": position(CAROL, 100)}


def with_fees(exchange, fees):
    return exchange.state(PEOPLE).updated({FEES: fees}, {})


def modifications(found, n_assets: int = 5) -> int:
    words = list(found.output)
    place = 3 + 2 * words[2]
    for _ in range(2):
        place += 1 + words[place]
    return words[place + 1]


def forced_trade(owner: int, buys: bool = True) -> ForcedTrade:
    """Of the fee position, in this owner's name, with Alice."""
    return ForcedTrade(
        public_key_a=key(owner),
        public_key_b=key(ALICE),
        position_id_a=FEES,
        position_id_b=A,
        synthetic_asset_id=asset_id(0),
        amount_collateral=0,
        amount_synthetic=0,
        is_party_a_buying_synthetic=int(buys),
        nonce=1,
    )


@pytest.mark.parametrize("exchange", EXCHANGES, ids=NAMES)
@pytest.mark.parametrize("kept", KEPT)
def test_the_fee_position_answers_to_the_configured_key_alone(exchange, kept):
    """Else whoever takes it while it is empty stops every trade."""
    state = with_fees(exchange, KEPT[kept])
    for owner in (CAROL, FEE_KEEPER):
        given = exchange.input(state, [deposit(owner, FEES, 5)])
        transfer = exchange.input(state, [exchange.transfer(ALICE, A, owner, FEES, 5)])
        if owner == FEE_KEEPER and kept != "another's":
            accepted(given)
            accepted(transfer)
        else:
            refused(given, names="INVALID_PUBLIC_KEY")
            refused(transfer, names="INVALID_PUBLIC_KEY")
        withdrawn = exchange.input(state, [exchange.withdrawal(owner, FEES, 100)])
        sent = exchange.input(state, [exchange.transfer(owner, FEES, ALICE, A, 100)])
        if owner == FEE_KEEPER and kept == "kept":
            accepted(withdrawn)
            accepted(sent)
        else:
            refused(withdrawn, names="")
            refused(sent, names="")


@pytest.mark.parametrize("exchange", EXCHANGES, ids=NAMES)
@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("owner", [CAROL, FEE_KEEPER])
def test_requests_of_another_key_are_proven_invalid(exchange, kept, owner):
    state = with_fees(exchange, KEPT[kept])
    is_valid = kept == "kept" and owner == FEE_KEEPER
    found = accepted(exchange.input(state, [forced_withdrawal(owner, FEES, 100)]))
    assert modifications(found) == int(is_valid)
    owns = owner == FEE_KEEPER and kept != "another's"
    served = ForcedTrade.model_validate({**forced_trade(owner).model_dump(), "amount_collateral": 1})
    for buys in (0, 1):
        request = served.model_copy(update={"is_party_a_buying_synthetic": buys})
        after = state.updated({FEES: position(owner, (0 if kept == "empty" else 100) - (1 if buys else -1))}, {})
        found = list(accepted(exchange.input(state, [request])).output)
        root = found[3 + 2 * found[2] + 1 + found[3 + 2 * found[2]] + 1]
        if owns and (kept == "kept" or not buys):
            after = after.updated({A: position(ALICE, 10**12 + (1 if buys else -1))}, {})
            assert root == after.tree.root
        else:
            assert root == state.tree.root


@pytest.mark.parametrize("exchange", EXCHANGES, ids=NAMES)
def test_a_trade_after_a_request_for_the_empty_fee_position(exchange):
    request = forced_trade(CAROL).model_copy(update={"amount_synthetic": 0, "amount_collateral": 0})
    state = with_fees(exchange, EMPTY)
    accepted(exchange.input(state, [request, exchange.trade((ALICE, A), (BOB, B), 0)]))


def test_with_fee_key_0_nobody_owns_it():
    exchange = LimitedExchange(changed={"fee_position": FeePosition(position_id=FEES)})
    state = with_fees(exchange, EMPTY)
    for owner in (FEE_KEEPER, ALICE):
        refused(exchange.input(state, [deposit(owner, FEES, 5)]), names="INVALID_PUBLIC_KEY")
        assert modifications(accepted(exchange.input(state, [forced_withdrawal(owner, FEES, 0)]))) == 0
    nobody = forced_withdrawal(ALICE, FEES, 0).model_copy(update={"public_key": 0})
    assert modifications(accepted(exchange.input(state, [nobody]))) == 0
    accepted(exchange.input(state, [exchange.transfer(ALICE, A, BOB, B, 5)]))


# Fees of a row of trades.

LEAST = -(2**63)
RESCUE = 2**63 + 10
"""A fee that brings a position from the least collateral to 10."""


def row(exchange, fees: list[tuple[int, int]], collateral: int) -> dict:
    """Trades of these fees, (buyer's, seller's). The fee position has this collateral and is short 1 at 2.

    Nobody trades twice. Who pays such a fee is worth too much before, and nobody asks.
    """
    people = {FEES: position(FEE_KEEPER, collateral, {0: -1})}
    for place, pair in enumerate(fees):
        for owner, first, fee in ((ALICE, A, pair[0]), (BOB, B, pair[1])):
            people[first + place] = position(owner, 2**63 - 100 if fee > 2**62 else 10**6, {2: 10**9})
    transactions = [trade(exchange, place, *pair) for place, pair in enumerate(fees)]
    return exchange.input(exchange.state(people), transactions)


def trade(exchange, place: int, buyer_fee: int, seller_fee: int) -> Trade:
    return Trade(
        buy_order=exchange.order(ALICE, A + place, 1, True, 1, 1, buyer_fee),
        sell_order=exchange.order(BOB, B + place, 1, False, 1, 1, seller_fee),
        actual_synthetic=1,
        actual_collateral=1,
        actual_buyer_fee=buyer_fee,
        actual_seller_fee=seller_fee,
    )


ROWS = {
    "the least value in range": (LEAST + 2, [(0, 0)], accepted),
    "one less": (LEAST + 1, [(0, 0)], refused),
    "one less, and fees": (LEAST + 1, [(1, 0), (0, RESCUE)], refused),
    "the least, and fees": (LEAST + 2, [(1, 0), (0, RESCUE)], accepted),
    "the first fee mends it": (LEAST, [(RESCUE, 0)], accepted),
    "the first fee mends it, and more come": (LEAST, [(RESCUE, 1), (2, 3)], accepted),
    "the first fee hardly mends it": (LEAST, [(2**63 + 3, 1)], accepted),
    "the second one would": (LEAST, [(2**63 + 2, 1)], refused),
    "the second one mends it": (LEAST, [(0, RESCUE)], refused),
    "the second one after one that brings it in range": (LEAST, [(5, RESCUE)], refused),
    "a later one mends it": (LEAST, [(0, 0), (RESCUE, 0)], refused),
    "none does": (LEAST, [(5, 5)], refused),
}


@pytest.mark.parametrize("exchange", EXCHANGES, ids=NAMES)
@pytest.mark.parametrize("name", ROWS)
def test_fees_are_paid_as_they_come(exchange, name):
    """The program pays those of a row together, and finds what each of them alone would have found."""
    collateral, fees, check = ROWS[name]
    given = row(exchange, fees, collateral)
    if check is accepted:
        accepted(given)
    else:
        refused(given, names="OUT_OF_RANGE_TOTAL_VALUE|range_check")


def test_an_operator_cannot_lie_about_the_value_before_any_fee():
    lie = ("int((ids.value_before + 2**95) % PRIME > PRIME // 2)", "0")
    honest = ROWS["the least value in range"]
    run_program(lying_program(lie), row(EXCHANGES[0], honest[1], honest[0]))
    for name in ("one less, and fees", "the second one mends it", "a later one mends it"):
        collateral, fees, _ = ROWS[name]
        with pytest.raises(RunFailed, match="range_check"):
            run_program(lying_program(lie), row(EXCHANGES[0], fees, collateral))

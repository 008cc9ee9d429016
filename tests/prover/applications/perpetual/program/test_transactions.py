"""Each kind of transaction in the program, what it writes, and what it costs."""

from __future__ import annotations

import dataclasses

import pytest

from freehold.bench import program as bench
from prover.applications.perpetual import samples as sample
from prover.applications.perpetual.messages import order_id
from prover.applications.perpetual.samples import (
    ALICE,
    BANKRUPT,
    BOB,
    CAROL,
    FEES,
    LIQUID,
    PRICE,
    RICH,
    A,
    B,
    SampleExchange,
    asset_id,
    five_asset_state,
    key,
    position,
)
from prover.cairo.errors import RunFailed
from tests.support.program_kit import FOLDER, run

BIAS = 1 << 64


@pytest.fixture
def exchange() -> SampleExchange:
    return SampleExchange()


def given(exchange, transactions, more_positions=None, prices=()) -> dict:
    """The program's input."""
    before = five_asset_state(exchange)
    if more_positions:
        before = before.updated(more_positions, {})
    return exchange.case(before, transactions, prices).program_input()


def tail(program_input) -> list[int]:
    """The output after both states: expiration, modifications, forced requests, conditions, data."""
    words = list(run(program_input).output)
    place = 3 + 2 * words[2]
    for _ in range(2):
        place += 1 + words[place]
    return words[place:]


def execute(exchange, *transactions, **options) -> list[int]:
    return tail(given(exchange, transactions, **options))


@pytest.mark.parametrize("is_rollup", [False, True])
def test_one_batch_of_every_kind(is_rollup):
    exchange = SampleExchange(is_rollup=is_rollup)
    n_assets = exchange.n_assets
    kinds = [kind.transaction(exchange) for kind in bench.KINDS]
    ticks = [exchange.funding_tick(), exchange.oracle_tick(1)]
    words = execute(exchange, *ticks, *kinds, prices=exchange.signed_prices(1))
    modifications = [(key(ALICE), 7), (key(ALICE), -7), (0x1234, -7), (key(ALICE), -7)]
    expected = [word for owner, delta in modifications for word in (owner, A, BIAS + delta)]
    main = [exchange.expiration - 1, 4, *expected, 18, 3, 0, key(ALICE), A, 7, 0, key(ALICE), A, 2 * RICH]
    main += [1, key(ALICE), key(BOB), A, B, asset_id(0), 2 * 10**6, 10**6, 1, 5, 1, 77]
    assert words[: len(main)] == main
    data = words[len(main) :]
    assert bool(data) == is_rollup
    if is_rollup:
        assert data[:2] == [1, n_assets] and data[2 + 2 * n_assets] == exchange.tick_time
        records, place = [], 3 + 2 * n_assets
        while place < len(data):
            records.append(data[place + 1])
            place += 1 + data[place]
        assert records == sorted([FEES, A, B, LIQUID, BANKRUPT])


def test_debt_without_assets_is_repaired_by_a_deposit_and_made_no_worse(exchange):
    """Edge case of docs/spec/perpetual-state.md 11.12."""
    indebted = {5: position(CAROL, -100)}
    assert execute(exchange, sample.deposit(CAROL, 5, 1), more_positions=indebted)[1] == 1
    with pytest.raises(RunFailed, match="NO_RISK_REDUCED_VALUE"):
        execute(exchange, exchange.withdrawal(CAROL, 5, 1), more_positions=indebted)


def test_an_emptied_position_is_free_for_another_key(exchange):
    held = {5: position(CAROL, 100)}
    emptied = exchange.withdrawal(CAROL, 5, 100)
    words = execute(exchange, emptied, sample.deposit(BOB, 5, 3), more_positions=held)
    assert words[1:8] == [2, key(CAROL), 5, BIAS - 100, key(BOB), 5, BIAS + 3]
    with pytest.raises(RunFailed, match="INVALID_PUBLIC_KEY"):
        execute(exchange, sample.deposit(BOB, 5, 3), emptied, more_positions=held)


def test_a_transfer_is_used_once(exchange):
    transfer = exchange.transfer(ALICE, A, BOB, B, 7)
    assert execute(exchange, transfer)
    with pytest.raises(RunFailed):
        execute(exchange, transfer, transfer)


@pytest.mark.parametrize("collateral", [2_002_000, 2_002_002])
def test_deleveraging_has_one_fair_amount(exchange, collateral):
    assert execute(exchange, sample.deleverage())
    with pytest.raises(RunFailed):
        execute(exchange, sample.deleverage(collateral))


@pytest.mark.parametrize("synthetic", [5 * 10**9, 10**9 + 1])
def test_a_liquidation_closes_no_more_than_there_is(exchange, synthetic):
    with pytest.raises(RunFailed):
        execute(exchange, sample.liquidation(exchange.order(ALICE, A, 0, True, synthetic, 2 * synthetic)))


def test_a_healthy_position_is_not_liquidated(exchange):
    order = exchange.order(BOB, B, 0, True, 10**6, 2 * 10**6)
    with pytest.raises(RunFailed):
        execute(exchange, sample.liquidation(order, A))


def test_a_tick_that_does_not_ascend_is_refused(exchange):
    document = given(exchange, [exchange.funding_tick()])
    document["batch"]["transactions"][0]["funding_indices"].reverse()
    with pytest.raises(RunFailed, match="do not ascend"):
        tail(document)


def test_a_price_outside_its_signed_bounds_is_refused(exchange):
    for difference in (-1, 1):
        document = given(exchange, [exchange.oracle_tick(1)], prices=exchange.signed_prices(1))
        document["batch"]["transactions"][0]["prices"][0][1] = str(PRICE + difference)
        with pytest.raises(RunFailed):
            tail(document)


@pytest.mark.parametrize("n_signatures", [1, 2])
def test_fewer_signatures_than_the_quorum_are_refused(exchange, n_signatures):
    with pytest.raises(RunFailed):
        execute(exchange, prices=exchange.signed_prices(1, n_signatures))


def test_a_batch_without_configured_assets():
    exchange = SampleExchange(n_assets=0)
    batch = exchange.case(exchange.state({5: position(ALICE, 9)}), [sample.deposit(ALICE, 5, 1)])
    assert list(run(batch.program_input()).output) == batch.apply().output()


def test_costs_stay_within_what_was_promised():
    """An average trade in 2,500 steps; empty batch and funding tick at most 60 % of v3.2's."""
    assert bench.average(20, 13).steps <= 2_500
    for n_assets in (1, 6):
        empty, tick = bench.tick_costs(n_assets)
        assert empty.steps <= 0.6 * (1103 + 575 * n_assets)
        assert tick.steps <= 0.6 * (133 + 87 * n_assets)


def test_a_hundred_trades_fit_two_to_the_eighteen_steps():
    total, *functions = bench.profile_of(100, 59)
    assert total[0] < 1 << 18
    assert sum(steps for steps, _ in functions) == total[0]
    assert f"{total[0]:,} steps in all" in (FOLDER / "docs/program.md").read_text().replace("\n", " ")


def test_a_hundred_trades_fit_where_the_orders_tree_is_full_too(exchange):
    """Beside each new order stands another one that shares its path for 20 levels, as with 2^20 orders."""
    before, trades = sample.trades_on(exchange, 100, 59)
    orders = [order for trade in trades for order in trade.signed_orders()]
    ids = [order_id(order.message_hash(exchange.collateral)) for order in orders]
    before = before.updated({}, {place ^ 1 << 63 - 20: 7 for place in ids})
    ticks = [exchange.funding_tick(), exchange.oracle_tick(4)]
    found = bench.cost(exchange, before, [*ticks, *trades], exchange.signed_prices(4))
    assert found.steps < 1 << 18 and found.hashes <= 1 << 15
    text = (FOLDER / "docs/program.md").read_text().replace("\n", " ")
    assert f"{found.steps:,} steps and {found.hashes:,} hashes" in text


def test_the_documented_costs_are_those_of_the_program(exchange):
    """One row, from the file: the rest is written by the same command."""
    rows = {line.split(" | ")[0][2:]: line for line in (FOLDER / "docs/program.md").read_text().splitlines()}
    before = five_asset_state(exchange)
    found = bench.cost(exchange, before, [sample.deposit(ALICE, A, 7)]) - bench.cost(exchange, before, [])
    figures = " | ".join(f"{figure:,.0f}" for figure in dataclasses.astuple(found))
    assert figures in rows["deposit"]

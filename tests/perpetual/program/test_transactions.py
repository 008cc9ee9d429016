"""Each kind of transaction in the program, what it writes, and what it costs."""

from __future__ import annotations

import dataclasses

import pytest
from program_kit import FOLDER, run

from prover.cairo.errors import RunFailed
from prover.operator import program_bench as bench
from prover.operator.program_bench import ALICE, BANKRUPT, BOB, CAROL, LIQUID, NOW, RICH, A, B, Signer

BIAS = 1 << 64
LATER = NOW + 110


def state_with(**changes) -> dict:
    return {**bench.table_state(), **changes}


@pytest.fixture(scope="module")
def config() -> dict:
    return bench.general_config(bench.N_ASSETS)


def execute(config, transactions, before=None, **options):
    """The output after both states: expiration, modifications, forced actions, conditions, data."""
    document = bench.program_input(config, before or bench.table_state(), bench.batch(transactions, **options))
    words = list(run(document).output)
    place = 3 + 2 * words[2]
    for _ in range(2):
        place += 1 + words[place]
    return words[place:]


def every_kind() -> list[dict]:
    signer = Signer()
    kinds = [transaction for kind in bench.KINDS for transaction in kind.transactions(signer)]
    return [bench.funding_tick(bench.N_ASSETS, LATER), bench.oracle_tick(1, LATER), *kinds]


def key(private: int) -> int:
    return int(bench.key(private), 16)


@pytest.mark.parametrize("is_rollup", [False, True])
def test_one_batch_of_every_kind(is_rollup):
    config = bench.general_config(bench.N_ASSETS, is_rollup=is_rollup)
    words = execute(config, every_kind(), time=LATER, prices=[bench.signed_price(0, 3)])
    modifications = [(ALICE, 7), (ALICE, -7), (0x1234, -7), (ALICE, -7)]
    owners = [owner if owner == 0x1234 else key(owner) for owner, _ in modifications]
    expected = [w for owner, (_, delta) in zip(owners, modifications, strict=True) for w in (owner, A, BIAS + delta)]
    main = [bench.EXPIRATION - 10, 4, *expected, 18, 3, 0, key(ALICE), A, 7, 0, key(ALICE), A, 2 * RICH]
    asset = int(bench.asset_id(0), 16)
    main += [1, key(ALICE), key(BOB), A, B, asset, 2 * 10**6, 10**6, 1, 5, 1, 77]
    assert words[: len(main)] == main
    data = words[len(main) :]
    assert bool(data) == is_rollup
    if is_rollup:
        assert data[:2] == [1, bench.N_ASSETS] and data[2 + 2 * bench.N_ASSETS] == LATER
        records, place = [], 3 + 2 * bench.N_ASSETS
        while place < len(data):
            records.append(data[place + 1])
            place += 1 + data[place]
        assert records == sorted([bench.FEE_POSITION, A, B, LIQUID, BANKRUPT])


def test_debt_without_assets_is_repaired_by_a_deposit_and_made_no_worse(config):
    """Edge case of perpetual-state 11.12."""
    before = state_with(positions={**bench.table_state()["positions"], "5": bench.position(CAROL, -100, {})})
    assert execute(config, [bench.deposit(CAROL, 5, 1)], before)[1] == 1
    with pytest.raises(RunFailed, match="NO_RISK_REDUCED_VALUE"):
        execute(config, [Signer().withdrawal(CAROL, 5, 1)], before)


def test_an_emptied_position_is_free_for_another_key(config):
    before = state_with(positions={**bench.table_state()["positions"], "5": bench.position(CAROL, 100, {})})
    emptied = Signer().withdrawal(CAROL, 5, 100)
    words = execute(config, [emptied, bench.deposit(BOB, 5, 3)], before)
    assert words[1:8] == [2, key(CAROL), 5, BIAS - 100, key(BOB), 5, BIAS + 3]
    with pytest.raises(RunFailed, match="INVALID_PUBLIC_KEY"):
        execute(config, [bench.deposit(BOB, 5, 3), emptied], before)


def test_a_transfer_is_used_once(config):
    transfer = Signer().transfer(ALICE, A, BOB, B, 7)
    assert execute(config, [transfer])
    with pytest.raises(RunFailed):
        execute(config, [transfer, transfer])


@pytest.mark.parametrize("collateral", [2_002_000, 2_002_002])
def test_deleveraging_has_one_fair_amount(config, collateral):
    assert execute(config, [bench.deleverage(BANKRUPT, B, 0, 10**6, 2_002_001)])
    with pytest.raises(RunFailed):
        execute(config, [bench.deleverage(BANKRUPT, B, 0, 10**6, collateral)])


@pytest.mark.parametrize("synthetic", [5 * 10**9, 10**9 + 1])
def test_a_liquidation_closes_no_more_than_there_is(config, synthetic):
    order = Signer().order(ALICE, A, 0, True, synthetic, 2 * synthetic, 0)
    with pytest.raises(RunFailed):
        execute(config, [bench.liquidation(order, LIQUID, synthetic, 2 * synthetic)])


def test_a_healthy_position_is_not_liquidated(config):
    order = Signer().order(BOB, B, 0, True, 10**6, 2 * 10**6, 0)
    with pytest.raises(RunFailed):
        execute(config, [bench.liquidation(order, A, 10**6, 2 * 10**6)])


def test_a_tick_that_does_not_ascend_is_refused(config):
    tick = bench.funding_tick(bench.N_ASSETS, LATER)
    tick["funding_indices"].reverse()
    with pytest.raises(RunFailed, match="do not ascend"):
        execute(config, [tick], time=LATER)


def test_a_price_outside_its_signed_bounds_is_refused(config):
    for difference in (-1, 1):
        tick = bench.oracle_tick(1, LATER)
        tick["prices"][0][1] = str(bench.PRICE + difference)
        with pytest.raises(RunFailed):
            execute(config, [tick], time=LATER, prices=[bench.signed_price(0, 3)])


@pytest.mark.parametrize("n_signatures", [1, 2])
def test_fewer_signatures_than_the_quorum_are_refused(config, n_signatures):
    with pytest.raises(RunFailed):
        execute(config, [], prices=[bench.signed_price(0, n_signatures)])


def test_costs_stay_within_what_was_promised():
    """An average trade in 5,000 steps; empty batch and funding tick at most 60 % of the original's."""
    averages = bench.averages(20, 12)
    assert averages.steps <= 3_500
    for n_assets in (1, 6):
        config, before = bench.general_config(n_assets), bench.state(n_assets, {})
        empty = bench.cost(config, before, [])
        tick = bench.cost(config, before, [bench.funding_tick(n_assets, LATER)], time=LATER) - empty
        assert empty.steps <= 0.6 * (1103 + 575 * n_assets)
        assert tick.steps <= 0.6 * (133 + 87 * n_assets)


def test_the_documented_costs_are_those_of_the_program():
    """One row, from the file: the rest is written by the same command."""
    rows = {line.split(" | ")[0][2:]: line for line in (FOLDER / "docs/program.md").read_text().splitlines()}
    config, before = bench.general_config(bench.N_ASSETS), bench.table_state()
    found = bench.cost(config, before, [bench.deposit(ALICE, A, 7)]) - bench.cost(config, before, [])
    figures = " | ".join(f"{figure:,.0f}" for figure in dataclasses.astuple(found))
    assert figures in rows["deposit"]

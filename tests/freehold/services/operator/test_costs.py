"""The predicted steps are never fewer than the program takes, and not many more."""

import pytest

from freehold.bench.program import KINDS
from freehold.services.operator.costs import Steps
from prover.applications.perpetual import samples
from prover.applications.perpetual.samples import SampleExchange
from prover.proving.batch import run_exchange


def predicted_and_taken(case) -> tuple[int, int]:
    batch = case.batch
    prices = [*batch.signed_min_prices, *batch.signed_max_prices]
    steps = Steps.of_empty(case.config, prices).with_more(batch.transactions, 5)
    return steps.total, run_exchange(case.program_input()).n_executed_steps


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_one_of_each_kind(kind):
    exchange = SampleExchange()
    case = exchange.case(samples.five_asset_state(exchange), [kind.transaction(exchange)])
    predicted, taken = predicted_and_taken(case)
    assert taken <= predicted <= 1.25 * taken


@pytest.mark.parametrize("n_assets", [0, 1, 20])
def test_ticks_and_prices(n_assets):
    exchange = SampleExchange(n_assets)
    prices = exchange.signed_prices(n_assets)
    ticks = [exchange.oracle_tick(n_assets), exchange.funding_tick()]
    predicted, taken = predicted_and_taken(exchange.case(exchange.state({}), ticks, prices))
    assert taken <= predicted <= 1.6 * taken


def test_a_hundred_trades():
    predicted, taken = predicted_and_taken(samples.trades_case(100, 59))
    assert taken <= predicted <= 1.35 * taken

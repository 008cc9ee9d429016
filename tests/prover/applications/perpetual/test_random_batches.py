"""Random batches: accepted and refused ones are both common, and what holds of all that are accepted."""

import json
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings

from prover.applications.perpetual.documents import Case
from prover.applications.perpetual.errors import Code, InputRefused, RuleBroken
from prover.applications.perpetual.margin import totals
from prover.applications.perpetual.program_input import touched_orders, touched_positions
from prover.applications.perpetual.transactions import TRANSACTION_KINDS
from tests.support.random_batches import ASSETS, Differs, Seeded, a_case, batches, compare

RELAXED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@RELAXED
@given(batches(version=1) | batches(version=2))
def test_what_holds_of_every_batch(case):
    """Synthetic balances sum to what they did; collateral moves by modifications and funding's rounding only; nobody
    ends badly leveraged who was not so before, nor worse than funding and prices make it."""
    try:
        batch = case.apply()
    except (RuleBroken, InputRefused):
        return
    before, after = batch.before, batch.after
    assert touched_positions(batch.config, batch.transactions) == batch.touched_positions
    assert touched_orders(batch.config, batch.transactions) == list(batch.touched_orders)
    for asset in ASSETS:
        sums = [sum(p.balance(asset) for p in state.positions.values()) for state in (before, after)]
        assert sums[0] == sums[1]
    asked = sum(delta - 2**64 for _, _, delta in batch.modifications)
    for change in batch.changes:
        base = change.before_funded()
        old, new = totals(base, change.market), totals(change.after, change.market)
        if change.code == Code.SUCCESS and change.after != base and not new.is_well_leveraged():
            assert not old.is_well_leveraged()
            assert old.total_value * new.total_risk <= new.total_value * old.total_risk
    moved = sum(change.after.collateral_balance - change.before_funded().collateral_balance for change in batch.changes)
    assert moved == asked
    assert Case.parsed(case.model_dump(mode="json")).apply().output() == batch.output()


OF_VERSION_2 = {
    "PRICE_SPREAD",
    "PRICE_MOVE",
    "LIQUIDATION_PRICE",
    "LIQUIDATION_SIZE",
    "REDUCE_ONLY",
    "FILL_OR_KILL",
    "FORCED_AFTER_DELEVERAGE",
}


@pytest.mark.parametrize("version", [1, 2])
def test_accepted_and_refused_batches_are_both_common(version):
    """And every kind of transaction is among the accepted ones, refused by a dozen rules and more."""
    accepted, seen, rules = Counter(), Counter(), Counter()
    for seed in range(200 if version == 1 else 400):
        try:
            batch = a_case(Seeded(seed), version=version).apply()
        except (RuleBroken, InputRefused) as refusal:
            accepted[False] += 1
            rules[getattr(refusal, "rule", "input")] += 1
            continue
        accepted[True] += 1
        seen.update(transaction.type for transaction in batch.transactions)
        rules.update(code.name for code in batch.served)
    assert min(accepted[True], accepted[False]) > 50, accepted
    assert set(seen) == set(TRANSACTION_KINDS) - ({"cancel_order"} if version == 1 else set()), seen
    assert len(rules) > 20, rules
    assert version == 1 or len(OF_VERSION_2 & set(rules)) > 4, "test_broken_twins reaches each of them"


def run_again(case, batch):
    """A runner that is the rules themselves."""
    try:
        return case.apply().output()
    except (RuleBroken, InputRefused):
        return None


@settings(RELAXED, max_examples=10)
@given(batches(version=1) | batches(version=2))
def test_the_rules_agree_with_themselves(case):
    compare(case, run_again)


def off_by_one_where_forced(case, batch):
    return batch and [word + (place == 15 and bool(batch.forced)) for place, word in enumerate(batch.output())]


def test_a_difference_is_shown_as_the_smallest_batch_that_replays():
    """Broken twins of a runner: one that accepts all, one that refuses all, one with a wrong word, one too short."""
    twins = {
        "accepts": lambda case, batch: [1] if batch is None else batch.output(),
        "refuses": lambda case, batch: None,
        "word 3 is": lambda case, batch: batch and [*batch.output()[:3], 5, *batch.output()[4:]],
        "words, the rules say": lambda case, batch: batch and batch.output()[:-1],
        "word 15": lambda case, batch: (
            batch and [word + (i == 15 and bool(batch.forced)) for i, word in enumerate(batch.output())]
        ),
    }
    for message, twin in twins.items():
        with pytest.raises(Differs, match=message) as difference:
            for seed in range(100):
                compare(a_case(Seeded(seed)), twin)
        case = Case.parsed(json.loads(str(difference.value).split("\n", 1)[1]))
        wanted = 0 if message in ("refuses", "word 3 is", "words, the rules say") else 1
        assert len(case.batch.transactions) == wanted

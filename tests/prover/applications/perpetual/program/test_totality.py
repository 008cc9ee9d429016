"""For every forced request that the contract can accept, exactly one of "valid" and "invalid" is provable.

Provable: random states and requests, extremes included, run to the end, and the verdict is that of plain integers. Only
one: an operator who alters any one answer of the hints proves nothing, or the same.
"""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from tests.support.program_kit import run
from tests.support.totality_cases import Case, trades, withdrawals


def tail(words: tuple[int, ...]) -> list[int]:
    """The output after the state after and the earliest expiration: modifications first."""
    place = 3 + 2 * words[2]
    for _ in range(2):
        place += 1 + words[place]
    return list(words[place + 1 :])


def check(case: Case) -> None:
    words = tail(run(case.given).output)
    forced = case.given["batch"]["transactions"][0]
    is_trade = forced["type"] == "forced_trade"
    n_modifications = words[0]
    assert n_modifications == int(case.valid and not is_trade)
    n_words = 10 if is_trade else 4
    data = words[1 + 3 * n_modifications + 2 + n_words + 1 :]
    assert data == [0, *case.records]


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(withdrawals())
def test_every_forced_withdrawal_is_provable_as_what_it_is(case):
    check(case)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(trades())
def test_every_forced_trade_is_provable_as_what_it_is(case):
    check(case)

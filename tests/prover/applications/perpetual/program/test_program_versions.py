"""Which version's rules a batch is proven by, and the bounds of version 2's configuration."""

from __future__ import annotations

import pytest

from freehold.bench.program import Cost
from prover.algebra.field import PRIME
from prover.applications.perpetual.config import GeneralConfig, chain_hash
from prover.applications.perpetual.samples import ALICE, A, deposit, five_asset_state, liquidation
from tests.support.limited_exchange import ONE, LimitedExchange, accepted, refused
from tests.support.program_kit import FOLDER

LIMITED, UNLIMITED = LimitedExchange(n_assets=1), LimitedExchange(n_assets=1, limits=None)


def empty_batch(exchange: LimitedExchange) -> dict:
    return exchange.input(exchange.state({}), [])


@pytest.mark.parametrize("exchange", [UNLIMITED, LIMITED], ids=["version 1", "version 2"])
def test_each_version_writes_the_hash_of_its_own_words(exchange):
    assert accepted(empty_batch(exchange)).output[0] == exchange.config().hash()


MISCOUNTED = {
    "version 2 without its limits": (LIMITED, lambda words: words[:12]),
    "version 2 with one word more": (LIMITED, lambda words: [*words, 0]),
    "version 1 with limits": (LIMITED, lambda words: [words[0] - 1, *words[1:]]),
    "a version before the first": (UNLIMITED, lambda words: [words[0] - 1, *words[1:]]),
    "a version 3": (LIMITED, lambda words: [words[0] + 1, *words[1:]]),
    "a version 3 with as many words more": (
        LimitedExchange(n_assets=0),
        lambda words: [words[0] + 1, *words[1:], *[0] * 5],
    ),
    "a version 0 with as many words less": (UNLIMITED, lambda words: [words[0] - 1, *words[1:7]]),
    "no word": (UNLIMITED, lambda words: []),
}


@pytest.mark.parametrize("name", MISCOUNTED)
def test_no_other_words_are_a_configuration(monkeypatch, name):
    """Else rules of one version could be proven under the hash of the other."""
    exchange, change = MISCOUNTED[name]
    given = empty_batch(exchange)
    honest = GeneralConfig.words
    monkeypatch.setattr(GeneralConfig, "words", lambda self: change(honest(self)))
    refused(given, names="")


def test_a_count_that_lies_is_read_as_a_limit(monkeypatch):
    """The hash is of what was read: the contract knows no such configuration."""
    given = empty_batch(LIMITED)
    words = GeneralConfig.words(LIMITED.config())[:16]
    monkeypatch.setattr(GeneralConfig, "words", lambda self: words)
    assert accepted(given).output[0] == chain_hash([*words, 16])


BOUNDS = {
    "max_price_spread": (0, ONE),
    "max_price_move_per_tick": (1, ONE),
    "max_price_move_per_hour": (1, 16 * ONE),
    "liquidation_penalty": (0, ONE - 1),
    "liquidation_buffer": (0, ONE),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_each_limit_ends_at_its_bounds(name):
    least, most = BOUNDS[name]
    for value in (least, most):
        accepted(empty_batch(LIMITED.with_limits(**{name: value})))
    for value in ((least - 1) % PRIME, most + 1):
        refused(empty_batch(LIMITED.with_limits(**{name: value})))


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("price_validity_period", 1, 3600),
        ("funding_validity_period", 3600, 28_800),
        ("max_funding_rate", 0, 1 << 20),
    ],
)
def test_version_2_bounds_validity_and_funding(name, least, most):
    for value in (least, most):
        accepted(empty_batch(LimitedExchange(n_assets=1, changed={name: value})))
    for value in ((least - 1) % PRIME, most + 1):
        refused(empty_batch(LimitedExchange(n_assets=1, changed={name: value})))
    accepted(empty_batch(LimitedExchange(n_assets=1, limits=None, changed={name: most + 1})))


def test_a_funding_rate_ends_below_2_64_in_version_1():
    for rate, check in ((2**64 - 1, accepted), (2**64, refused), (PRIME - 1, refused)):
        check(empty_batch(LimitedExchange(n_assets=1, limits=None, changed={"max_funding_rate": rate})))


@pytest.mark.parametrize("quorum", [1, 2, 3, 4, 2**32 - 1])
def test_a_quorum_is_odd_in_version_2(quorum):
    asset = UNLIMITED.config().synthetic_assets[0].model_copy(update={"oracle_price_quorum": quorum})
    changed = {"synthetic_assets": (asset,)}
    accepted(empty_batch(LimitedExchange(n_assets=1, limits=None, changed=changed)))
    check = accepted if quorum % 2 else refused
    check(empty_batch(LimitedExchange(n_assets=1, changed=changed)))


def test_the_same_batch_of_both_versions_differs_in_the_hash_alone():
    batches = []
    for exchange in (LimitedExchange(), LimitedExchange(limits=None)):
        given = exchange.input(five_asset_state(exchange), [exchange.funding_tick(), deposit(ALICE, A, 7)])
        batches.append(list(accepted(given).output))
    assert batches[0][1:] == batches[1][1:] and batches[0][0] != batches[1][0]


def test_what_version_2_costs_is_what_the_document_says():
    """Beside the same batches of version 1, with 20 assets."""
    limited, unlimited = LimitedExchange(n_assets=20), LimitedExchange(n_assets=20, limits=None)

    def cost(exchange: LimitedExchange, *transactions) -> Cost:
        return Cost.of(accepted(exchange.input(five_asset_state(exchange), transactions)))

    taken = liquidation(limited.order(ALICE, A, 0, True, 10**6, 2 * 10**6))
    empty = [cost(limited), cost(unlimited)]
    more = (cost(limited, taken) - empty[0]).steps - (cost(unlimited, taken) - empty[1]).steps
    cancelled = cost(limited, limited.cancellation(ALICE, taken.liquidator_order)) - empty[0]
    figures = f"{(empty[0] - empty[1]).steps} steps more for a batch of 20 assets, and {more} for a liquidation. "
    figures += f"A cancellation takes {cancelled.steps:,} steps and {cancelled.hashes} hashes"
    text = (FOLDER / "docs/program.md").read_text().replace("\n", " ")
    assert figures in text, figures

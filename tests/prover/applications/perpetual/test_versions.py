"""Both versions of the configuration: what they hash, their bounds and defaults (docs/spec/perpetual-state.md 4)."""

import pytest
from pydantic import ValidationError

from prover.applications.ledger.fields import FXP32
from prover.applications.perpetual.config import GeneralConfig, Limits, chain_hash
from tests.support.world import BTC, CONFIG, ETH, configured, synthetic

FIRST_WORDS = [0x50657270657475616C436F6E66696731, 0x50657270657475616C436F6E66696732]
LIMITED = configured(limits=Limits())


def test_limits_make_it_version_2():
    assert (CONFIG.version, LIMITED.version) == (1, 2)
    assert [config.words()[0] for config in (CONFIG, LIMITED)] == FIRST_WORDS
    assert "limits" not in CONFIG.model_dump(), "published documents have no such field"
    assert GeneralConfig.model_validate(LIMITED.model_dump(mode="json")) == LIMITED


def test_version_2_hashes_five_words_more():
    limits = Limits(
        max_price_spread=1,
        max_price_move_per_tick=2,
        max_price_move_per_hour=3,
        liquidation_penalty=4,
        liquidation_buffer=5,
    )
    config = configured(price_validity_period=300, funding_validity_period=14_400)
    limited = configured(limits=limits)
    assert limited.words() == [FIRST_WORDS[1], *config.words()[1:], 1, 2, 3, 4, 5]
    assert len(limited.words()) == 17 and limited.hash() == chain_hash(limited.words())


def test_defaults_of_version_2_are_these_shares_rounded_down():
    shares = (2 / 100, 20 / 100, 1, 2.5 / 100, 25 / 100)
    assert Limits().words() == [int(share * FXP32) for share in shares]
    assert (LIMITED.price_validity_period, LIMITED.funding_validity_period) == (300, 14_400)
    assert (CONFIG.price_validity_period, CONFIG.funding_validity_period) == (31_536_000, 604_800)
    assert configured(limits=Limits(), price_validity_period=9).price_validity_period == 9


BOUNDS = {
    "max_price_spread": (0, FXP32),
    "max_price_move_per_tick": (1, FXP32),
    "max_price_move_per_hour": (1, 2**36),
    "liquidation_penalty": (0, FXP32 - 1),
    "liquidation_buffer": (0, FXP32),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_each_limit_ends_at_its_bounds(name):
    least, most = BOUNDS[name]
    for value in (least, most):
        assert getattr(Limits(**{name: value}), name) == value
    for value in (least - 1, most + 1):
        with pytest.raises(ValidationError, match=name):
            Limits(**{name: value})


@pytest.mark.parametrize(
    ("name", "least", "most"), [("price_validity_period", 1, 3600), ("funding_validity_period", 3600, 28_800)]
)
def test_version_2_bounds_what_may_be_old(name, least, most):
    for value in (least, most):
        assert getattr(configured(limits=Limits(), **{name: value}), name) == value
    for value in (least - 1, most + 1):
        with pytest.raises(ValidationError, match=rf"{name} is {value}, must be in \[{least}, {most}\]"):
            configured(limits=Limits(), **{name: value})
        assert getattr(configured(**{name: value}), name) == value, "version 1 takes any"


def test_an_even_quorum_is_refused_in_version_2():
    """Of an even number of quotes any price between the middle two is a median: one of two signers would set it."""
    asset = synthetic(ETH)
    even = asset.model_copy(update={"oracle_price_quorum": 2})
    assert configured(even).synthetic_assets[0].oracle_price_quorum == 2
    with pytest.raises(ValidationError, match="quorum of .* is 2, must be odd"):
        configured(synthetic(BTC), even, limits=Limits())
    configured(synthetic(BTC), asset, limits=Limits())


def test_a_funding_rate_ends_below_2_64():
    """In both versions: times 2^64 seconds and a price it still has an exact product."""
    assert configured(max_funding_rate=2**64 - 1).max_funding_rate == 2**64 - 1
    with pytest.raises(ValidationError, match="max_funding_rate"):
        configured(max_funding_rate=2**64)

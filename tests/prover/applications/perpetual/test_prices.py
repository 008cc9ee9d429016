"""Signed prices and oracle ticks: edges 89 to 103 of the list."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from prover.applications.perpetual.errors import Code
from prover.applications.perpetual.prices import internal_price, is_median
from prover.applications.perpetual.signing import sign_price
from prover.applications.perpetual.transactions import OracleTick, PriceSignature
from tests.support.paths import VECTORS
from tests.support.world import (
    ALICE,
    BTC,
    CONFIG,
    ETH,
    NOW,
    ONE,
    PRICE,
    SIGNERS,
    SOL,
    apply,
    external,
    key,
    oracle_id,
    refused,
    signed_price,
    world,
)

RECORDED = json.loads((VECTORS / "perpetual_hashes.json").read_text())
STATE = world({})


def tick(*prices, timestamp=NOW) -> OracleTick:
    return OracleTick(prices=tuple(sorted(prices)), timestamp=timestamp)


def test_a_tick_keeps_the_signed_bounds():
    """Edge 89."""
    low, high = signed_price(ETH, ONE), signed_price(ETH, 2 * ONE)
    for price in (ONE, 2 * ONE, 3 * ONE // 2):
        batch = apply(STATE, tick((ETH, price)), low=[low], high=[high])
        assert dict(batch.after.oracle_prices) == {**PRICE, ETH: price}
    for price in (ONE - 1, 2 * ONE + 1):
        with refused(Code.INVALID_ASSET_ORACLE_PRICE):
            apply(STATE, tick((ETH, price)), low=[low], high=[high])


def test_both_bounds_are_needed():
    """Edge 90."""
    signed = signed_price(ETH, ONE)
    for lists in ({"low": [signed]}, {"high": [signed]}, {}):
        with refused("PRICE_NOT_SIGNED"):
            apply(STATE, tick((ETH, ONE)), **lists)


def test_lists_ascend():
    """Edge 91: ticks and signed lists."""
    for prices in (((ETH, ONE), (BTC, ONE)), ((ETH, ONE), (ETH, ONE))):
        with pytest.raises(ValidationError, match="ascend strictly"):
            OracleTick(prices=prices, timestamp=NOW)
    signed = [signed_price(ETH, ONE), signed_price(BTC, ONE)]
    assert apply(STATE, low=sorted(signed, key=lambda s: s.asset_id))
    for wrong in (sorted(signed, key=lambda s: -s.asset_id), [signed[0], signed[0]]):
        with refused(Code.MISSING_SYNTHETIC_ASSET_ID):
            apply(STATE, low=wrong)


def test_an_asset_outside_the_configuration_is_refused():
    signed = signed_price(ETH, ONE).model_copy(update={"asset_id": ETH + 1})
    with refused(Code.MISSING_SYNTHETIC_ASSET_ID):
        apply(STATE, low=[signed])


def test_quorum_and_signers():
    """Edge 92."""
    assert apply(STATE, low=[signed_price(ETH, ONE, signers=SIGNERS)])
    with refused("PRICE_QUORUM"):
        apply(STATE, low=[signed_price(ETH, ONE, signers=SIGNERS[:2])])
    good = signed_price(ETH, ONE)
    twice = good.model_copy(update={"signatures": (good.signatures[0], *good.signatures[:2])})
    swapped = good.model_copy(update={"signatures": good.signatures[::-1]})
    for wrong in (twice, swapped):
        with refused("PRICE_SIGNERS_ASCEND"):
            apply(STATE, low=[wrong])
    with refused("PRICE_SIGNER"):
        apply(STATE, low=[signed_price(ETH, ONE, signers=(*SIGNERS[:2], ALICE))])


def test_a_signature_for_another_asset_is_refused():
    """Edge 93: and one that signs another price or time."""
    good = signed_price(ETH, ONE)
    other = sign_price(SIGNERS[0], oracle_id(BTC), external(ONE, ETH), NOW)
    place = [s.signer_key for s in good.signatures].index(key(SIGNERS[0]))

    def with_one(signature: PriceSignature):
        signatures = (*good.signatures[:place], signature, *good.signatures[place + 1 :])
        return good.model_copy(update={"signatures": signatures})

    with refused("PRICE_SIGNED_ASSET_ID"):
        apply(STATE, low=[with_one(other)])
    for field in ("external_price", "timestamp"):
        original = good.signatures[place]
        changed = original.model_copy(update={field: getattr(original, field) - 1})
        with refused(Code.INVALID_SIGNATURE):
            apply(STATE, low=[with_one(changed)])


def test_odd_counts_have_one_median_and_even_ones_a_range():
    """Edges 94 and 95."""
    three = [external(ONE * factor, ETH) for factor in (1, 2, 3)]
    assert apply(STATE, low=[signed_price(ETH, 2 * ONE, quotes=three)])
    for price in (2 * ONE - 1, 2 * ONE + 1, ONE, 3 * ONE):
        with refused(Code.INVALID_ASSET_ORACLE_PRICE):
            apply(STATE, low=[signed_price(ETH, price, quotes=three)])
    four = [external(ONE * factor, ETH) for factor in (1, 2, 3, 4)]
    for price in (2 * ONE, 2 * ONE + 1, 3 * ONE):
        assert apply(STATE, low=[signed_price(ETH, price, signers=SIGNERS[:4], quotes=four)])
    for price in (2 * ONE - 1, 3 * ONE + 1):
        with refused(Code.INVALID_ASSET_ORACLE_PRICE):
            apply(STATE, low=[signed_price(ETH, price, signers=SIGNERS[:4], quotes=four)])
    assert is_median(5, [5, 5, 5]) and is_median(5, [1, 5, 5]) and not is_median(1, [1, 5, 5])


@given(st.lists(st.integers(0, 20), min_size=1, max_size=9), st.integers(0, 20))
def test_medians_are_between_the_middle_values(quotes, price):
    ordered = sorted(quotes)
    middle = ordered[(len(quotes) - 1) // 2], ordered[len(quotes) // 2]
    assert is_median(price, quotes) == (middle[0] <= price <= middle[1])


def test_signatures_age():
    """Edge 96: from the previous time less the validity period to the new time, both inclusive."""
    first = NOW - CONFIG.price_validity_period
    for timestamp in (first, NOW):
        assert apply(STATE, low=[signed_price(ETH, ONE, timestamp)])
    for timestamp in (first - 1, NOW + 1):
        with refused("PRICE_TIME"):
            apply(STATE, low=[signed_price(ETH, ONE, timestamp)])


def test_a_later_tick_widens_the_window():
    """Edge 97: the window ends at the batch's new time, whatever tick uses the price."""
    signed = signed_price(ETH, ONE, NOW + 5)
    assert apply(STATE, tick((ETH, ONE)), tick(timestamp=NOW + 5), low=[signed], high=[signed])
    with refused("PRICE_TIME"):
        apply(STATE, tick((ETH, ONE)), tick(timestamp=NOW + 4), low=[signed], high=[signed])


@pytest.mark.parametrize("vector", RECORDED["price_conversion"], ids=lambda v: v["external_price"])
def test_price_conversion(vector):
    """Edge 98."""
    numbers = (int(vector[name]) for name in ("external_price", "synthetic_resolution", "collateral_resolution"))
    price = internal_price(*numbers)
    assert price == int(vector["internal_price"]) and (1 <= price < 2**64) == vector["in_range"]


def test_conversion_rounds_half_up_and_prices_have_64_bits():
    """Edge 98: half a 2^-32 rounds up; 0 and 2^64 are no prices."""
    assert [internal_price(quote, 2 * ONE, 1) for quote in (10**18 - 1, 10**18, 10**18 + 1)] == [0, 1, 1]
    for price in (0, 2**64):
        with pytest.raises(ValidationError, match="price"):
            signed_price(ETH, price, quotes=[0] * 3)


def test_price_times_have_32_bits():
    """Edge 100: at 2^32 the packed word would read as the next price at time 0."""
    fields = {"signer_key": key(SIGNERS[0]), "external_price": 1, "signed_asset_id": 1}
    assert PriceSignature(timestamp=2**32 - 1, **fields)
    with pytest.raises(ValidationError, match="timestamp"):
        PriceSignature(timestamp=2**32, **fields)


def test_a_tick_leaves_other_prices_however_old():
    """Edge 101: kept as in v3.2; the trust model says what an operator may do with it."""
    signed = signed_price(ETH, 9 * ONE)
    batch = apply(STATE, tick((ETH, 9 * ONE)), low=[signed], high=[signed])
    assert dict(batch.after.oracle_prices)[SOL] == PRICE[SOL]


def test_an_empty_tick_moves_the_time():
    """Edge 102."""
    batch = apply(STATE, tick(timestamp=NOW + 9))
    assert batch.after.system_time == NOW + 9 and batch.after.oracle_prices == STATE.oracle_prices


def test_bounds_the_wrong_way_round_allow_no_tick():
    """Edge 103: but the batch is fine."""
    low, high = signed_price(ETH, 2 * ONE), signed_price(ETH, ONE)
    assert apply(STATE, low=[low], high=[high])
    for price in (ONE, 2 * ONE):
        with refused(Code.INVALID_ASSET_ORACLE_PRICE):
            apply(STATE, tick((ETH, price)), low=[low], high=[high])

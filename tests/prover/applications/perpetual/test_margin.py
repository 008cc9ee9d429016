"""Margin, risk segments, configuration: edges 104 to 112, 148, 153 and 154 of the list."""

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from freehold.leaving.forced_request import could_be_deleveraged, thin_margin
from prover.applications.perpetual.config import GeneralConfig, RiskSegment, SyntheticAsset
from prover.applications.perpetual.errors import Code
from prover.applications.perpetual.margin import (
    Change,
    Market,
    Status,
    margin_left,
    status,
    totals,
    transition,
    update_position,
)
from prover.applications.perpetual.positions import EMPTY, Position
from prover.applications.perpetual.transactions import OracleTick
from tests.support.world import (
    ALICE,
    BOB,
    BTC,
    CONFIG,
    ETH,
    HALF,
    ONE,
    PRICE,
    RISK,
    SOL,
    apply,
    configured,
    deposit,
    forced_withdrawal,
    holds,
    key,
    refused,
    signed_price,
    synthetic,
    withdrawal,
    world,
)

DOLLARS = 10**6


@pytest.mark.parametrize(("risk", "largest"), [(RISK, 19_300_000_001), (RISK + 1, 19_299_999_997)])
def test_the_19300_example(risk, largest):
    """Edge 104, S4-01: +1 BTC at 20,000 lets 19,300 out with the risk rounded down, and not with it rounded up."""
    config = configured(synthetic(BTC, risk=risk))
    state = world({7: holds(ALICE, 0, {BTC: 10**10})}, config, prices={BTC: 2 * ONE}, indices={BTC: 0})
    for amount, code in (
        (largest, Code.SUCCESS),
        (largest + 1, Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO),
    ):
        assert apply(state, forced_withdrawal(ALICE, 7, amount), config=config).served == (code,)
    served = apply(state, forced_withdrawal(ALICE, 7, 19_300 * DOLLARS), config=config).served[0]
    assert (served == Code.SUCCESS) == (risk == RISK)


def test_after_19300_a_price_of_one_less_liquidates():
    """S4-11: the margin that is left is what a user is warned of before the request is sent."""
    state = world({7: holds(ALICE, 0, {BTC: 10**10})}, CONFIG, prices={BTC: 2 * ONE}, indices={BTC: 0})
    assert margin_left(state.position(7), state.market(CONFIG)) == 19_300_000_001
    after = apply(state, forced_withdrawal(ALICE, 7, 19_300_000_001)).after
    position, market = after.position(7), after.market(CONFIG)
    assert margin_left(position, market) == 0 and totals(position, market).is_well_leveraged()
    exchange = SimpleNamespace(coins=str)
    taken, halved = (apply(state, forced_withdrawal(ALICE, 7, dollars * DOLLARS)) for dollars in (19_300, 18_600))
    assert "be worth 1 more than its margin" in thin_margin(exchange, taken, 7)
    assert thin_margin(exchange, halved, 7) == ""
    assert "holds BTC-10: a deleverage" in could_be_deleveraged(halved, 7)
    assert could_be_deleveraged(apply(world({7: holds(ALICE, 5)}), forced_withdrawal(ALICE, 7, 1)), 7) == ""
    lower = Market.of(CONFIG, after.funding_indices, [(BTC, 2 * ONE - 1)], 0)
    assert margin_left(position, lower) < 0 and not totals(position, lower).is_well_leveraged()


def segmented(by_balance: bool) -> GeneralConfig:
    """10 % up to and at the bound, 20 % above it."""
    bound = 1000 if by_balance else 1000 * ONE
    return configured(
        synthetic(ETH, risk=ONE // 5, segments=((bound, ONE // 10),)), is_risk_by_balance_only=int(by_balance)
    )


@pytest.mark.parametrize("by_balance", [True, False])
@pytest.mark.parametrize("sign", [1, -1])
def test_segment_bounds_are_inclusive_and_apply_to_all(by_balance, sign):
    """Edges 105 and 106: at 1000 the risk is 100, at 1001 it is 200.2, of the whole holding."""
    config = segmented(by_balance)
    market = Market.of(config, [(ETH, 0)], [(ETH, ONE)], 0)
    for balance, percent in ((1000, 10), (1001, 20)):
        factor = config.synthetic_assets[0].risk(sign * balance, ONE, by_balance)
        assert factor == ONE * percent // 100
        assert totals(holds(ALICE, 0, {ETH: sign * balance}), market).total_risk == balance * ONE * factor


def test_by_value_the_price_counts():
    """Edge 106: 500 at price 2 is at the bound, and a price of one step more is above it."""
    asset = segmented(False).synthetic_assets[0]
    assert asset.risk(500, 2 * ONE, False) == ONE // 10
    assert asset.risk(500, 2 * ONE + 1, False) == ONE // 5
    assert asset.risk(500, 2 * ONE + 1, True) == ONE // 10


def test_a_price_alone_can_make_a_position_liquidatable():
    """Edge 107: 150 of 1000 is enough at 10 %, not in the next segment."""
    config = segmented(False)
    state = world({7: holds(ALICE, -850, {ETH: 1000})}, config, prices={ETH: ONE}, indices={ETH: 0})
    signed = signed_price(ETH, ONE + 4295, quotes=[1000001 * 10**15] * 3)
    tick = OracleTick(prices=((ETH, signed.price),), timestamp=state.system_time)
    after = apply(state, tick, config=config, low=[signed], high=[signed]).after
    assert totals(state.position(7), state.market(config)).is_well_leveraged()
    assert not totals(after.position(7), after.market(config)).is_well_leveraged()


def segments(*pairs: tuple[int, int]) -> dict:
    return {"risk_segments": [{"upper_bound": bound, "risk": risk} for bound, risk in pairs]}


LAST = 2**128 - 1


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        (segments((LAST - 1, 5)), "2^128 - 1"),
        (segments((5, 5), (5, 6), (LAST, 7)), "ascend"),
        (segments((6, 5), (5, 6), (LAST, 7)), "ascend"),
        (segments((-1, 5), (LAST, 7)), "upper_bound"),
        (segments((LAST, 0)), "risk"),
        (segments((LAST, ONE)), "risk"),
        (segments(), "risk_segments"),
        ({"oracle_price_quorum": 0}, "quorum"),
        ({"oracle_price_quorum": ONE}, "quorum"),
        ({"resolution": 0}, "resolution"),
        ({"resolution": 2**64}, "resolution"),
        ({"asset_id": 2**120}, "asset_id"),
        ({"asset_id": -1}, "asset_id"),
    ],
)
def test_bad_assets_are_refused(fields, place):
    """Edge 108, with 4.4's other checks."""
    good = {"asset_id": 5, "resolution": 1, **segments((LAST, 5))}
    assert SyntheticAsset.model_validate(good)
    with pytest.raises(ValidationError) as error:
        SyntheticAsset.model_validate({**good, **fields})
    assert place in str(error.value)


def test_bad_configurations_are_refused():
    """Edges 148 and 153: another data mode, assets out of order or twice, a collateral id of 2^250."""
    good = CONFIG.model_dump()
    assert GeneralConfig.model_validate(good)
    assets = good["synthetic_assets"]
    for fields in (
        {"data_availability_mode": 2},
        {"synthetic_assets": assets[::-1]},
        {"synthetic_assets": (assets[0], assets[0])},
        {"collateral": {"asset_id": 2**250}},
        {"collateral": {"asset_id": 5, "resolution": 0}},
        {"positions_tree_height": 65},
        {"unknown": 1},
    ):
        with pytest.raises(ValidationError, match=next(iter(fields)).split("_")[0]):
            GeneralConfig.model_validate({**good, **fields})


def test_asset_hashes_bind_their_lists_and_nothing_else():
    """Edges 153 and 154: each item of each list counts; the general hash knows no assets."""
    asset = synthetic(ETH)
    ids, signers = asset.oracle_price_signed_asset_ids, asset.oracle_price_signers
    moved = asset.model_copy(update={"oracle_price_signed_asset_ids": ids[:-1]})
    assert moved.hash() != asset.hash()
    assert asset.model_copy(update={"oracle_price_signers": signers[:-1]}).hash() != asset.hash()
    more = (RiskSegment(upper_bound=1, risk=1), *asset.risk_segments)
    assert asset.model_copy(update={"risk_segments": more}).hash() != asset.hash()
    assert configured(synthetic(BTC)).hash() == configured(synthetic(ETH)).hash() == CONFIG.hash()
    assert asset.hash() == CONFIG.synthetic_assets[1].hash()


@given(st.data())
@settings(max_examples=30)
def test_any_changed_field_changes_the_configuration_hash(data):
    """Edge 154: each of the twelve words counts."""
    document = CONFIG.model_dump()
    name = data.draw(st.sampled_from([n for n in document if n not in ("synthetic_assets", "config_hash")]))
    if isinstance(document[name], dict):
        inner = data.draw(st.sampled_from(sorted(document[name])))
        document[name] = {**document[name], inner: document[name][inner] ^ 1}
    else:
        document[name] += -1 if name.endswith("height") else 1 - 2 * (document[name] == 1)
    assert GeneralConfig.model_validate(document).hash() != CONFIG.hash()


def test_total_value_has_64_bits():
    """Edge 109: exactly -2^63 is a value, 2^63 and below -2^63 are not."""
    config = configured(synthetic(ETH, risk=1))
    market = Market.of(config, [(ETH, 0)], [(ETH, ONE)], 0)
    for collateral, balance, expected in (
        (HALF - 1, 1, Code.OUT_OF_RANGE_TOTAL_VALUE),
        (HALF - 2, 1, None),
        (-HALF, 0, None),
        (-HALF, -1, Code.OUT_OF_RANGE_TOTAL_VALUE),
        (1 - HALF, -1, None),
    ):
        found = status(holds(ALICE, collateral, {ETH: balance} if balance else {}), market)
        assert found == expected if expected else isinstance(found, Status)


def test_total_risk_has_128_bits():
    """Edge 110: beyond it forced withdrawals are proven invalid and deposits impossible."""
    config = configured(synthetic(ETH, risk=ONE - 1), synthetic(BTC, risk=ONE - 1))
    prices, indices = {ETH: 2**64 - 1, BTC: 2**64 - 1}, {ETH: 0, BTC: 0}
    half = 2**31
    assert half * (2**64 - 1) * (ONE - 1) * 2 < 2**128 <= (half + 1) * (2**64 - 1) * (ONE - 1) * 2
    for size, code in ((half, None), (half + 1, Code.OUT_OF_RANGE_TOTAL_RISK)):
        state = world({7: holds(ALICE, 0, {ETH: size, BTC: -size})}, config, prices=prices, indices=indices)
        served = apply(state, forced_withdrawal(ALICE, 7, 1), config=config).served[0]
        assert served == (code or Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO)
        if code:
            with refused(code):
                apply(state, deposit(ALICE, 7, 1), config=config)
        else:
            assert apply(state, deposit(ALICE, 7, 1), config=config)


def test_collateral_alone_is_good_when_it_is_not_negative():
    """Edge 111."""
    market = world({}).market(CONFIG)
    for collateral, good in ((0, True), (1, True), (-1, False)):
        assert totals(Position(1, collateral), market).is_well_leveraged() == good


def test_a_debt_without_assets_cannot_arise_and_can_be_paid():
    """Deleverage needs assets, so the rules never make such a position (docs/spec/perpetual-state.md 11.12); a deposit
    would repair one."""
    market = world({}).market(CONFIG)
    debt, change = holds(ALICE, -5), Change(key(ALICE), 3)
    assert update_position(debt, change, market).code == Code.SUCCESS
    closing = Change(key(ALICE), 990, ETH, -1000)
    for collateral, code in (
        (-991, Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO),
        (-990, Code.SUCCESS),
    ):
        assert update_position(holds(ALICE, collateral, {ETH: 1000}), closing, market).code == code


@given(
    st.integers(-(2**62), 2**62),
    st.dictionaries(st.sampled_from([BTC, ETH, SOL]), st.integers(-(2**40), 2**40).filter(bool)),
    st.integers(-(2**62), 2**62),
    st.sampled_from([None, BTC, ETH, SOL]),
    st.integers(-(2**41), 2**41),
)
@settings(max_examples=300)
def test_no_update_leaves_a_debt_without_assets(collateral, balances, delta, asset, synthetic_delta):
    """Edge 112 and docs/spec/perpetual-state.md 11.12: what is legal is well leveraged, or smaller and no worse."""
    market, before = world({}).market(CONFIG), holds(ALICE, collateral, balances)
    change = Change(key(ALICE), delta, asset, synthetic_delta if asset else 0)
    update = update_position(before, change, market)
    if update.code != Code.SUCCESS:
        assert update.result == before
        return
    old, new = totals(before, market), totals(update.result, market)
    assert update.result == EMPTY or update.result.public_key == key(ALICE)
    if not new.is_well_leveraged():
        assert old.total_value * new.total_risk <= new.total_value * old.total_risk
    if update.result.collateral_balance < 0 and not update.result.assets:
        assert before.collateral_balance < 0 and not before.assets and delta >= 0


def test_the_ratio_of_huge_numbers_does_not_wrap():
    """Edge 112: negative values, risks near 2^128, exact products."""
    config = configured(synthetic(ETH, risk=ONE - 1))
    market = Market.of(config, [(ETH, 0)], [(ETH, 2**34)], 0)
    size = 2**60
    worse = holds(ALICE, -(2**62) - 2, {ETH: size})
    before = holds(ALICE, -(2**62) - 1, {ETH: size})
    assert transition(before, worse, market) == Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO
    assert transition(worse, before, market) == Code.SUCCESS


def test_withdrawing_everything_next_to_a_position_is_refused():
    """A position with assets keeps its margin; its neighbour's wealth does not count."""
    state = world({7: holds(ALICE, 100, {ETH: 10}), 8: holds(BOB, 10**9)})
    with refused(Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO):
        apply(state, withdrawal(ALICE, 7, 110))
    assert apply(state, withdrawal(ALICE, 7, 109)) and PRICE[ETH] == ONE

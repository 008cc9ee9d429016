"""Any forced request on any two positions, drawn by Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from prover.algebra.field import PRIME
from prover.applications.perpetual.margin import SYNTHETIC_BALANCE_MAX
from prover.applications.perpetual.positions import EMPTY, Asset, Position
from prover.applications.perpetual.transactions import ForcedTrade, ForcedWithdrawal
from tests.support.world import (
    ALICE,
    BOB,
    BTC,
    CAROL,
    ETH,
    HALF,
    ONE,
    SOL,
    asset_id,
    configured,
    key,
    synthetic,
)

EXTREMES = [0, 1, 2**31, 2**62, HALF - 2, HALF - 1, HALF, HALF + 1, 2**64 - 1]
amounts = st.one_of(st.sampled_from(EXTREMES), st.integers(0, 2**64 - 1), st.integers(0, 3000))
collaterals = st.one_of(st.sampled_from([-HALF, -HALF + 1, -1, 0, 1, HALF - 1]), st.integers(-HALF, HALF - 1))
synthetics = st.one_of(
    st.sampled_from([-SYNTHETIC_BALANCE_MAX, -1, 1, SYNTHETIC_BALANCE_MAX]),
    st.integers(-SYNTHETIC_BALANCE_MAX, SYNTHETIC_BALANCE_MAX).filter(bool),
    st.integers(-3000, 3000).filter(bool),
)
indices = st.one_of(st.sampled_from([-HALF, 0, HALF - 1]), st.integers(-HALF, HALF - 1), st.just(0))
prices = st.one_of(st.sampled_from([1, ONE, 2**64 - 1]), st.integers(1, 2**64 - 1))
WIDE = configured(
    synthetic(BTC, risk=1),
    synthetic(ETH, risk=ONE - 1),
    synthetic(SOL),
    positions_tree_height=4,
    orders_tree_height=4,
)


@st.composite
def positions(draw, owner: int) -> Position:
    if draw(st.integers(0, 5)) == 0:
        return EMPTY
    held = draw(st.dictionaries(st.sampled_from([BTC, ETH, SOL]), st.tuples(synthetics, indices), max_size=3))
    assets = tuple(Asset(asset, *held[asset]) for asset in sorted(held))
    collateral = draw(collaterals)
    return Position(key(owner), collateral, assets) if collateral or assets else EMPTY


@st.composite
def requests(draw) -> ForcedWithdrawal | ForcedTrade:
    keys = st.sampled_from([key(ALICE), key(BOB), key(CAROL), 1, PRIME - 1])
    if draw(st.booleans()):
        return ForcedWithdrawal(public_key=draw(keys), position_id=7, amount=draw(amounts))
    return ForcedTrade(
        public_key_a=draw(keys),
        public_key_b=draw(keys),
        position_id_a=7,
        position_id_b=8,
        synthetic_asset_id=draw(st.sampled_from([BTC, ETH, SOL, SOL, asset_id("ZZZ-1"), PRIME - 1])),
        amount_collateral=draw(amounts),
        amount_synthetic=draw(amounts),
        is_party_a_buying_synthetic=draw(st.integers(0, 1)),
        nonce=draw(st.integers(0, PRIME - 1)),
    )

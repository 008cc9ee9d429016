"""Forced requests on the program: small markets, positions and what must come out, drawn by Hypothesis."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from prover.algebra.field import PRIME
from prover.applications.perpetual.samples import COLLATERAL, asset_id
from tests.support import plain_rules as plain
from tests.support.program_kit import program_input

HALF, ONE, MAX = 1 << 63, 1 << 32, (1 << 64) - 1
TIME = 1_600_000_000
KEYS = (5, 6)
POSITIONS = (7, 200)
HEIGHT = 8
IDS = [asset_id(place) for place in range(4)]
amounts = st.one_of(st.integers(0, 12), st.sampled_from([0, 1, HALF - 1, HALF, HALF + 1, MAX]), st.integers(0, MAX))
balances = st.one_of(
    st.integers(-6, 6), st.sampled_from([1, -1, HALF - 1, 1 - HALF]), st.integers(1 - HALF, HALF - 1)
).filter(bool)
collaterals = st.one_of(st.integers(-20, 20), st.sampled_from([HALF - 1, -HALF, 0]), st.integers(-(10**13), 10**13))
indices = st.one_of(st.just(0), st.integers(-3 * ONE, 3 * ONE), st.sampled_from([HALF - 1, -HALF]))
prices = st.one_of(st.integers(1, 4).map(lambda n: n * ONE), st.sampled_from([1, MAX]), st.integers(1, MAX))
risks = st.one_of(st.integers(1, 4).map(lambda n: n * ONE // 8), st.sampled_from([1, ONE - 1]))
TOP = (1 << 128) - 1


@st.composite
def segments(draw):
    bounds = draw(st.lists(st.one_of(st.integers(0, 8), st.integers(0, 20 * ONE)), max_size=2, unique=True))
    return tuple((bound, draw(risks)) for bound in [*sorted(bounds), TOP])


@st.composite
def markets(draw):
    """Three assets, the last one perhaps without price or index; held are only the first two."""
    whole = [plain.Asset(IDS[i], draw(prices), draw(indices), draw(segments())) for i in range(2)]
    price, index = draw(st.one_of(st.none(), prices)), draw(st.one_of(st.none(), indices))
    return {asset.asset_id: asset for asset in [*whole, plain.Asset(IDS[2], price, index, draw(segments()))]}


@st.composite
def positions(draw, key):
    if draw(st.integers(0, 5)) == 0:
        return plain.Position(0, 0, {})
    held = draw(st.lists(st.sampled_from(IDS[:2]), max_size=2, unique=True))
    holdings = {asset: plain.Holding(draw(balances), draw(indices)) for asset in sorted(held)}
    collateral = draw(collaterals)
    return plain.Position(key if collateral or holdings else 0, collateral, holdings)


NO_FEES = (1, 7)
fee_positions = st.sampled_from([NO_FEES] * 3 + [(POSITIONS[0], key) for key in (*KEYS, 0)])
"""Its id and key: usually neither position of the request, now and then the first."""


def only_key(place: int, fees: tuple[int, int]) -> int | None:
    return fees[1] if place == fees[0] else None


def keys_of(owner: int):
    return st.sampled_from([owner] * 12 + [*KEYS, 0, PRIME - 1])


strange_ids = [0, 1 << 120, (1 << 120) - 1, PRIME - 1, PRIME - (1 << 128), PRIME >> 1]
assets = st.sampled_from([*IDS[:3] * 8, *IDS, *strange_ids])


def document(market, held, by_balance, fees, transaction):
    """The program's input of one forced request. `fees` are the fee position's id and key."""
    configured = [
        {
            "asset_id": hex(asset.asset_id),
            "resolution": "1",
            "risk_segments": [{"upper_bound": str(bound), "risk": str(risk)} for bound, risk in asset.segments],
            "oracle_price_signed_asset_ids": [],
            "oracle_price_quorum": 1,
            "oracle_price_signers": [],
        }
        for asset in market.values()
    ]
    config = {
        "max_funding_rate": "0",
        "collateral": {"asset_id": hex(COLLATERAL), "resolution": "1"},
        "fee_position": {"position_id": str(fees[0]), "public_key": hex(fees[1])},
        "positions_tree_height": HEIGHT,
        "orders_tree_height": HEIGHT,
        "price_validity_period": "0",
        "funding_validity_period": "0",
        "data_availability_mode": 1,
        "is_risk_by_balance_only": int(by_balance),
        "synthetic_assets": configured,
    }
    positions = {
        str(place): {
            "public_key": hex(position.public_key),
            "collateral_balance": str(position.collateral),
            "assets": [
                {"asset_id": hex(a), "balance": str(h.balance), "cached_funding_index": str(h.cached_index)}
                for a, h in sorted(position.holdings.items())
            ],
        }
        for place, position in zip(POSITIONS, held, strict=True)
    }
    state = {
        "positions": positions,
        "orders": {},
        "funding_indices": [[hex(a.asset_id), str(a.index)] for a in market.values() if a.index is not None],
        "funding_timestamp": str(TIME),
        "oracle_prices": [[hex(a.asset_id), str(a.price)] for a in market.values() if a.price is not None],
        "system_time": str(TIME),
    }
    batch = {
        "minimum_expiration_timestamp": "1",
        "signed_min_prices": [],
        "signed_max_prices": [],
        "new_system_time": str(TIME),
        "transactions": [transaction],
    }
    return program_input(config, state, batch)


@dataclass(frozen=True)
class Case:
    """A forced request: the input, whether it is valid, and a rollup's data about the positions."""

    given: dict
    valid: bool
    records: list[int]


def record(place, market, position, key, collateral_delta, asset, synthetic_delta, valid) -> list[int]:
    """A position's record after the request (docs/spec/perpetual-state.md 10.3)."""
    funded = plain.funded_collateral(position, market)
    before = {a: h.balance for a, h in position.holdings.items()}
    after, collateral, owner, time = dict(before), position.collateral, position.public_key, 0
    if -HALF <= funded < HALF:
        collateral, time = funded, TIME
    if valid:
        collateral, owner = funded + collateral_delta, key
        if synthetic_delta:
            after[asset] = before.get(asset, 0) + synthetic_delta
        if not collateral and not any(after.values()):
            owner = time = 0
    changed = [a for a in sorted(after) if after[a] != before.get(a, 0)]
    words = [place, owner, collateral + HALF, time, *((a << 64) + after[a] + HALF for a in changed)]
    return [len(words), *words]


@st.composite
def withdrawals(draw):
    market, by_balance = draw(markets()), draw(st.booleans())
    held = [draw(positions(key)) for key in KEYS]
    key, amount = draw(keys_of(KEYS[0])), draw(amounts)
    transaction = {
        "type": "forced_withdrawal",
        "public_key": hex(key),
        "position_id": str(POSITIONS[0]),
        "amount": str(amount),
    }
    fees = draw(fee_positions)
    valid = plain.is_valid(held[0], market, by_balance, key, -amount, only_key=only_key(POSITIONS[0], fees))
    records = record(POSITIONS[0], market, held[0], key, -amount, None, 0, valid)
    return Case(document(market, held, by_balance, fees, transaction), valid, records)


@st.composite
def trades(draw):
    market, by_balance = draw(markets()), draw(st.booleans())
    held = [draw(positions(key)) for key in KEYS]
    parties = draw(keys_of(KEYS[0])), draw(keys_of(KEYS[1]))
    asset, a_buys = draw(assets), draw(st.booleans())
    synthetic, collateral = draw(amounts), draw(amounts)
    transaction = {
        "type": "forced_trade",
        "public_key_a": hex(parties[0]),
        "public_key_b": hex(parties[1]),
        "position_id_a": str(POSITIONS[0]),
        "position_id_b": str(POSITIONS[1]),
        "synthetic_asset_id": hex(asset),
        "amount_collateral": str(collateral),
        "amount_synthetic": str(synthetic),
        "is_party_a_buying_synthetic": str(int(a_buys)),
        "nonce": "9",
    }
    sign = 1 if a_buys else -1
    sides = [
        (position, key, -side * collateral, side * synthetic)
        for position, key, side in zip(held, parties, (sign, -sign), strict=True)
    ]
    fees = draw(fee_positions)
    valid = all(
        plain.is_valid(position, market, by_balance, key, c, asset, s, only_key(place, fees))
        for place, (position, key, c, s) in zip(POSITIONS, sides, strict=True)
    )
    records = []
    for place, (position, key, c, s) in zip(POSITIONS, sides, strict=True):
        records += record(place, market, position, key, c, asset, s, valid)
    return Case(document(market, held, by_balance, fees, transaction), valid, records)

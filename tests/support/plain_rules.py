"""The update of a position in exact integers (docs/spec/perpetual-state.md 5), the oracle of the program's tests.

Only the verdict: whether a forced request is valid. The exchange's own rules in Python are another implementation.
"""

from __future__ import annotations

from dataclasses import dataclass

HALF = 1 << 63
ONE = 1 << 32


@dataclass(frozen=True)
class Asset:
    """An asset of the market. price, index: None where missing; segments: (bound, risk)."""

    asset_id: int
    price: int | None
    index: int | None
    segments: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Holding:
    balance: int
    cached_index: int


@dataclass(frozen=True)
class Position:
    """holdings by asset id."""

    public_key: int
    collateral: int
    holdings: dict[int, Holding]


def risk_of(asset: Asset, balance: int, by_balance: bool) -> int:
    exposure = abs(balance) * asset.price
    amount = abs(balance) if by_balance else exposure
    return exposure * next(risk for bound, risk in asset.segments if amount <= bound)


def worth(collateral: int, balances: dict[int, int], market: dict[int, Asset], by_balance: bool) -> tuple[int, int]:
    """(total value in .32, total risk in .64)."""
    value = collateral * ONE + sum(market[a].price * b for a, b in balances.items())
    return value, sum(risk_of(market[a], b, by_balance) for a, b in balances.items())


def in_range(value: int, risk: int) -> bool:
    return -HALF * ONE <= value < HALF * ONE and risk < 1 << 128


def funded_collateral(position: Position, market: dict[int, Asset]) -> int:
    owed = sum((market[a].index - h.cached_index) * h.balance for a, h in position.holdings.items())
    return (position.collateral * ONE - owed) // ONE


def is_valid(
    position: Position,
    market: dict[int, Asset],
    by_balance: bool,
    key: int,
    collateral_delta: int,
    asset_id: int | None = None,
    synthetic_delta: int = 0,
    only_key: int | None = None,
) -> bool:
    """Whether the update succeeds. asset_id None: no asset takes part. only_key: the fee key, of the fee position."""
    funded = funded_collateral(position, market)
    if not -HALF <= funded < HALF:
        return False
    if asset_id is not None:
        asset = market.get(asset_id)
        if asset is None or asset.price is None or asset.index is None:
            return False
    is_empty = not (position.public_key or position.collateral or position.holdings)
    if key == 0 or (only_key is not None and key != only_key) or not (is_empty or key == position.public_key):
        return False
    collateral = funded + collateral_delta
    if not -HALF <= collateral < HALF:
        return False
    before = {a: h.balance for a, h in position.holdings.items()}
    after = dict(before)
    if synthetic_delta:
        after[asset_id] = before.get(asset_id, 0) + synthetic_delta
        if not -HALF < after[asset_id] < HALF:
            return False
        if after[asset_id] == 0:
            del after[asset_id]
        if len(after) > 64:
            return False
    value_1, risk_1 = worth(collateral, after, market, by_balance)
    if not in_range(value_1, risk_1):
        return False
    if risk_1 <= value_1 * ONE:
        return True
    value_0, risk_0 = worth(funded, before, market, by_balance)
    if not in_range(value_0, risk_0):
        return False
    for asset, balance in after.items():
        held = before.get(asset, 0)
        if held * balance <= 0 or abs(balance) > abs(held):
            return False
    return value_0 * risk_1 <= value_1 * risk_0 and (risk_0 != 0 or value_0 <= value_1)

"""What a position is worth, what it must be worth, and how it may change (docs/spec/perpetual-state.md 5).

TV is total value (.32 fixed point), TR total risk (.64). Both are exact integers; only funding rounds, downwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from prover.applications.ledger.fields import FXP32
from prover.applications.ledger.units import NOBODY, AssetId, Seconds, StarkKey
from prover.applications.perpetual.config import GeneralConfig, SyntheticAsset
from prover.applications.perpetual.errors import Code
from prover.applications.perpetual.fields import BALANCE_BIAS, MAX_ASSETS_IN_POSITION
from prover.applications.perpetual.positions import EMPTY, Asset, Position
from prover.applications.perpetual.units import NO_SYNTHETIC, CollateralQuanta, FundingIndex, Price, SyntheticQuanta

TOTAL_VALUE_BOUND = BALANCE_BIAS * FXP32
TOTAL_RISK_UPPER_BOUND = 1 << 128
SYNTHETIC_BALANCE_MAX = BALANCE_BIAS - 1
"""A synthetic balance of -2^63 is no balance: its absolute value would not fit 63 bits."""


@dataclass(frozen=True)
class Market:
    """What positions are funded and valued by between two ticks, by asset id."""

    assets: Mapping[AssetId, SyntheticAsset]
    is_risk_by_balance_only: bool
    indices: Mapping[AssetId, FundingIndex]
    prices: Mapping[AssetId, Price]
    funding_timestamp: Seconds

    @staticmethod
    def of(
        config: GeneralConfig,
        indices: Iterable[tuple[AssetId, FundingIndex]],
        prices: Iterable[tuple[AssetId, Price]],
        funding_timestamp: Seconds,
    ) -> Market:
        assets = {asset.asset_id: asset for asset in config.synthetic_assets}
        return Market(assets, bool(config.is_risk_by_balance_only), dict(indices), dict(prices), funding_timestamp)


class Status(NamedTuple):
    """Total value in .32 fixed point, total risk in .64."""

    total_value: int
    total_risk: int

    def is_well_leveraged(self) -> bool:
        return self.total_risk <= self.total_value * FXP32

    def is_deleveragable(self) -> bool:
        return self.total_value < 0


class _Unfit(Exception):
    """The update ends with this code."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.name)
        self.code = code


def funded(position: Position, market: Market) -> Position | None:
    """The position with all funding applied; None where its collateral would leave 64 bits."""
    indices, owed, is_behind = market.indices, 0, False
    for asset in position.assets:
        moved = indices[asset.asset_id] - asset.cached_funding_index
        if moved:
            owed, is_behind = owed + moved * asset.balance, True
    if not is_behind:  # its collateral is within 64 bits already
        return position
    collateral = CollateralQuanta((position.collateral_balance * FXP32 - owed) // FXP32)
    if not -BALANCE_BIAS <= collateral < BALANCE_BIAS:
        return None
    assets = tuple(Asset(a.asset_id, a.balance, indices[a.asset_id]) for a in position.assets)
    return Position(position.public_key, collateral, assets)


def totals(position: Position, market: Market) -> Status:
    """TV and TR without a check of their ranges."""
    value, risk = position.collateral_balance * FXP32, 0
    for asset in position.assets:
        price = market.prices[asset.asset_id]
        factor = market.assets[asset.asset_id].risk(asset.balance, price, market.is_risk_by_balance_only)
        value += price * asset.balance
        risk += price * abs(asset.balance) * factor
    return Status(value, risk)


def margin_left(position: Position, market: Market) -> CollateralQuanta:
    """By how much the position's value exceeds its risk, rounded down: negative if it may be liquidated.

    Needs a price for every asset that it holds.
    """
    found = totals(position, market)
    return CollateralQuanta((found.total_value * FXP32 - found.total_risk) // FXP32**2)


def status(position: Position, market: Market) -> Status | Code:
    """TV and TR, or the code of the first that is out of range."""
    found = totals(position, market)
    if not -TOTAL_VALUE_BOUND <= found.total_value < TOTAL_VALUE_BOUND:
        return Code.OUT_OF_RANGE_TOTAL_VALUE
    if found.total_risk >= TOTAL_RISK_UPPER_BOUND:
        return Code.OUT_OF_RANGE_TOTAL_RISK
    return found


def _status(position: Position, market: Market) -> Status:
    found = status(position, market)
    if isinstance(found, Code):
        raise _Unfit(found)
    return found


def transition(before: Position, after: Position, market: Market) -> Code:
    """Whether a funded position may become `after`: well leveraged, or smaller and no worse (5.5)."""
    try:
        new = _status(after, market)
        if new.is_well_leveraged():
            return Code.SUCCESS
        old = _status(before, market)
    except _Unfit as unfit:
        return unfit.code
    for asset in after.assets:
        held = before.balance(asset.asset_id)
        if held * asset.balance <= 0 or abs(asset.balance) > abs(held):
            return Code.ILLEGAL_POSITION_TRANSITION_ENLARGING_SYNTHETIC_HOLDINGS
    if old.total_value * new.total_risk > new.total_value * old.total_risk:
        return Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO
    if old.total_risk == 0 and old.total_value > new.total_value:
        return Code.ILLEGAL_POSITION_TRANSITION_NO_RISK_REDUCED_VALUE
    return Code.SUCCESS


@dataclass(frozen=True)
class Change:
    """What is asked of a position. Key None stands for whatever key it has: liquidation and deleverage ask so."""

    public_key: StarkKey | None
    collateral_delta: CollateralQuanta
    asset_id: AssetId | None = None
    synthetic_delta: SyntheticQuanta = NO_SYNTHETIC


@dataclass(frozen=True)
class Update:
    """`result` is to be stored: on an error the funded position, or the old one where funding itself fails.

    `funding_timestamp` is what rollup data says of it: None where the position keeps the indices it had.
    """

    code: Code
    funded: Position
    result: Position
    funding_timestamp: Seconds | None


def update_position(position: Position, change: Change, market: Market, owner: StarkKey | None = None) -> Update:
    """The one procedure that changes positions (5.6). It is total: every request gives success or one code.

    `owner` is the only key that the position answers to, also when it is empty; None for any.
    """
    base = funded(position, market)
    if base is None:
        return Update(Code.OUT_OF_RANGE_BALANCE, position, position, None)
    try:
        result = _changed(base, change, market, owner)
    except _Unfit as unfit:
        return Update(unfit.code, base, base, market.funding_timestamp)
    is_emptied = result == EMPTY and not (change.public_key is None and base.is_empty())
    return Update(Code.SUCCESS, base, result, Seconds(0) if is_emptied else market.funding_timestamp)


def _changed(base: Position, change: Change, market: Market, owner: StarkKey | None) -> Position:
    """Steps 2 to 7; the first error wins."""
    if change.asset_id is not None:
        if change.asset_id not in market.prices:
            raise _Unfit(Code.MISSING_ORACLE_PRICE)
        if change.asset_id not in market.indices:
            raise _Unfit(Code.MISSING_GLOBAL_FUNDING_INDEX)
    key = _key_after(base, change, owner)
    collateral = CollateralQuanta(base.collateral_balance + change.collateral_delta)
    if not -BALANCE_BIAS <= collateral < BALANCE_BIAS:
        raise _Unfit(Code.OUT_OF_RANGE_BALANCE)
    result = Position(key, collateral, base.assets)
    if change.asset_id is not None and change.synthetic_delta:
        balance = SyntheticQuanta(base.balance(change.asset_id) + change.synthetic_delta)
        if abs(balance) > SYNTHETIC_BALANCE_MAX:
            raise _Unfit(Code.OUT_OF_RANGE_BALANCE)
        result = result.with_balance(change.asset_id, balance, market.indices[change.asset_id])
        if len(result.assets) > MAX_ASSETS_IN_POSITION:
            raise _Unfit(Code.TOO_MANY_SYNTHETIC_ASSETS_IN_POSITION)
    if collateral == 0 and not result.assets:
        result = EMPTY
    code = transition(base, result, market)
    if code != Code.SUCCESS:
        raise _Unfit(code)
    return result


def _key_after(base: Position, change: Change, owner: StarkKey | None) -> StarkKey:
    """Raises _Unfit where the change is asked under a key that does not own the position."""
    if change.public_key is None:
        if base.is_empty() and (change.collateral_delta or change.synthetic_delta):
            raise _Unfit(Code.INVALID_PUBLIC_KEY)
        return base.public_key
    if owner is not None and change.public_key != owner:
        raise _Unfit(Code.INVALID_PUBLIC_KEY)
    if change.public_key == NOBODY or not (base.is_empty() or base.public_key == change.public_key):
        raise _Unfit(Code.INVALID_PUBLIC_KEY)
    return change.public_key

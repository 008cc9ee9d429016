"""Numbers of the perpetual exchange as fields of documents: balances, prices, indices, risk, with their bounds
(docs/spec/perpetual-state.md 2)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator

from prover.algebra.field import PRIME
from prover.applications.ledger.fields import (
    AMOUNT_UPPER_BOUND,
    FXP32,
    AssetIdField,
    as_decimal,
    as_hex,
    between,
    reads_integers,
)
from prover.applications.ledger.units import AssetId
from prover.applications.perpetual.units import (
    CollateralQuanta,
    ExternalPrice,
    FundingIndex,
    OrderId,
    PositionId,
    Price,
    Risk,
    SyntheticQuanta,
    Used,
)

EXTERNAL_PRICE_UNIT = 10**18
"""Oracles sign prices in this fraction of one collateral unit."""
BALANCE_BIAS = 1 << 63
"""Balances and funding indices lie in [-bias, bias) and are hashed plus the bias."""
PRICE_UPPER_BOUND = 1 << 64
RISK_BOUND_MAX = (1 << 128) - 1
POSITION_ID_UPPER_BOUND = 1 << 64
MAX_ASSETS_IN_POSITION = 64
SYSTEM_ASSETS_UPPER_BOUND = 1 << 16


def _strictly_ascending(entries: Sequence[Any]) -> Sequence[Any]:
    """By asset id, where an entry is a pair or has one."""
    ids = [entry[0] if isinstance(entry, tuple) else entry.asset_id for entry in entries]
    for first, second in pairwise(ids):
        if first >= second:
            raise ValueError(f"asset ids must ascend strictly: {first:#x} is before {second:#x}")
    return entries


PositionIdField = Annotated[PositionId, reads_integers, between(0, POSITION_ID_UPPER_BOUND), as_decimal]
OrderIdField = Annotated[OrderId, reads_integers, between(0, 1 << 64), as_decimal]
AnyAssetField = Annotated[AssetId, reads_integers, between(0, PRIME), as_hex]
"""Of a forced trade, which can name any word."""
SignedAssetId = Annotated[int, reads_integers, between(0, 1 << 168), as_hex]
UsedField = Annotated[Used, reads_integers, between(0, AMOUNT_UPPER_BOUND), as_decimal]
CollateralAmountField = Annotated[CollateralQuanta, reads_integers, between(0, AMOUNT_UPPER_BOUND), as_decimal]
SignedCollateralAmountField = Annotated[
    CollateralQuanta, reads_integers, between(1 - AMOUNT_UPPER_BOUND, AMOUNT_UPPER_BOUND), as_decimal
]
"""Of a deleverage, which may flow either way."""
SyntheticAmountField = Annotated[SyntheticQuanta, reads_integers, between(0, AMOUNT_UPPER_BOUND), as_decimal]
CollateralBalanceField = Annotated[CollateralQuanta, reads_integers, between(-BALANCE_BIAS, BALANCE_BIAS), as_decimal]
SyntheticBalanceField = Annotated[SyntheticQuanta, reads_integers, between(-BALANCE_BIAS, BALANCE_BIAS), as_decimal]
FundingIndexField = Annotated[FundingIndex, reads_integers, between(-BALANCE_BIAS, BALANCE_BIAS), as_decimal]
PriceField = Annotated[Price, reads_integers, between(1, PRICE_UPPER_BOUND), as_decimal]
ExternalPriceField = Annotated[ExternalPrice, reads_integers, between(0, 1 << 120), as_decimal]
RiskField = Annotated[Risk, reads_integers, between(1, FXP32), as_decimal]
Resolution = Annotated[int, reads_integers, between(1, 1 << 64), as_decimal]

IndicesField = Annotated[tuple[tuple[AssetIdField, FundingIndexField], ...], AfterValidator(_strictly_ascending)]
PricesField = Annotated[tuple[tuple[AssetIdField, PriceField], ...], AfterValidator(_strictly_ascending)]
sorted_by_asset = AfterValidator(_strictly_ascending)

"""Numbers of the perpetual exchange alone: balances, prices, indices, risk (docs/spec/perpetual-state.md 2)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator

from prover.applications.ledger.fields import AssetId, as_decimal, as_hex, between, reads_integers

EXTERNAL_PRICE_UNIT = 10**18
"""Oracles sign prices in this fraction of one collateral unit."""
BALANCE_BIAS = 1 << 63
"""Balances and funding indices lie in [-bias, bias) and are hashed plus the bias."""
PRICE_UPPER_BOUND = 1 << 64
RISK_BOUND_MAX = (1 << 128) - 1
MAX_ASSETS_IN_POSITION = 64
SYSTEM_ASSETS_UPPER_BOUND = 1 << 16


def _strictly_ascending(entries: Sequence) -> Sequence:
    """By asset id, where an entry is a pair or has one."""
    ids = [entry[0] if isinstance(entry, tuple) else entry.asset_id for entry in entries]
    for first, second in pairwise(ids):
        if first >= second:
            raise ValueError(f"asset ids must ascend strictly: {first:#x} is before {second:#x}")
    return entries


SignedAssetId = Annotated[int, reads_integers, between(0, 1 << 168), as_hex]
Balance = Annotated[int, reads_integers, between(-BALANCE_BIAS, BALANCE_BIAS), as_decimal]
FundingIndex = Balance
Price = Annotated[int, reads_integers, between(1, PRICE_UPPER_BOUND), as_decimal]
ExternalPrice = Annotated[int, reads_integers, between(0, 1 << 120), as_decimal]
Resolution = Annotated[int, reads_integers, between(1, 1 << 64), as_decimal]

Indices = Annotated[tuple[tuple[AssetId, FundingIndex], ...], AfterValidator(_strictly_ascending)]
Prices = Annotated[tuple[tuple[AssetId, Price], ...], AfterValidator(_strictly_ascending)]
sorted_by_asset = AfterValidator(_strictly_ascending)

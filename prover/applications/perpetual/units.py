"""The perpetual exchange's own kinds of numbers, told apart by the type checker (`ledger/units.py`)."""

from __future__ import annotations

from typing import NewType

from prover.applications.ledger.units import AssetId

PositionId = NewType("PositionId", int)
OrderId = NewType("OrderId", int)
"""The leaf of the orders tree that a message uses up."""
CollateralQuanta = NewType("CollateralQuanta", int)
SyntheticQuanta = NewType("SyntheticQuanta", int)
Quanta = CollateralQuanta | SyntheticQuanta
"""Quantized amounts: so many units of 1 / resolution. Signed where they are balances or differences."""
NO_COLLATERAL, NO_SYNTHETIC = CollateralQuanta(0), SyntheticQuanta(0)
Used = NewType("Used", int)
"""What an order's leaf holds: quanta of the asset that the order counts in."""
Price = NewType("Price", int)
"""Collateral quanta for one synthetic quantum, 32.32 fixed point."""
ExternalPrice = NewType("ExternalPrice", int)
"""What oracles sign: 10^-18 of a collateral unit for one whole asset."""
FundingIndex = NewType("FundingIndex", int)
"""What a holder of one synthetic quantum has paid so far, in collateral quanta: signed, 32.32 fixed point."""
Risk = NewType("Risk", int)
"""The share of a holding's value that its position must be worth: 0.32 fixed point."""
Indices = tuple[tuple[AssetId, FundingIndex], ...]
"""By asset id, ascending."""
Prices = tuple[tuple[AssetId, Price], ...]
"""By asset id, ascending."""

"""Kinds of numbers that cost money when one is taken for another: types for the checker, plain integers at run time.

Arithmetic gives plain integers again, so whoever adds or scales says of which kind the result is. How these numbers are
bounded and written in JSON is in `fields.py`.
"""

from __future__ import annotations

from typing import NewType

StarkKey = NewType("StarkKey", int)
"""The x of a user's public point."""
NOBODY = StarkKey(0)
"""No owner's key: an empty position has it."""
AssetId = NewType("AssetId", int)
"""Of a synthetic asset, 120 bits."""
CollateralId = NewType("CollateralId", int)
"""Of a token that is held, 250 bits."""
Seconds = NewType("Seconds", int)
"""A point in time, since 1970, or a span."""
Hours = NewType("Hours", int)
"""The same in hours: times of expiration."""

"""Names of synthetic assets, and the ids that spell them."""

from __future__ import annotations

from prover.applications.ledger.units import AssetId

ASSET_NAME = "[0-9A-Z]{1,10}"
"""What people call an asset: BTC, 1INCH. With its decimals, as in `1INCH-7`, it must fit an id."""
_ID_BYTES = 15


def asset_id(name: str) -> AssetId:
    """Of `BTC-10`: its bytes, padded on the right to 15. Raises ValueError for a name that does not fit."""
    spelt = name.encode()
    if not 0 < len(spelt) <= _ID_BYTES:
        raise ValueError(f"an asset's id spells 1 to {_ID_BYTES} bytes, {name!r} has {len(spelt)}")
    return AssetId(int.from_bytes(spelt.ljust(_ID_BYTES, b"\0"), "big"))


def asset_name(asset_id: AssetId) -> str:
    """`BTC-10` of the id that spells it, else the id in hex."""
    text = asset_id.to_bytes(32, "big").lstrip(b"\0").rstrip(b"\0")
    return text.decode() if text and all(33 <= byte < 127 for byte in text) else hex(asset_id)

"""The door before the log: orders whose signature holds, many looked at together, each with the leaf that it uses."""

from __future__ import annotations

from collections.abc import Sequence

from prover.algebra import ecdsa
from prover.applications.ledger.units import CollateralId
from prover.applications.perpetual.messages import order_id
from prover.applications.perpetual.transactions import LimitOrder
from prover.applications.perpetual.units import OrderId


def checked(orders: Sequence[LimitOrder], collateral: CollateralId) -> list[OrderId | None]:
    """The leaf of each order, None where its signature does not hold."""
    hashes = [order.message_hash(collateral) for order in orders]
    signed = [
        ecdsa.Signed(message, order.signature_r, order.signature_s, order.public_key)
        for message, order in zip(hashes, orders, strict=True)
    ]
    valid = ecdsa.verify_all(signed)
    return [order_id(message) if holds else None for message, holds in zip(hashes, valid, strict=True)]

"""What a transaction pays for a unit of gas, in wei (EIP-1559)."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from freehold.ethereum.node import Node, NodeRefuses

USUAL_TIP = 10**9
"""Where the node has no opinion."""


@dataclass(frozen=True)
class Fees:
    """At most `max_fee`, of which `tip` is the block builder's if the base fee leaves it."""

    max_fee: int
    tip: int


@dataclass(frozen=True)
class FeePolicy:
    """`most`: above it nothing is sent. `bump`: how much more a replacement pays, as a fraction."""

    most: int
    bump: float

    def usual(self, node: Node, base_fee: int) -> Fees | None:
        """Room for the base fee to double. None where what must be paid now is above the most."""
        tip = _tip(node)
        if base_fee + tip > self.most:
            return None
        return Fees(min(2 * base_fee + tip, self.most), tip)

    def bumped(self, before: Fees, node: Node, base_fee: int) -> Fees | None:
        """Enough for nodes to take a replacement, and for a block. None where it would be above the most."""
        least = Fees(*(ceil(fee * (1 + self.bump)) for fee in (before.max_fee, before.tip)))
        usual = self.usual(node, base_fee)
        if usual is None or least.max_fee > self.most:
            return None
        return Fees(max(least.max_fee, usual.max_fee), max(least.tip, usual.tip))


def _tip(node: Node) -> int:
    try:
        return node.tip()
    except NodeRefuses:
        return USUAL_TIP

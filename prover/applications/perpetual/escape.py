"""The proof that an escaping user shows to the escape verifier (docs/spec/contracts-perpetual.md 17.2)."""

from __future__ import annotations

from prover.algebra.pedersen import pedersen
from prover.applications.ledger.fields import FXP32
from prover.applications.perpetual.positions import Position
from prover.applications.perpetual.state import State
from prover.applications.perpetual.units import CollateralQuanta, Indices, PositionId, Prices


def escape_proof(state: State, position_id: PositionId) -> list[int]:
    """`merkleProof` words: pairs of hash inputs as `left << 260 | right << 8`, then `root << 4`, `index << 8`.

    The leaf's own chain comes first, its running value always on the left, so the node index is the position's
    shifted by the chain's length.
    """
    position = state.position(position_id)
    running, pairs = 0, []
    for word in position.chain():
        pairs.append((running, word))
        running = pedersen(running, word)
    siblings = state.tree.path(position_id)
    for level, sibling in enumerate(reversed(siblings)):
        pair = (sibling, running) if position_id >> level & 1 else (running, sibling)
        pairs.append(pair)
        running = pedersen(*pair)
    assert running == state.tree.root
    words = []
    for left, right in pairs:
        packed = left << 260 | right << 8
        words += [packed >> 256, packed & (1 << 256) - 1]
    return [*words, state.tree.root << 4, (position_id << len(position.chain())) << 8]


def escape_amount(position: Position, funding_indices: Indices = (), oracle_prices: Prices = ()) -> CollateralQuanta:
    """What a position is worth at a state's indices and prices, rounded down; negative where it owes."""
    indices, prices = dict(funding_indices), dict(oracle_prices)
    value = position.collateral_balance * FXP32 + sum(prices[a.asset_id] * a.balance for a in position.assets)
    funding = -sum((indices[a.asset_id] - a.cached_funding_index) * a.balance for a in position.assets)
    return CollateralQuanta((value + funding // FXP32 * FXP32) // FXP32)

"""What an escape takes, from a state file alone: no node, no operator, no compiled contract.

The three calls may be sent by anybody, from any wallet; the money goes to the owner of the position's key.
"""

from __future__ import annotations

from dataclasses import dataclass

from freehold.leaving.calldata import call
from prover.applications.ledger.units import CollateralId
from prover.applications.perpetual.escape import escape_amount, escape_proof
from prover.applications.perpetual.state import State
from prover.applications.perpetual.units import PositionId

ESCAPE_VERIFIER, EXCHANGE = "the escape verifier", "the exchange"


class NothingToTake(ValueError):
    """The position is worth nothing in this state."""


@dataclass(frozen=True)
class Call:
    """`to`: which contract; `signature`: of its function; `arguments` as they are written, `data` as they are sent."""

    to: str
    signature: str
    arguments: tuple[int | list[int], ...]

    @property
    def data(self) -> bytes:
        return call(self.signature, *self.arguments)


@dataclass(frozen=True)
class EscapePlan:
    """`worth` in quanta. The state on chain must hash to `state_hash`."""

    position_id: PositionId
    stark_key: int
    worth: int
    state_hash: bytes
    calls: tuple[Call, Call, Call]


def plan_from_state(collateral: CollateralId, last: State, position_id: PositionId) -> EscapePlan:
    """Raises NothingToTake."""
    held = last.position(position_id)
    worth = escape_amount(held, last.funding_indices, last.oracle_prices)
    if worth <= 0:
        raise NothingToTake(f"position {position_id} is worth {worth} quanta: there is nothing to take")
    proof = (escape_proof(last, position_id), len(held.assets), last.words())
    calls = (
        Call(ESCAPE_VERIFIER, "verifyEscape(uint256[],uint256,uint256[])", proof),
        Call(EXCHANGE, "escape(uint256,uint256,uint256)", (held.public_key, position_id, worth)),
        Call(EXCHANGE, "withdraw(uint256,uint256)", (held.public_key, collateral)),
    )
    return EscapePlan(position_id, held.public_key, worth, last.hash(), calls)

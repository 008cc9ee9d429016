"""An escape from a frozen exchange, planned from its last state: what a position is worth, and what has to be sent."""

from __future__ import annotations

from dataclasses import dataclass

from freehold.chain.calls import ContractCall
from freehold.chain.exchange import Exchange
from freehold.errors import Refused
from prover.algebra.keccak import keccak_of_words
from prover.applications.ledger.units import CollateralId
from prover.applications.perpetual.escape import escape_amount, escape_proof
from prover.applications.perpetual.state import State
from prover.applications.perpetual.units import PositionId


@dataclass(frozen=True)
class Escape:
    """`worth` in quanta, paid to `owner`, who owns the position's Stark key."""

    exchange: Exchange
    state: State
    position_id: PositionId
    collateral: int
    worth: int
    owner: str

    def calls(self) -> list[ContractCall]:
        """Prove the position, escape, be paid. Anyone may send it. A proof that is known already is not sent again."""
        contract, position = self.exchange.contract, self.state.position(self.position_id)
        escape = (position.public_key, self.position_id, self.worth)
        return [
            *self._proof(),
            ContractCall("book its worth for its owner", contract, "escape", escape),
            ContractCall(f"pay {self.owner}", contract, "withdraw", (position.public_key, self.collateral)),
        ]

    def _proof(self) -> list[ContractCall]:
        verifier = self.exchange.escape_verifier_contract()
        if verifier.isValid(self.claim()):
            return []
        n_assets = len(self.state.position(self.position_id).assets)
        arguments = (escape_proof(self.state, self.position_id), n_assets, self.state.words())
        return [ContractCall("prove the position by its Merkle path", verifier, "verifyEscape", arguments)]

    def claim(self) -> bytes:
        """What the escape verifier knows once the position is proven."""
        position, state_hash = self.state.position(self.position_id), int.from_bytes(self.state.hash(), "big")
        return keccak_of_words([position.public_key, self.worth, state_hash, self.position_id])


def plan_escape(exchange: Exchange, collateral: CollateralId, last: State, position_id: PositionId) -> Escape:
    """Raises Refused where nothing can be taken, with the reason."""
    if not exchange.is_last(last):
        raise Refused(f"this is not the state on chain: it hashes to 0x{last.hash().hex()}")
    held = last.position(position_id)
    if exchange.has_escaped(held.public_key, position_id):
        raise Refused(
            f"position {position_id} has escaped already; what was not paid yet, `ape run withdraw --stark-key "
            f"{held.public_key:#x}` pays"
        )
    worth = escape_amount(held, last.funding_indices, last.oracle_prices)
    if worth <= 0:
        raise Refused(f"position {position_id} is worth {exchange.coins(worth)}: there is nothing to take")
    owner = exchange.owner_of(held.public_key)
    if owner is None:
        raise Refused(f"the position's Stark key {held.public_key:#x} is not registered: `ape run register` does it")
    return Escape(exchange, last, position_id, collateral, worth, owner)

"""An escape from a frozen exchange, planned from its last state: what a position is worth, and what has to be sent."""

from __future__ import annotations

from dataclasses import dataclass

from ape.api.accounts import AccountAPI
from ape.api.transactions import ReceiptAPI

from freehold.chain.contracts import contract_at
from freehold.chain.errors import Refused
from freehold.chain.exchange import Exchange
from prover.applications.ledger.units import CollateralId
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.escape import escape_amount, escape_proof
from prover.applications.perpetual.state import State
from prover.applications.perpetual.units import CollateralQuanta, PositionId


@dataclass(frozen=True)
class Escape:
    """`worth` in quanta, paid to `owner`, who owns the position's Stark key."""

    exchange: Exchange
    state: State
    position_id: PositionId
    collateral: CollateralId
    worth: CollateralQuanta
    owner: str

    def send(self, sender: AccountAPI) -> list[ReceiptAPI]:
        """Prove the position, escape, be paid. Anyone may send it."""
        contract, position = self.exchange.contract, self.state.position(self.position_id)
        verifier = contract_at(contract.escapeVerifier(), "the escape verifier's address", "EscapeVerifier")
        proof = escape_proof(self.state, self.position_id)
        return [
            verifier.verifyEscape(proof, len(position.assets), self.state.words(), sender=sender),
            contract.escape(position.public_key, self.position_id, self.worth, sender=sender),
            contract.withdraw(position.public_key, self.collateral, sender=sender),
        ]


def plan_escape(exchange: Exchange, config: GeneralConfig, last: State, position_id: PositionId) -> Escape:
    """Raises Refused where nothing can be taken, with the reason."""
    contract = exchange.contract
    if last.hash() != bytes(contract.sharedStateHash()):
        raise Refused(f"this is not the state on chain: it hashes to 0x{last.hash().hex()}")
    if contract.escapeUsed(position_id):
        raise Refused(f"position {position_id} has escaped already")
    held = last.position(position_id)
    worth = escape_amount(held, last.funding_indices, last.oracle_prices)
    if worth <= 0:
        raise Refused(f"position {position_id} is worth {exchange.coins(worth)}: there is nothing to take")
    owner = contract.getEthKey(held.public_key)
    if int(owner, 16) == 0:
        raise Refused(f"the position's Stark key {held.public_key:#x} is not registered: register it first")
    return Escape(exchange, last, position_id, config.collateral_asset_id, worth, owner)

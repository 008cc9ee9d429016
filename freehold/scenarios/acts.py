"""What people do on chain at one exchange, act by act: transactions and their receipts, and not a word about them.

What is told of an act and compared after it is left to scenarios (`exchange.py`) and to tests (`freehold/testing`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from ape.api.accounts import AccountAPI
from ape.api.transactions import ReceiptAPI

from freehold.chain.deployed import Deployment
from freehold.chain.exchange import trade_arguments
from freehold.chain.managers import chain
from freehold.chain.signatures import raw_signature
from freehold.scenarios.accounts import User
from prover.applications.ledger.units import Hours
from prover.applications.perpetual.escape import escape_amount, escape_proof
from prover.applications.perpetual.facts import forced_trade_consent
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import ForcedTrade, ForcedWithdrawal


def travel(seconds: int) -> None:
    """Moves the chain's clock and checks that it moved."""
    target = chain.pending_timestamp + seconds
    chain.pending_timestamp = target
    chain.mine()
    if chain.blocks.head.timestamp < target:
        raise RuntimeError(f"the chain stands at {chain.blocks.head.timestamp}, not at {target}")


def worth(state: State, user: User) -> int:
    """Quanta that an escape with the user's position would book."""
    return escape_amount(state.position(user.position_id), state.funding_indices, state.oracle_prices)


@dataclass(frozen=True)
class Acts:
    """Amounts are quanta, which are the token's units. `stranger` sends what anybody may send."""

    deployed: Deployment
    stranger: AccountAPI

    def register(self, user: User) -> ReceiptAPI:
        signed = user.registration()
        return _receipt(self.deployed.exchange.registerSender(user.stark_key, signed, sender=user.account))

    def deposit(self, user: User, amount: int) -> list[ReceiptAPI]:
        """The approval, then the deposit."""
        exchange, by = self.deployed.exchange, {"sender": user.account}
        slot = user.stark_key, self.deployed.asset_type, user.position_id
        return [
            _receipt(self.deployed.token.approve(exchange, amount, **by)),
            _receipt(exchange.deposit(*slot, amount, **by)),
        ]

    def request_withdrawal(self, user: User, amount: int) -> ReceiptAPI:
        ask = self.deployed.exchange.forcedWithdrawalRequest
        return _receipt(ask(user.stark_key, user.position_id, amount, False, sender=user.account))

    def request_trade(self, trade: ForcedTrade, user: User, partner: User) -> ReceiptAPI:
        """`user` sends it, with the consent that `partner` signed; it must be sent within the hour."""
        hour, collateral = Hours(chain.pending_timestamp // 3600), self.deployed.asset_type
        signature = raw_signature(partner.account, forced_trade_consent(trade, collateral, hour))
        *terms, nonce = trade_arguments(trade, collateral)
        ask = self.deployed.exchange.forcedTradeRequest
        return _receipt(ask(*terms, hour, nonce, signature, False, sender=user.account))

    def freeze(self, late: ForcedWithdrawal | ForcedTrade, sender: AccountAPI | None = None) -> ReceiptAPI:
        """Over a request that was not served in time."""
        if isinstance(late, ForcedWithdrawal):
            arguments: tuple[int | bool, ...] = (late.public_key, late.position_id, late.amount)
        else:
            arguments = trade_arguments(late, self.deployed.asset_type)
        return _receipt(self.deployed.exchange.freezeRequest(*arguments, sender=sender or self.stranger))

    def prove_position(self, user: User, state: State) -> ReceiptAPI:
        """By its Merkle path in `state`."""
        proof, n_assets = escape_proof(state, user.position_id), len(state.position(user.position_id).assets)
        verify = self.deployed.escape_verifier.verifyEscape
        return _receipt(verify(proof, n_assets, state.words(), sender=user.account))

    def escape(self, user: User, amount: int) -> ReceiptAPI:
        method = self.deployed.exchange.escape
        return _receipt(method(user.stark_key, user.position_id, amount, sender=user.account))

    def withdraw(self, user: User) -> ReceiptAPI:
        method = self.deployed.exchange.withdraw
        return _receipt(method(user.stark_key, self.deployed.asset_type, sender=self.stranger))


def _receipt(sent: object) -> ReceiptAPI:
    return cast(ReceiptAPI, sent)

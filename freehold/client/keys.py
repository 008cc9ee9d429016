"""What a trader keeps secret: the wallet's key, the Stark key that signs orders, the credentials of requests."""

from __future__ import annotations

from dataclasses import dataclass, field

from eth_account import Account

from freehold.trading.actions import (
    KEY_DERIVATION,
    ONBOARDING,
    Credentials,
    credentials,
    sign_action,
    stark_private_key,
)
from prover.algebra import ecdsa
from prover.applications.ledger.units import StarkKey
from prover.applications.perpetual.signing import stark_key


@dataclass(frozen=True)
class Keys:
    """`ethereum_key` may be None for who only trades: then the account is open already."""

    stark_private_key: int = field(repr=False)
    credentials: Credentials = field(repr=False)
    chain_id: int
    ethereum_key: int | None = field(default=None, repr=False)

    @staticmethod
    def of_wallet(ethereum_key: int, chain_id: int) -> Keys:
        """All that comes of a wallet's key, as the public client derives it. `chain_id`: the application's."""
        return Keys(
            stark_private_key=stark_private_key(sign_action(KEY_DERIVATION, chain_id, ethereum_key)),
            credentials=credentials(sign_action(ONBOARDING, chain_id, ethereum_key)),
            chain_id=chain_id,
            ethereum_key=ethereum_key,
        )

    @property
    def stark_key(self) -> StarkKey:
        return stark_key(self.stark_private_key)

    @property
    def stark_point(self) -> tuple[int, int]:
        return ecdsa.public_point(self.stark_private_key)

    @property
    def address(self) -> str:
        """Raises ValueError where there is no wallet's key."""
        return str(Account.from_key(self._wallet()).address)

    def onboarding_signature(self) -> str:
        """Raises ValueError where there is no wallet's key."""
        return sign_action(ONBOARDING, self.chain_id, int.from_bytes(self._wallet(), "big"))

    def _wallet(self) -> bytes:
        if self.ethereum_key is None:
            raise ValueError("this needs the wallet's key")
        return self.ethereum_key.to_bytes(32, "big")

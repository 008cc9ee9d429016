"""Who trades on which exchange: makes orders of human amounts and signs them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from time import time

from freehold.client import calls
from freehold.client.calls import Call
from freehold.client.keys import Keys
from freehold.trading import orders
from freehold.trading.documents import (
    AccountInfo,
    ExchangeInfo,
    NewOrder,
    NewTransfer,
    NewWithdrawal,
    OrderInfo,
    Side,
    TimeInForce,
    TransferInfo,
    iso,
    seconds_of,
)
from freehold.trading.markets import Collateral, Market, markets_of
from prover.applications.ledger.units import StarkKey
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.signing import SignedOrder, sign
from prover.applications.perpetual.units import PositionId

LIFE = 28 * 24 * 3600.0
"""Seconds that an order stays in the book where nothing else is said."""
WEEK = 7 * 24 * 3600.0
"""Seconds that a withdrawal or transfer stays provable: careful exchanges refuse less."""


@dataclass(frozen=True)
class Exchange:
    """What is signed for: which markets there are, and in what they are counted."""

    markets: Mapping[str, Market]
    collateral: Collateral

    @staticmethod
    def of(config: GeneralConfig) -> Exchange:
        """Of the exchange's own configuration, whose hash is on chain."""
        resolution = config.collateral.resolution
        return Exchange(markets_of(config), Collateral(config.collateral_asset_id, resolution))

    @staticmethod
    def told(info: ExchangeInfo) -> Exchange:
        """As the application tells it, which must be believed: it could name another asset than is meant."""
        return Exchange.of(GeneralConfig.model_validate(info.general_config))


@dataclass(frozen=True)
class Trader:
    """Every method gives a call to be asked; the same `client_id` again is the same order."""

    exchange: Exchange
    keys: Keys
    position_id: PositionId

    @staticmethod
    def of(exchange: Exchange, keys: Keys, account: AccountInfo) -> Trader:
        return Trader(exchange, keys, PositionId(int(account.position_id)))

    def order(
        self,
        market: str,
        side: Side,
        size: str,
        price: str,
        *,
        limit_fee: str = "0.0005",
        time_in_force: TimeInForce = TimeInForce.GTT,
        post_only: bool = False,
        reduce_only: bool = False,
        expiration: float | None = None,
        client_id: str | None = None,
    ) -> Call[OrderInfo]:
        """A limit order. `expiration`: seconds since 1970. Raises InputRefused; ValueError for an unknown market."""
        if market not in self.exchange.markets:
            raise ValueError(f"there is no market {market}, but {', '.join(self.exchange.markets)}")
        client_id, until = client_id or new_client_id(), iso(time() + LIFE if expiration is None else expiration)
        terms = orders.Terms(side is Side.BUY, size, price, limit_fee, client_id, seconds_of(until))
        order = orders.limit_order(
            terms, self.exchange.markets[market], self.exchange.collateral.asset_id, self.account
        )
        return calls.place(
            NewOrder(
                market=market,
                side=side,
                type="LIMIT",
                time_in_force=time_in_force,
                size=size,
                price=price,
                limit_fee=limit_fee,
                expiration=until,
                post_only=post_only,
                reduce_only=reduce_only,
                client_id=client_id,
                signature=self._signature(order),
            )
        )

    def withdrawal(self, amount: str, asset: str, *, client_id: str | None = None) -> Call[TransferInfo]:
        """To the owner's own key; the registered address takes it from the contract afterwards. Raises InputRefused."""
        client_id, until = client_id or new_client_id(), iso(time() + WEEK)
        order = orders.withdrawal(amount, client_id, seconds_of(until), self.exchange.collateral, self.account)
        signature = self._signature(order)
        return calls.withdraw(
            NewWithdrawal(amount=amount, asset=asset, expiration=until, client_id=client_id, signature=signature)
        )

    def transfer(
        self, amount: str, receiver: str, key: StarkKey, position_id: PositionId, *, client_id: str | None = None
    ) -> Call[TransferInfo]:
        """`receiver` is an account's id, key and position are that account's. Raises InputRefused."""
        client_id, until = client_id or new_client_id(), iso(time() + WEEK)
        to = orders.Account(key, position_id)
        order = orders.transfer(amount, client_id, seconds_of(until), self.exchange.collateral, self.account, to)
        signature = self._signature(order)
        return calls.give(
            NewTransfer(
                amount=amount,
                receiver_account_id=receiver,
                expiration=until,
                client_id=client_id,
                signature=signature,
            )
        )

    @property
    def account(self) -> orders.Account:
        return orders.Account(self.keys.stark_key, self.position_id)

    def _signature(self, order: SignedOrder) -> str:
        signed = sign(order, self.keys.stark_private_key, self.exchange.collateral.asset_id)
        return orders.signature_text(signed.signature_r, signed.signature_s)


def new_client_id() -> str:
    return secrets.token_hex(8)

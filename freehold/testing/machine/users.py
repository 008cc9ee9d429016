"""What users do, with the right account or another: deposits, keys, payments, forced requests."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from freehold.testing.kit import HOUR
from freehold.testing.machine.frame import Frame, amounts, names, owners
from freehold.testing.model import NAMES


class Users(Frame):
    """Each rule foretells whether the exchange takes it."""

    @rule(name=names, amount=amounts, owner=owners)
    def deposit(self, name: str, amount: int, owner: bool) -> None:
        model, by = self.model, self.sender(name, owner)
        error = "StateIsFrozen" if model.frozen else None
        if self.attempt(error, lambda: self.exchange.depositERC20(*self.slot(name), amount, sender=by)):
            model.pending[name] += amount
            if owner and name in model.registered:
                model.cancelled_at[name] = 0

    @rule(data=st.data(), owner=owners)
    def cancel_something(self, data: st.DataObject, owner: bool) -> None:
        self.cancel(self.choose(data, self.model.pending), owner)

    def cancel(self, name: str, owner: bool) -> None:
        model, by = self.model, self.sender(name, owner)
        error = self.ownership(name, owner) or (None if model.pending[name] else "DepositDoesNotExist")
        asked = self.attempt(error, lambda: self.exchange.depositCancel(*self.slot(name), sender=by))
        if asked:
            model.cancelled_at[name] = asked

    @rule(data=st.data(), owner=owners)
    def reclaim_something(self, data: st.DataObject, owner: bool) -> None:
        self.reclaim(self.choose(data, self.model.cancelled_at), owner)

    def reclaim(self, name: str, owner: bool) -> None:
        model, by = self.model, self.sender(name, owner)
        error = self.ownership(name, owner) or model.reclaiming(name, self.now())
        if self.attempt(error, lambda: self.exchange.depositReclaim(*self.slot(name), sender=by)):
            model.pending[name] = model.cancelled_at[name] = 0

    @rule(own=st.booleans())
    def register_carol(self, own: bool = True) -> None:
        """By herself, or by a stranger who has her signature."""
        carol = self.world.users["carol"]
        error = "StarkKeyUnavailable" if "carol" in self.model.registered else None
        key, signed = carol.stark_key, carol.registration()
        method = self.exchange.registerSender if own else self.exchange.registerEthAddress
        arguments = (key, signed) if own else (carol.account, key, signed)
        by = carol.account if own else self.kit.stranger
        if self.attempt(error, lambda: method(*arguments, sender=by)):
            self.model.registered.add("carol")

    @rule(data=st.data())
    def withdraw_something(self, data: st.DataObject) -> None:
        self.withdraw(self.choose(data, {name: self.model.booked(name) for name in NAMES}))

    def withdraw(self, name: str) -> None:
        error = None if name in self.model.registered else "UserUnregistered"
        key = self.world.users[name].stark_key
        if self.attempt(error, lambda: self.exchange.withdraw(key, self.kit.asset, sender=self.kit.stranger)):
            self.model.pay(name)

    @rule(name=names, amount=amounts, owner=owners)
    def demand(self, name: str, amount: int, owner: bool) -> None:
        model, user, by = self.model, self.world.users[name], self.sender(name, owner)
        error = "StateIsFrozen" if model.frozen else self.ownership(name, owner) or model.asking((name, amount))
        asked = self.attempt(
            error,
            lambda: self.exchange.forcedWithdrawalRequest(user.stark_key, user.position_id, amount, False, sender=by),
        )
        if asked:
            model.demands[name, amount] = asked

    @rule(nonce=st.sampled_from([1, 2]), signer=st.sampled_from(["bob", "bob", "alice"]), typed=st.booleans())
    def demand_trade(self, nonce: int, signer: str, typed: bool) -> None:
        model, trade, hour = self.model, self.kit.trade(nonce=nonce), self.now() // HOUR
        digest = self.kit.typed_digest(trade, hour) if typed else trade.published_digest(hour)
        signature = self.kit.sign_raw(self.world.users[signer].account, digest)
        error = "StateIsFrozen" if model.frozen else "InvalidSignature" if signer != "bob" else None
        error = error or model.asking(("trade", nonce))
        asked = self.attempt(error, lambda: self.kit.request_trade(trade, hour=hour, signature=signature))
        if asked:
            model.demands["trade", nonce] = asked

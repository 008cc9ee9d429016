"""A plain model of the exchange's books, and of what a batch does to them. It knows no contract."""

from __future__ import annotations

from dataclasses import dataclass, field

from freehold.chain.deployed import DAY
from freehold.testing.kit import BTC_CONFIG, CONFIG_HASH, GRACE
from freehold.testing.output_words import SharedState

NAMES = ("alice", "bob", "carol")
Key = tuple[str, int]
"""Of a forced request: (name, amount) or ("trade", nonce). Of a batch's change: (name, difference)."""
SERVED = 2**256 - 1
TRADE_UNITS, TRADE_COLLATERAL = 5, 100
"""What the kit's forced trade moves: synthetic units to alice, collateral to bob."""
KINDS = ("", "Availability")
"""Of verifiers."""
BODIES = ("main", "proxy")
"""Sets of governors."""


def nobody() -> dict[str, int]:
    return dict.fromkeys(NAMES, 0)


@dataclass
class Model:
    """What the exchange should know. Amounts are tokens."""

    state: SharedState
    pending: dict[str, int] = field(default_factory=nobody)
    cancelled_at: dict[str, int] = field(default_factory=nobody)
    granted: dict[str, int] = field(default_factory=nobody)
    """Withdrawals that batches granted; `claimed`: by escapes. Both not paid yet."""
    claimed: dict[str, int] = field(default_factory=nobody)
    topped_up: int = 0
    collateral: dict[str, int] = field(default_factory=nobody)
    """In the committed state's positions. `units` are their synthetic balances, in all zero; `price` is a unit's."""
    units: dict[str, int] = field(default_factory=nobody)
    price: int = 20
    registered: set[str] = field(default_factory=lambda: {"alice", "bob"})
    demands: dict[Key, int] = field(default_factory=dict)
    """To the time of asking; SERVED for a served trade."""
    frozen: bool = False
    unfreeze_time: int = 0
    escaped: set[str] = field(default_factory=set)
    batches: int = 0
    operator: bool = True
    token_admin: bool = True
    config: int = CONFIG_HASH
    asset_config: int = BTC_CONFIG
    announced: dict[tuple[int, int], int] = field(default_factory=dict)
    """(asset, hash) to the time of announcement."""
    second: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(KINDS, False))
    """Whether a second verifier of the kind is registered; `removal_at`: from when on it may be removed."""
    removal_at: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    upgrade_at: int = 0
    nominated_at: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BODIES, 0))
    """When the second governor was nominated, 0 for not; `governs`: whether they govern."""
    governs: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(BODIES, False))

    def worth(self, name: str) -> int:
        """Below zero for a bankrupt position: nobody pays it, so that the others are promised more than there is."""
        return self.collateral[name] + self.units[name] * self.price

    def booked(self, name: str) -> int:
        return self.granted[name] + self.claimed[name]

    def held(self) -> int:
        """What came in and was not paid out: all that is promised, less what bankrupt positions owe."""
        inside = sum(self.worth(name) for name in NAMES if name not in self.escaped)
        return sum(self.pending.values()) + sum(map(self.booked, NAMES)) + inside + self.topped_up

    def payable(self, name: str) -> tuple[int, int]:
        """Of granted withdrawals and of claims: deposits are left alone, then granted withdrawals are."""
        rest = self.held() - sum(self.pending.values())
        granted = min(self.granted[name], max(0, rest))
        return granted, min(self.claimed[name], max(0, rest - sum(self.granted.values())))

    def pay(self, name: str) -> None:
        granted, claimed = self.payable(name)
        self.granted[name] -= granted
        self.claimed[name] -= claimed

    def outlived(self, asked: int) -> bool:
        return asked + GRACE <= self.unfreeze_time

    def asking(self, key: Key) -> str | None:
        """Why a forced request is refused now."""
        asked = self.demands.get(key, 0)
        if asked == SERVED:
            return "ForcedRequestAlreadyServed"
        if asked and not self.outlived(asked):
            return "ForcedRequestPending"
        return "ForcedTradeSpent" if asked and key[0] == "trade" else None

    def serving(self, key: Key) -> str | None:
        """Why a batch that serves it is refused."""
        asked = self.demands.get(key, 0)
        if asked in (0, SERVED):
            return "ForcedRequestAlreadyServed" if asked else "ForcedRequestNotPending"
        return "ForcedTradeSpent" if key[0] == "trade" and self.outlived(asked) else None

    def freezing(self, key: Key, now: int) -> str | None:
        asked = self.demands.get(key, 0)
        if self.frozen:
            return "StateIsFrozen"
        if asked in (0, SERVED):
            return "ForcedRequestNotPending"
        if now < asked + GRACE:
            return "GracePeriodNotOver"
        return "RefreezeAttempt" if self.outlived(asked) else None

    def reclaiming(self, name: str, now: int) -> str | None:
        asked = self.cancelled_at[name]
        if not asked:
            return "DepositNotCanceled"
        return "DepositLocked" if now < asked + 2 * DAY else None


class Plan:
    """A batch in the making: what it says of deposits, withdrawals and forced requests, and the positions after it.

    Nobody's worth falls below zero by what they do; a request that would do that is proven invalid. A price may do it.
    `granted` is what the batch gives to each and takes from them by trades, transfers and prices: in all nothing.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.collateral, self.units, self.price = dict(model.collateral), dict(model.units), model.price
        self.changes: list[Key] = []
        self.served: list[Key] = []
        self.granted = nobody()

    def worth(self, name: str) -> int:
        return self.collateral[name] + self.units[name] * self.price

    def take(self, name: str) -> None:
        if self.model.pending[name]:
            self._change(name, self.model.pending[name])

    def take_some(self, name: str) -> None:
        if self.model.pending[name] > 1:
            self._change(name, self.model.pending[name] // 2)

    def pay(self, name: str) -> None:
        """Half of what the position is worth, rounded up."""
        if self.worth(name) > 0:
            self._change(name, -((self.worth(name) + 1) // 2))

    def serve(self, key: Key) -> None:
        self.served.append(key)
        name, number = key
        if name == "trade":
            self.trade(TRADE_UNITS, TRADE_COLLATERAL)
        elif 0 < number <= self.worth(name):
            self._change(name, -number)

    def trade(self, units: int, collateral: int) -> None:
        """Alice buys of bob, if both stay solvent."""
        gain = units * self.price - collateral
        if self.worth("alice") + gain < 0 or self.worth("bob") - gain < 0:
            return
        for name, sign in (("alice", 1), ("bob", -1)):
            self.units[name] += sign * units
            self.collateral[name] -= sign * collateral
            self.granted[name] += sign * gain

    def transfer(self) -> None:
        """One token of alice's to bob: a trade of nothing."""
        self.trade(0, 1)

    def move_price(self, price: int) -> None:
        for name in NAMES:
            self.granted[name] += self.units[name] * (price - self.price)
        self.price = price

    def apply(self) -> None:
        """To the model: the batch was accepted."""
        model = self.model
        assert sum(self.granted.values()) == 0
        for name, change in self.changes:
            (model.pending if change > 0 else model.granted)[name] -= change
            if change > 0 and not model.pending[name]:
                model.cancelled_at[name] = 0
        for key in self.served:
            model.demands[key] = SERVED if key[0] == "trade" else 0
        model.collateral, model.units, model.price = self.collateral, self.units, self.price
        model.batches += 1

    def _change(self, name: str, difference: int) -> None:
        self.changes.append((name, difference))
        self.collateral[name] += difference

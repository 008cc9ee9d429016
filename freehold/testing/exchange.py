"""An exchange for a test: deployed for it, with people who have keys, and an operator that serves what it is told.

What people do on chain is `freehold/scenarios/acts.py`, what a batch says is by the rules; how a batch is proven is the
`Proofs`. Whatever waits for a batch is a value in the test's hands: nothing here remembers it.

Collateral is counted in quanta, COIN of them a coin; assets, prices and funding in whole ones, as Decimal or int.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from ape.contracts.base import ContractInstance

from freehold.chain.contracts import deploy
from freehold.chain.deployed import USUAL_DELAYS, Delays, Deployment
from freehold.chain.deployment import deploy_exchange
from freehold.chain.exchange import Exchange
from freehold.chain.managers import accounts, chain, project
from freehold.chain.submission import bring_checked
from freehold.errors import Refused
from freehold.leaving.from_chain import states_from_chain
from freehold.scenarios.accounts import Accounts, User
from freehold.scenarios.acts import Acts, travel, worth
from freehold.scenarios.assets import COIN, Asset, Assets
from freehold.scenarios.batches import HOURS_AHEAD, matched, next_batch, rules
from freehold.testing.proofs import Declared, Proofs
from freehold.testing.refused import refused
from prover.applications.ledger.units import Hours, Seconds
from prover.applications.perpetual.batch import Batch
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.positions import EMPTY, Position
from prover.applications.perpetual.signing import Signer
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import (
    ConditionalTransfer,
    Deposit,
    ForcedTrade,
    ForcedWithdrawal,
    Trade,
    Transaction,
    Transfer,
    Withdrawal,
)
from prover.applications.perpetual.units import CollateralQuanta, PositionId

Mode = Literal["validium", "rollup"]
Amount = Decimal | int
"""Whole assets, or coins for one."""
BTC = Asset("BTC", 10, Decimal(5))
Prices = Mapping[str, Amount]
"""By the asset's name, in coins for one."""
PRICES = {"BTC": 20_000}
WEALTH = 1_000 * COIN
"""In the wallet of everybody who comes."""
TREE_HEIGHT = 16
"""Of positions, unless a test says otherwise: proofs of a low tree are small."""

__all__ = ["BTC", "COIN", "WEALTH", "Amount", "Asset", "ExchangeUnderTest", "Mode", "User"]


class PriceTooFar(Refused):
    """The rules let a price go only so far in the time since the last batch."""

    def __init__(self, asset_id: int, wanted: int, reached: int) -> None:
        name = asset_id.to_bytes(15, "big").rstrip(b"\0").decode()
        super().__init__(
            f"the price of {name} gets to {reached / wanted:.2%} of what is wanted: `wait` before the batch"
        )


@dataclass(frozen=True)
class Last:
    """A state that the chain took, and the prices that were quoted for it."""

    state: State
    prices: Prices


@dataclass(repr=False)
class ExchangeUnderTest:
    """`ExchangeUnderTest.deploy` makes one."""

    deployed: Deployment
    accounts: Accounts
    listed: Assets
    proofs: Proofs
    prices: Prices
    """Before the first batch."""
    _lasts: dict[int, Last] = field(default_factory=dict)
    """What the operator brought on chain, by its sequence number."""

    def __post_init__(self) -> None:
        self.acts = Acts(self.deployed, self.accounts.stranger)
        now = chain.blocks.head.timestamp
        self.signer = Signer(self.deployed.asset_type, Hours(now // 3600 + HOURS_AHEAD))
        self._lasts[self.contract.getSequenceNumber()] = Last(self.deployed.state, self.prices)

    def __repr__(self) -> str:
        return f"<exchange {self.contract.address}>"

    @staticmethod
    def deploy(
        mode: Mode = "validium",
        *,
        people: Accounts | None = None,
        wealth: int = WEALTH,
        assets: Sequence[Asset] = (BTC,),
        prices: Prices = PRICES,
        proofs: Proofs | None = None,
        positions: Mapping[PositionId, Position] | None = None,
        delays: Delays = USUAL_DELAYS,
        **configured: Any,
    ) -> ExchangeUnderTest:
        """Alice and bob, unless other `people` come, are registered and have `wealth` in their wallets.

        `prices` are the first ones of the `assets`. `positions` are there from the first state on, and the exchange
        holds their collateral. `configured` are fields of the general configuration. Whoever governs the exchange
        mints its token.
        """
        who, listed = people or Accounts.of_test_accounts(), Assets({asset.name: asset for asset in assets})
        token, given = deploy(who.governor, project.PlainToken), proofs or Declared()

        def first(config: GeneralConfig, time: Seconds) -> State:
            return State.of(config, positions or {}, {}, (), time, (), time)

        deployed = deploy_exchange(
            project,
            who.governor,
            who.operator,
            [who.member],
            token,
            Seconds(chain.blocks.head.timestamp),
            given.parameters,
            delays=delays,
            rules={**rules(listed, mode == "rollup"), "positions_tree_height": TREE_HEIGHT, **configured},
            proofs=given.deploy,
            first_state=first,
        )
        held = sum(position.collateral_balance for position in (positions or {}).values())
        token.mint(deployed.exchange, held, sender=who.governor)
        made = ExchangeUnderTest(deployed, who, listed, given, prices)
        for user in who.users:
            made.admit(user, wealth)
        return made

    # --- who is there, and what they have

    @property
    def contract(self) -> ContractInstance:
        """The exchange's contract, for whatever has no name here."""
        return self.deployed.exchange

    @property
    def people(self) -> tuple[User, ...]:
        return self.accounts.users

    def newcomer(self, name: str, wealth: int = WEALTH) -> User:
        """Somebody more, registered; gone with the chain's snapshot like everything that a test does."""
        account = accounts.test_accounts.generate_test_account()
        self.accounts.governor.transfer(account, "10 ether")
        user = User.numbered(name, account, len(accounts.test_accounts))
        self.admit(user, wealth)
        return user

    def admit(self, user: User, wealth: int) -> None:
        self.deployed.token.mint(user.account, wealth, sender=self.accounts.governor)
        self.acts.register(user)

    def tokens(self, user: User) -> int:
        """In the user's wallet."""
        return int(self.deployed.token.balanceOf(user.account))

    def held(self) -> int:
        """Tokens of the exchange."""
        return int(self.deployed.token.balanceOf(self.contract))

    def pending(self, user: User) -> int:
        """A deposit that no batch took yet."""
        slot = user.stark_key, self.deployed.asset_type, user.position_id
        return int(self.contract.getDepositBalance(*slot))

    def withdrawable(self, user: User) -> int:
        return int(self.contract.getWithdrawalBalance(user.stark_key, self.deployed.asset_type))

    @property
    def _last(self) -> Last:
        return self._lasts[self.contract.getSequenceNumber()]

    @property
    def state(self) -> State:
        """The last that the chain took, which is an earlier one again where the chain went back to a snapshot."""
        return self._last.state

    def position(self, user: User) -> Position:
        return self.state.positions.get(user.position_id, EMPTY)

    def worth(self, user: User) -> int:
        """What an escape from the last state would book."""
        return worth(self.state, user)

    # --- what people do on chain: what a batch is to say of it is returned

    def deposit(self, user: User, amount: int) -> Deposit:
        self.acts.deposit(user, amount)
        return taken(user, amount)

    def forced_withdrawal(self, user: User, amount: int) -> ForcedWithdrawal:
        self.acts.request_withdrawal(user, amount)
        return ForcedWithdrawal(**_of(user, amount))

    def forced_trade(self, buyer: User, seller: User, asset: str, amount: Amount, total: int) -> ForcedTrade:
        """The buyer asks; the seller agreed. `total` in quanta."""
        trade = ForcedTrade(
            public_key_a=buyer.stark_key,
            public_key_b=seller.stark_key,
            position_id_a=buyer.position_id,
            position_id_b=seller.position_id,
            synthetic_asset_id=self._asset(asset).asset_id,
            amount_collateral=CollateralQuanta(total),
            amount_synthetic=self._asset(asset).quanta(Decimal(amount)),
            is_party_a_buying_synthetic=1,
            nonce=self.signer.next_nonce(),
        )
        self.acts.request_trade(trade, buyer, seller)
        return trade

    def withdraw(self, user: User) -> int:
        """Tokens that came into the user's wallet."""
        before = self.tokens(user)
        self.acts.withdraw(user)
        return self.tokens(user) - before

    # --- what they sign for the operator

    def trade(self, buyer: User, seller: User, asset: str, amount: Amount, total: int, fee: int = 0) -> Trade:
        """`total` and each one's `fee` in quanta."""
        kind, synthetic = self._asset(asset), self._asset(asset).quanta(Decimal(amount))
        coins, each = CollateralQuanta(total), CollateralQuanta(fee)
        return matched(self.signer, buyer, seller, kind.asset_id, synthetic, coins, each)

    def transfer(self, sender: User, receiver: User, amount: int) -> Transfer | ConditionalTransfer:
        return self.signer.transfer(sender, receiver, CollateralQuanta(amount))

    def withdrawal(self, user: User, amount: int) -> Withdrawal:
        """To the same key; the exchange pays it after the batch, by `withdraw`."""
        return self.signer.withdrawal(user, CollateralQuanta(amount), user.stark_key)

    def _asset(self, name: str) -> Asset:
        return self.listed.by_name[name]

    # --- the operator

    def batch(self, *transactions: Transaction, prices: Prices | None = None, funding: Prices | None = None) -> Batch:
        """By the rules, with the ticks before it; nothing is sent. Raises RuleBroken, and PriceTooFar.

        `prices` in coins, signed by the oracles now: those that are not named are the last batch's. `funding`: coins
        that a holder of one asset pays.
        """
        now, wanted = Seconds(chain.pending_timestamp), self._prices(prices)
        payments = {name: Decimal(coins) for name, coins in (funding or {}).items()}
        batch = next_batch(self.deployed.config, self.state, self.listed, transactions, now, wanted, payments)
        reached = dict(batch.after.oracle_prices)
        for price in batch.signed_min_prices:
            if reached[price.asset_id] != price.price:
                raise PriceTooFar(price.asset_id, price.price, reached[price.asset_id])
        return batch

    def _prices(self, named: Prices | None) -> dict[str, Decimal]:
        known = {**self._last.prices, **(named or {})}
        return {name: Decimal(known[name]) for name in self.listed.by_name}

    def prove(self, batch: Batch) -> None:
        """Its fact is on chain from here on."""
        self.proofs.show(self.deployed, batch, self.accounts.operator)

    def bring(self, batch: Batch, conditions: Sequence[tuple[str, bytes]] = ()) -> None:
        """A proven batch's data or their availability, then the update."""
        last, operator = self.contract.getLastBatchId(), self.accounts.operator
        bring_checked(self.deployed, batch, operator, self.accounts.member, last + 1, conditions)

    def serve(
        self,
        *transactions: Transaction,
        prices: Prices | None = None,
        funding: Prices | None = None,
        conditions: Sequence[tuple[str, bytes]] = (),
    ) -> Batch:
        """A batch, proven or declared so, and taken by the exchange. `conditions`: of each conditional transfer."""
        batch, quoted = self.batch(*transactions, prices=prices, funding=funding), self._prices(prices)
        self.prove(batch)
        self.bring(batch, conditions)
        self._lasts[self.contract.getSequenceNumber()] = Last(batch.after, quoted)
        return batch

    def give(self, *gifts: tuple[User, int]) -> Batch:
        """Deposits, and a batch that takes them."""
        return self.serve(*[self.deposit(user, amount) for user, amount in gifts])

    # --- time, and the way out

    def wait(self, seconds: int) -> None:
        """Moves the chain's clock."""
        travel(seconds)

    def freeze(self, request: ForcedWithdrawal | ForcedTrade) -> None:
        """By a stranger, over a request that the operator left unserved."""
        self.acts.freeze(request)

    def fall_silent(self, request: ForcedWithdrawal | ForcedTrade) -> None:
        """The grace period passes without a batch, and somebody freezes."""
        self.wait(self.deployed.delays.freeze_grace)
        self.freeze(request)

    def escape(self, user: User, state: State | None = None) -> int:
        """Proves the position of the last state, escapes with it, is paid: tokens that came into the wallet.

        `state` is where the user knows the position from, the operator's if none is given.
        """
        known = state or self.state
        self.acts.prove_position(user, known)
        self.acts.escape(user, worth(known, user))
        return self.withdraw(user)

    def state_from_chain(self) -> State:
        """A rollup's last state as anybody finds it, without the operator. It must have taken a batch."""
        seen = Exchange(self.contract, self.deployed.token, None, self.deployed.block)
        *_, last = states_from_chain(seen, None)
        return last

    # --- frames of tests

    def refused(self, name: str, **values: Any) -> Any:
        """A context in which the exchange or the rules must refuse so (`refused.py`)."""
        return refused(name, **values)

    @contextmanager
    def example(self) -> Iterator[None]:
        """What happens in it is undone: for each example of Hypothesis, which pytest's fixtures do not see."""
        before = chain.snapshot()
        try:
            yield
        finally:
            chain.restore(before)


def taken(user: User, amount: int) -> Deposit:
    """What a batch says that takes a deposit."""
    return Deposit(**_of(user, amount))


def _of(user: User, amount: int) -> dict[str, Any]:
    return {"public_key": user.stark_key, "position_id": user.position_id, "amount": amount}

"""Runs a scenario: takes its steps in order, and compares what happens with what its document says."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import click
from ape.contracts.base import ContractInstance
from ape.exceptions import ContractLogicError

from freehold.chain.spans import seconds
from freehold.scenarios import document
from freehold.scenarios.accounts import Accounts, User
from freehold.scenarios.acts import travel
from freehold.scenarios.assets import Asset, Assets
from freehold.scenarios.batches import matched
from freehold.scenarios.document import OfAsset, OfCoins, Scenario, Step
from freehold.scenarios.exchange import UNIT, ScenarioExchange, condition_of, fact_of
from freehold.scenarios.report import Deviation, expect
from prover.algebra.keccak import keccak256
from prover.applications.ledger.fields import HOURS_UPPER_BOUND
from prover.applications.ledger.units import Hours
from prover.applications.perpetual.amounts import quantised
from prover.applications.perpetual.errors import Code, RuleBroken
from prover.applications.perpetual.signing import Signer
from prover.applications.perpetual.transactions import (
    Deleverage,
    Deposit,
    ForcedTrade,
    ForcedWithdrawal,
    Liquidate,
    Transaction,
)
from prover.applications.perpetual.units import CollateralQuanta, SyntheticQuanta
from prover.stark.parameters import Parameters

NEVER = Hours(HOURS_UPPER_BOUND - 1)
"""Orders of scenarios do not expire."""


class Runner(ScenarioExchange):
    """Takes a scenario's steps; what users ask of the operator waits in `waiting` until a step serves it."""

    def __init__(self, parameters: Parameters, scenario: Scenario) -> None:
        wealth = {name: quantised(coins, UNIT, name) for name, coins in scenario.people.items()}
        self.assets = {name: Asset(name, asset.decimals, asset.margin) for name, asset in scenario.assets.items()}
        people = Accounts.for_users(scenario.people)
        super().__init__(parameters, people, wealth, Assets(self.assets), scenario.mode == "rollup")
        self.scenario = scenario
        self.users = {user.name: user for user in self.accounts.users}
        self.lost: set[str] = set()
        self.handlers: Mapping[str, Callable[[Any], object]] = {
            "join": self.do_join,
            "deposit": self.do_deposit,
            "new_key": self.do_new_key,
            "price": self.do_price,
            "funding": self.do_funding,
            "trade": self.do_trade,
            "transfer": self.do_transfer,
            "notarise": self.do_notarise,
            "ask": self.do_ask,
            "liquidate": self.do_liquidate,
            "deleverage": self.do_deleverage,
            "forced_withdrawal": self.do_forced_withdrawal,
            "forced_trade": self.do_forced_trade,
            "serve": self.do_serve,
            "holds": self.do_holds,
            "withdraw": self.do_withdraw,
            "wait": self.do_wait,
            "freeze": self.do_freeze,
            "escape": self.do_escape,
        }
        self._forget()

    def _forget(self) -> None:
        """Nothing waits."""
        self.waiting: list[Transaction] = []
        self.prices: dict[str, Decimal] = {}
        self.funding: dict[str, Decimal] = {}
        self.conditions: list[tuple[str, bytes]] = []

    def run(self) -> None:
        self.deploy()
        self.signer = Signer(self.deployed.asset_type, Hours(NEVER))
        if any(step.kind == "notarise" for step in self.scenario.steps):
            self.notary_contract = self.notary()
        for place, step in enumerate(self.scenario.steps):
            self.take(place, step)
        expect("frozen in the end", self.exchange.isFrozen(), self.scenario.end.frozen)
        for name, coins in self.scenario.end.tokens.items():
            expect(f"{name}'s coins in the end", Decimal(self.balances()[name]) / UNIT, coins)
        click.echo(f"'{self.scenario.title}' went as its file says")

    def take(self, place: int, step: Step) -> None:
        part = getattr(step, step.kind)
        try:
            found = self.handlers[step.kind](part)
            if step.kind == "serve":
                expect(f"step {place}: requests proven invalid", found, step.invalid)
        except (ContractLogicError, RuleBroken) as error:
            found = error.rule if isinstance(error, RuleBroken) else refusal_of(error, self.exchange)
            if step.refused != found:
                raise Deviation(f"step {place} ({step.kind}): the exchange refuses with {found}: {error}") from error
            click.echo(f"{getattr(part, 'who', ''):>9}  {step.kind} is refused: {found}")
            if step.kind == "serve":
                self._forget()
            return
        if step.refused:
            raise Deviation(f"step {place} ({step.kind}) was to be refused with {step.refused} and was not")

    # --- who is meant, and how much

    def _signing(self, name: str) -> User:
        if name in self.lost:
            raise Deviation(f"{name} has lost the Stark key and signs nothing")
        return self.users[name]

    def _quanta(self, part: OfAsset) -> tuple[Asset, SyntheticQuanta, CollateralQuanta]:
        asset = self.assets[part.asset]
        return asset, asset.quanta(part.amount), coin_quanta(part.total)

    # --- what people do on chain

    def do_join(self, part: OfCoins) -> None:
        self.register(self.users[part.who])
        self.do_deposit(part)

    def do_deposit(self, part: OfCoins) -> None:
        user = self.users[part.who]
        self.deposit(user, coin_quanta(part.amount))
        self.waiting.append(Deposit(**_request(user, part.amount)))

    def do_new_key(self, part: document.NewKey) -> None:
        old, place = self.users[part.who], len(self.users)
        user = User.numbered(part.name, old.account, place)
        self.register(user)
        self.users[part.name] = user
        self.lost.add(part.who)

    def do_forced_withdrawal(self, part: OfCoins) -> None:
        user = self.users[part.who]
        self.request_withdrawal(user, coin_quanta(part.amount), "")
        self.waiting.append(ForcedWithdrawal(**_request(user, part.amount)))

    def do_forced_trade(self, part: document.ForcedTrade) -> None:
        user, partner = self.users[part.who], self.users[part.partner]
        asset, synthetic, collateral = self._quanta(part)
        trade = ForcedTrade(
            public_key_a=user.stark_key,
            public_key_b=partner.stark_key,
            position_id_a=user.position_id,
            position_id_b=partner.position_id,
            synthetic_asset_id=asset.asset_id,
            amount_collateral=collateral,
            amount_synthetic=synthetic,
            is_party_a_buying_synthetic=int(part.side == "buys"),
            nonce=self.signer.next_nonce(),
        )
        self.request_trade(trade, user, partner)
        self.waiting.append(trade)

    def do_notarise(self, text: str) -> None:
        self.notarise(self.notary_contract, text)

    def do_withdraw(self, part: document.ByUser) -> None:
        user = self.users[part.who]
        owed = self.exchange.getWithdrawalBalance(user.stark_key, self.deployed.asset_type)
        self.pay(user, owed)

    def do_wait(self, text: str) -> None:
        self.report.step(f"{text} pass", "nobody", lambda: travel(seconds(text)))

    def do_freeze(self, part: document.Freeze) -> None:
        owner = self.users[part.request_of]
        self.freeze(owner, coin_quanta(part.amount), self.users[part.who].account, part.who)

    def do_escape(self, part: document.ByUser) -> None:
        self.escape(self.users[part.who])

    # --- what they sign for the operator, and what becomes of it

    def do_price(self, prices: Mapping[str, Decimal]) -> None:
        self.prices |= prices

    def do_funding(self, changes: Mapping[str, Decimal]) -> None:
        self.funding |= changes

    def do_trade(self, part: document.Trade) -> None:
        asset, synthetic, collateral = self._quanta(part)
        fee = CollateralQuanta(quantised(part.fee, UNIT, "fee"))
        buyer, seller = self._signing(part.buyer), self._signing(part.seller)
        self.waiting.append(matched(self.signer, buyer, seller, asset.asset_id, synthetic, collateral, fee))

    def do_transfer(self, part: document.Transfer) -> None:
        sender, receiver, condition = self._signing(part.who), self.users[part.to], None
        if part.once is not None:
            condition = condition_of(self.notary_contract, part.once)
            self.conditions.append((self.notary_contract.address, fact_of(part.once)))
        self.waiting.append(self.signer.transfer(sender, receiver, coin_quanta(part.amount), condition))

    def do_ask(self, part: document.Withdrawal) -> None:
        user = self._signing(part.who)
        receiver = self.users[part.to or part.who].stark_key
        self.waiting.append(self.signer.withdrawal(user, coin_quanta(part.amount), receiver))

    def do_liquidate(self, part: document.Close) -> None:
        asset, synthetic, collateral = self._quanta(part)
        holder = self.users[part.holding_of]
        is_long = self._holding(holder, asset) > 0
        self.waiting.append(
            Liquidate(
                liquidator_order=self.signer.order(
                    self._signing(part.who), asset.asset_id, is_long, synthetic, collateral
                ),
                liquidated_position_id=holder.position_id,
                actual_collateral=collateral,
                actual_synthetic=synthetic,
                actual_liquidator_fee=0,
            )
        )

    def do_deleverage(self, part: document.Close) -> None:
        asset, synthetic, collateral = self._quanta(part)
        holder = self.users[part.holding_of]
        self.waiting.append(
            Deleverage(
                deleveragable_position_id=holder.position_id,
                deleverager_position_id=self.users[part.who].position_id,
                synthetic_asset_id=asset.asset_id,
                amount_collateral=collateral,
                amount_synthetic=synthetic,
                deleverager_is_buying_synthetic=int(self._holding(holder, asset) > 0),
            )
        )

    def _holding(self, user: User, asset: Asset) -> int:
        """In the last state; 0 counts as long."""
        return self.state.position(user.position_id).balance(asset.asset_id) or 1

    def do_serve(self, _: str) -> int:
        """How many requests were proven invalid."""
        proven = self.serve(self.waiting, self.prices, self.funding, self.conditions)
        self._forget()
        return sum(code != Code.SUCCESS for code in proven.batch.served)

    def do_holds(self, part: document.Holds) -> None:
        position = self.state.position(self.users[part.who].position_id)
        expect(f"{part.who}'s coins in the position", Decimal(position.collateral_balance) / UNIT, part.coins)
        for name, asset in self.assets.items():
            held = Decimal(position.balance(asset.asset_id)) / asset.resolution
            expect(f"{part.who}'s {name}", held, part.assets.get(name, 0))


def refusal_of(error: ContractLogicError, contract: ContractInstance) -> str:
    """The name of a custom error; Ape leaves its bytes as they are where it takes the contract for another one."""
    message = str(error)
    if type(error) is not ContractLogicError or not message.startswith(("b'", 'b"')):
        return type(error).__name__
    selector = ast.literal_eval(message)[:4]
    names: dict[bytes, str] = {keccak256(abi.selector.encode())[:4]: abi.name for abi in contract.contract_type.errors}
    return names.get(selector, f"0x{selector.hex()}")


def coin_quanta(coins: Decimal) -> CollateralQuanta:
    return CollateralQuanta(quantised(coins, UNIT, "coins"))


def _request(user: User, coins: Decimal) -> dict[str, int]:
    return {"public_key": user.stark_key, "position_id": user.position_id, "amount": coin_quanta(coins)}

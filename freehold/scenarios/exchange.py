"""The exchange of a scenario: deployed for it, with its users and all that they can do, each step checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import click
from ape.api.accounts import AccountAPI
from ape.contracts.base import ContractInstance

from freehold.chain.contracts import deploy
from freehold.chain.deployment import deploy_exchange
from freehold.chain.managers import chain, project
from freehold.chain.record import write_deployment
from freehold.chain.rollup import published_data
from freehold.chain.signatures import raw_signature
from freehold.chain.submission import bring_on_chain
from freehold.scenarios.accounts import Accounts, User
from freehold.scenarios.acts import Acts, worth
from freehold.scenarios.assets import COIN, Assets
from freehold.scenarios.batches import next_batch, rules
from freehold.scenarios.report import Report, expect
from prover.algebra.keccak import keccak256
from prover.applications.ledger.facts import condition_word
from prover.applications.ledger.units import Seconds
from prover.applications.perpetual.rollup_data import Published
from prover.applications.perpetual.transactions import ForcedTrade, ForcedWithdrawal, Transaction
from prover.proving.batch import ProvenBatch, prove_batch
from prover.stark.parameters import Parameters

UNIT = COIN
"""Token units of one coin."""
REPORT = Path(".build/demo.json")


def coins(amount: int) -> str:
    return f"{Decimal(amount) / UNIT:,f}"


def fact_of(text: str) -> bytes:
    """What a notary signs of a sentence."""
    return keccak256(text.encode())


def condition_of(notary: ContractInstance, text: str) -> int:
    """What a transfer names that shall happen once the notary registered the sentence."""
    return condition_word(bytes.fromhex(notary.address[2:]), fact_of(text))


class ScenarioExchange:
    """The exchange's people and what they can do; a scenario puts it in order."""

    def __init__(
        self,
        parameters: Parameters,
        accounts: Accounts,
        wealth: dict[str, int] | None = None,
        assets: Assets | None = None,
        is_rollup: bool = False,
    ) -> None:
        """`wealth`: tokens of each user at first, 2,000 coins if nobody says. Without assets only coins move."""
        self.parameters, self.accounts = parameters, accounts
        self.listed, self.is_rollup = assets or Assets({}), is_rollup
        self.governor, self.operator, self.member = accounts.governor, accounts.operator, accounts.member
        self.token = deploy(self.governor, project.PlainToken)
        for user in accounts.users:
            tokens = 2_000 * UNIT if wealth is None else wealth[user.name]
            self.token.mint(user.account, tokens, sender=self.governor)
        self.holders = {user.name: user.account.address for user in accounts.users}
        self.report = Report(self.balances)
        self.proven: list[ProvenBatch] = []

    def balances(self) -> dict[str, int]:
        return {name: self.token.balanceOf(address) for name, address in self.holders.items()}

    def deploy(self) -> None:
        def act() -> None:
            self.deployed = deploy_exchange(
                project,
                self.governor,
                self.operator,
                [self.member],
                self.token,
                Seconds(chain.blocks.head.timestamp),
                self.parameters,
                rules=rules(self.listed, self.is_rollup),
            )

        self.report.step("deploy verifier, registry and exchange", "governor", act)
        self.exchange, self.state = self.deployed.exchange, self.deployed.state
        self.acts = Acts(self.deployed, self.accounts.stranger)
        self.holders["exchange"] = self.exchange.address
        self.place = write_deployment(self.deployed)
        self.report.note_balances()

    def join(self, user: User, amount: int) -> None:
        """Register, and deposit into a position."""
        self.register(user)
        self.deposit(user, amount)

    def register(self, user: User) -> None:
        self.report.step(
            f"register the Stark key {user.stark_key:#x}"[:34] + "...",
            user.name,
            lambda: self.acts.register(user),
        )

    def deposit(self, user: User, amount: int) -> None:
        self.report.step(
            f"deposit {coins(amount)} coins into position {user.position_id}",
            user.name,
            lambda: self.acts.deposit(user, amount),
        )

    def serve(
        self,
        transactions: Sequence[Transaction],
        prices: Mapping[str, Decimal] | None = None,
        funding: Mapping[str, Decimal] | None = None,
        conditions: Sequence[tuple[str, bytes]] = (),
    ) -> ProvenBatch:
        """Prove a batch that begins with the oracle ticks that its prices need and a funding tick; bring it on chain.

        `prices` in coins of one asset, which oracles sign; `funding`: what a holder of one asset pays; `conditions`:
        registry and fact of each conditional transfer.
        """
        now = Seconds(chain.blocks.head.timestamp)
        batch = next_batch(self.deployed.config, self.state, self.listed, transactions, now, prices, funding)
        proven = self.report.step(
            f"prove batch {len(self.proven) + 1} ({len(transactions)} transactions)",
            "operator",
            lambda: prove_batch(batch, self.parameters),
        )
        self.report.step(
            f"verify {len(proven.proof.to_bytes()) // 1024} KiB of proof in the EVM, update the state",
            "operator",
            lambda: bring_on_chain(self.deployed, proven, self.operator, self.member, len(self.proven) + 1, conditions),
        )
        self.proven.append(proven)
        self.state = batch.after
        self.place.write_state(batch.config, self.state)
        expect("sequence number", self.exchange.getSequenceNumber(), len(self.proven))
        expect("shared state on chain", bytes(self.exchange.sharedStateHash()), self.state.hash())
        if self.is_rollup:
            self.rebuild()
        return proven

    def rebuild(self) -> None:
        """The position tree from calldata alone."""
        published = Published()
        for words in published_data(self.exchange, self.deployed.adapter):
            published.read(words)
        root = published.root(self.state.tree.height)
        expect("the position tree rebuilt from calldata", root, self.exchange.getRollupVaultRoot())

    def request_withdrawal(self, user: User, amount: int, what: str) -> None:
        self.report.step(
            f"request a forced withdrawal of {coins(amount)} coins{what}",
            user.name,
            lambda: self.acts.request_withdrawal(user, amount),
        )

    def request_trade(self, trade: ForcedTrade, user: User, partner: User) -> None:
        """`user` sends it, with the consent that `partner` signed; it must be sent within the hour."""
        self.report.step(
            f"request a forced trade with {partner.name}",
            user.name,
            lambda: self.acts.request_trade(trade, user, partner),
        )

    def notary(self) -> ContractInstance:
        """A registry of facts for conditional transfers: a committee of one, the stranger."""
        return deploy(self.governor, project.Committee, [self.accounts.stranger], 1)

    def notarise(self, notary: ContractInstance, text: str) -> None:
        """The notary signs that something happened; from then on it is a fact on chain."""
        fact = fact_of(text)
        signature = raw_signature(self.accounts.stranger, fact)
        self.report.step(
            f"register the fact '{text}'",
            "notary",
            lambda: notary.verifyAvailabilityProof(fact, signature, sender=self.accounts.stranger),
        )

    def requested_at(self, user: User, amount: int) -> int:
        return int(self.exchange.getForcedWithdrawalRequest(user.stark_key, user.position_id, amount))

    def pay(self, user: User, amount: int) -> None:
        before = self.token.balanceOf(user.account)
        self.report.step(
            "withdraw",
            user.name,
            lambda: self.acts.withdraw(user),
        )
        expect(f"{user.name} is paid", self.token.balanceOf(user.account) - before, amount)

    def freeze(self, owner: User, amount: int, sender: AccountAPI, actor: str) -> None:
        """Anyone freezes for a late request of `owner`."""
        late = ForcedWithdrawal(public_key=owner.stark_key, position_id=owner.position_id, amount=amount)
        self.report.step(
            "freeze the exchange",
            actor,
            lambda: self.acts.freeze(late, sender),
        )

    def escape(self, user: User) -> None:
        """Prove the position of the last state, escape with it, be paid."""
        amount = worth(self.state, user)
        self.report.step(
            "prove the position by its Merkle path",
            user.name,
            lambda: self.acts.prove_position(user, self.state),
        )
        self.report.step(
            f"escape with {coins(amount)} coins",
            user.name,
            lambda: self.acts.escape(user, amount),
        )
        self.pay(user, amount)

    def finish(self) -> None:
        """The balance sheet, then the record."""
        asset = self.deployed.asset_type
        rows = {}
        for user in self.accounts.users:
            rows[f"{user.name}: pending deposits"] = self.exchange.getDepositBalance(
                user.stark_key, asset, user.position_id
            )
            rows[f"{user.name}: waiting to be withdrawn"] = self.exchange.getWithdrawalBalance(user.stark_key, asset)
            gone = self.exchange.escapeUsed(user.position_id)
            held = self.state.position(user.position_id).collateral_balance
            rows[f"{user.name}: in the position"] = 0 if gone else held
        self.report.sheet("What the exchange owes", rows, "tokens it holds", self.balances()["exchange"])
        for user in self.accounts.users:
            expect(f"{user.name}'s tokens in the end", self.balances()[user.name], 2_000 * UNIT)
        self.report.write(REPORT)
        where = f"steps in {REPORT}, the exchange in {self.place.record_file.parent}"
        click.echo(f"every number is as expected, after {self.report.seconds:.0f} s; {where}")

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
from freehold.scenarios.accounts import FEE_KEY, Accounts, User
from freehold.scenarios.assets import COIN, Assets
from freehold.scenarios.report import Report, expect
from prover.algebra.ecdsa import public_key
from prover.algebra.keccak import keccak256
from prover.applications.ledger.facts import condition_word
from prover.applications.ledger.units import Hours, Seconds
from prover.applications.perpetual.batch import apply_batch
from prover.applications.perpetual.config import FeePosition
from prover.applications.perpetual.escape import escape_amount, escape_proof
from prover.applications.perpetual.facts import forced_trade_consent
from prover.applications.perpetual.oracle_ticks import oracle_ticks
from prover.applications.perpetual.rollup_data import Published
from prover.applications.perpetual.transactions import ForcedTrade, FundingTick, Transaction
from prover.proving.batch import ProvenBatch, prove_batch
from prover.stark.parameters import Parameters

UNIT = COIN
"""Token units of one coin."""
FEES = 1
"""The position that collects fees."""
HOURS_AHEAD = 24 * 365
REPORT = Path(".build/demo.json")


def coins(amount: int) -> str:
    return f"{Decimal(amount) / UNIT:,f}"


def fact_of(text: str) -> bytes:
    """What a notary signs of a sentence."""
    return keccak256(text.encode())


def condition_of(notary: ContractInstance, text: str) -> int:
    """What a transfer names that shall happen once the notary registered the sentence."""
    return condition_word(bytes.fromhex(notary.address[2:]), fact_of(text))


def travel(seconds: int) -> None:
    """Moves the chain's clock and checks that it moved."""
    target = chain.pending_timestamp + seconds
    chain.pending_timestamp = target
    chain.mine()
    if chain.blocks.head.timestamp < target:
        raise RuntimeError(f"the chain stands at {chain.blocks.head.timestamp}, not at {target}")


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

    def rules(self) -> dict[str, object]:
        """What governance fixes of the assets."""
        fees = FeePosition(position_id=FEES, public_key=public_key(FEE_KEY))
        assets = {"synthetic_assets": self.listed.configured(), "fee_position": fees} if self.listed.by_name else {}
        return {**assets, "data_availability_mode": int(self.is_rollup)}

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
                rules=self.rules(),
            )

        self.report.step("deploy verifier, registry and exchange", "governor", act)
        self.exchange, self.state = self.deployed.exchange, self.deployed.state
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
            lambda: self.exchange.registerSender(user.stark_key, user.registration(), sender=user.account),
        )

    def deposit(self, user: User, amount: int) -> None:
        self.report.step(
            f"deposit {coins(amount)} coins into position {user.position_id}",
            user.name,
            lambda: [
                self.token.approve(self.exchange, amount, sender=user.account),
                self.exchange.deposit(
                    user.stark_key, self.deployed.asset_type, user.position_id, amount, sender=user.account
                ),
            ],
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
        config, now = self.deployed.config, Seconds(chain.blocks.head.timestamp)
        signed = self.listed.signed_prices(prices or {}, now)
        targets = {price.asset_id: price.price for price in signed}
        ticks: list[Transaction] = [
            *oracle_ticks(config, dict(self.state.oracle_prices), self.state.system_time, now, targets),
            FundingTick(
                funding_indices=self.listed.funding(dict(self.state.funding_indices), funding or {}), timestamp=now
            ),
        ]
        hour = Hours(now // 3600 + HOURS_AHEAD)
        batch = apply_batch(config, self.state, [*ticks, *transactions], hour, signed, signed)
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
            lambda: self.exchange.forcedWithdrawalRequest(
                user.stark_key, user.position_id, amount, False, sender=user.account
            ),
        )

    def request_trade(self, trade: ForcedTrade, user: User, partner: User) -> None:
        """`user` sends it, with the consent that `partner` signed; it must be sent within the hour."""
        hour, collateral = Hours(chain.pending_timestamp // 3600), self.deployed.asset_type
        signature = raw_signature(partner.account, forced_trade_consent(trade, collateral, hour))
        amounts = (trade.amount_collateral, trade.amount_synthetic, bool(trade.is_party_a_buying_synthetic))
        self.report.step(
            f"request a forced trade with {partner.name}",
            user.name,
            lambda: self.exchange.forcedTradeRequest(
                trade.public_key_a,
                trade.public_key_b,
                trade.position_id_a,
                trade.position_id_b,
                collateral,
                trade.synthetic_asset_id,
                *amounts,
                hour,
                trade.nonce,
                signature,
                False,
                sender=user.account,
            ),
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
            lambda: self.exchange.withdraw(user.stark_key, self.deployed.asset_type, sender=self.accounts.stranger),
        )
        expect(f"{user.name} is paid", self.token.balanceOf(user.account) - before, amount)

    def freeze(self, owner: User, amount: int, sender: AccountAPI, actor: str) -> None:
        """Anyone freezes for a late request of `owner`."""
        self.report.step(
            "freeze the exchange",
            actor,
            lambda: self.exchange.freezeRequest(owner.stark_key, owner.position_id, amount, sender=sender),
        )

    def worth(self, user: User) -> int:
        return escape_amount(
            self.state.position(user.position_id), self.state.funding_indices, self.state.oracle_prices
        )

    def escape(self, user: User) -> None:
        """Prove the position of the last state, escape with it, be paid."""
        amount, proof = self.worth(user), escape_proof(self.state, user.position_id)
        n_assets = len(self.state.position(user.position_id).assets)
        self.report.step(
            "prove the position by its Merkle path",
            user.name,
            lambda: self.deployed.escape_verifier.verifyEscape(
                proof, n_assets, self.state.words(), sender=user.account
            ),
        )
        self.report.step(
            f"escape with {coins(amount)} coins",
            user.name,
            lambda: self.exchange.escape(user.stark_key, user.position_id, amount, sender=user.account),
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

"""What a story is played on: an exchange of its own, its people, and all that they can do, each step checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from ape import chain, networks, project
from ape.api import AccountAPI

from prover.operator.proving import ProvenBatch, prove_batch
from prover.perpetual.batch import apply_batch
from prover.perpetual.escape import escape_amount, escape_proof
from prover.perpetual.transactions import FundingTick, Transaction
from prover.stark.parameters import Parameters
from scripts._deployment import deploy_exchange
from scripts._people import Cast, User, bring_on_chain
from scripts._record import write_deployment, write_state
from scripts._story import Story, expect

UNIT = 10**6
"""Token units of one coin."""
HOURS_AHEAD = 24 * 365
RECORD = Path(".build/demo.json")


def travel(seconds: int) -> None:
    """Moves the chain's clock and checks that it moved."""
    target = chain.pending_timestamp + seconds
    chain.pending_timestamp = target
    chain.mine()
    if chain.blocks.head.timestamp < target:
        raise RuntimeError(f"the chain stands at {chain.blocks.head.timestamp}, not at {target}")


class Stage:
    """The exchange's people and what they can do; stories put it in order."""

    def __init__(self, parameters: Parameters, cast: Cast, wealth: dict[str, int] | None = None) -> None:
        """`wealth`: tokens of each user at first; 2,000 coins if nobody says."""
        self.parameters, self.cast = parameters, cast
        self.governor, self.operator, self.member = cast.governor, cast.operator, cast.member
        self.token = self.governor.deploy(project.PlainToken)
        for user in cast.users:
            tokens = 2_000 * UNIT if wealth is None else wealth[user.name]
            self.token.mint(user.account, tokens, sender=self.governor)
        self.holders = {user.name: user.account.address for user in cast.users}
        self.story = Story(self.balances)
        self.batches = 0

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
                chain.blocks.head.timestamp,
                self.parameters,
            )

        self.story.step("deploy verifier, registry and exchange", "governor", act)
        self.exchange, self.state = self.deployed.exchange, self.deployed.state
        self.holders["exchange"] = self.exchange.address
        write_deployment(self.deployed, networks.provider.chain_id)
        self.story.everybody_known()

    def join(self, user: User, amount: int) -> None:
        """Register, and deposit into a position."""
        self.story.step(
            f"register the Stark key {user.stark_key:#x}"[:34] + "...",
            user.name,
            lambda: self.exchange.registerSender(user.stark_key, user.registration(), sender=user.account),
        )
        self.story.step(
            f"deposit {amount // UNIT:,} coins into position {user.position_id}",
            user.name,
            lambda: [
                self.token.approve(self.exchange, amount, sender=user.account),
                self.exchange.deposit(
                    user.stark_key, self.deployed.asset_type, user.position_id, amount, sender=user.account
                ),
            ],
        )

    def serve(self, transactions: Sequence[Transaction]) -> ProvenBatch:
        """Prove a batch and bring it on chain."""
        now = chain.blocks.head.timestamp
        tick = FundingTick(timestamp=now)
        batch = apply_batch(self.deployed.config, self.state, [tick, *transactions], now // 3600 + HOURS_AHEAD)
        proven = self.story.step(
            f"prove batch {self.batches + 1} ({len(transactions)} transactions)",
            "operator",
            lambda: prove_batch(batch, self.parameters),
        )
        self.story.step(
            f"verify {len(proven.proof.to_bytes()) // 1024} KiB of proof in the EVM, update the state",
            "operator",
            lambda: bring_on_chain(self.deployed, proven, self.operator, self.member, self.batches + 1),
        )
        self.batches += 1
        self.state = batch.after
        write_state(batch.config, self.state)
        expect("sequence number", self.exchange.getSequenceNumber(), self.batches)
        expect("shared state on chain", bytes(self.exchange.sharedStateHash()), self.state.hash())
        return proven

    def demand(self, user: User, amount: int, what: str) -> None:
        self.story.step(
            f"demand {amount // UNIT:,} coins{what}",
            user.name,
            lambda: self.exchange.forcedWithdrawalRequest(
                user.stark_key, user.position_id, amount, False, sender=user.account
            ),
        )

    def asked_at(self, user: User, amount: int) -> int:
        return self.exchange.getForcedWithdrawalRequest(user.stark_key, user.position_id, amount)

    def pay(self, user: User, amount: int) -> None:
        before = self.balances()[user.name]
        self.story.step(
            "withdraw",
            user.name,
            lambda: self.exchange.withdraw(user.stark_key, self.deployed.asset_type, sender=self.cast.stranger),
        )
        expect(f"{user.name} is paid", self.balances()[user.name] - before, amount)

    def freeze(self, owner: User, amount: int, sender: AccountAPI, actor: str) -> None:
        """Anyone freezes for a late demand of `owner`."""
        self.story.step(
            "freeze the exchange",
            actor,
            lambda: self.exchange.freezeRequest(owner.stark_key, owner.position_id, amount, sender=sender),
        )

    def worth(self, user: User) -> int:
        return escape_amount(self.state.position(user.position_id))

    def escape(self, user: User) -> None:
        """Prove the position of the last state, escape with it, be paid."""
        amount, proof = self.worth(user), escape_proof(self.state, user.position_id)
        self.story.step(
            "prove the position by its Merkle path",
            user.name,
            lambda: self.deployed.escape_verifier.verifyEscape(proof, 0, self.state.words(), sender=user.account),
        )
        self.story.step(
            f"escape with {amount // UNIT:,} coins",
            user.name,
            lambda: self.exchange.escape(user.stark_key, user.position_id, amount, sender=user.account),
        )
        self.pay(user, amount)

    def finish(self) -> None:
        """The balance sheet, then the record."""
        asset = self.deployed.asset_type
        rows = {}
        for user in self.cast.users:
            rows[f"{user.name}: pending deposits"] = self.exchange.getDepositBalance(
                user.stark_key, asset, user.position_id
            )
            rows[f"{user.name}: waiting to be withdrawn"] = self.exchange.getWithdrawalBalance(user.stark_key, asset)
            gone = self.exchange.escapeUsed(user.position_id)
            held = self.state.position(user.position_id).collateral_balance
            rows[f"{user.name}: in the position"] = 0 if gone else held
        self.story.sheet("What the exchange owes", rows, "tokens it holds", self.balances()["exchange"])
        for user in self.cast.users:
            expect(f"{user.name}'s tokens in the end", self.balances()[user.name], 2_000 * UNIT)
        self.story.write(RECORD)
        click.echo(f"every number is what the story says; steps in {RECORD}")

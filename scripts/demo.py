"""`ape run demo`: the whole story on a local chain, with real proofs; on a live network the part that needs no waiting.

Deploy, register, deposit, a proven batch, a forced withdrawal served, a false one proven invalid; then the operator
falls silent, a stranger freezes the exchange, and everybody leaves with what the last state owes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from ape import chain, networks, project

from prover.operator.proving import ProvenBatch, prove_batch
from prover.perpetual.batch import apply_batch
from prover.perpetual.escape import escape_amount, escape_proof
from prover.perpetual.positions import Code
from prover.perpetual.transactions import Deposit, ForcedWithdrawal, FundingTick, Transaction
from prover.stark.parameters import DEFAULT, Parameters
from scripts._arguments import Script, account_of, is_local, time_travels
from scripts._deployment import DAY, deploy_exchange
from scripts._people import Cast, User, bring_on_chain
from scripts._record import write_deployment, write_state
from scripts._story import Story, expect

UNIT = 10**6
"""Token units of one coin."""
HOURS_AHEAD = 24 * 365
RECORD = Path(".build/demo.json")


@click.command(cls=Script)
@click.option("--account", help="Who plays every part on a live network.")
def cli(account):
    """Play the whole story and write .build/demo.json.

    On a live network one account plays every part, with a token made for the occasion: deploy, register, deposit, a
    withdrawal demanded and served by one proven batch, paid. The rest of the story needs a chain whose clock moves.
    """
    if time_travels():
        if account is not None:
            raise click.UsageError("--account is for live networks: here test accounts play")
        Demo(DEFAULT, Cast.of_test_accounts()).play()
    elif is_local():
        raise click.UsageError("this chain's clock does not move: use ethereum:local:test or ethereum:local:foundry")
    else:
        LiveDemo(DEFAULT, Cast.of_one(account_of(account))).play()


def travel(seconds: int) -> None:
    """Moves the chain's clock and checks that it moved."""
    target = chain.pending_timestamp + seconds
    chain.pending_timestamp = target
    chain.mine()
    if chain.blocks.head.timestamp < target:
        raise RuntimeError(f"the chain stands at {chain.blocks.head.timestamp}, not at {target}")


class Stage:
    """The exchange's people and what they can do; the stories below put it in order."""

    def __init__(self, parameters: Parameters, cast: Cast) -> None:
        self.parameters, self.cast = parameters, cast
        self.governor, self.operator, self.member = cast.governor, cast.operator, cast.member
        self.token = self.governor.deploy(project.PlainToken)
        for user in cast.users:
            self.token.mint(user.account, 2_000 * UNIT, sender=self.governor)
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


class Demo(Stage):
    """The whole story, on a chain whose clock moves."""

    def play(self) -> None:
        self.alice, self.bob = self.cast.users
        self.deploy()
        self.join(self.alice, 1_000 * UNIT)
        self.join(self.bob, 500 * UNIT)
        expect("tokens in the exchange", self.balances()["exchange"], 1_500 * UNIT)
        self.first_batch()
        self.forced_withdrawals()
        self.silence()
        self.leave()
        self.finish()

    def first_batch(self) -> None:
        self.serve(
            [
                Deposit(public_key=self.alice.stark_key, position_id=self.alice.position_id, amount=1_000 * UNIT),
                Deposit(public_key=self.bob.stark_key, position_id=self.bob.position_id, amount=500 * UNIT),
            ]
        )
        waiting = self.exchange.getDepositBalance(
            self.alice.stark_key, self.deployed.asset_type, self.alice.position_id
        )
        expect("alice's pending deposit", waiting, 0)

    def forced_withdrawals(self) -> None:
        self.demand(self.alice, 300 * UNIT, "")
        self.demand(self.bob, 501 * UNIT, ", one more than bob has")
        proven = self.serve(
            [
                ForcedWithdrawal(
                    public_key=self.alice.stark_key, position_id=self.alice.position_id, amount=300 * UNIT
                ),
                ForcedWithdrawal(public_key=self.bob.stark_key, position_id=self.bob.position_id, amount=501 * UNIT),
            ]
        )
        invalid = Code.ILLEGAL_POSITION_TRANSITION_NO_RISK_REDUCED_VALUE
        expect("what the proof says of the two demands", proven.batch.served, (Code.SUCCESS, invalid))
        expect("alice's demand is served", self.asked_at(self.alice, 300 * UNIT), 0)
        expect("bob's demand is proven invalid", self.asked_at(self.bob, 501 * UNIT), 0)
        self.pay(self.alice, 300 * UNIT)
        owed = self.exchange.getWithdrawalBalance(self.bob.stark_key, self.deployed.asset_type)
        expect("bob's withdrawal balance", owed, 0)

    def silence(self) -> None:
        self.demand(self.bob, 200 * UNIT, "; the operator stays silent")
        self.story.step("seven days pass", "nobody", lambda: travel(7 * DAY))
        self.story.step(
            "freeze the exchange",
            "stranger",
            lambda: self.exchange.freezeRequest(
                self.bob.stark_key, self.bob.position_id, 200 * UNIT, sender=self.cast.stranger
            ),
        )
        expect("frozen", self.exchange.isFrozen(), True)

    def leave(self) -> None:
        for user, amount in ((self.alice, 700 * UNIT), (self.bob, 500 * UNIT)):
            position = self.state.position(user.position_id)
            expect(f"{user.name}'s worth in the last state", escape_amount(position), amount)
            proof = escape_proof(self.state, user.position_id)
            self.story.step(
                "prove the position by its Merkle path",
                user.name,
                lambda user=user, proof=proof: self.deployed.escape_verifier.verifyEscape(
                    proof, 0, self.state.words(), sender=user.account
                ),
            )
            self.story.step(
                f"escape with {amount // UNIT:,} coins",
                user.name,
                lambda user=user, amount=amount: self.exchange.escape(
                    user.stark_key, user.position_id, amount, sender=user.account
                ),
            )
            self.pay(user, amount)


class LiveDemo(Stage):
    """The part of the story that needs no waiting: in, one batch, out."""

    def play(self) -> None:
        (user,) = self.cast.users
        self.deploy()
        self.join(user, 1_000 * UNIT)
        self.demand(user, 1_000 * UNIT, " back")
        request = {"public_key": user.stark_key, "position_id": user.position_id, "amount": 1_000 * UNIT}
        proven = self.serve([Deposit(**request), ForcedWithdrawal(**request)])
        expect("what the proof says of the demand", proven.batch.served, (Code.SUCCESS,))
        expect("the demand is served", self.asked_at(user, 1_000 * UNIT), 0)
        self.pay(user, 1_000 * UNIT)
        self.finish()
        click.echo("silence, freeze and escape take a week: the demo on ethereum:local:test or :foundry plays them")

"""`ape run demo`: the whole story on a local chain, with real proofs.

Deploy, register, deposit, a proven batch, a forced withdrawal served, a false one proven invalid; then the operator
falls silent, a stranger freezes the exchange, and everybody leaves with what the last state owes them.
"""

from pathlib import Path

import click
from ape import accounts, chain, networks, project
from ape.cli import ConnectedProviderCommand

from prover.operator.proving import ProvenBatch, prove_batch
from prover.perpetual.batch import apply_batch
from prover.perpetual.escape import escape_amount, escape_proof
from prover.perpetual.positions import Code
from prover.perpetual.transactions import Deposit, ForcedWithdrawal, FundingTick, Transaction
from prover.stark.parameters import DEFAULT, Parameters
from scripts._deployment import DAY, deploy_exchange
from scripts._people import User, bring_on_chain
from scripts._story import Story, expect

UNIT = 10**6
"""Token units of one coin."""
HOURS_AHEAD = 24 * 365


@click.command(cls=ConnectedProviderCommand)
def cli():
    """Play the whole story and write .build/demo.json."""
    if not networks.provider.network.is_dev:
        raise click.UsageError("the demo travels in time: it runs on local networks only")
    Demo(DEFAULT).play()


def travel(seconds: int) -> None:
    """Moves the chain's clock and checks that it moved."""
    target = chain.pending_timestamp + seconds
    chain.pending_timestamp = target
    chain.mine()
    if chain.blocks.head.timestamp < target:
        raise RuntimeError(f"the chain stands at {chain.blocks.head.timestamp}, not at {target}")


class Demo:
    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        people = accounts.test_accounts
        self.governor, self.operator, self.member, self.stranger = (people[i] for i in range(4))
        self.alice = User("alice", people[4], 0xA11CE, 11)
        self.bob = User("bob", people[5], 0xB0B, 22)
        self.token = self.governor.deploy(project.PlainToken)
        for user in (self.alice, self.bob):
            self.token.mint(user.account, 2_000 * UNIT, sender=self.governor)
        self.holders = {"alice": self.alice.account.address, "bob": self.bob.account.address}
        self.story = Story(self.balances)
        self.batches = 0

    def balances(self) -> dict[str, int]:
        return {name: self.token.balanceOf(address) for name, address in self.holders.items()}

    def play(self) -> None:
        self.deploy()
        self.fund()
        self.first_batch()
        self.forced_withdrawals()
        self.silence()
        self.leave()
        self.balance_sheet()
        path = Path(".build/demo.json")
        self.story.write(path)
        click.echo(f"every number is what the story says; steps in {path}")

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
        self.story.everybody_known()

    def fund(self) -> None:
        for user, amount in ((self.alice, 1_000 * UNIT), (self.bob, 500 * UNIT)):
            self.story.step(
                f"register the Stark key {user.stark_key:#x}"[:34] + "...",
                user.name,
                lambda user=user: self.exchange.registerSender(
                    user.stark_key, user.registration(), sender=user.account
                ),
            )
            self.story.step(
                f"deposit {amount // UNIT:,} coins into position {user.position_id}",
                user.name,
                lambda user=user, amount=amount: [
                    self.token.approve(self.exchange, amount, sender=user.account),
                    self.exchange.deposit(
                        user.stark_key, self.deployed.asset_type, user.position_id, amount, sender=user.account
                    ),
                ],
            )
        expect("tokens in the exchange", self.balances()["exchange"], 1_500 * UNIT)

    def serve(self, transactions: list[Transaction]) -> ProvenBatch:
        """Prove a batch and bring it on chain."""
        now = chain.pending_timestamp
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
        expect("sequence number", self.exchange.getSequenceNumber(), self.batches)
        expect("shared state on chain", bytes(self.exchange.sharedStateHash()), self.state.hash())
        return proven

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

    def pay(self, user: User, amount: int) -> None:
        before = self.balances()[user.name]
        self.story.step(
            "withdraw",
            user.name,
            lambda: self.exchange.withdraw(user.stark_key, self.deployed.asset_type, sender=self.stranger),
        )
        expect(f"{user.name} is paid", self.balances()[user.name] - before, amount)

    def silence(self) -> None:
        self.demand(self.bob, 200 * UNIT, "; the operator stays silent")
        self.story.step("seven days pass", "nobody", lambda: travel(7 * DAY))
        self.story.step(
            "freeze the exchange",
            "stranger",
            lambda: self.exchange.freezeRequest(
                self.bob.stark_key, self.bob.position_id, 200 * UNIT, sender=self.stranger
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

    def balance_sheet(self) -> None:
        users = (self.alice, self.bob)
        asset = self.deployed.asset_type
        rows = {}
        for user in users:
            rows[f"{user.name}: pending deposits"] = self.exchange.getDepositBalance(
                user.stark_key, asset, user.position_id
            )
            rows[f"{user.name}: waiting to be withdrawn"] = self.exchange.getWithdrawalBalance(user.stark_key, asset)
            gone = self.exchange.escapeUsed(user.position_id)
            held = self.state.position(user.position_id).collateral_balance
            rows[f"{user.name}: in the position"] = 0 if gone else held
        self.story.sheet("What the exchange owes", rows, "tokens it holds", self.balances()["exchange"])
        for user in users:
            expect(f"{user.name}'s tokens in the end", self.balances()[user.name], 2_000 * UNIT)

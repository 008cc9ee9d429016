"""`ape run demo`: the whole scenario on a local chain, with real proofs; on a live network what needs no waiting.

Deploy, register, deposit, a proven batch, a forced withdrawal served, a false one proven invalid; then the operator
stops, a stranger freezes the exchange, and all users leave with what the last state owes them.
"""

from __future__ import annotations

import click

from freehold.chain.deployed import DAY
from freehold.chain.network import is_local, refuse_old_chain, time_travels
from freehold.scenarios.accounts import Accounts
from freehold.scenarios.acts import travel, worth
from freehold.scenarios.exchange import UNIT, ScenarioExchange
from freehold.scenarios.report import expect
from prover.applications.perpetual.errors import Code
from prover.applications.perpetual.transactions import Deposit, ForcedWithdrawal
from prover.stark.parameters import DEFAULT
from scripts._arguments import Script, account_of


@click.command(cls=Script)
@click.option("--account", help="Who sends everything on a live network.")
def cli(account: str | None) -> None:
    """Run the whole scenario and write .build/demo.json.

    On a live network one account sends everything, with a token made for the demo: deploy, register, deposit, a forced
    withdrawal that one proven batch serves, payment. The rest needs a chain whose clock moves.
    """
    if time_travels():
        if account is not None:
            raise click.UsageError("--account is for live networks: here test accounts are used")
        Demo(DEFAULT, Accounts.of_test_accounts()).run()
    elif is_local():
        raise click.UsageError("this chain's clock does not move: use ethereum:local:test or ethereum:local:foundry")
    else:
        refuse_old_chain()
        LiveDemo(DEFAULT, Accounts.of_one(account_of(account))).run()


class Demo(ScenarioExchange):
    """The whole scenario, on a chain whose clock moves."""

    def run(self) -> None:
        click.echo("This takes half a minute or so: two batches are proven and verified")
        self.alice, self.bob = self.accounts.users
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
        self.request_withdrawal(self.alice, 300 * UNIT, "")
        self.request_withdrawal(self.bob, 501 * UNIT, ", one more than bob has")
        proven = self.serve(
            [
                ForcedWithdrawal(
                    public_key=self.alice.stark_key, position_id=self.alice.position_id, amount=300 * UNIT
                ),
                ForcedWithdrawal(public_key=self.bob.stark_key, position_id=self.bob.position_id, amount=501 * UNIT),
            ]
        )
        invalid = Code.ILLEGAL_POSITION_TRANSITION_NO_RISK_REDUCED_VALUE
        expect("what the proof says of the two requests", proven.batch.served, (Code.SUCCESS, invalid))
        expect("alice's request is served", self.requested_at(self.alice, 300 * UNIT), 0)
        expect("bob's request is proven invalid", self.requested_at(self.bob, 501 * UNIT), 0)
        self.pay(self.alice, 300 * UNIT)
        owed = self.exchange.getWithdrawalBalance(self.bob.stark_key, self.deployed.asset_type)
        expect("bob's withdrawal balance", owed, 0)

    def silence(self) -> None:
        self.request_withdrawal(self.bob, 200 * UNIT, "; the operator stays silent")
        self.report.step("seven days pass", "nobody", lambda: travel(7 * DAY))
        self.freeze(self.bob, 200 * UNIT, self.accounts.stranger, "stranger")
        expect("frozen", self.exchange.isFrozen(), True)

    def leave(self) -> None:
        for user, amount in ((self.alice, 700 * UNIT), (self.bob, 500 * UNIT)):
            expect(f"{user.name}'s worth in the last state", worth(self.state, user), amount)
            self.escape(user)


class LiveDemo(ScenarioExchange):
    """The part that needs no waiting: in, one batch, out."""

    def run(self) -> None:
        (user,) = self.accounts.users
        self.deploy()
        self.join(user, 1_000 * UNIT)
        self.request_withdrawal(user, 1_000 * UNIT, " back")
        request = {"public_key": user.stark_key, "position_id": user.position_id, "amount": 1_000 * UNIT}
        proven = self.serve([Deposit(**request), ForcedWithdrawal(**request)])
        expect("what the proof says of the request", proven.batch.served, (Code.SUCCESS,))
        expect("the request is served", self.requested_at(user, 1_000 * UNIT), 0)
        self.pay(user, 1_000 * UNIT)
        self.finish()
        click.echo("silence, freeze and escape take a week: the demo on ethereum:local:test or :foundry has them")

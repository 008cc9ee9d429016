"""The exchange beside a ledger that keeps the same books, over random lives."""

import pytest
from exchange_kit import DAY, Kit
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from prover.perpetual.escape import escape_amount

amounts = st.sampled_from([0, 1, 5, 40, 100])
users = st.sampled_from(["alice", "bob"])


@pytest.fixture(scope="module")
def kit(project, accounts, chain):
    made = Kit(project, accounts, chain)
    made.register(made.alice)
    made.register(made.bob)
    return made


def machine(kit: Kit, leak: int = 0):
    """`leak`: tokens that the ledger wrongly believes to be owed, to see the invariant fail."""

    class ExchangeMachine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.before = kit.chain.snapshot()
            self.state, self.frozen = kit.state, False
            self.pending = {"alice": 0, "bob": 0}
            self.waiting = {"alice": 0, "bob": 0}
            self.demands: set[tuple[str, int]] = set()
            self.escaped: set[str] = set()

        def user(self, name):
            return getattr(kit, name)

        @precondition(lambda self: not self.frozen)
        @rule(name=users, amount=amounts)
        def deposit(self, name, amount):
            kit.deposit(self.user(name), amount)
            self.pending[name] += amount

        @precondition(lambda self: not self.frozen)
        @rule(name=users, amount=amounts)
        def demand(self, name, amount):
            if (name, amount) not in self.demands:
                kit.request(self.user(name), amount)
                self.demands.add((name, amount))

        @precondition(lambda self: not self.frozen)
        @rule()
        def serve(self):
            deposits = [(self.user(n), a) for n, a in self.pending.items() if a]
            forced = [(self.user(n), a) for n, a in sorted(self.demands)]
            batch = kit.serve(self.state, deposits, forced)
            self.state = batch.after
            self.pending = dict.fromkeys(self.pending, 0)
            for (user, amount), code in zip(forced, batch.served, strict=True):
                self.waiting[user.name] += amount if code == 0 else 0
            self.demands.clear()

        @rule(name=users)
        def cancel_and_reclaim(self, name):
            if self.pending[name]:
                slot = (self.user(name).stark_key, kit.asset, self.user(name).position_id)
                kit.exchange.depositCancel(*slot, sender=self.user(name).account)
                kit.at(kit.now() + 2 * DAY)
                kit.exchange.depositReclaim(*slot, sender=self.user(name).account)
                self.pending[name] = 0

        @precondition(lambda self: self.demands and not self.frozen)
        @rule()
        def freeze(self):
            name, amount = min(self.demands)
            kit.at(kit.now() + 7 * DAY)
            kit.freeze(self.user(name), amount)
            self.frozen = True

        @precondition(lambda self: self.frozen)
        @rule(name=users)
        def escape(self, name):
            user = self.user(name)
            amount = escape_amount(self.state.position(user.position_id))
            if amount and name not in self.escaped:
                kit.declare_escape(user, amount)
                kit.exchange.escape(user.stark_key, user.position_id, amount, sender=kit.stranger)
                self.escaped.add(name)
                self.waiting[name] += amount

        @rule(name=users)
        def withdraw(self, name):
            kit.exchange.withdraw(self.user(name).stark_key, kit.asset, sender=kit.stranger)
            self.waiting[name] = 0

        def owed(self) -> int:
            inside = sum(
                self.state.position(self.user(name).position_id).collateral_balance
                for name in self.pending
                if name not in self.escaped
            )
            return sum(self.pending.values()) + sum(self.waiting.values()) + inside + leak

        @invariant()
        def contract_holds_what_it_owes(self):
            assert kit.token.balanceOf(kit.exchange) >= self.owed()

        @invariant()
        def books_agree(self):
            for name in self.pending:
                assert kit.pending(self.user(name)) == self.pending[name]
                assert kit.withdrawable(self.user(name)) == self.waiting[name]

        def teardown(self):
            kit.chain.restore(self.before)

    return ExchangeMachine


def test_the_contract_holds_what_it_owes(kit):
    limits = settings(max_examples=6, stateful_step_count=8, deadline=None)
    run_state_machine_as_test(machine(kit), settings=limits)


def test_the_invariant_can_fail(kit):
    limits = settings(max_examples=2, stateful_step_count=2, deadline=None)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine(kit, leak=1), settings=limits)

"""The exchange's machine: everybody's rules, what must hold after each, and how everybody leaves in the end.

Every rule asks the model what will come of a call: the name of a refusal, or nothing. The contract must say the same;
then the books are compared, and these must hold whatever happened: the contract holds what it owes, less what bankrupt
positions owe; deposits that wait are covered; nobody's claim shrank but by what a batch says; a frozen exchange does
not move its state. At the end of a sequence all users leave: they must hold what they were owed, or have it booked
while nothing is left, and hold it once the exchange is filled up.

A class of one's own adds rules and invariants. It reads `self.model` and `self.exchange`, makes calls by
`self.attempt(ERROR OR None, CALL)`, and tells the model what came of them.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, run_state_machine_as_test

from freehold.testing.kit import GRACE
from freehold.testing.machine.batches import Batches
from freehold.testing.machine.frame import CANCEL, Frame
from freehold.testing.machine.governance import Governance
from freehold.testing.machine.leaving import Leaving
from freehold.testing.machine.users import Users
from freehold.testing.machine.world import Books, World
from freehold.testing.model import NAMES, Model
from freehold.testing.output_words import VALIDIUM


class ExchangeMachine(Users, Batches, Leaving, Governance):
    """The whole exchange; `machine` gives the class for one world."""

    @initialize(bankrupt=st.booleans())
    def begin(self, bankrupt: bool = False) -> None:
        self.model, self.outputs = Model(self.kit.state), 0
        self.books = self.world.books()
        self.granted = dict.fromkeys(NAMES, 0)
        self.last_claims = {name: self.claim(self.books, name) for name in NAMES}
        self.astray = False  # the contract did something else than predicted: the sequence ends here
        if bankrupt:
            self.begin_bankrupt()

    def begin_bankrupt(self) -> None:
        """Bob owes what alice won, and carol's deposit waits beside it: the state promises more than it holds."""
        self.deposit("carol", 5, True)
        self.batch({"buy"}, 40, VALIDIUM, False)
        assert self.model.worth("bob") < 0

    @invariant()
    def books_agree_and_nobody_lost_anything(self) -> None:
        model, now = self.model, self.world.books()
        self.books, self.astray = now, True
        deposits, withdrawals = sum(model.pending.values()), sum(model.granted.values())
        state = [int.from_bytes(model.state.hash(), "big"), model.batches, model.frozen, model.unfreeze_time]
        assert now.state == [*state, deposits << 256 | withdrawals]
        for name, row in now.rows.items():
            slot, booked = (model.pending[name], model.cancelled_at[name]), model.booked(name)
            assert row == (*slot, booked, sum(model.payable(name)), name in model.escaped), name
        assert now.held == model.held(), "the contract does not hold what it owes"
        assert now.held >= deposits, "deposits that wait are not covered"
        granted, self.granted = self.granted, dict.fromkeys(NAMES, 0)
        for name in NAMES:
            claim = self.claim(now, name)
            assert claim >= self.last_claims[name] + granted[name], f"{name} lost something"
            self.last_claims[name] = claim
        self.astray = False

    def claim(self, books: Books, name: str) -> int:
        """Tokens in hand, pending, booked, and in the position unless it escaped."""
        pending, _, booked, _, escaped = books.rows[name]
        inside = 0 if escaped else self.model.worth(name)
        return books.tokens[name] + pending + booked + inside

    def teardown(self) -> None:
        try:
            if hasattr(self, "model") and not self.astray:
                self.drive_everybody_out()
        finally:
            self.world.restore()

    def drive_everybody_out(self) -> None:
        """From here all users reach their tokens without operator and governance. Shortcuts are tried in vain."""
        model = self.model
        claims = {name: self.claim(self.books, name) for name in NAMES}
        if "carol" not in model.registered:
            self.register_carol()
        self.somebody_freezes()
        self.bad_batch("old state", "alice")
        self.deposit("bob", 1, False)
        for name in NAMES:
            self.leave(name)
        self.kit.at(max(self.now() + CANCEL, model.unfreeze_time))
        for name in NAMES:
            if model.cancelled_at[name]:
                self.reclaim(name, False)
                self.reclaim(name, True)
            self.withdraw(name)
        if model.escaped:
            self.unfreeze(True, True)
        self.books_agree_and_nobody_lost_anything()
        self.everybody_has(claims)

    def everybody_has(self, claims: dict[str, int]) -> None:
        """What cannot be paid is booked, and paid once somebody fills the exchange up. Debts of positions stay."""
        model = self.model
        for name in NAMES:
            self.withdraw(name)  # the claims of the first may have waited for what the last were granted
        missing = sum(map(model.booked, NAMES))
        if missing:
            assert model.held() == 0, "something is left that somebody is owed"
            self.kit.token.mint(self.exchange, missing, sender=self.kit.stranger)
            model.topped_up += missing
            for name in NAMES:
                self.withdraw(name)
        self.books_agree_and_nobody_lost_anything()
        for name in NAMES:
            debt = min(0, model.worth(name)) if name not in model.escaped else 0
            assert self.books.tokens[name] == claims[name] - debt, name

    def leave(self, name: str) -> None:
        """Escape, once and with no more than is proven; take a deposit back, in time."""
        model = self.model
        self.escape(name, 1)
        if model.worth(name) > 0:
            self.escape(name, 0)
            self.escape(name, 0)
        self.withdraw(name)
        if model.pending[name]:
            self.cancel(name, True)
            self.reclaim(name, True)

    def somebody_freezes(self) -> None:
        """Before the deadline in vain, then."""
        model = self.model
        if model.frozen:
            return
        amount = next(n for n in range(100, 200) if model.asking(("alice", n)) is None)
        self.demand("alice", amount, True)
        self.freeze_by(("alice", amount))
        self.kit.at(model.demands["alice", amount] + GRACE)
        self.freeze_by(("alice", amount))
        assert model.frozen


def machine(world: World, kind: type[Frame] = ExchangeMachine) -> type[Frame]:
    """For `run_state_machine_as_test`."""
    return type(kind.__name__, (kind,), {"world": world})


def budget(examples: int, steps: int) -> settings:
    """The same sequences each time; a failure is shrunk."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )


def hunt(examples: int, steps: int) -> settings:
    """Stops at the first failure, and does not shrink it."""
    return settings(budget(examples, steps), phases=[Phase.generate], report_multiple_bugs=False)


def run_machine(kind: type[Frame], world: World, examples: int = 5, steps: int = 20) -> None:
    """So many sequences of so many calls, the same each time. Raises what the first failing one raises, unshrunk."""
    run_state_machine_as_test(machine(world, kind), settings=hunt(examples, steps))

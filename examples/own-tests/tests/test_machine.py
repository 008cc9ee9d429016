"""Freehold's machine with a rule and an invariant of one's own: a donor, and wallets that are never short."""

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from freehold.testing.machine.exchange import ExchangeMachine, run_machine


class WithDonor(ExchangeMachine):
    """Whoever sends tokens to the exchange owes nobody anything, and is owed nothing."""

    @rule(amount=st.integers(1, 50))
    def donate(self, amount):
        donor, token = self.kit.stranger, self.kit.token
        if self.attempt(None, lambda: token.transfer(self.exchange, amount, sender=donor)):
            self.model.topped_up += amount

    @invariant()
    def nobody_has_more_tokens_than_there_are(self):
        wallets = sum(self.world.books().tokens.values())
        assert wallets + self.kit.held() <= self.kit.token.totalSupply()


def test_donations_change_nothing(world):
    run_machine(WithDonor, world, examples=1, steps=10)

"""Hypothesis draws the amounts. Each example begins where the test began: `example` takes back what it did."""

from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.testing.exchange import COIN


@given(deposit=st.integers(1, 1_000 * COIN), share=st.fractions(0, 1))
@settings(max_examples=3, deadline=None)
def test_what_goes_in_comes_out(validium, deposit, share):
    alice, _ = validium.people
    amount = int(deposit * share)
    with validium.example():
        validium.give((alice, deposit))
        validium.serve(validium.withdrawal(alice, amount))
        assert validium.withdraw(alice) == amount
        assert validium.worth(alice) == validium.held() == deposit - amount
    assert validium.held() == 0

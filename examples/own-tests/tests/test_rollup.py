"""A rollup: everything that a user needs to leave stands in calldata."""

from freehold.testing.exchange import COIN


def test_somebody_new_leaves_with_what_the_chain_tells(rollup):
    """Carol asks, nobody serves, and the operator shows nobody its books."""
    alice, bob = rollup.people
    carol = rollup.newcomer("carol")
    rollup.give((alice, 30 * COIN), (carol, 20 * COIN))
    rollup.serve(rollup.transfer(carol, bob, 5 * COIN))
    request = rollup.forced_withdrawal(carol, 15 * COIN)
    found = rollup.state_from_chain()
    assert found.hash() == rollup.state.hash()
    rollup.fall_silent(request)
    assert rollup.escape(carol, found) == 15 * COIN

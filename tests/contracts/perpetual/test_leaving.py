"""Leaving a frozen exchange with the real escape verifier: in three calls, or in one."""

from dataclasses import replace
from types import SimpleNamespace

import ape
import pytest

from freehold.chain.deployment import deploy_escape_verifier
from freehold.testing.kit import Kit
from prover.applications.ledger.merkle import MerkleTree
from prover.applications.perpetual.escape import escape_proof
from prover.applications.perpetual.positions import EMPTY, Position
from prover.applications.perpetual.state import State


@pytest.fixture(scope="module")
def frozen(project, accounts, chain):
    """An exchange frozen on a state in which alice has 10 coins and bob owes 3."""
    verifier = deploy_escape_verifier(project, accounts[0])
    kit = Kit(project, accounts, chain, escapes=verifier)
    kit.register(kit.alice, kit.bob)
    positions = {7: Position(kit.alice.stark_key, 10), 8: Position(kit.bob.stark_key, -3)}
    tree = MerkleTree(64, EMPTY.leaf()).update({key: position.leaf() for key, position in positions.items()})
    orders = SimpleNamespace(root=kit.state.orders_root, height=64)
    state = State(positions, tree, {}, orders, (), 0, (), kit.state.system_time)
    kit.deposit(kit.alice, 10)
    after = replace(kit.state, positions_root=tree.root)
    kit.serve(after=after, modifications=[(kit.alice.stark_key, 7, 10)])
    assert bytes(kit.exchange.sharedStateHash()) == state.hash()
    kit.freeze_with(kit.alice)
    return kit, state


def test_one_call_leaves(frozen, project):
    kit, state = frozen
    desk = kit.stranger.deploy(project.EscapeDesk)
    with ape.reverts(kit.escapes.AmountNotPositive, amount=-3):
        desk.escapeAndWithdraw(kit.exchange, escape_proof(state, 8), 0, state.words(), sender=kit.stranger)
    desk.escapeAndWithdraw(kit.exchange, escape_proof(state, 7), 0, state.words(), sender=kit.stranger)
    assert kit.token.balanceOf(kit.alice.account) == kit.START
    with ape.reverts(kit.error("EscapeAlreadyUsed"), positionId=7):
        desk.escapeAndWithdraw(kit.exchange, escape_proof(state, 7), 0, state.words(), sender=kit.stranger)


def test_three_calls_leave(frozen):
    kit, state = frozen
    with ape.reverts(kit.error("EscapeLacksProof")):
        kit.escape(kit.alice, 10)
    kit.escapes.verifyEscape(escape_proof(state, 7), 0, state.words(), sender=kit.stranger)
    kit.escape(kit.alice, 10)
    kit.withdraw(kit.alice)
    assert kit.token.balanceOf(kit.alice.account) == kit.START

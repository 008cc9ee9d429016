"""Broken twins of the operator: each does one thing in the wrong order, or leaves one check out. A story shows it.

Each story is told of the whole operator first, in which it ends well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from freehold.availability import AccountCommittee
from freehold.services.operator import chain_view, intake, jobs, lifecycle, submitter, watcher, world
from freehold.services.operator.batcher import Batcher
from freehold.services.operator.lease import LeaseLost, Writer
from freehold.services.operator.lifecycle import Lifecycle
from freehold.services.operator.sender import Sender
from freehold.services.operator.tables import (
    ABANDONED,
    EXECUTED,
    FINAL,
    MINED,
    Batch,
    ChainTx,
    Entry,
    Job,
    Movement,
    Received,
)
from tests.support.operated_exchange import Killed
from tests.support.operator_machine import OperatorMachine
from tests.support.served_exchange import GWEI

SIGNATURE = 65
"""Bytes of an account's."""


# --- stories


def in_peace(machine: OperatorMachine) -> None:
    """Nothing fails, so nothing is given up."""
    machine.asks_by_force("alice", 30)
    for amount in (1, 7, 30, 400, 7):
        machine.sends("alice", amount)
    for _ in range(3):
        machine.turns(1)
        machine.blocks_come(1)
    machine.everything_ends_well()
    assert not of_state(machine, ABANDONED), "a batch was given up in peace"


def sent_again(machine: OperatorMachine) -> None:
    machine.sends("alice", 7)
    machine.nothing_accepted_is_lost()
    again, other = machine.sent[0], machine._transfer(machine._user("bob"), machine._user("alice"), 1, 0)
    same, refused = machine.operator.intake.take([again, other])
    assert same.is_accepted and refused.code == "INVALID_TRANSACTION_ID"


def given_up(machine: OperatorMachine) -> None:
    """A deposit under the first of two batches gives way: both are given up, and what users sent goes into others."""
    machine.blocks_come(4)
    machine.deposits("alice", 400)
    machine.blocks_come(1)
    machine.turns(1)
    machine.sends("alice", 7)
    machine.turns(1)
    assert of_state(machine, EXECUTED) == [0, 1]
    machine.operated_here.anvil.reorganise(2)
    machine.members_sign(0, 2)
    for _ in range(3):
        machine.a_worker_proves()
        machine.turns(1)
    assert 0 in of_state(machine, ABANDONED)
    machine.nothing_accepted_is_lost()
    machine.batches_stand_on_one_another()
    machine.everything_ends_well()


def killed(machine: OperatorMachine) -> None:
    """Before each commit that says what it sends: the fact, who vouches, the update."""
    machine.sends("alice", 7)
    machine.turns(1)
    machine.a_worker_proves()
    machine.members_sign(0, 2)
    for _ in range(3):
        try:
            with killed_before_writing(ChainTx):
                machine.turns(4)
        except Killed:
            machine._starts_again()
        machine.turns(1)
        machine.blocks_come(1)
    machine.everything_ends_well()


@contextmanager
def killed_before_writing(kind: type) -> Iterator[None]:
    """The process ends where it would commit a new row of this kind."""

    wrote = False

    def note(session: Session, _: object) -> None:
        nonlocal wrote
        wrote |= any(isinstance(row, kind) for row in session.new)

    def end(session: Session) -> None:
        session.flush()
        if wrote:
            raise Killed

    event.listen(Session, "after_flush", note)
    event.listen(Session, "before_commit", end)
    try:
        yield
    finally:
        event.remove(Session, "before_commit", end)
        event.remove(Session, "after_flush", note)


def overtaken(machine: OperatorMachine) -> None:
    old = machine.operator
    machine._starts_again()
    with pytest.raises(LeaseLost), old.writer.unit():
        pass


def late_worker(machine: OperatorMachine) -> None:
    """Two have a job in turn; what the first brings is not taken."""
    machine.turns(1)
    first, second = machine._claim(lease=-1.0), machine._claim()
    assert first is not None and second is not None
    with pytest.raises(jobs.ClaimLost), machine.store.unit() as session:
        jobs.finish(session, first, b"\0" * 32, 0, {})


def one_signs_twice(machine: OperatorMachine) -> None:
    machine.turns(1)
    machine.a_worker_proves()
    machine.members_sign(0, 1)
    machine.members_sign(0, 1)
    machine.turns(2)
    assert of_state(machine, EXECUTED), "one member is no quorum"


def a_deposit_gives_way(machine: OperatorMachine) -> None:
    machine.blocks_come(5)
    machine.deposits("alice", 400)
    machine.operator.watcher.step()
    machine.operated_here.anvil.reorganise(1)
    machine.blocks_come(2)
    machine.operator.watcher.step()
    assert sum(one.amount for one in machine.operator.world.deposits()) == 1_500, "one of them is not there any more"
    machine.everything_ends_well()


def a_deposit_is_young(machine: OperatorMachine) -> None:
    machine.deposits("alice", 400)
    machine.turns(1)
    with machine.store.unit() as session:
        used = session.scalar(select(func.sum(Movement.amount)))
    assert used == 1_500, "the newest block may give way"


def an_update_gives_way(machine: OperatorMachine) -> None:
    """A block with a batch's update, when nothing but the end of things is left to do."""
    machine.turns(1)
    machine.a_worker_proves()
    machine.members_sign(0, 2)
    while not of_state(machine, MINED) and not of_state(machine, FINAL):
        machine.turns(1)
    machine.operated_here.anvil.reorganise(1)
    machine.everything_ends_well()


def fees_jump(machine: OperatorMachine) -> None:
    """What was sent is too cheap for blocks: it is replaced, and happens once."""
    anvil = machine.operated_here.anvil
    machine.turns(1)
    machine.a_worker_proves()
    machine.members_sign(0, 2)
    anvil.automine(False)
    machine.turns(1)
    try:
        for _ in range(6):
            anvil.next_base_fee(100 * GWEI)
            anvil.mine()
            machine.turns(1)
    finally:
        anvil.automine(True)
    anvil.mine()
    with machine.store.unit() as session:
        assert session.scalar(select(func.max(ChainTx.attempt))), "nothing was replaced"
    machine.everything_ends_well()


def forced_first(machine: OperatorMachine) -> None:
    machine.turns(1)
    machine.asks_by_force("alice", 30)
    for _ in range(4):
        machine.sends("alice", 1)
    machine.blocks_come(2)
    machine.turns(2)
    with machine.store.unit() as session:
        served = session.scalar(select(Entry.batch).where(Entry.request.is_not(None)))
        sent = session.scalar(select(func.min(Entry.batch)).where(Entry.tx_id.is_not(None)))
    assert served is not None and (sent is None or served <= sent), "users' transactions came first"


def of_state(machine: OperatorMachine, state: str) -> list[int]:
    with machine.store.unit() as session:
        return list(session.scalars(select(Batch.id).where(Batch.state == state, Batch.id >= 0)))


# --- twins


@dataclass(frozen=True)
class Twin:
    """`change` breaks the operator; `story` must not end well then."""

    name: str
    story: Callable[[OperatorMachine], None]
    change: Callable[[pytest.MonkeyPatch], None]


TWINS: list[Twin] = []


def twin(name: str, story: Callable[[OperatorMachine], None]) -> Callable[[Any], Any]:
    def keep(change: Callable[[pytest.MonkeyPatch], None]) -> Callable[[pytest.MonkeyPatch], None]:
        TWINS.append(Twin(name, story, change))
        return change

    return keep


@twin("it answers before it stores", sent_again)
def answers_first(patch: pytest.MonkeyPatch) -> None:
    stored = intake.Intake._stored

    def forgotten(self: Any, session: Any, outcomes: Any) -> Any:
        answers = stored(self, session, outcomes)
        session.rollback()
        return answers

    patch.setattr(intake.Intake, "_stored", forgotten)


@twin("a used id takes another body", sent_again)
def any_body(patch: pytest.MonkeyPatch) -> None:
    real = intake.sha256
    patch.setattr(intake, "sha256", lambda _: real(b""))


@twin("what a batch had that is given up is forgotten", given_up)
def forgets(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lifecycle, "_set_waiting", lambda session, gone: None)


@twin("what stands on a batch that is given up stays", given_up)
def leaves_descendants(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lifecycle, "_followers", lambda session, batch: [])


@twin("a lease has no fence", overtaken)
def no_fence(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Writer, "unit", lambda self: self.store.unit())


@twin("a claim has no fence", late_worker)
def no_fence_of_claims(patch: pytest.MonkeyPatch) -> None:
    def end(session: Any, claimed: jobs.Claim, **values: Any) -> None:
        session.execute(update(Job).where(Job.id == claimed.id).values(**values))

    patch.setattr(jobs, "_end", end)


@twin("the quorum is not sorted", in_peace)
def unsorted(patch: pytest.MonkeyPatch) -> None:
    proof = AccountCommittee.proof

    def backwards(self: Any, claim: bytes, signatures: Any) -> bytes:
        found = proof(self, claim, signatures)
        parts = [found[start : start + SIGNATURE] for start in range(0, len(found), SIGNATURE)]
        return b"".join(reversed(parts))

    patch.setattr(AccountCommittee, "proof", backwards)


@twin("one member is a quorum", one_signs_twice)
def counts_twice(patch: pytest.MonkeyPatch) -> None:
    is_signed = Lifecycle._is_signed
    patch.setattr(Lifecycle, "_is_signed", lambda self, *of: is_signed(_with_required(self, 1), *of))


def _with_required(lifecycle_of: Lifecycle, required: int) -> Lifecycle:
    return Lifecycle(lifecycle_of.writer, required, lifecycle_of.clock)


@twin("blocks that gave way still count", a_deposit_gives_way)
def keeps_blocks(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(watcher, "_forsake_above", lambda session, fork: None)


@twin("a deposit is used before it is confirmed", a_deposit_is_young)
def uses_young_ones(patch: pytest.MonkeyPatch) -> None:
    pending = chain_view.pending_deposits
    patch.setattr(world.chain_view, "pending_deposits", lambda session, _: pending(session, 0))


@twin("a deposit is used again while its batch is on the way", in_peace)
def uses_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(chain_view, "_used_by_batches", lambda session: {})


@twin("it sends before it writes down", killed)
def sends_first(patch: pytest.MonkeyPatch) -> None:
    row = Sender._row

    def sent(self: Any, *of: Any) -> Any:
        made = row(self, *of)
        self.node.send(made.raw)
        return made

    patch.setattr(Sender, "_row", sent)


@twin("a replacement has a nonce of its own", fees_jump)
def new_nonces(patch: pytest.MonkeyPatch) -> None:
    row = Sender._row

    def renumbered(self: Any, step: Any, nonce: int, attempt: int, *of: Any) -> Any:
        return row(self, step, nonce + attempt, attempt, *of)

    patch.setattr(Sender, "_row", renumbered)


@twin("users come before forced requests", forced_first)
def users_first(patch: pytest.MonkeyPatch) -> None:
    new = Batcher._new_requests

    def later(self: Any) -> Any:
        with self.writer.store.unit() as session:
            waits = session.scalar(select(Received.tx_id).where(Received.state == "received"))
        return iter(()) if waits is not None else new(self)

    patch.setattr(Batcher, "_new_requests", later)


@twin("the newest batch goes first", in_peace)
def newest_first(patch: pytest.MonkeyPatch) -> None:
    def newest(session: Any) -> Any:
        rows = session.scalars(select(Batch).where(Batch.state == "ready").order_by(Batch.id.desc()))
        return next(iter(rows), None)

    patch.setattr(submitter, "_oldest", newest)


@twin("what fell out of its block is left there", an_update_gives_way)
def stays_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Sender, "_put_back", lambda self, attempts, top: None)


STORIES = sorted({twin.story for twin in TWINS}, key=lambda story: story.__name__)

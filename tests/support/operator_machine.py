"""An operator between people who send, a chain that fails in all the ways it can, and a book of what must hold.

One example begins with an exchange in which nothing has happened. Users send and repeat, deposit and take back, ask by
force; the operator turns and is killed at its commits; blocks are taken back; members sign, lie or sleep; a worker
proves, is lost, or comes too late; the node fails, fees jump. After each step nothing that was accepted is lost, and no
id is used twice; in the end, when everything works again, the chain says what the book says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from freehold.patience import NodeFails
from freehold.services.base.wire import NotReadable
from freehold.services.operator import batches, chain_view, head, jobs
from freehold.services.operator.availability import Availability
from freehold.services.operator.lease import LeaseLost
from freehold.services.operator.sender import NOTHING
from freehold.services.operator.store import Store, open_store
from freehold.services.operator.tables import ABANDONED, FINAL, Batch, ChainTx, Received
from freehold.testing.kit import User
from prover.applications.perpetual.positions import EMPTY
from tests.support.databases import Databases
from tests.support.operated_exchange import AFTER, BEFORE, Idle, Killed, Operated, killed_at, proof_of_words
from tests.support.operator_kit import document
from tests.support.served_exchange import connected

GWEI = 10**9
DEEPEST = 2
"""Blocks that give way at once; what has so many more on top is final."""
DRAIN = 120
"""Turns in which everything must come to its end once nothing fails any more."""
OTHER = 999
PEOPLE = st.sampled_from(["alice", "bob"])
AMOUNTS = st.sampled_from([1, 7, 30, 400, 5_000])


class OperatorMachine(RuleBasedStateMachine):
    """`operated` and `databases` are set by the test. `sent` is by id; a request is open until it is served."""

    drain = DRAIN
    operated: ClassVar[Operated]
    databases: ClassVar[Databases]

    def __init__(self) -> None:
        super().__init__()
        chain = self.operated
        self.operated_here = replace(chain, finality=DEEPEST, confirmations=1, engine=Idle)
        self.snapshot, self.began = chain.anvil.snapshot(), chain.anvil.node.head().number
        self.store: Store = open_store(self.databases.new("sqlite"))
        self.store.migrate()
        self.operator = self.operated_here.operator(self.store)
        self.sent: dict[int, bytes] = {}
        self.seen: dict[int, bytes] = {}
        self.claims: list[jobs.Claim] = []
        self.asked: set[tuple[str, int]] = set()

    @initialize()
    def both_have_something(self) -> None:
        for name, amount in (("alice", 1_000), ("bob", 500)):
            self.deposits(name, amount)
        self.operated_here.anvil.mine(2)
        self.operator.watcher.step()

    def teardown(self) -> None:
        try:
            self.everything_ends_well()
        finally:
            self.close()

    def close(self) -> None:
        self.store.close()
        self.operated_here.anvil.revert(self.snapshot)

    # --- people

    @rule(giver=PEOPLE, amount=AMOUNTS)
    def sends(self, giver: str, amount: int) -> None:
        """The next id. Rules may refuse it later; taking it in is a promise to keep it."""
        taker = "bob" if giver == "alice" else "alice"
        tx_id = len(self.sent)
        body = self._transfer(self._user(giver), self._user(taker), amount, tx_id)
        (answer,) = self.operator.intake.take([body])
        assert answer.is_accepted, answer
        self.sent[tx_id] = body

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def sends_again(self, data: Any) -> None:
        """The same is the same answer; something else under a used id is refused."""
        tx_id = data.draw(st.sampled_from(sorted(self.sent)))
        other = self._transfer(self._user("alice"), self._user("bob"), OTHER, tx_id)
        same, refused = self.operator.intake.take([self.sent[tx_id], other])
        assert same.is_accepted and refused.code == "INVALID_TRANSACTION_ID"

    @rule(name=PEOPLE, amount=AMOUNTS)
    def deposits(self, name: str, amount: int) -> None:
        with self._people() as kit:
            kit.deposit(self._user(name), amount)

    @rule(name=PEOPLE)
    def takes_a_deposit_back(self, name: str) -> None:
        """What still waits then comes back; a batch that counted on it fails on chain."""
        user = self._user(name)
        with self._people() as kit:
            if not kit.pending(user):
                return
            kit.cancel(user)
            kit.wait(kit.exchange.DEPOSIT_CANCEL_DELAY() + 1)
            kit.reclaim(user)

    @rule(name=PEOPLE, amount=AMOUNTS)
    def asks_by_force(self, name: str, amount: int) -> None:
        user = self._user(name)
        with self._people() as kit:
            if not kit.requested_at(user, amount):
                kit.request(user, amount)
                self.asked.add((name, amount))

    # --- the operator

    @rule(turns=st.integers(1, 4))
    def turns(self, turns: int) -> None:
        for _ in range(turns):
            self.operator.turn()

    @rule(commit=st.integers(1, 5), when=st.sampled_from([BEFORE, AFTER]))
    def is_killed(self, commit: int, when: str) -> None:
        with killed_at(self.store, commit, when):
            try:
                for _ in range(3):
                    self.operator.turn()
            except Killed:
                pass
        self._starts_again()

    @rule()
    def is_overtaken(self) -> None:
        """A second operator on the same store takes over; the first can write nothing more."""
        old = self.operator
        self._starts_again()
        with pytest.raises(LeaseLost), old.writer.unit():
            pass

    # --- those beside it

    @rule(first=st.integers(0, 2), number=st.integers(1, 3))
    def members_sign(self, first: int, number: int) -> None:
        """One of them may do it twice, and again; one that is not enough is not enough."""
        self.operated_here.members_sign(self.store, first, number)

    @rule()
    def a_member_lies(self) -> None:
        names = frozenset(member.address.lower() for member in self.operated_here.kit.members)
        door = Availability(self.store, lambda: names)
        for batch_id in self._standing():
            lie = {"batch_id": batch_id, "signature": "00" * 65, "member_key": min(names), "claim_hash": "11" * 32}
            try:
                door.approve(json.dumps(lie).encode())
            except NotReadable as refused:
                assert refused.code == "INVALID_CLAIM_HASH"
                continue
            raise AssertionError("a lie was kept")

    @rule()
    def a_worker_proves(self) -> None:
        self._finish(self._claim())

    @rule()
    def a_worker_is_lost(self) -> None:
        """With its job; the lease runs out at once. It may come back."""
        claimed = self._claim(lease=-1.0)
        if claimed is not None:
            self.claims.append(claimed)

    @precondition(lambda self: self.claims)
    @rule()
    def a_lost_worker_comes_back(self) -> None:
        """Late: what it has counts only if nobody else was given the job."""
        self._finish(self.claims.pop(0))

    # --- the chain

    @rule(blocks=st.integers(1, 3))
    def blocks_come(self, blocks: int) -> None:
        self.operated_here.anvil.mine(blocks)

    @rule(depth=st.integers(1, DEEPEST))
    def blocks_give_way(self, depth: int) -> None:
        """Empty ones come in their place: what was in them happened not, and people do not repeat it."""
        anvil = self.operated_here.anvil
        if anvil.node.head().number - depth > self.began + 4:
            anvil.reorganise(depth)
            self.asked = {(name, amount) for name, amount in self.asked if self._is_open(name, amount)}

    @rule()
    def fees_jump(self) -> None:
        self.operated_here.anvil.next_base_fee(100 * GWEI)
        self.operated_here.anvil.mine()

    @rule(answers=st.integers(0, 6))
    def the_node_fails(self, answers: int) -> None:
        """After so many answers."""
        ask, left = self.operator.node.ask, answers

        def failing(*question: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise NodeFails("the node does not answer")
            return ask(*question)

        self.operator.node.ask = failing  # type: ignore[method-assign]
        try:
            self.operator.turn()
        except NodeFails as error:
            raise AssertionError("a node that fails ends the operator") from error
        finally:
            del self.operator.node.ask

    # --- what must hold

    @invariant()
    def nothing_accepted_is_lost(self) -> None:
        with self.store.unit() as session:
            rows = {row.tx_id: row for row in session.scalars(select(Received))}
            standing = self._standing_of(session)
        assert set(rows) == set(self.sent)
        for row in rows.values():
            if row.state == "batched":
                assert row.batch in standing, f"{row.tx_id} is in batch {row.batch}, which does not stand"
            else:
                assert row.state == "received" or (row.state == "rejected" and row.code and row.reason)

    @invariant()
    def ids_have_no_gap_and_are_used_once(self) -> None:
        with self.store.unit() as session:
            found = {batch.id: batch.state_hash for batch in session.scalars(select(Batch)) if batch.id >= 0}
        assert sorted(found) == list(range(len(found)))
        for batch_id, state_hash in self.seen.items():
            assert found[batch_id] == state_hash, f"batch {batch_id} is another one now"
        self.seen = found

    @invariant()
    def batches_stand_on_one_another(self) -> None:
        with self.store.unit() as session:
            rows = {row.id: row for row in session.scalars(select(Batch).where(Batch.state != ABANDONED))}
        followed = [row.previous for row in rows.values() if row.previous is not None]
        assert len(followed) == len(set(followed)), "two batches on one"
        assert all(previous in rows for previous in followed), "a batch stands on an abandoned one"

    def everything_ends_well(self) -> None:
        """All works again: all ends, and chain, store and book say the same."""
        for _ in range(self.drain):
            self.operator.turn()
            self._finish(self._claim())
            self.operated_here.members_sign(self.store)
            self.operated_here.anvil.mine()
            if self._is_done():
                break
        else:
            raise AssertionError("the batches do not come to their end")
        assert not self.operated_here.unwritten(self.store, self.began), "something was sent that is not written down"
        self.steps_are_taken_once()
        self._books_are_equal()

    def steps_are_taken_once(self) -> None:
        """Each under one nonce, unless it failed in a block."""
        with self.store.unit() as session:
            rows = session.scalars(select(ChainTx).where(ChainTx.succeeded.is_not(False))).all()
        nonces: dict[tuple[Any, ...], set[int]] = {}
        for row in rows:
            if row.purpose != NOTHING:
                nonces.setdefault((row.batch, row.purpose, row.part), set()).add(row.nonce)
        assert all(len(used) == 1 for used in nonces.values()), nonces

    def _books_are_equal(self) -> None:
        with self.store.unit() as session:
            final = [row.id for row in session.scalars(select(Batch).where(Batch.state == FINAL, Batch.id >= 0))]
            newest = session.get_one(Batch, head.tip_of(session).batch)
            words, state_hash = batches.shared_state_of(newest), newest.state_hash
        state = self.operator.batcher.head.state()
        assert state.hash() == state_hash and words.hash() == state_hash
        with self._people() as kit:
            assert bytes(kit.exchange.sharedStateHash()) == state_hash
            updates = [log.batchId for log in kit.exchange.LogUpdateState]
            assert updates == sorted(set(updates)) == final
            for name in ("alice", "bob"):
                user = self._user(name)
                position = state.positions.get(user.position_id, EMPTY)
                assert position.collateral_balance == self._expected(kit, user), f"{name}'s books differ"
            assert not [one for one in self.asked if self._is_open(*one)], "a request was not served"

    def _expected(self, kit: Any, user: User) -> int:
        """By the chain's own story and the transfers that count: what was deposited and used up, less what went out."""
        slot = {"starkKey": user.stark_key, "vaultId": user.position_id}
        deposited = _sum(kit.exchange.LogDeposit, "quantizedAmount", **slot)
        reclaimed = _sum(kit.exchange.LogDepositCancelReclaimed, "quantizedAmount", **slot)
        used = deposited - reclaimed - kit.pending(user)
        return used - kit.withdrawable(user) + self._moved(user)

    def _moved(self, user: User) -> int:
        with self.store.unit() as session:
            bodies = session.scalars(select(Received.body).where(Received.state == "batched"))
            counted = [json.loads(body) for body in bodies]
        taken = sum(int(one["amount"]) for one in counted if int(one["receiver_position_id"]) == user.position_id)
        return taken - sum(int(one["amount"]) for one in counted if int(one["sender_position_id"]) == user.position_id)

    # ---

    def _starts_again(self) -> None:
        self.operator = self.operated_here.operator(self.store)

    def _user(self, name: str) -> User:
        return getattr(self.operated_here.kit, name)  # type: ignore[no-any-return]

    def _transfer(self, giver: User, taker: User, amount: int, tx_id: int) -> bytes:
        rules = replace(self.operated_here.kit.rules(), time=self.operator.world.now())
        keys = (giver.stark_private_key, giver.position_id, taker.stark_private_key, taker.position_id)
        return json.dumps({"tx_id": tx_id, "tx": document(rules.transfer(*keys, amount), rules.collateral)}).encode()

    @contextmanager
    def _people(self) -> Iterator[Any]:
        with connected(self.operated_here.anvil):
            yield self.operated_here.kit

    def _claim(self, lease: float = 60.0) -> jobs.Claim | None:
        return jobs.claim(self.store, "worker", lease)

    def _finish(self, claimed: jobs.Claim | None) -> None:
        if claimed is None:
            return
        try:
            with self.store.unit() as session:
                jobs.finish(session, claimed, proof_of_words(session, claimed.output), 0, {})
        except jobs.ClaimLost:
            assert claimed.batch not in self._standing() or self._is_claimed_anew(claimed)

    def _is_claimed_anew(self, claimed: jobs.Claim) -> bool:
        with self.store.unit() as session:
            return session.get_one(jobs.Job, claimed.id).fence > claimed.fence

    def _standing(self) -> list[int]:
        with self.store.unit() as session:
            return self._standing_of(session)

    def _standing_of(self, session: Any) -> list[int]:
        return [row.id for row in session.scalars(select(Batch).where(Batch.state != ABANDONED, Batch.id >= 0))]

    def _is_open(self, name: str, amount: int) -> bool:
        with self._people() as kit:
            return bool(kit.requested_at(self._user(name), amount))

    def _is_done(self) -> bool:
        with self.store.unit() as session:
            states = set(session.scalars(select(Batch.state).where(Batch.id >= 0)))
            waiting = session.scalar(select(Received.tx_id).where(Received.state == "received"))
            asked, left = chain_view.forced_requests(session), chain_view.pending_deposits(session, 0)
        return states <= {FINAL, ABANDONED} and waiting is None and not asked and not left


def _sum(event: Any, field: str, **wanted: Any) -> int:
    return sum(log[field] for log in event if all(log[name] == value for name, value in wanted.items()))


def examples(number: int, steps: int) -> settings:
    """Failures are not explained: that takes hundreds of runs."""
    return settings(
        max_examples=number,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    )

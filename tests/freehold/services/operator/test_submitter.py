"""Batches come on chain in order, each step once, whoever else brings what, wherever the operator is killed."""

from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import select

from freehold.ethereum.node import Node
from freehold.patience import NodeFails
from freehold.services.operator import batches
from freehold.services.operator.lease import Writer
from freehold.services.operator.tables import Batch, Stage
from freehold.testing.output_words import availability_claim
from tests.support.served_exchange import ALL, Operator, on_chain_id, proof_fact, state_hash

# --- the usual way


def test_a_batch_that_is_proved_and_signed_comes_on_chain(operator, first):
    operator.work()
    assert operator.state(0) == "mined" and operator.purposes() == ALL
    assert state_hash(operator) == first.after.hash() and operator.submitter.waits_for is None
    with operator.writer.store.unit() as session:
        stages = set(session.scalars(select(Stage.name).where(Stage.batch == 0)))
    assert stages == {"proved", "signed", "sent_fact", "fact", "sent", "mined"}
    assert all(row.gas_used > 0 and row.gas_price > 0 and row.sent_in is not None for row in operator.sent())


def test_batches_come_in_their_order_and_a_proof_in_its_parts(operator, first):
    with operator.served.people() as kit:
        second = kit.output(first.after)
    operator.ready(1, second, parts=3)
    operator.work()
    assert operator.purposes() == [*ALL, "fact", "availability", "part", "part", "part", "update"]
    assert [row.part for row in operator.sent() if row.purpose == "part"] == [0, 1, 2]
    assert operator.state(1) == "mined" and state_hash(operator) == second.after.hash()
    assert on_chain_id(operator) == 1


def test_a_batch_waits_for_its_signatures_and_the_next_one_for_it(operator):
    with operator.served.people() as kit:
        output = kit.output()
        second = kit.output(output.after)
    operator.batch(0, output)
    operator.sign(0, output.after, members=1)
    operator.ready(1, second)
    operator.work()
    assert operator.sent() == [] and operator.state(0) == "executed" and operator.state(1) == "ready"


# --- others bring something


def test_what_somebody_else_proved_is_not_sent_again(operator, first):
    with operator.served.people() as kit:
        kit.proofs.declare(proof_fact(first.words()), sender=kit.stranger)
    operator.work()
    assert operator.purposes() == ["availability", "update"] and operator.state(0) == "mined"


def test_what_somebody_else_vouched_for_is_not_sent_again(operator, first):
    claim = availability_claim(first.after, 1)
    with operator.writer.store.unit() as session:
        signatures = batches.signatures_of(session, session.get_one(Batch, 0))
    proof = operator.served.contracts.members.proof(claim, signatures)
    with operator.served.people() as kit:
        kit.availability.verifyAvailabilityProof(claim, proof, sender=kit.stranger)
    operator.work()
    assert operator.purposes() == ["fact", "update"] and operator.state(0) == "mined"


def test_a_part_that_somebody_else_brought_is_not_sent_again(operator):
    with operator.served.people() as kit:
        output = kit.output()
        header = [int.from_bytes(proof_fact(output.words()), "big"), 3]
        kit.proofs.begin(1, header, sender=kit.stranger)
        _, context = kit.proofs.contextOf(1, header)
        kit.proofs.continueVerification(context, 1, b"", sender=kit.stranger)
    operator.ready(0, output, parts=3)
    operator.work()
    assert [row.part for row in operator.sent() if row.purpose == "part"] == [0, 2]
    assert operator.state(0) == "mined" and operator.error(0) == ""


def test_an_update_that_another_process_of_this_operator_sent_is_not_sent_again(operator, first):
    operator.work()
    assert operator.again().turn() is False
    assert operator.purposes() == ALL


# --- killed


class Killed(BaseException):
    """The process is gone."""


class DiesAtCommits(Writer):
    """After each of its commits."""

    @contextmanager
    def unit(self):
        with super().unit() as session:
            yield session
        raise Killed


class DiesAtBroadcasts(Node):
    """Once for each transaction, before it is broadcast or after."""

    before: bool
    seen: set

    def send(self, raw):
        if raw not in self.seen:
            self.seen.add(raw)
            if not self.before:
                super().send(raw)
            raise Killed
        super().send(raw)


def test_killed_after_each_commit_the_operator_sends_everything_once(operator, first):
    dying = DiesAtCommits(operator.writer.store, operator.writer.holder)
    deaths = 0
    for _ in range(60):
        Writer.acquire(dying)
        try:
            if not replace(operator, writer=dying).turn():
                break
        except Killed:
            deaths += 1
    assert deaths > 8 and operator.state(0) == "mined"
    assert operator.purposes() == ALL and {row.attempt for row in operator.sent()} == {0}


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_killed_at_each_broadcast_the_operator_sends_the_same_bytes_again(operator, first, before):
    node = DiesAtBroadcasts(operator.served.anvil.url)
    node.before, node.seen = before, set()
    for _ in range(60):
        try:
            if not replace(operator, node=node).turn():
                break
        except Killed:
            pass
    assert operator.state(0) == "mined" and len(node.seen) == 3
    assert operator.purposes() == ALL and {row.attempt for row in operator.sent()} == {0}


def test_a_node_that_fails_stops_nothing(operator, first):
    class Silent(Node):
        def ask(self, method, *parameters):
            raise NodeFails("silent")

    deaf = replace(operator, node=Silent("http://127.0.0.1:1"))
    assert deaf.turn() is True  # the lifecycle needs no node
    assert deaf.turn() is False and deaf.watcher.failing_since is not None
    operator.work()
    assert operator.state(0) == "mined"


def test_the_store_is_enough_for_another_process(operator, first):
    operator.turn()
    again = Operator(operator.served, operator.writer)
    again.work()
    assert again.purposes() == ALL

"""Batches come on chain in order, each step once, whoever else brings what, wherever the operator is killed."""

from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import select

from freehold.patience import NodeFails
from freehold.services.operator import batches
from freehold.services.operator.fees import FeePolicy
from freehold.services.operator.lease import Writer
from freehold.services.operator.lifecycle import abandon
from freehold.services.operator.node import Node
from freehold.services.operator.tables import Batch, Received, Stage
from tests.support.exchange_kit import GRACE
from tests.support.operator_rows import entry_row, received_row
from tests.support.output_words import availability_claim, condition_word
from tests.support.served_exchange import GWEI, Operator, on_chain_id, proof_fact

FACT, ALL = ["fact"], ["fact", "availability", "update"]


@pytest.fixture
def first(operator):
    """A batch that is proved and signed."""
    with operator.served.people() as kit:
        output = kit.output()
    operator.ready(0, output)
    return output


def state_hash(operator) -> bytes:
    return bytes(operator.served.anvil.node.call(operator.served.contracts.exchange, "sharedStateHash"))


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
    assert operator.state(0) == "mined"


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


# --- fees


def test_above_the_most_nothing_is_sent_until_fees_fall(operator, first):
    anvil = operator.served.anvil
    anvil.next_base_fee(600 * GWEI)
    anvil.mine()
    operator.work()
    assert operator.sent() == [] and "at most" in operator.submitter.waits_for
    anvil.next_base_fee(3 * GWEI)
    anvil.mine()
    operator.work()
    assert operator.purposes() == ALL and operator.submitter.waits_for is None


@pytest.fixture
def stuck(operator, first):
    """The proof's transaction is broadcast and in no block, for the base fee has risen above what it pays."""
    anvil = operator.served.anvil
    anvil.automine(False)
    operator.turn()
    operator.turn()
    raise_fee(operator, 1)
    return first


def raise_fee(operator, blocks: int) -> None:
    """Blocks that no transaction of before can pay for."""
    anvil = operator.served.anvil
    for _ in range(blocks):
        anvil.next_base_fee(100 * GWEI)
        anvil.mine()


def test_a_transaction_that_no_block_takes_is_replaced_at_a_higher_fee(operator, stuck):
    operator.turn()
    assert [row.attempt for row in operator.sent()][:1] == [0] and len({row.nonce for row in operator.sent()}) == 2
    raise_fee(operator, 3)
    operator.turn()
    attempts = [row for row in operator.sent() if row.purpose == "fact"]
    assert [row.attempt for row in attempts] == [0, 1] and len({row.nonce for row in attempts}) == 1
    assert attempts[1].max_fee >= attempts[0].max_fee * 1.125 and attempts[1].tip >= attempts[0].tip * 1.125
    operator.served.anvil.automine(True)
    operator.served.anvil.mine()
    operator.work()
    assert operator.state(0) == "mined"
    assert [row.succeeded for row in operator.sent() if row.purpose == "fact"] == [None, True]


def test_the_replaced_transaction_is_mined_instead_of_the_replacement(operator, stuck):
    raise_fee(operator, 3)
    operator.turn()
    old, _ = (row for row in operator.sent() if row.purpose == "fact")
    anvil = operator.served.anvil
    for row in operator.sent():
        anvil.drop(row.hash)
    anvil.next_base_fee(GWEI)
    anvil.mine()
    anvil.node.send(old.raw)
    anvil.next_base_fee(GWEI)
    anvil.mine()
    anvil.automine(True)
    operator.work()
    assert operator.state(0) == "mined"
    assert [row.succeeded for row in operator.sent() if row.purpose == "fact"] == [True, None]
    assert [row.purpose for row in operator.sent() if row.attempt == 0] == ALL


def test_a_replacement_above_the_most_is_not_made(operator, first):
    poor = replace(operator, policy=FeePolicy(most=50 * GWEI, bump=0.125))
    anvil = operator.served.anvil
    anvil.automine(False)
    poor.turn()
    poor.turn()
    raise_fee(poor, 4)
    poor.turn()
    assert {row.attempt for row in poor.sent()} == {0} and "above the most" in poor.submitter.waits_for


def test_a_transaction_that_the_node_lost_is_broadcast_again_as_it_was(operator, first):
    anvil = operator.served.anvil
    anvil.automine(False)
    operator.turn()
    operator.turn()
    (row,) = [row for row in operator.sent() if row.purpose == "fact"]
    anvil.drop(row.hash)
    assert not anvil.node.knows(row.hash)
    operator.turn()
    assert anvil.node.knows(row.hash) and len(operator.sent()) == 2
    anvil.automine(True)
    anvil.mine()
    operator.work()
    assert operator.state(0) == "mined" and operator.purposes() == ALL


def test_without_money_nothing_is_sent_and_the_reason_is_told(operator, first):
    anvil, address = operator.served.anvil, operator.sender.signer.address
    anvil.ask("anvil_setBalance", address, hex(5))
    operator.work()
    assert operator.sent() == [] and f"{address} has 5 wei" in operator.submitter.waits_for
    assert operator.sender.balance() == 5


def test_a_nonce_that_was_used_elsewhere_is_noticed_and_the_step_sent_anew(operator, first):
    anvil, address = operator.served.anvil, operator.sender.signer.address
    anvil.automine(False)
    operator.turn()
    operator.turn()
    for row in operator.sent():
        anvil.drop(row.hash)
    for _ in range(2):
        anvil.ask("eth_sendTransaction", {"from": address, "to": address, "value": "0x1"})
    anvil.mine()
    anvil.automine(True)
    operator.work()
    assert operator.state(0) == "mined" and operator.purposes() == ["fact", "availability", *ALL]


# --- the exchange refuses


def test_an_update_that_would_revert_is_given_up_before_its_gas_is_paid(operator):
    with operator.served.people() as kit:
        output = kit.output(modifications=[(kit.alice.stark_key, kit.alice.position_id, 5)])
        follower = kit.output(output.after)
        slot = {"public_key": hex(kit.alice.stark_key), "position_id": str(kit.alice.position_id)}
    operator.ready(0, output)
    operator.ready(1, follower)
    with operator.writer.unit() as session:
        session.add(received_row(10, {"type": "DEPOSIT", "amount": "5", **slot}, "batched", 0))
        session.add(received_row(11, {"type": "TRANSFER"}, "batched", 0))
        session.add(received_row(12, {"type": "TRANSFER"}, "batched", 1))
        session.flush()
        session.add_all([entry_row(0, 0, "DEPOSIT", 10), entry_row(0, 1, "TRANSFER", 11)])
    operator.work()
    assert [operator.state(0), operator.state(1)] == ["abandoned", "abandoned"]
    assert "DepositInsufficient(" in operator.error(0) and "batch 0 was abandoned" in operator.error(1)
    assert operator.purposes() == ["fact", "availability"]
    with operator.writer.store.unit() as session:
        rows = [session.get_one(Received, tx_id) for tx_id in (10, 11, 12)]
    assert [(row.state, row.code, row.batch) for row in rows] == [
        ("rejected", "INSUFFICIENT_ONCHAIN_BALANCE", 0),
        ("received", None, None),
        ("received", None, None),
    ]


def test_what_is_refused_before_the_proof_costs_nothing(operator):
    with operator.served.people() as kit:
        output = kit.output(kit.state.__class__(0x999, kit.state.system_time))
    operator.ready(0, output)
    operator.work()
    assert operator.state(0) == "abandoned" and "InvalidPreviousSharedState(" in operator.error(0)
    assert operator.sent() == []


def test_a_condition_that_is_not_met_rejects_its_transfer(operator):
    fact = b"\7" * 32
    with operator.served.people() as kit:
        registry = kit.proofs.address
        output = kit.output(conditions=[condition_word(registry, fact)])
    operator.ready(0, output, facts=f'[["{registry}", "0x{fact.hex()}"]]')
    with operator.writer.unit() as session:
        session.add(received_row(10, {"type": "CONDITIONAL_TRANSFER"}, "batched", 0))
        session.flush()
        session.add(entry_row(0, 0, "CONDITIONAL_TRANSFER", 10))
    operator.work()
    assert operator.state(0) == "abandoned" and "ConditionNotMet(0," in operator.error(0)
    with operator.writer.store.unit() as session:
        assert session.get_one(Received, 10).code == "FACT_NOT_REGISTERED"


def test_a_condition_that_is_met_goes_along(operator):
    fact = b"\7" * 32
    with operator.served.people() as kit:
        kit.proofs.declare(fact, sender=kit.stranger)
        registry = kit.proofs.address
        output = kit.output(conditions=[condition_word(registry, fact)])
    operator.ready(0, output, facts=f'[["{registry}", "0x{fact.hex()}"]]')
    operator.work()
    assert operator.state(0) == "mined"


def test_frozen_in_the_middle_the_operator_waits_and_pays_for_nothing_more(operator):
    with operator.served.people() as kit:
        kit.request(kit.alice, 1)
        operator.served.anvil.later(GRACE)
        output = kit.output()
        operator.ready(0, output)
        operator.read()
        operator.turn()
        assert operator.purposes() == ["fact", "availability"]
        kit.freeze(kit.alice, 1)
    operator.work()
    assert operator.purposes() == ["fact", "availability"] and operator.state(0) == "ready"
    assert "StateIsFrozen" in operator.submitter.waits_for and "StateIsFrozen" in operator.error(0)


def test_a_transaction_of_an_abandoned_batch_gives_way_to_nothing(operator, stuck):
    with operator.writer.unit() as session:
        abandon(session, 0, "for a test", 0.0)
    raise_fee(operator, 1)
    operator.watcher.step()
    operator.sender.watch()
    assert [row.purpose for row in operator.sent() if row.attempt == 1] == ["nothing"] * 2
    operator.served.anvil.automine(True)
    operator.served.anvil.mine()
    operator.work()
    assert [row.succeeded for row in operator.sent() if row.attempt == 1] == [True] * 2


# --- reorganisations


def test_two_blocks_under_an_update_are_reorganised_and_it_comes_again(operator, first):
    operator.work()
    assert operator.state(0) == "mined"
    operator.served.anvil.reorganise(2)
    operator.read()
    operator.lifecycle.step()
    assert operator.state(0) == "sent" and on_chain_id(operator) == 0
    operator.work()
    assert operator.state(0) == "mined" and state_hash(operator) == first.after.hash()
    assert {row.attempt for row in operator.sent()} == {0} and operator.purposes() == ALL


def test_a_block_under_a_fact_is_reorganised_and_it_comes_again(operator, first):
    operator.turn()
    assert operator.purposes() == ["fact", "availability"]
    operator.served.anvil.reorganise(2)
    operator.work()
    assert operator.state(0) == "mined" and operator.purposes() == ALL


def test_a_deposit_that_a_reorganisation_takes_away_is_the_end_of_its_batch(operator):
    with operator.served.people() as kit:
        kit.deposit(kit.alice, 5)
        kit.stranger.transfer(kit.stranger, 1)
        output = kit.output(modifications=[(kit.alice.stark_key, kit.alice.position_id, 5)])
    operator.ready(0, output)
    operator.read()
    operator.served.anvil.reorganise(2)
    operator.work()
    assert operator.state(0) == "abandoned" and "DepositInsufficient" in operator.error(0)


def test_another_operators_update_in_this_ones_place_ends_what_was_built(operator, first):
    with operator.served.people() as kit:
        other = kit.output(after=replace(kit.state, positions_root=0x777, system_time=kit.now()))
        kit.proofs.declare(proof_fact(other.words()), sender=kit.stranger)
        claim = availability_claim(other.after, 1)
        signatures = b"".join(
            kit.sign_raw(one, claim) for one in sorted(kit.members[:2], key=lambda one: int(one.address, 16))
        )
        kit.availability.verifyAvailabilityProof(claim, signatures, sender=kit.stranger)
        kit.update(other.words(), [0, 0, 0])
    operator.work()
    assert operator.state(0) == "abandoned" and operator.sent() == []


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

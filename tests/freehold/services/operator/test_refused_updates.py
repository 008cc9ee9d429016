"""What the exchange would refuse is given up before it is paid for, or waits; reorganisations bring things back."""

from dataclasses import replace

import pytest

from freehold.services.operator.tables import Received
from freehold.testing.kit import GRACE
from freehold.testing.output_words import condition_word
from tests.support.operator_rows import entry_row, received_row
from tests.support.served_exchange import ALL, on_chain_id, state_hash

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


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
    assert operator.state(0) == "abandoned" and "ConditionNotMet(index = 0," in operator.error(0)
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
        kit.declare(other.words(), other.after)
        kit.update(other.words(), [0, 0, 0])
    operator.work()
    assert operator.state(0) == "abandoned" and operator.sent() == []

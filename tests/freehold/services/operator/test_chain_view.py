"""What the store answers of the chain is what the contract itself answers, less what batches under way use."""

from dataclasses import replace

import pytest

from freehold.services.operator import chain_view
from freehold.services.operator.chain_view import PendingDeposit
from freehold.services.operator.lifecycle import abandon
from freehold.services.operator.tables import Batch, Job, PositionLeaf, Received
from freehold.services.operator.whereabouts import where_is
from freehold.testing.kit import GRACE
from prover.applications.perpetual.facts import forced_trade_hash, forced_withdrawal_hash
from prover.applications.perpetual.transactions import ForcedTrade
from tests.support.operator_rows import batch_row, entry_row, received_row

DAY = 86_400


def view(operator, ask, *arguments):
    operator.read()
    with operator.writer.store.unit() as session:
        return ask(session, *arguments)


def pending(operator, confirmations: int = 0) -> list[PendingDeposit]:
    return view(operator, chain_view.pending_deposits, confirmations)


def as_the_contract_says(operator, user) -> list[PendingDeposit]:
    node, exchange, slot = (
        operator.served.anvil.node,
        operator.served.contracts.exchange,
        operator.served.kit.slot(user),
    )
    amount = node.call(exchange, "getDepositBalance", *slot)
    since = node.call(exchange, "getCancellationRequest", *slot)
    return [PendingDeposit(slot[0], slot[2], amount, since or None)] if amount else []


# --- deposits


def test_deposits_are_pending_from_so_many_confirmations_on(operator):
    with operator.served.people() as kit:
        kit.deposit(kit.alice, 5)
        kit.deposit(kit.alice, 7)
    assert pending(operator) == as_the_contract_says(operator, operator.served.kit.alice)
    assert [one.amount for one in pending(operator)] == [12]
    assert [one.amount for one in pending(operator, 1)] == [5]
    assert pending(operator, 2) == []
    operator.served.anvil.mine(2)
    assert [one.amount for one in pending(operator, 2)] == [12]


def test_what_a_batch_uses_is_not_pending_until_it_is_abandoned_and_once_it_is_mined(operator):
    with operator.served.people() as kit:
        kit.deposit(kit.alice, 12)
        output = kit.output(modifications=[(kit.alice.stark_key, kit.alice.position_id, 5)])
    alice = operator.served.kit.alice
    operator.ready(0, output)
    assert [one.amount for one in pending(operator)] == [7]
    operator.work()
    assert operator.state(0) == "mined" and pending(operator) == as_the_contract_says(operator, alice)
    assert [one.amount for one in pending(operator)] == [7]
    operator.served.anvil.reorganise(1)
    assert [one.amount for one in pending(operator)] == [7]
    with operator.writer.unit() as session:
        session.get_one(Batch, 0).state = "sent"
        abandon(session, 0, "for a test", 0.0)
    assert [one.amount for one in pending(operator)] == [12]


def test_what_was_reclaimed_is_not_pending(operator):
    alice = operator.served.kit.alice
    with operator.served.people() as kit:
        kit.deposit(kit.alice, 5)
        kit.cancel(kit.alice)
        assert pending(operator) == as_the_contract_says(operator, alice)
        kit.wait(3 * DAY)
        kit.reclaim(kit.alice)
    assert pending(operator) == as_the_contract_says(operator, alice) == []


def test_a_cancellation_lasts_as_long_as_the_contract_keeps_it(operator):
    alice, checked = operator.served.kit.alice, []

    def check():
        found = pending(operator)
        assert found == as_the_contract_says(operator, alice)
        checked.append(found[0].cancelled_at if found else "empty")

    with operator.served.people() as kit:
        kit.token.mint(kit.stranger, 100, sender=kit.governor)
        kit.token.approve(kit.exchange, 100, sender=kit.stranger)
        kit.deposit(kit.alice, 5)
        kit.cancel(kit.alice)
        check()
        kit.deposit(kit.alice, 1, sender=kit.stranger)
        check()
        kit.deposit(kit.alice, 1)
        check()
        kit.cancel(kit.alice)
        slot = (kit.alice.stark_key, kit.alice.position_id)
        output = kit.output(modifications=[(*slot, 3)])
        operator.ready(0, output)
        operator.work()
        check()
        kit.cancel(kit.alice)
        operator.ready(1, kit.output(output.after, modifications=[(*slot, 4)]))
        operator.work()
        check()
        kit.deposit(kit.alice, 1, sender=kit.stranger)
        check()
    assert [since is None for since in checked if since != "empty"] == [False, False, True, False, True]
    assert checked.count("empty") == 1


def test_slots_of_several_are_told_apart(operator):
    with operator.served.people() as kit:
        kit.deposit(kit.alice, 5)
        kit.deposit(kit.bob, 6)
    assert [(one.position_id, one.amount) for one in pending(operator)] == [(7, 5), (8, 6)]


# --- forced requests


def forced(operator, confirmations: int = 0):
    return view(operator, chain_view.forced_requests, confirmations)


def test_forced_requests_are_known_by_the_hash_that_a_batch_serves_them_by(operator):
    kit = operator.served.kit
    with operator.served.people():
        kit.request(kit.alice, 3)
        trade = kit.trade()
        kit.request_trade(trade)
    withdrawal, exchange_trade = forced(operator)
    assert withdrawal.kind == "FORCED_WITHDRAWAL" and exchange_trade.kind == "FORCED_TRADE"
    assert withdrawal.request == forced_withdrawal_hash(kit.alice.stark_key, kit.alice.position_id, 3)
    given = {name: int(value) for name, value in exchange_trade.arguments.items()}
    ours = ForcedTrade(
        public_key_a=given["starkKeyA"],
        public_key_b=given["starkKeyB"],
        position_id_a=given["vaultIdA"],
        position_id_b=given["vaultIdB"],
        synthetic_asset_id=given["syntheticAssetId"],
        amount_collateral=given["amountCollateral"],
        amount_synthetic=given["amountSynthetic"],
        is_party_a_buying_synthetic=given["aIsBuyingSynthetic"],
        nonce=given["nonce"],
        is_valid=1,
    )
    assert exchange_trade.request == forced_trade_hash(ours, given["collateralAssetId"])
    for one in (withdrawal, exchange_trade):
        assert one.deadline == one.requested_at + GRACE
    assert forced(operator, 1) == [withdrawal]


def test_a_request_that_a_batch_serves_is_open_again_once_that_is_abandoned(operator):
    with operator.served.people() as kit:
        kit.request(kit.alice, 3)
        output = kit.output(forced=[kit.withdrawal(kit.alice, 3)])
    (request,) = forced(operator)
    operator.ready(0, output)
    with operator.writer.unit() as session:
        session.add(entry_row(0, 0, "FORCED_WITHDRAWAL", origin="forced", request=request.request))
    assert forced(operator) == []
    with operator.writer.unit() as session:
        abandon(session, 0, "for a test", 0.0)
    assert forced(operator) == [request]


def test_a_request_that_was_served_may_be_made_again(operator):
    with operator.served.people() as kit:
        kit.request(kit.alice, 3)
        output = kit.output(forced=[kit.withdrawal(kit.alice, 3)])
        (request,) = forced(operator)
        operator.ready(0, output)
        with operator.writer.unit() as session:
            session.add(entry_row(0, 0, "FORCED_WITHDRAWAL", origin="forced", request=request.request))
        operator.work()
        assert operator.state(0) == "mined" and forced(operator) == []
        kit.request(kit.alice, 3)
    (again,) = forced(operator)
    assert again.request == request.request and again.block > request.block


def test_a_request_that_a_reorganisation_takes_away_is_none(operator):
    with operator.served.people() as kit:
        kit.request(kit.alice, 3)
    assert len(forced(operator)) == 1
    operator.served.anvil.reorganise(1)
    assert forced(operator) == []


def test_a_trade_that_a_freeze_outlived_is_no_obligation_any_more(operator):
    with operator.served.people() as kit:
        kit.request_trade(kit.trade())
        kit.request(kit.alice, 3)
        assert not view(operator, chain_view.is_frozen)
        kit.wait(GRACE)
        kit.freeze(kit.alice, 3)
        assert view(operator, chain_view.is_frozen)
        assert [one.kind for one in forced(operator)] == ["FORCED_WITHDRAWAL"]
        kit.wait(366 * DAY)
        kit.exchange.unFreeze(sender=kit.governor)
    assert not view(operator, chain_view.is_frozen)
    assert [one.kind for one in forced(operator)] == ["FORCED_WITHDRAWAL"]


# --- withdrawals


def words(operator) -> list[tuple[str, int]]:
    found = view(operator, where_is, operator.served.kit.alice.position_id)
    return [(one.word, one.amount) for one in found]


def test_a_withdrawal_is_requested_batched_proved_withdrawable_and_paid(operator):
    kit = operator.served.kit
    alice = kit.alice
    with operator.served.people():
        after = kit.give(alice, 100)
    operator.read()
    body = {
        "type": "WITHDRAWAL",
        "amount": "30",
        "position_id": str(alice.position_id),
        "public_key": hex(alice.stark_key),
    }
    with operator.writer.unit() as session:
        session.add(received_row(4, body))
        session.add(received_row(5, {**body, "position_id": "8"}))
    assert words(operator) == [("requested", 30)]
    with operator.served.people():
        output = kit.output(after, modifications=[(alice.stark_key, alice.position_id, -30)])
    root_of_later(operator, after)
    operator.batch(2, output, previous=1)
    with operator.writer.unit() as session:
        session.get_one(Received, 4).state = "batched"
        session.add(PositionLeaf(position_id=alice.position_id, batch=2, body="{}"))
    with operator.writer.unit() as session:
        session.query(Job).update({"state": "waiting"})
    assert words(operator) == [("batched", 30)]
    with operator.writer.unit() as session:
        session.query(Job).update({"state": "done"})
    operator.sign(2, output.after)
    operator.lifecycle.step()
    assert words(operator) == [("proved", 30)]
    operator.work()
    assert operator.state(2) == "mined" and words(operator) == [("withdrawable", 30)]
    with operator.served.people():
        kit.withdraw(alice)
    assert words(operator) == [("paid", 30)]


def root_of_later(operator, state) -> None:
    """The operator begins where the exchange stands by now: after batch 1."""
    with operator.writer.unit() as session:
        session.delete(session.get_one(Batch, -1))
        row = batch_row(1, None, state.words(), state.hash(), operator.sequence_number(), state="final")
        session.add(row)


def test_forced_withdrawals_are_requested_ones(operator):
    with operator.served.people() as kit:
        kit.request(kit.alice, 3)
    assert words(operator) == [("requested", 3)]


def test_another_operators_update_of_the_same_id_is_not_ones_own(operator):
    with operator.served.people() as kit:
        output = kit.output()
    operator.ready(0, output)
    operator.work()
    with operator.writer.store.unit() as session:
        batch = session.get_one(Batch, 0)
        assert chain_view.update_of(session, batch) is not None
        other = Batch(id=batch.id, state_hash=b"\5" * 32)
        assert chain_view.update_of(session, other) is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_empty_store_knows_nothing(store):
    with store.unit() as session:
        assert chain_view.head(session) is None and not chain_view.is_frozen(session)
        assert chain_view.final_number(session) == chain_view.confirmed_number(session, 3) == -1
        assert chain_view.pending_deposits(session, 0) == [] and chain_view.forced_requests(session) == []


def test_deposits_that_came_before_the_operator_are_used_up_where_they_were(operator):
    """By batches of which the store has no rows."""
    with operator.served.people() as kit:
        kit.give(kit.alice, 100)
        kit.deposit(kit.alice, 9)
    assert pending(operator) == as_the_contract_says(operator, operator.served.kit.alice)
    assert replace(pending(operator)[0], amount=9) == pending(operator)[0]

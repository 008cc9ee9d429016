"""The batcher: order, refusals by name, seals, and a state that is the rules' own, whatever comes in between."""

import json

import pytest
from pydantic import TypeAdapter
from sqlalchemy import select, update

from freehold.services.operator import blobs
from freehold.services.operator.batcher import DAY
from freehold.services.operator.feeder import Feeder
from freehold.services.operator.head import StoreDamaged, tip_of
from freehold.services.operator.surroundings import OpenRequest
from freehold.services.operator.tables import Batch, Entry, Movement, PositionLeaf
from prover.applications.perpetual.batch import apply_batch
from prover.applications.perpetual.samples import ALICE, PRICE, A, B, forced_withdrawal, key, position
from prover.applications.perpetual.transactions import FundingTick, OracleTick, Transaction
from prover.proving.batch import run_exchange
from tests.support.operator_kit import LIQUIDATOR, RICH, OperatorKit

TransactionDocument = TypeAdapter(Transaction)


@pytest.fixture
def kit(store):
    return OperatorKit(store, max_transactions=3)


def entries(kit, batch: int) -> list[Entry]:
    with kit.store.unit() as session:
        return list(session.scalars(select(Entry).where(Entry.batch == batch).order_by(Entry.place)))


def origins(kit, batch: int) -> list[str]:
    return [entry.origin for entry in entries(kit, batch)]


def request(amount: int, number: int, deadline: int, requested: int) -> OpenRequest:
    return OpenRequest(number.to_bytes(32, "big"), forced_withdrawal(ALICE, A, amount), requested, deadline)


def test_nothing_to_do_makes_no_batch(kit):
    batcher = kit.begin()
    assert not batcher.step() and not batcher.step()
    assert [row.id for row in kit.batches()] == [-1]


def test_a_batch_is_sealed_by_its_size_and_its_input_proves_what_is_stored(kit):
    batcher = kit.begin()
    kit.world.quoted = kit.quotes(PRICE * 101 // 100)
    kit.accepted(kit.trade(), kit.transfer(5), kit.withdrawal(7), kit.transfer(6))
    assert batcher.step()
    first = kit.batches()[-1]
    assert (first.id, first.previous, first.state, first.sequence_number) == (0, -1, "executed", 1)
    assert origins(kit, 0) == ["tick", "tick", "user", "user", "user"]
    assert {n: row[0] for n, row in kit.received().items()} == dict.fromkeys((0, 1, 2), "batched") | {3: "received"}
    ((batch_id, given, wanted, steps, _priority),) = kit.world.ordered
    with kit.store.unit() as session:
        run = run_exchange(blobs.get_json(session, given))
        assert [str(word) for word in run.output] == blobs.get_json(session, wanted)
        moved = [(m.owner_key, m.position_id, m.amount) for m in session.scalars(select(Movement))]
    assert batch_id == 0 and run.n_executed_steps <= steps
    assert moved == [(key(ALICE), A, -7)]


def test_the_state_is_the_rules_own_also_after_a_restart(kit):
    batcher = kit.begin()
    kit.world.waiting = [kit.deposit(500)]
    kit.accepted(kit.transfer(5), kit.trade(), kit.withdrawal(7))
    batcher.step()
    kit.world.waiting = []
    kit.world.time += 60
    kit.accepted(kit.transfer(6), kit.trade(place=1), kit.transfer(RICH - 10**6, ALICE, A, ALICE, 999))
    kit.batcher().step()
    assert len(kit.batches()) == 3
    state = kit.state
    for row in kit.batches()[1:]:
        with kit.store.unit() as session:
            document = blobs.get_json(session, row.input)["batch"]
        made = [TransactionDocument.validate_python(one) for one in document["transactions"]]
        batch = apply_batch(kit.config, state, made, int(document["minimum_expiration_timestamp"]))
        state = batch.after
        assert row.state_hash == state.hash()
    again = kit.batcher()
    again.step()
    assert again.head.positions == dict(state.positions)
    with kit.store.unit() as session:
        assert again.head.used(session, list(state.orders)) == dict(state.orders)


def test_a_refused_transaction_is_named_and_never_stops_the_line(kit):
    batcher = kit.begin()
    kit.accepted(kit.withdrawal(RICH + 1), kit.transfer(5), kit.transfer(RICH * 2), kit.transfer(6), kit.transfer(7))
    while batcher.step():
        pass
    rows = kit.received()
    assert [rows[n][0] for n in range(5)] == ["rejected", "batched", "rejected", "batched", "batched"]
    assert rows[0][1] == "ILLEGAL_POSITION_TRANSITION_NO_RISK_REDUCED_VALUE"
    shown = [(entry.tx_id, entry.code) for entry in entries(kit, 0) if entry.origin == "user"]
    assert shown[:3] == [(1, None), (3, None), (4, None)] and [tx_id for tx_id, _ in shown[3:]] == [0, 2]
    assert {rows[n][2] for n in range(5)} == {0}


def test_an_order_is_not_filled_twice(kit):
    batcher = kit.begin()
    trade = kit.trade(1000)
    kit.accepted(trade, kit.transfer(1), trade)
    kit.accepted(trade)
    batcher.step()
    assert kit.received()[2][:2] == ("rejected", "INVALID_FULFILLMENT_INFO")
    kit.accepted(kit.transfer(2), kit.transfer(3))
    while batcher.step():
        pass
    assert kit.received()[3][:2] == ("rejected", "INVALID_FULFILLMENT_INFO")


def test_several_go_in_together_or_not_at_all(kit):
    batcher = kit.begin()
    kit.accepted({"type": "MULTI_TRANSACTION", "txs": [kit.transfer(5), kit.transfer(3 * RICH)]})
    kit.accepted({"type": "MULTI_TRANSACTION", "txs": [kit.transfer(5), kit.transfer(6)]}, kit.transfer(7))
    batcher.step()
    kit.world.time += 700
    batcher.step()
    assert [kit.received()[n][0] for n in range(3)] == ["rejected", "batched", "batched"]
    assert [entry.tx_id for entry in entries(kit, 0) if entry.origin == "user"] == [1, 1, 2, 0]


def test_a_gap_stops_the_line_until_it_is_filled(kit):
    batcher = kit.begin()
    kit.accepted(kit.transfer(5))
    kit.send(kit.transfer(6), kit.transfer(7), tx_id=2)
    batcher.step()
    assert batcher.filling is not None and batcher.filling.n_users == 1
    kit.send(kit.transfer(8), tx_id=1)
    batcher.step()
    assert [entry.tx_id for entry in entries(kit, 0) if entry.origin == "user"] == [0, 1, 2]


def test_age_seals(kit):
    batcher = kit.begin()
    kit.accepted(kit.transfer(5))
    batcher.step()
    kit.world.time += 599
    assert not batcher.step()
    kit.world.time += 1
    assert batcher.step() and len(kit.batches()) == 2


def test_what_does_not_fit_goes_into_the_next_batch(store):
    kit = OperatorKit(store, max_steps=1 << 14)
    batcher = kit.begin()
    kit.accepted(*(kit.trade(10, fee=0) for _ in range(9)))
    while batcher.step():
        pass
    kit.world.time += 600
    while batcher.step():
        pass
    sealed = kit.batches()[1:]
    assert len(sealed) > 1 and all(row.n_steps <= 1 << 14 for row in sealed)
    users = [entry.tx_id for row in sealed for entry in entries(kit, row.id) if entry.origin == "user"]
    assert users == list(range(9))


def test_forced_requests_come_first_and_seal(kit):
    batcher = kit.begin()
    now = kit.world.time
    kit.world.asked = [request(3, 1, now + 7 * DAY, now), request(2 * RICH, 2, now + 7 * DAY, now)]
    kit.world.waiting = [kit.deposit(500)]
    kit.accepted(kit.transfer(5))
    batcher.step()
    kit.world.time += 3_600
    batcher.step()
    assert origins(kit, 0) == ["tick", "deposit", "forced", "forced", "user"]
    assert [entry.request for entry in entries(kit, 0)][2:4] == [one.hash for one in kit.world.asked]
    with kit.store.unit() as session:
        moved = [(m.position_id, m.amount) for m in session.scalars(select(Movement).order_by(Movement.place))]
    assert moved == [(33, 500), (A, -3)]
    assert kit.world.ordered[0][-1] == now + 7 * DAY
    shown = Feeder(kit.store, kit.config.collateral_asset_id).batch_info(0)["txs_info"]
    assert [one["original_tx"].get("is_valid") for one in shown] == [None, None, True, False, None]


def test_a_request_whose_time_is_short_seals_at_once_and_more_than_ten_go_in(kit):
    batcher = kit.begin()
    now = kit.world.time
    kit.world.asked = [request(1, n, now + 7 * DAY, now) for n in range(12)]
    batcher.step()
    assert batcher.filling is not None and len(batcher.filling.served()) == 10
    batcher.filling = None
    kit.world.asked = [request(1, n, now + 60, now - 7 * DAY) for n in range(12)]
    kit.world.time += 0
    batcher.step()
    kit.world.time += 4
    batcher.step()
    assert origins(kit, 0).count("forced") == 12


def test_a_deposit_to_anothers_position_is_left_and_waits(kit):
    batcher = kit.begin()
    kit.world.waiting = [kit.deposit(5, position_id=A), kit.deposit(6, cancelled_at=1)]
    assert not batcher.step() and batcher.filling is None
    assert len(kit.batches()) == 1


def test_prices_go_as_far_as_they_may_and_funding_by_its_rate(kit):
    batcher = kit.begin()
    asset = kit.config.synthetic_assets[0].asset_id
    kit.world.time += 3_600
    kit.world.quoted = kit.quotes(PRICE * 3, {asset: 1 << 40})
    kit.world.waiting = [kit.deposit(500)]
    batcher.step()
    batcher.seal()
    made = [TransactionDocument.validate_json(entry.body) for entry in entries(kit, 0) if entry.origin == "tick"]
    assert isinstance(made[0], OracleTick) and isinstance(made[-1], FundingTick)
    before = dict(kit.state.funding_indices)[asset]
    with kit.store.unit() as session:
        shared = tip_of(session).shared
    assert PRICE * 1.9 < dict(shared.oracle_prices)[asset] < PRICE * 3
    moved = dict(shared.funding_indices)[asset] - before
    price = dict(shared.oracle_prices)[asset]
    assert moved == kit.config.max_funding_rate * price * (kit.world.time - kit.state.funding_timestamp) >> 32


def test_who_falls_below_the_margin_is_liquidated_and_keeps_the_rest(kit):
    poor = position(ALICE, -1_950_000, {0: 10**6})
    batcher = kit.begin({A: position(ALICE, RICH), B: poor, LIQUIDATOR: position(7077, RICH)})
    kit.world.time += 600
    kit.world.quoted = kit.quotes(PRICE * 99 // 100)
    kit.world.waiting = [kit.deposit(500)]
    batcher.step()
    batcher.seal()
    assert "liquidation" in origins(kit, 0)
    after = batcher.head.positions[B]
    assert 0 < after.balance(kit.config.synthetic_assets[0].asset_id) < 10**6


def abandon(kit, *ids: int) -> None:
    with kit.store.unit() as session:
        session.execute(update(Batch).where(Batch.id.in_(ids)).values(state="abandoned"))


def test_what_abandoned_batches_changed_is_taken_back(kit):
    batcher = kit.begin()
    kit.accepted(kit.trade(), kit.transfer(5), kit.withdrawal(7))
    batcher.step()
    kit.accepted(kit.trade(place=1), kit.transfer(RICH - 10**6, ALICE, A, ALICE, 999), kit.withdrawal(8))
    kit.world.waiting = [kit.deposit(500)]
    batcher.step()
    kit.world.waiting = []
    kit.world.time += 10
    kit.accepted(kit.transfer(1), kit.transfer(2), kit.transfer(3))
    batcher.step()
    one = kit.batches()[1]
    abandon(kit, 1, 2)
    kit.accepted(kit.transfer(4), kit.transfer(5), kit.transfer(6))
    batcher.step()
    rows = kit.batches()
    assert [(row.id, row.previous) for row in rows] == [(-1, None), (0, -1), (1, 0), (2, 1), (3, 0)]
    assert rows[-1].sequence_number == one.sequence_number + 1
    assert 999 not in batcher.head.positions and 33 not in batcher.head.positions
    again = kit.batcher()
    again.step()
    assert again.head.positions == batcher.head.positions and again.head.tip == batcher.head.tip


def test_a_batch_that_the_chain_took_after_all_stands_again(kit):
    batcher = kit.begin()
    for _ in range(2):
        kit.accepted(kit.trade(), kit.transfer(5), kit.transfer(RICH // 10, ALICE, A, ALICE, 999))
        batcher.step()
    abandon(kit, 1)
    kit.accepted(kit.transfer(4), kit.transfer(5), kit.transfer(6))
    batcher.step()
    with kit.store.unit() as session:
        session.execute(update(Batch).where(Batch.id == 1).values(state="mined"))
        session.execute(update(Batch).where(Batch.id == 2).values(state="abandoned"))
    batcher.step()
    assert batcher.head.tip.batch == 1
    assert batcher.head.positions[999].collateral_balance == 2 * (RICH // 10)


def test_rows_that_do_not_make_the_state_are_said_and_nothing_goes_on(kit):
    batcher = kit.begin()
    kit.accepted(kit.transfer(5), kit.transfer(6), kit.transfer(7))
    batcher.step()
    with kit.store.unit() as session:
        row = session.get(Batch, 0)
        row.words = json.dumps([1, *json.loads(row.words)[1:]])
    with pytest.raises(StoreDamaged):
        kit.batcher().step()


def test_no_more_batches_are_under_way_than_are_allowed(store):
    kit = OperatorKit(store, max_transactions=1, max_ahead=2)
    batcher = kit.begin()
    kit.accepted(kit.transfer(5), kit.transfer(6), kit.transfer(7))
    while batcher.step():
        pass
    assert len(kit.batches()) == 3
    with kit.store.unit() as session:
        session.execute(update(Batch).where(Batch.id == 0).values(state="mined"))
    while batcher.step():
        pass
    assert len(kit.batches()) == 4


def test_leaves_are_those_of_the_availability_gateway(kit):
    batcher = kit.begin()
    kit.accepted(kit.trade(), kit.transfer(5), kit.withdrawal(7))
    batcher.step()
    with kit.store.unit() as session:
        row = session.get(PositionLeaf, (A, 0))
        assert set(json.loads(row.body)) == {"public_key", "collateral_balance", "assets"}

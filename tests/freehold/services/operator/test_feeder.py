"""The feeder gateway: every answer has the form that explorers insist on, whatever was in the batch."""

import json
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from freehold.services.operator.feeder import Feeder, door, own_id
from freehold.services.operator.store import open_store
from freehold.services.operator.wire import Single, of_rules, to_document, to_rules
from prover.applications.perpetual.signing import cancellation
from prover.applications.perpetual.transactions import OracleTick, Transaction
from tests.support.databases import KINDS
from tests.support.every_kind import every_kind
from tests.support.explorer_schemas import BATCH_INFO, ERROR, check
from tests.support.recorded_history import Made, add_batch, add_history, add_received, add_root, entry_of, history
from tests.support.wire_documents import BY_TYPE
from tests.support.world import ETH, ONE, USD, forced_trade, forced_withdrawal, liquidate, order


@pytest.fixture(scope="module", params=KINDS)
def client(request, served_databases):
    """One for all tests: nothing is written."""
    store = open_store(served_databases.new(request.param))
    store.migrate()
    with store.unit() as session:
        add_history(session)
    yield TestClient(door(Feeder(store, USD)))
    store.close()


def ask(client, call: str, batch_id: object = None):
    return client.get(f"/feeder_gateway/{call}", params={} if batch_id is None else {"batch_id": batch_id})


def test_every_batch_is_told_as_explorers_read_it(client):
    for made in history():
        answer = ask(client, "get_batch_info", made.id)
        assert answer.status_code == 200
        told = answer.json()
        check(told, BATCH_INFO)
        assert told["previous_batch_id"] == made.previous
        assert int(told["position_root"], 16) == made.applied.after.tree.root
        assert int(told["previous_order_root"], 16) == made.applied.before.orders_root
        assert told["time_created"] == "1800000000"
        assert len(told["txs_info"]) == len(made.applied.transactions)


def test_the_operators_own_transactions_have_ids_that_no_client_has(client):
    infos = ask(client, "get_batch_info", 1).json()["txs_info"]
    assert [info["original_tx_id"] for info in infos] == [1000]
    infos = ask(client, "get_batch_info", 3).json()["txs_info"]
    assert [info["original_tx_id"] for info in infos] == [3000, 3001, (1 << 52) + 3 * (1 << 20) + 2]
    assert infos[2]["original_tx"]["type"] == "FUNDING_TICK"


def test_ids_lead_from_the_last_batch_to_the_first(client):
    assert ask(client, "get_last_batch_id").json() == 3
    assert [ask(client, "get_prev_batch_id", number).json() for number in (3, 2, 1, 0)] == [1, 1, 0, -1]
    assert ask(client, "get_batch_enclosing_ids", 3).json() == [3000, 3001]
    assert ask(client, "get_batch_enclosing_ids", 0).json() == [own_id(0, 0), own_id(0, 5)]


@pytest.mark.parametrize("call", ["get_batch_info", "get_prev_batch_id", "get_batch_enclosing_ids"])
@pytest.mark.parametrize("batch_id", [-1, 4])
def test_an_unknown_batch_is_an_answer_with_a_code(client, call, batch_id):
    answer = ask(client, call, batch_id)
    check(answer.json(), ERROR)
    assert (answer.status_code, answer.json()["code"]) == (200, "INVALID_BATCH_ID")


def test_what_is_no_id_is_refused(client):
    assert ask(client, "get_batch_info", "x").json()["code"] == "INVALID_REQUEST_PARAMETERS"


@pytest.mark.parametrize("prefix", ["/feeder_gateway", "/v2/feeder_gateway", "/feeder_gateway/v2"])
def test_it_says_that_it_lives(client, prefix):
    assert [client.get(f"{prefix}/{call}").status_code for call in ("is_alive", "is_ready")] == [200, 200]


def test_it_is_not_ready_without_its_store(store):
    store.close()
    broken = type(store)("sqlite:////nowhere/at/all.db", store.migrations)
    answer = TestClient(door(Feeder(broken, USD))).get("/feeder_gateway/is_ready")
    assert answer.status_code == 503


def test_before_the_first_batch_the_last_id_is_that_of_none(store):
    assert Feeder(store, USD).last_batch_id() == -1


def test_what_was_rejected_is_shown_as_replaced_by_nothing_and_several_in_one_as_one(store):
    made = replace_transactions()
    several = {"type": "MULTI_TRANSACTION", "txs": [BY_TYPE["TRANSFER"], BY_TYPE["TRADE"]]}
    tick = made.applied.transactions[0]
    with store.unit() as session:
        add_root(session, made.applied.before)
        add_received(session, 4, BY_TYPE["TRANSFER"], "rejected")
        add_received(session, 5, several)
        add_received(session, 6, several, "rejected")
        rejected = {"code": "UNDELEVERAGABLE_POSITION"}
        entries = [
            entry_of(0, 0, tick),
            entry_of(0, 1, tick, 4, **rejected),
            entry_of(0, 2, tick, 5),
            entry_of(0, 3, tick, 5),
            entry_of(0, 4, tick, 6),
            entry_of(0, 5, tick, 6, **rejected),
            entry_of(0, 6, tick),
            entry_of(0, 7, tick),
        ]
        add_batch(session, made, entries)
    told = Feeder(store, USD).batch_info(0)
    check(json.loads(json.dumps(told)), BATCH_INFO)
    shown = [(info["original_tx_id"], info["was_replaced"], info["alt_txs"]) for info in told["txs_info"]]
    own = [(own_id(0, place), False, None) for place in (0, 6, 7)]
    assert shown == [own[0], (4, True, []), (5, False, None), (6, True, []), *own[1:]]
    assert Feeder(store, USD).enclosing_ids(0) == [4, 6]


def replace_transactions() -> Made:
    return replace(history()[0], id=0)


OWN = [
    *(tx for tx in every_kind(0).transactions if tx.type in ("deposit", "funding", "oracle")),
    forced_withdrawal(0xA11CE, 11, 77).model_copy(update={"is_valid": 1}),
    forced_trade((0xA11CE, 7), (0xB0B, 8), True, 100, 101).model_copy(update={"is_valid": 0}),
    liquidate(order(0xB0B, 8, True, 1000, 2000), 9, 500, 980),
]


@pytest.mark.parametrize("transaction", OWN, ids=[tx.type for tx in OWN])
def test_what_the_operator_makes_is_written_so_that_it_reads_back(transaction):
    stored = TypeAdapter(Transaction).validate_json(transaction.model_dump_json())
    document = to_document(of_rules(stored, USD))
    assert to_rules(TypeAdapter(Single).validate_python(document)) == transaction


def test_what_the_published_form_cannot_say_has_none():
    cancelled = cancellation(order(0xB0B, 8, True, 1000, 2000), 0xB0B, USD)
    flagged = order(0xB0B, 8, True, 1000, 2000).model_copy(update={"reduce_only": 1})
    with pytest.raises(TypeError, match="a CancelOrder has no published form"):
        of_rules(cancelled, USD)
    with pytest.raises(TypeError, match="an order with flags has no published form"):
        of_rules(liquidate(flagged, 9, 500, 980), USD)


def test_small_asset_ids_are_written_with_all_their_digits():
    tick = OracleTick(prices=((5, ONE), (ETH, ONE)), timestamp=7)
    assert next(iter(to_document(of_rules(tick, USD))["oracle_prices"])) == "0x" + "5".zfill(30)

"""Intake: what is accepted is stored, once, whatever is sent again; what is not is refused by its published name."""

import asyncio
import json

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import inspect, select

from freehold.services.base.doors import Limits
from freehold.services.base.store import Store
from freehold.services.operator import intake as intake_module
from freehold.services.operator.gateway import LARGEST_BODY, application, door
from freehold.services.operator.intake import ACCEPTED, HOUR, Groups, Intake, Terms
from freehold.services.operator.settings import IntakeSettings
from freehold.services.operator.store import open_store
from freehold.services.operator.tables import Base, Received
from prover.applications.perpetual.signing import sign
from prover.applications.perpetual.transactions import Transfer
from tests.support.wire_documents import BY_TYPE, TRANSFER
from tests.support.world import ALICE, USD, key
from tests.support.world import transfer as signed_transfer

NOW = 1_800_000_000
LIFE = 7 * 24 * HOUR
LAST = NOW // HOUR + 24 * 30


@pytest.fixture
def intake(store):
    return Intake(store, Terms(USD, LIFE), lambda: NOW)


def transfer(amount: int = 5, hour: int = LAST, **changes) -> dict:
    order = signed_transfer(ALICE, 11, 0xB0B, 22, amount, expiration_timestamp=hour)
    assert isinstance(order, Transfer)
    order = sign(order, ALICE, USD)
    signature = {"r": hex(order.signature_r), "s": hex(order.signature_s)}
    fields = {"amount": str(amount), "expiration_timestamp": str(hour), "signature": signature}
    return {**TRANSFER, **fields, **changes}


def body(tx_id: int, transaction: dict) -> bytes:
    return json.dumps({"tx_id": tx_id, "tx": transaction}).encode()


def codes(intake: Intake, *requests: bytes) -> list[str]:
    return [answer.code for answer in intake.take(requests)]


def rows(store: Store) -> list[Received]:
    with store.unit() as session:
        return list(session.scalars(select(Received).order_by(Received.tx_id)))


def test_what_is_accepted_is_stored(intake, store):
    assert codes(intake, body(0, transfer())) == [ACCEPTED]
    (row,) = rows(store)
    assert (row.tx_id, row.kind, row.state, row.received_at) == (0, "TRANSFER", "received", NOW)
    assert json.loads(row.body) == transfer()


def test_the_same_again_is_the_same_answer_and_one_row(intake, store):
    for spelling in (transfer(), {**transfer(), "amount": 5}):
        assert codes(intake, body(0, spelling), body(0, spelling)) == [ACCEPTED, ACCEPTED]
    assert len(rows(store)) == 1


def test_another_body_under_a_used_id_is_refused(intake, store):
    assert codes(intake, body(0, transfer()), body(0, transfer(6))) == [ACCEPTED, "INVALID_TRANSACTION_ID"]
    assert codes(intake, body(0, transfer(7))) == ["INVALID_TRANSACTION_ID"]
    assert [json.loads(row.body)["amount"] for row in rows(store)] == ["5"]


def test_a_refused_request_spoils_none_beside_it(intake, store):
    wrong = transfer(signature={"r": "0x1", "s": "0x1"})
    answers = codes(intake, b"{", body(1, wrong), body(2, transfer()), body(3, {**transfer(), "nonce": "2"}))
    assert answers == ["MALFORMED_REQUEST", "INVALID_SIGNATURE", ACCEPTED, "INVALID_SIGNATURE"]
    assert [row.tx_id for row in rows(store)] == [2]


@pytest.mark.parametrize("kind", ["WITHDRAWAL", "TRADE", "LIQUIDATE", "CONDITIONAL_TRANSFER"])
def test_every_order_in_a_transaction_must_be_signed(intake, kind):
    late = str(LAST)
    document = json.loads(json.dumps(BY_TYPE[kind]).replace(BY_TYPE["WITHDRAWAL"]["expiration_timestamp"], late))
    assert codes(intake, body(0, document)) == ["INVALID_SIGNATURE"]
    several = {"type": "MULTI_TRANSACTION", "txs": [transfer(), document]}
    assert codes(intake, body(0, several)) == ["INVALID_SIGNATURE"]


def test_an_oracles_signature_is_checked(intake):
    tick = BY_TYPE["ORACLE_PRICES_TICK"]
    assert codes(intake, body(0, tick)) == [ACCEPTED]
    text = json.dumps(tick)
    (price,) = tick["oracle_prices"].values()
    (first, *_) = price["signed_prices"].values()
    changed = json.loads(text.replace(first["timestamped_signature"]["signature"]["r"], "0x5"))
    assert codes(intake, body(1, changed)) == ["INVALID_SIGNATURE"]


def test_a_signature_must_live_long_enough(intake):
    least = (NOW + LIFE) // HOUR
    answers = codes(intake, body(0, transfer(hour=least)), body(1, transfer(hour=least - 1)))
    assert answers == [ACCEPTED, "ORDER_OVERDUE"]


def test_another_collateral_is_refused(intake):
    assert codes(intake, body(0, transfer(asset_id="0x5"))) == ["INVALID_COLLATERAL_ASSET_ID"]


def test_the_first_unused_id_has_all_its_predecessors(intake):
    assert intake.first_unused() == 0
    intake.take([body(tx_id, transfer()) for tx_id in (0, 1, 3)])
    assert intake.first_unused() == 2
    intake.take([body(2, transfer())])
    assert intake.first_unused() == 4


def test_a_second_process_sees_what_the_first_stored(intake, store):
    intake.take([body(0, transfer())])
    again = open_store(store.url)
    again.migrate()
    assert codes(Intake(again, Terms(USD, LIFE), lambda: NOW), body(0, transfer(6))) == ["INVALID_TRANSACTION_ID"]
    again.close()


def test_the_migrations_make_the_tables_that_the_code_names(store):
    for table in Base.metadata.sorted_tables:
        columns = {column["name"]: bool(column["nullable"]) for column in inspect(store.engine).get_columns(table.name)}
        assert columns == {column.name: bool(column.nullable) for column in table.columns}
        found = inspect(store.engine).get_indexes(table.name)
        indexes = {index["name"] for index in found if "duplicates_constraint" not in index}
        assert indexes == {index.name for index in table.indexes}


# --- over HTTP


def served(intake: Intake, act):
    """What `act` gets of a client."""

    async def run():
        app = application(intake)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://operator")
        async with app.router.lifespan_context(app), client:
            return await act(client)

    return asyncio.run(run())


@pytest.mark.parametrize("prefix", ["/gateway", "/v2/gateway", "/gateway/v2"])
def test_the_published_calls_are_answered(intake, prefix):
    async def act(client):
        alive = await client.get(f"{prefix}/is_alive")
        added = await client.post(f"{prefix}/add_transaction", content=body(0, transfer()))
        refused = await client.post(f"{prefix}/add_transaction", content=body(0, transfer(6)))
        first = await client.get(f"{prefix}/testing/get_first_unused_tx_id")
        return alive, added, refused, first

    alive, added, refused, first = served(intake, act)
    assert alive.status_code == 200
    assert (added.status_code, added.json()) == (200, {"code": ACCEPTED, "tx_id": 0})
    assert refused.status_code == 500
    assert refused.json() == {"code": "INVALID_TRANSACTION_ID", "message": "the id is another transaction's"}
    assert (first.status_code, first.json()) == (200, 1)


def test_requests_in_flight_together_are_one_commit(intake, monkeypatch):
    groups = []
    take = intake.take
    monkeypatch.setattr(intake, "take", lambda requests: groups.append(len(requests)) or take(requests))

    async def act(client):
        posts = [client.post("/gateway/add_transaction", content=body(tx_id, transfer())) for tx_id in range(40)]
        return await asyncio.gather(*posts)

    assert {answer.json()["tx_id"] for answer in served(intake, act)} == set(range(40))
    assert sum(groups) == 40
    assert len(groups) < 10


def test_too_large_a_body_is_refused_unread(intake):
    async def act(client):
        return await client.post("/gateway/add_transaction", content=b" " * (LARGEST_BODY + 1))

    answer = served(intake, act)
    assert answer.json()["code"] == "MALFORMED_REQUEST"
    assert str(LARGEST_BODY) in answer.json()["message"]


def test_the_door_is_as_the_settings_say(intake):
    app, limits, tls = door(intake, IntakeSettings(token="abc", body=2048, patience=3, rate=5))
    assert (limits, tls) == (Limits(2048, 3, 5, "abc"), None)
    client = TestClient(app)
    token = {"authorization": "Bearer abc"}
    refused = client.post("/gateway/add_transaction", content=b" " * 2049, headers=token)
    assert (refused.json()["code"], "2048 bytes" in refused.json()["message"]) == ("MALFORMED_REQUEST", True)
    assert [client.get("/gateway/is_alive", headers=head).status_code for head in (token, {})] == [200, 401]


def test_a_store_that_fails_is_no_acceptance(intake, store, monkeypatch):
    """The answer says that nothing was stored, the worker goes on, and the same is accepted later."""
    failing = [True]

    def unreliable(self, session, outcome):
        if failing:
            failing.clear()
            raise OSError("the disk is full")
        return stored(self, session, outcome)

    stored = intake_module.Intake._stored
    monkeypatch.setattr(intake_module.Intake, "_stored", unreliable)

    async def act(client):
        return [await client.post("/gateway/add_transaction", content=body(0, transfer())) for _ in range(2)]

    first, second = served(intake, act)
    assert (first.status_code, first.json()["code"]) == (500, "API_FUNCTION_TEMPORARILY_DISABLED")
    assert second.json() == {"code": ACCEPTED, "tx_id": 0}
    assert len(rows(store)) == 1


def test_a_client_that_went_away_stops_nobody(intake):
    async def run():
        groups = Groups(intake)
        worker = asyncio.create_task(groups.run())
        gone = asyncio.create_task(groups.add(body(0, transfer())))
        await asyncio.sleep(0)
        gone.cancel()
        answer = await groups.add(body(1, transfer()))
        worker.cancel()
        return answer

    assert asyncio.run(run()).code == ACCEPTED


def test_the_signers_key_is_in_the_row(intake, store):
    intake.take([body(0, transfer())])
    assert int(json.loads(rows(store)[0].body)["sender_public_key"], 16) == key(ALICE)

"""The availability gateway: a batch's data as members and explorers read them, signatures checked before they count."""

import json
from threading import Barrier, Thread

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from structlog.testing import capture_logs

from freehold.services.base.batch_data import SharedStateData
from freehold.services.base.claims import AccountSigner, BlsSigner
from freehold.services.operator.availability import ACCEPTED, Availability, door
from freehold.services.operator.settings import AvailabilitySettings
from freehold.services.operator.store import open_store
from freehold.services.operator.tables import Signature
from prover.applications.perpetual.facts import availability_claim
from tests.support.explorer_schemas import BATCH_DATA, ERROR, check
from tests.support.published_member import PublishedMember
from tests.support.recorded_history import add_history, history

MEMBER, BLS, STRANGER = AccountSigner(0xA), BlsSigner(0xB15), AccountSigner(0x5)
SECRETS = (0xA, 0xB, 0xC)
NAMES = {AccountSigner(secret).member for secret in SECRETS} | {BLS.member}


@pytest.fixture
def executed(store):
    with store.unit() as session:
        add_history(session)
    return store


def client_of(store, **settings) -> TestClient:
    app, _, _ = door(Availability(store, lambda: NAMES), AvailabilitySettings(**settings))
    return TestClient(app)


@pytest.fixture
def client(executed):
    return client_of(executed)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """For tests that write nothing and ask nothing that databases answer in two ways."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('read') / 'operator.db'}")
    store.migrate()
    with store.unit() as session:
        add_history(session)
    yield client_of(store)
    store.close()


def data(client, batch_id: int):
    return client.get("/availability_gateway/get_batch_data", params={"batch_id": batch_id}).json()


def approval(signer, batch_id: int = 0, **changes) -> dict:
    claim = availability_claim(history()[batch_id].applied.after, history()[batch_id].sequence_number)
    body = {
        "batch_id": batch_id,
        "signature": signer.sign(claim).hex(),
        "member_key": signer.member,
        "claim_hash": claim.hex(),
    }
    return {**body, **changes}


def approve(client, body) -> object:
    return client.post("/availability_gateway/approve_new_roots", content=json.dumps(body))


def refused(answer, code: str) -> None:
    check(answer.json(), ERROR)
    assert (answer.status_code, answer.json()["code"]) == (500, code)


def signatures(store) -> int:
    with store.unit() as session:
        return session.scalar(select(func.count()).select_from(Signature))


def test_every_batch_is_shown_as_explorers_read_it_abandoned_ones_too(client):
    for made in history():
        answer = data(client, made.id)
        check(answer, BATCH_DATA)
        update = answer["update"]
        assert update["prev_batch_id"] == made.previous
        assert update["positions"].keys() == set(map(str, made.applied.touched_positions))
    assert data(client, 3)["update"]["positions"]["11"] == {
        "public_key": "0x0",
        "collateral_balance": "0",
        "assets": {},
    }


@pytest.mark.parametrize("batch_id", [-1, 4, 10**18])
def test_what_is_not_executed_has_no_update(reader, batch_id):
    assert data(reader, batch_id) == {"update": None}


@pytest.mark.parametrize("batch_id", ["-2", "x", "", 1 << 63])
def test_what_is_no_id_is_refused(reader, batch_id):
    answer = reader.get("/availability_gateway/get_batch_data", params={"batch_id": batch_id})
    refused(answer, "INVALID_REQUEST_PARAMETERS")


@pytest.mark.parametrize("prefix", ["/availability_gateway", "/v2/availability_gateway", "/availability_gateway/v2"])
def test_all_calls_are_under_each_path(reader, prefix):
    assert reader.get(f"{prefix}/is_alive").status_code == 200
    assert reader.get(f"{prefix}/order_tree_height").json() == 64
    assert reader.get(f"{prefix}/_get_batch_created", params={"batch_id": 0}).text == "1800000000.5"
    words = reader.get(f"{prefix}/_get_shared_state", params={"batch_id": 0}).json()
    assert SharedStateData.model_validate(words).words == history()[0].applied.after.words()


def test_published_members_sign_batch_after_batch(executed, client):
    members = [PublishedMember(client, secret) for secret in SECRETS]
    for made in history():
        assert [member.step() for member in members] == [ACCEPTED] * 3, made.id
    assert [member.step() for member in members] == [None] * 3
    assert signatures(executed) == 12


@pytest.mark.parametrize("signer", [MEMBER, BLS], ids=["account", "bls"])
def test_the_same_signature_again_is_the_same_answer_and_one_row(executed, client, signer):
    body = approval(signer)
    prefixed = {**body, "signature": "0x" + body["signature"], "member_key": body["member_key"].upper()[2:]}
    for spelling in (body, body, prefixed):
        answer = approve(client, spelling)
        assert (answer.status_code, answer.text) == (200, ACCEPTED)
    assert signatures(executed) == 1


@pytest.mark.parametrize("signer", [MEMBER, BLS], ids=["account", "bls"])
def test_a_signature_of_another_claim_is_none(executed, client, signer):
    other, right = approval(signer, 1)["signature"], bytes.fromhex(approval(signer)["signature"])
    parity = (right[:-1] + bytes([(right[-1] - 27) % 256])).hex()  # libraries read it, the contract does not
    for wrong in (other, "00" * 65, "ab", parity):
        refused(approve(client, approval(signer, signature=wrong)), "INVALID_SIGNATURE")
    assert signatures(executed) == 0


def test_anothers_signature_and_a_strangers_are_refused(executed, client):
    refused(approve(client, approval(STRANGER)), "INVALID_COMMITTEE_MEMBER")
    refused(approve(client, approval(STRANGER, member_key=MEMBER.member)), "INVALID_SIGNATURE")
    assert approve(client, approval(MEMBER)).text == ACCEPTED
    assert signatures(executed) == 1


def test_claims_that_differ_are_told_with_both(executed, client):
    with capture_logs() as lines:
        refused(approve(client, approval(MEMBER, claim_hash="11" * 32)), "INVALID_CLAIM_HASH")
    (line,) = [line for line in lines if line["event"] == "claims differ"]
    assert (line["batch"], line["member"], line["member_claim"]) == (0, MEMBER.member, "11" * 32)
    assert line["claim"] == approval(MEMBER)["claim_hash"]
    assert signatures(executed) == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"batch_id": -1}, "INVALID_BATCH_ID"),
        ({"batch_id": 9}, "INVALID_BATCH_ID"),
        ({"other": 1}, "SCHEMA_VALIDATION_ERROR"),
        ({"batch_id": "0"}, "SCHEMA_VALIDATION_ERROR"),
        ({"signature": "0xabc"}, "SCHEMA_VALIDATION_ERROR"),
        ({"signature": None}, "SCHEMA_VALIDATION_ERROR"),
    ],
)
def test_what_is_no_approval_is_named(reader, changes, code):
    refused(approve(reader, {**approval(MEMBER), **changes}), code)


def test_what_is_no_object_is_named(reader):
    refused(approve(reader, []), "SCHEMA_VALIDATION_ERROR")
    refused(approve(reader, {"batch_id": 0}), "SCHEMA_VALIDATION_ERROR")


def test_what_is_no_json_is_named(reader):
    refused(reader.post("/availability_gateway/approve_new_roots", content=b"\xff{"), "MALFORMED_REQUEST")


def test_two_that_send_the_same_at_once_are_both_accepted(executed):
    availability, body = Availability(executed, lambda: NAMES), json.dumps(approval(MEMBER)).encode()
    barrier, failures = Barrier(8), []

    def send():
        barrier.wait()
        try:
            availability.approve(body)
        except Exception as error:
            failures.append(error)

    threads = [Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert signatures(executed) == 1


def test_only_who_has_the_token_is_heard(executed):
    client = client_of(executed, token="abc")
    for headers in ({}, {"authorization": "Bearer abd"}, {"authorization": "abc"}):
        answer = client.get("/availability_gateway/get_batch_data?batch_id=0", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_REQUEST")
    answer = client.get("/availability_gateway/get_batch_data?batch_id=0", headers={"authorization": "Bearer abc"})
    assert answer.json()["update"]["prev_batch_id"] == -1


def test_before_there_is_a_state_nothing_is_told(store):
    answer = client_of(store).get("/availability_gateway/order_tree_height")
    refused(answer, "API_FUNCTION_TEMPORARILY_DISABLED")

"""Doors: who may ask, how much, how slowly, how often; who misbehaves keeps nobody else from being served."""

import json
import socket
import ssl
import subprocess
import sys
import time

import httpx
import pytest
from fastapi import APIRouter, Request

from freehold.errors import Refused
from freehold.services.base.doors import BUSY, MALFORMED, Door, Limits, Tls, application, served
from tests.support import rude_clients
from tests.support.certificates import authority, signed_by

LIMITS = Limits(body=1000, patience=1.0)


def app_of(limits: Limits = LIMITS):
    calls = APIRouter()

    @calls.post("/size")
    async def size(request: Request) -> int:
        return len(await request.body())

    return application("test", limits, [("/x", calls)])


@pytest.fixture(scope="module")
def door():
    with served(app_of(), "127.0.0.1:0", LIMITS) as opened:
        yield opened


def size_of(url: str, body: bytes, **options) -> httpx.Response:
    return httpx.post(f"{url}/x/size", content=body, trust_env=False, **options)


def raw(port: int, sent: bytes, seconds: float = 10) -> bytes:
    """All that comes back until the door closes."""
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        connection.sendall(sent)
        answer = b""
        while piece := connection.recv(1 << 16):
            answer += piece
    return answer


def refusal_in(answer: bytes) -> str:
    return json.loads(answer.partition(b"\r\n\r\n")[2])["code"]


def test_a_body_arrives_whole_up_to_its_greatest_size(door):
    for size in (0, 1, 999, 1000):
        assert size_of(door.url, b"x" * size).json() == size
    for size in (1001, 100_000):
        answer = size_of(door.url, b"x" * size)
        assert (answer.status_code, answer.json()["code"]) == (500, MALFORMED)
        assert "1000 bytes" in answer.json()["message"]


def test_a_body_whose_size_is_not_announced_is_counted(door):
    head = b"POST /x/size HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n"
    small = b"connection: close\r\n\r\n3e8\r\n" + b"x" * 1000 + b"\r\n0\r\n\r\n"
    assert raw(door.port, head + small).endswith(b"1000")
    large = raw(door.port, head + b"\r\n3e9\r\n" + b"x" * 1001 + b"\r\n")
    assert refusal_in(large) == MALFORMED and b"more than 1000 bytes" in large


def test_a_body_that_does_not_come_is_cut_off(door):
    begun = time.monotonic()
    answer = raw(door.port, b"POST /x/size HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nabc")
    assert refusal_in(answer) == MALFORMED and b"not whole within 1 s" in answer
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("sent", [b"", b"POST /x", b"POST /x/size HTTP/1.1\r\nhost: x\r\n"])
def test_a_head_that_does_not_come_is_cut_off(door, sent):
    assert raw(door.port, sent) == b""


def test_who_keeps_the_connection_may_think_between_two_requests(door):
    with socket.create_connection(("127.0.0.1", door.port), 10) as connection:
        for size in (2, 3):
            head = f"POST /x/size HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n"
            connection.sendall(head.encode() + b"x" * size)
            answer = b""
            while not answer.endswith(b"\r\n\r\n" + str(size).encode()):
                piece = connection.recv(1 << 16)
                assert piece, "the door has ended the connection"
                answer += piece
            time.sleep(1.5)


def test_garbage_is_refused(door):
    assert raw(door.port, bytes(range(256))).startswith(b"HTTP/1.1 400")
    size = b"POST /x/size HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n"
    assert b"400" in raw(door.port, size).partition(b"\r\n")[0]


def test_an_address_has_so_many_requests_a_second_and_others_have_theirs():
    import asyncio

    now = [100.0]
    answers: list[int] = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def ask(address: str) -> int:
        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            if message["type"] == "http.response.start":
                answers.append(message["status"])

        await limited({"type": "http", "headers": [], "client": (address, 1)}, receive, send)
        return answers[-1]

    limited = Door(app, Limits(rate=3), lambda: now[0])

    async def act():
        assert [await ask("a") for _ in range(5)] == [200, 200, 200, 503, 503]
        assert await ask("b") == 200
        now[0] += 0.34
        assert [await ask("a") for _ in range(2)] == [200, 503]
        now[0] += 60
        assert [await ask("a") for _ in range(4)] == [200, 200, 200, 503]

    asyncio.run(act())


def test_too_many_requests_are_told_by_name():
    with served(app_of(Limits(rate=1)), "127.0.0.1:0") as slow:
        answers = [size_of(slow.url, b"") for _ in range(3)]
    assert [answers[0].status_code, answers[-1].status_code] == [200, 503]
    assert answers[-1].json()["code"] == BUSY


def test_others_are_served_while_a_second_process_misbehaves(door):
    command = [sys.executable, rude_clients.__file__, str(door.port), "/x/size", "6"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as rude:
        assert rude.stdout.readline() == b"begun\n"
        until = time.monotonic() + 4
        longest, count = 0.0, 0
        while time.monotonic() < until:
            begun = time.monotonic()
            assert size_of(door.url, b"x" * 500, timeout=10).json() == 500
            longest, count = max(longest, time.monotonic() - begun), count + 1
        assert rude.poll() is None
        rude.kill()
    assert longest < 5
    assert count > 5
    assert size_of(door.url, b"x").json() == 1


def test_a_taken_address_is_refused_by_name(door):
    with (
        pytest.raises(Refused, match=f"127.0.0.1:{door.port} cannot be listened on"),
        served(app_of(), f"127.0.0.1:{door.port}"),
    ):
        pass


def test_a_door_that_is_closed_is_closed_and_its_address_free():
    with served(app_of(), "127.0.0.1:0") as first:
        assert size_of(first.url, b"a").json() == 1
    with pytest.raises(httpx.ConnectError):
        size_of(first.url, b"a")
    with served(app_of(), f"127.0.0.1:{first.port}") as second:
        assert size_of(second.url, b"a").json() == 1


# --- TLS


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    ours, strangers = authority(folder, "ours"), authority(folder, "strangers")
    return {
        "authority": ours,
        "operator": signed_by(ours, folder, "operator"),
        "member": signed_by(ours, folder, "member"),
        "stranger": signed_by(strangers, folder, "stranger"),
    }


def trusting(papers, certificate=None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=papers["authority"].file)
    if certificate is not None:
        context.load_cert_chain(certificate.file, certificate.key)
    return context


def test_over_tls_with_a_certificate_of_the_operators_own(papers):
    tls = Tls.of(papers["operator"].file, papers["operator"].key, None)
    with served(app_of(), "127.0.0.1:0", tls=tls) as safe:
        assert size_of(safe.url, b"ab", verify=trusting(papers)).json() == 2
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            size_of(safe.url, b"ab")


def test_only_members_with_a_certificate_are_heard(papers):
    tls = Tls.of(papers["operator"].file, papers["operator"].key, papers["authority"].file)
    with served(app_of(), "127.0.0.1:0", tls=tls) as safe:
        assert size_of(safe.url, b"ab", verify=trusting(papers, papers["member"])).json() == 2
        for other in (None, papers["stranger"]):
            with pytest.raises((httpx.TransportError, ssl.SSLError)):
                size_of(safe.url, b"ab", verify=trusting(papers, other))


def test_papers_that_are_missing_or_no_papers_are_refused(papers, tmp_path):
    assert Tls.of(None, None, None) is None
    with pytest.raises(Refused, match="both its certificate and its key"):
        Tls.of(papers["operator"].file, None, None)
    with pytest.raises(Refused, match="no such file"):
        Tls.of(tmp_path / "a", papers["operator"].key, None)
    tls = Tls.of(papers["operator"].file, papers["member"].key, None)
    with pytest.raises(Refused, match="certificates cannot be used"), served(app_of(), "127.0.0.1:0", tls=tls):
        pass

"""The member as a program of its own, beside the operator's gateway over TLS: killed, stopped and started again; and
a gateway that answers what no gateway should."""

import os
import signal
import subprocess
import sys
import time

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, StreamingResponse
from sqlalchemy import select

from freehold.errors import Refused
from freehold.services.base.claims import BlsSigner
from freehold.services.base.doors import served
from freehold.services.committee.gateway import Gateway, GatewayFails, gateways
from freehold.services.committee.settings import GatewaySettings
from freehold.services.operator.availability import Availability, door
from freehold.services.operator.settings import AvailabilitySettings
from freehold.services.operator.store import open_store
from freehold.services.operator.tables import Signature
from tests.support.certificates import authority, signed_by
from tests.support.paths import ROOT
from tests.support.recorded_history import add_batch, add_root, empty_state, history

PATIENCE = 60
"""Seconds for what takes one or two."""


def member_command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "freehold", "committee", *map(str, arguments)]


def signed(store, count: int) -> list[Signature]:
    """Waits for so many signatures."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with store.unit() as session:
            found = list(session.scalars(select(Signature).order_by(Signature.batch)))
        if len(found) >= count:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{count} signatures did not come, {len(found)} did")


def test_a_member_over_tls_is_killed_and_started_and_misses_nothing(tmp_path):
    signer = BlsSigner(0xA)
    operators = open_store(f"sqlite:///{tmp_path / 'operator.db'}")
    operators.migrate()
    with operators.unit() as session:
        add_root(session, empty_state())
    papers = authority(tmp_path, "authority")
    ours, members = signed_by(papers, tmp_path, "operator"), signed_by(papers, tmp_path, "member")
    settings = AvailabilitySettings(
        listen="127.0.0.1:0", token="abc", tls_certificate=ours.file, tls_key=ours.key, tls_members=papers.file
    )
    app, limits, tls = door(Availability(operators, lambda: {signer.member}), settings)
    (tmp_path / "key").write_text("0xa\n")
    with served(app, settings.listen, limits, tls) as gateway:
        init = member_command("init", tmp_path, "--gateway", gateway.url, "--key", tmp_path / "key", "--kind", "bls")
        subprocess.run(init, check=True, cwd=ROOT)
        environment = {
            **os.environ,
            "FREEHOLD_GATEWAY__TOKEN": "abc",
            "FREEHOLD_GATEWAY__TLS_AUTHORITY": str(papers.file),
            "FREEHOLD_GATEWAY__TLS_CERTIFICATE": str(members.file),
            "FREEHOLD_GATEWAY__TLS_KEY": str(members.key),
            "FREEHOLD_MEMBER__POLL": "0.05",
        }
        run = member_command("run", "--settings", tmp_path / "member.toml")
        for end, made in zip((signal.SIGKILL, signal.SIGTERM), (history()[:2], history()[2:]), strict=True):
            with operators.unit() as session:
                for one in made:
                    add_batch(session, one)
            with subprocess.Popen(run, env=environment, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as it:
                found = signed(operators, made[-1].id + 1)
                it.send_signal(end)
                output = it.communicate(timeout=PATIENCE)
            assert it.returncode == (0 if end == signal.SIGTERM else -end), output
        assert [(one.batch, one.member) for one in found] == [(made.id, signer.member) for made in history()]
    operators.close()


# --- answers that are none


def misbehaving() -> FastAPI:
    app = FastAPI()

    def endless():
        while True:
            yield b" " * 65536

    @app.get("/large/availability_gateway/get_batch_data")
    def large() -> StreamingResponse:
        return StreamingResponse(endless())

    @app.get("/garbage/availability_gateway/get_batch_data")
    def garbage() -> PlainTextResponse:
        return PlainTextResponse(b"\xff\x00{")

    @app.get("/failing/availability_gateway/get_batch_data")
    def failing() -> PlainTextResponse:
        return PlainTextResponse("<html>later</html>", 502)

    @app.get("/late/availability_gateway/get_batch_data")
    def late() -> None:
        time.sleep(3)

    @app.get("/other/availability_gateway/get_batch_data")
    def other() -> dict[str, object]:
        return {"update": {"prev_batch_id": -1}}

    @app.post("/other/availability_gateway/approve_new_roots")
    def approve() -> PlainTextResponse:
        return PlainTextResponse("perhaps")

    return app


@pytest.fixture(scope="module")
def bad():
    with served(misbehaving(), "127.0.0.1:0") as opened:
        yield opened


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("large", "more than 100000 bytes"),
        ("garbage", "cannot be read"),
        ("failing", "answers 502: <html>later</html>"),
        ("late", "no answer: timed out"),
        ("other", "Field required"),
        ("nowhere", "answers 404"),
    ],
)
def test_an_answer_that_is_none_is_named(bad, path, cause):
    (gateway,) = gateways(GatewaySettings(urls=(f"{bad.url}/{path}/",), timeout=1, largest_answer=100_000))
    with pytest.raises(GatewayFails, match=cause):
        gateway.batch_data(0)


def test_a_signature_is_taken_only_if_it_is_said_so(bad):
    gateway = Gateway(httpx.Client(), f"{bad.url}/other")
    with pytest.raises(GatewayFails, match="was not accepted: perhaps"):
        gateway.approve(0, b"\0", "0x", b"\0")


def test_nobody_there_is_named():
    with pytest.raises(GatewayFails, match=r"no answer: .*refused"):
        Gateway(httpx.Client(), "http://127.0.0.1:1").batch_data(0)


def test_certificates_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(Refused, match="certificates cannot be used"):
        gateways(GatewaySettings(urls=("https://x",), tls_authority=tmp_path / "none.pem"))

"""HTTP doors: what stands before a service's answers, and the thread that serves them.

Each request passes the same checks: who may ask (a bearer token), how often one address asks, how large and how slow a
body may be. What is refused is told as the published services tell it: a body with `code` and `message`.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from freehold.errors import Refused
from freehold.services.base.settings import listen_address

MALFORMED, FORBIDDEN, BUSY = "MALFORMED_REQUEST", "INVALID_REQUEST", "API_FUNCTION_TEMPORARILY_DISABLED"
MOST_ADDRESSES = 1 << 14
"""Of which it is remembered how often they asked; those that were silent for a second are forgotten first."""
STARTS_WITHIN, STOPS_WITHIN = 30.0, 10.0
"""Seconds."""


@dataclass(frozen=True)
class Limits:
    """`body`: bytes. `patience`: seconds that a request has to arrive whole. `rate`: requests a second of one address.
    `token`: what must be shown, None where everybody may ask."""

    body: int = 1 << 20
    patience: float = 10.0
    rate: float = 2_000.0
    token: str | None = None


@dataclass(frozen=True)
class Tls:
    """`clients`: certificates of those who may connect; without them everybody may."""

    certificate: Path
    key: Path
    clients: Path | None = None

    @staticmethod
    def of(certificate: Path | None, key: Path | None, clients: Path | None) -> Tls | None:
        """None where nothing is set. Raises Refused where something is missing."""
        if certificate is None and key is None and clients is None:
            return None
        if certificate is None or key is None:
            raise Refused("a door with TLS needs both its certificate and its key")
        for path in (certificate, key, *([clients] if clients else [])):
            if not path.is_file():
                raise Refused(f"{path} cannot be read: there is no such file")
        return Tls(certificate, key, clients)

    def options(self) -> dict[str, Any]:
        """Uvicorn's."""
        needed = ssl.CERT_REQUIRED if self.clients else ssl.CERT_NONE
        clients = {"ssl_ca_certs": str(self.clients)} if self.clients else {}
        return {
            "ssl_certfile": str(self.certificate),
            "ssl_keyfile": str(self.key),
            "ssl_cert_reqs": needed,
            **clients,
        }


class Unfit(Exception):
    """A request that is answered at the door."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Gone(Exception):
    """The client left before its request was whole."""


class Door:
    """The ASGI middleware. Bodies are read here, whole; the application gets them in one piece."""

    def __init__(self, app: ASGIApp, limits: Limits, clock: Callable[[], float] = monotonic) -> None:
        self.app, self.limits, self.clock = app, limits, clock
        self._left: dict[str, tuple[float, float]] = {}
        """Address -> requests that it may send at once, and when that was so."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        try:
            self._check_rate(scope)
            self._check_token(headers)
            body = await self._body(headers, receive)
        except Unfit as unfit:
            await _tell(send, unfit)
        except Gone:
            return
        else:
            await self.app(scope, _once(body, receive), send)

    def _check_rate(self, scope: Scope) -> None:
        """A bucket of one second's requests, at least one, that fills at the rate."""
        address, now = (scope.get("client") or ("",))[0], self.clock()
        if len(self._left) >= MOST_ADDRESSES:
            self._left = {known: entry for known, entry in self._left.items() if now - entry[1] < 1}
        most = max(self.limits.rate, 1.0)
        left, since = self._left.get(address, (most, now))
        left = min(most, left + (now - since) * self.limits.rate)
        if left < 1:
            raise Unfit(503, BUSY, f"more than {self.limits.rate:g} requests a second")
        self._left[address] = (left - 1, now)

    def _check_token(self, headers: dict[bytes, bytes]) -> None:
        expected = self.limits.token
        if expected is not None and not hmac.compare_digest(
            headers.get(b"authorization", b""), b"Bearer " + expected.encode()
        ):
            raise Unfit(401, FORBIDDEN, "the bearer token is missing or another")

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        too_large = Unfit(500, MALFORMED, f"more than {self.limits.body} bytes")
        announced = headers.get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > self.limits.body:
            raise too_large
        pieces: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self.limits.patience):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Gone
                    piece = message.get("body", b"")
                    size += len(piece)
                    if size > self.limits.body:
                        raise too_large
                    pieces.append(piece)
                    if not message.get("more_body", False):
                        return b"".join(pieces)
        except TimeoutError:
            raise Unfit(500, MALFORMED, f"not whole within {self.limits.patience:g} s") from None


def _once(body: bytes, receive: Receive) -> Receive:
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


async def _tell(send: Send, unfit: Unfit) -> None:
    """The connection ends with it: what still comes of the request is not read."""
    body = json.dumps({"code": unfit.code, "message": str(unfit)}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": unfit.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def refusal(code: str, message: str, status: int = 500) -> JSONResponse:
    """The published services answer 500 for the caller's faults too; clients look at `code`."""
    return JSONResponse({"code": code, "message": message}, status_code=status)


def application(
    title: str,
    limits: Limits,
    parts: Sequence[tuple[str, APIRouter]],
    routes: Sequence[Route] = (),
    **options: Any,
) -> FastAPI:
    """One application: each part under each of its paths, behind a door. `parts`: (prefix, calls). `routes` are looked
    at first, and answered without what FastAPI adds: for calls that are asked a thousand times a second."""
    app = FastAPI(title=title, docs_url=None, redoc_url=None, openapi_url=None, **options)
    app.router.routes[:0] = routes
    for prefix, calls in parts:
        app.include_router(calls, prefix=prefix)

    @app.exception_handler(RequestValidationError)
    async def unreadable(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        return refusal("INVALID_REQUEST_PARAMETERS", f"{'.'.join(map(str, first['loc']))}: {first['msg']}")

    app.add_middleware(Door, limits=limits)
    return app


def prefixes(gateway: str) -> tuple[str, ...]:
    """The paths under which clients of the published services ask for a gateway."""
    return f"/{gateway}", f"/v2/{gateway}", f"/{gateway}/v2"


class _Hasty(HttpToolsProtocol):
    """Ends a connection that was opened, or began a request, and does not come to the end of the request's head."""

    patience: float
    _waiting: asyncio.TimerHandle | None = None

    def _wait(self) -> None:
        self._arrived()
        self._waiting = self.loop.call_later(self.patience, self.transport.close)

    def _arrived(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrived()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._wait()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._arrived()
        super().on_headers_complete()


class Served:
    """An application that is being served by a thread of its own."""

    def __init__(self, app: ASGIApp, listen: str, limits: Limits, tls: Tls | None) -> None:
        """Raises Refused where the address is taken or a certificate cannot be read."""
        host, port = listen_address(listen)
        protocol = type("Hasty", (_Hasty,), {"patience": limits.patience})
        options = tls.options() if tls else {}
        config = uvicorn.Config(app, http=protocol, ws="none", log_config=None, access_log=False, **options)
        try:
            config.load()
        except (OSError, ssl.SSLError) as error:
            raise Refused(f"the door's certificates cannot be used: {error}") from error
        try:
            self._socket = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except OSError as error:
            raise Refused(f"{listen} cannot be listened on: {error.strerror}") from error
        self.port = int(self._socket.getsockname()[1])
        self.url = f"{'https' if tls else 'http'}://{host}:{self.port}"
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def start(self) -> None:
        """Raises Refused where it did not come up."""
        self._thread.start()
        until = monotonic() + STARTS_WITHIN
        while not self._server.started:
            if not self._thread.is_alive() or monotonic() > until:
                self.stop()
                raise Refused(f"the door at {self.url} did not open")
            self._thread.join(0.01)

    def stop(self) -> None:
        """Requests in flight are answered; after a while they are not."""
        self._server.should_exit = True
        self._thread.join(STOPS_WITHIN)
        self._server.force_exit = True
        self._thread.join(STOPS_WITHIN)
        self._socket.close()


@contextmanager
def served(app: ASGIApp, listen: str, limits: Limits | None = None, tls: Tls | None = None) -> Iterator[Served]:
    """Open while the block runs. Raises Refused. `limits`: of those the patience, for who never sends a whole head."""
    door = Served(app, listen, limits or Limits(), tls)
    door.start()
    try:
        yield door
    finally:
        door.stop()

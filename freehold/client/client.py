"""Sends calls over HTTP: `Client` waits for each answer, `AsyncClient` is awaited."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import time
from types import TracebackType
from typing import Self, TypeVar

import httpx

from freehold.client.calls import Call
from freehold.client.errors import ApplicationRefused, ApplicationUnreachable
from freehold.trading.actions import Credentials
from freehold.trading.documents import iso
from freehold.trading.requests import API_KEY, PASSPHRASE, SIGNATURE, TIMESTAMP, request_signature

T = TypeVar("T")
PATIENCE = 30.0
"""Seconds that an answer may take."""
SHOWN = 300
"""Letters of an answer that cannot be read."""


@dataclass
class Client:
    """`host`: the application's address. Without credentials only public calls can be asked."""

    host: str
    credentials: Credentials | None = None
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=PATIENCE))

    def ask(self, call: Call[T]) -> T:
        """Raises ApplicationRefused, ApplicationUnreachable; ValueError for a private call without credentials."""
        request = _request(self.host, call, self.credentials)
        try:
            answer = self.http.send(request)
        except httpx.HTTPError as error:
            raise _unreachable(self.host, error) from error
        return _read(call, answer)

    def close(self) -> None:
        self.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass
class AsyncClient:
    """As `Client`, awaited."""

    host: str
    credentials: Credentials | None = None
    http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=PATIENCE))

    async def ask(self, call: Call[T]) -> T:
        """As `Client.ask`."""
        request = _request(self.host, call, self.credentials)
        try:
            answer = await self.http.send(request)
        except httpx.HTTPError as error:
            raise _unreachable(self.host, error) from error
        return _read(call, answer)

    async def close(self) -> None:
        await self.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _request(host: str, call: Call[T], credentials: Credentials | None) -> httpx.Request:
    headers = {"Content-Type": "application/json", **call.headers}
    if call.is_private:
        if credentials is None:
            raise ValueError(f"{call.method} {call.path} needs credentials")
        now = iso(time())
        signature = request_signature(credentials.secret, now, call.method, call.path, call.body)
        headers |= {SIGNATURE: signature, API_KEY: credentials.key}
        headers |= {TIMESTAMP: now, PASSPHRASE: credentials.passphrase}
    return httpx.Request(call.method, host.rstrip("/") + call.path, headers=headers, content=call.body or None)


def _read(call: Call[T], answer: httpx.Response) -> T:
    if answer.is_success:
        try:
            return call.read(answer.json())
        except (ValueError, KeyError, TypeError) as error:
            raise ApplicationUnreachable(f"{call.path} was answered by {answer.text[:SHOWN]!r}: {error}") from error
    raise ApplicationRefused(answer.status_code, _message(answer))


def _message(answer: httpx.Response) -> str:
    try:
        return "; ".join(str(error["msg"]) for error in answer.json()["errors"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}: {answer.text[:SHOWN]}"


def _unreachable(host: str, error: Exception) -> ApplicationUnreachable:
    return ApplicationUnreachable(f"{host} does not answer: {error or type(error).__name__}")

"""The availability gateway as a member asks it. What it answers is believed in nothing."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

import httpx

from freehold.errors import Refused
from freehold.services.base.batch_data import BatchData, SharedStateData, Update
from freehold.services.base.wire import NotReadable, read_json
from freehold.services.committee.settings import GatewaySettings

ACCEPTED = "signature accepted"
SHOWN = 300
"""Characters of an answer that a message repeats."""


class GatewayFails(Exception):
    """No answer, or none that can be read."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url}: {reason}")


class Gateway:
    """One address. Every method raises GatewayFails."""

    def __init__(self, client: httpx.Client, url: str, largest_answer: int = 1 << 28) -> None:
        self._client, self.url, self._largest = client, url.rstrip("/"), largest_answer

    def batch_data(self, batch_id: int) -> tuple[Update | None, str]:
        """The update, None where the batch is not there yet; and the answer's text."""
        answer = self._asked("get_batch_data", batch_id)
        try:
            return read_json(BatchData, answer).update, answer.decode()
        except (NotReadable, UnicodeDecodeError) as error:
            raise GatewayFails(self.url, f"get_batch_data of {batch_id} cannot be read: {error}") from error

    def shared_state(self, batch_id: int) -> Sequence[int] | None:
        """The words after the batch. Other operators' gateways have no such call."""
        try:
            return read_json(SharedStateData, self._asked("_get_shared_state", batch_id)).words
        except NotReadable as error:
            raise GatewayFails(self.url, f"_get_shared_state of {batch_id} cannot be read: {error}") from error

    def created(self, batch_id: int) -> str:
        return self._asked("_get_batch_created", batch_id).decode(errors="replace")

    def approve(self, batch_id: int, signature: bytes, member: str, claim: bytes) -> None:
        body = {
            "batch_id": batch_id,
            "signature": "0x" + signature.hex(),
            "member_key": member,
            "claim_hash": "0x" + claim.hex(),
        }
        answer = self._answer(self._client.build_request("POST", self._path("approve_new_roots"), json=body))
        if answer.decode(errors="replace").strip().strip('"') != ACCEPTED:
            raise GatewayFails(self.url, f"the signature was not accepted: {_shown(answer)}")

    def _asked(self, call: str, batch_id: int) -> bytes:
        return self._answer(self._client.build_request("GET", self._path(call), params={"batch_id": batch_id}))

    def _path(self, call: str) -> str:
        return f"{self.url}/availability_gateway/{call}"

    def _answer(self, request: httpx.Request) -> bytes:
        try:
            answer = self._client.send(request, stream=True)
            try:
                content = self._content(answer)
            finally:
                answer.close()
        except (httpx.HTTPError, ssl.SSLError) as error:
            raise GatewayFails(self.url, f"no answer: {error or type(error).__name__}") from error
        if answer.status_code != 200:
            raise GatewayFails(self.url, f"answers {answer.status_code}: {_shown(content)}")
        return content

    def _content(self, answer: httpx.Response) -> bytes:
        content = bytearray()
        for piece in answer.iter_bytes():
            content += piece
            if len(content) > self._largest:
                raise GatewayFails(self.url, f"an answer of more than {self._largest} bytes")
        return bytes(content)


def _shown(answer: bytes) -> str:
    return " ".join(answer.decode(errors="replace").split())[:SHOWN]


def gateways(settings: GatewaySettings) -> list[Gateway]:
    """Raises Refused for certificates that cannot be read."""
    headers = {"authorization": f"Bearer {settings.token.get_secret_value()}"} if settings.token else {}
    client = httpx.Client(verify=_tls(settings), headers=headers, timeout=settings.timeout, trust_env=False)
    return [Gateway(client, url, settings.largest_answer) for url in settings.urls]


def _tls(settings: GatewaySettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.tls_authority)
        if settings.tls_certificate is not None:
            context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise Refused(f"the member's certificates cannot be used: {error}") from error
    return context

"""The operator's HTTP door: the published gateway's calls, under each of the paths that clients use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.routing import Route

from freehold.services.base.doors import Limits, Tls, prefixes, refusal
from freehold.services.base.doors import application as behind_door
from freehold.services.operator.feeder import Feeder, calls_of
from freehold.services.operator.intake import Groups, Intake
from freehold.services.operator.settings import IntakeSettings

LARGEST_BODY = Limits().body


def application(intake: Intake, limits: Limits | None = None, feed: Feeder | None = None) -> FastAPI:
    """`feed`: what happened, shown at the same address."""
    groups = Groups(intake)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        worker = asyncio.create_task(groups.run())
        yield
        worker.cancel()

    async def add_transaction(request: Request) -> Response:
        answer = await groups.add(await request.body())
        if not answer.is_accepted:
            return refusal(answer.code, answer.message)
        return JSONResponse({"code": answer.code, "tx_id": answer.tx_id})

    parts = [(prefix, _calls(intake)) for prefix in prefixes("gateway")]
    adding = [Route(f"{prefix}/add_transaction", add_transaction, methods=["POST"]) for prefix in prefixes("gateway")]
    if feed is not None:
        parts += [(prefix, calls_of(feed)) for prefix in prefixes("feeder_gateway")]
    return behind_door("Freehold's operator", limits or Limits(), parts, adding, lifespan=lifespan)


def door(intake: Intake, settings: IntakeSettings) -> tuple[FastAPI, Limits, Tls | None]:
    """The application, and with what it is to be served. Raises Refused."""
    token = settings.token.get_secret_value() if settings.token else None
    limits = Limits(settings.body, settings.patience, settings.rate, token)
    tls = Tls.of(settings.tls_certificate, settings.tls_key, settings.tls_clients)
    return application(intake, limits), limits, tls


def _calls(intake: Intake) -> APIRouter:
    calls = APIRouter()

    @calls.get("/is_alive")
    async def is_alive() -> str:
        return "gateway is alive!"

    @calls.get("/get_first_unused_tx_id")
    @calls.get("/testing/get_first_unused_tx_id")
    async def get_first_unused_tx_id() -> int:
        return await asyncio.to_thread(intake.first_unused)

    return calls

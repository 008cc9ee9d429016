"""The operator's HTTP door: the published gateway's calls, under each of the paths that clients use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse

from freehold.services.operator.intake import Answer, Groups, Intake

PREFIXES = ("/gateway", "/v2/gateway", "/gateway/v2")
LARGEST_BODY = 1 << 20
"""Bytes of a request."""


def application(intake: Intake) -> FastAPI:
    groups = Groups(intake)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        worker = asyncio.create_task(groups.run())
        yield
        worker.cancel()

    app = FastAPI(title="Freehold's operator", docs_url=None, redoc_url=None, lifespan=lifespan)
    for prefix in PREFIXES:
        app.include_router(_calls(intake, groups), prefix=prefix)
    return app


def _calls(intake: Intake, groups: Groups) -> APIRouter:
    calls = APIRouter()

    @calls.get("/is_alive")
    async def is_alive() -> str:
        return "gateway is alive!"

    @calls.post("/add_transaction")
    async def add_transaction(request: Request) -> JSONResponse:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > LARGEST_BODY:
                return _refusal(Answer("MALFORMED_REQUEST", None, f"more than {LARGEST_BODY} bytes"))
        answer = await groups.add(body)
        if not answer.is_accepted:
            return _refusal(answer)
        return JSONResponse({"code": answer.code, "tx_id": answer.tx_id})

    @calls.get("/get_first_unused_tx_id")
    @calls.get("/testing/get_first_unused_tx_id")
    async def get_first_unused_tx_id() -> int:
        return await asyncio.to_thread(intake.first_unused)

    return calls


def _refusal(answer: Answer) -> JSONResponse:
    """The published services answer 500 for the caller's faults too; clients look at `code`."""
    return JSONResponse({"code": answer.code, "message": answer.message}, status_code=500)

"""The oracle's HTTP door: what its market says now."""

from __future__ import annotations

from collections.abc import Callable
from time import time

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from freehold.services.base.prices import FUNDING, QUOTES
from freehold.services.oracle.market import Market
from prover.applications.ledger.units import Seconds


def application(market: Market, clock: Callable[[], float] = time) -> FastAPI:
    app = FastAPI(title="Freehold's oracle", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/live")
    def live() -> str:
        return "oracle is alive!"

    @app.get(QUOTES)
    def quotes() -> JSONResponse:
        return JSONResponse(market.quotes(Seconds(int(clock()))).model_dump(mode="json"))

    @app.get(FUNDING)
    def funding() -> JSONResponse:
        return JSONResponse(market.funding(Seconds(int(clock()))).model_dump(mode="json"))

    return app

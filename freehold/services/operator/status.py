"""The operator's pages: is it alive, is it ready, its metrics, how it stands, and the state from which anybody leaves.

They only read, and show nothing that is secret: safe to publish.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from time import time
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from sqlalchemy.exc import SQLAlchemyError

from freehold.services.base.store import Store
from freehold.services.operator import leaves, page
from freehold.services.operator.figures import About, ChainFacts, Figures
from freehold.services.operator.lease import is_reachable
from freehold.services.operator.metrics import exposition
from freehold.services.operator.tables import FINAL, Batch
from freehold.services.operator.whereabouts import Withdrawal, where_is
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.documents import StateDocument
from prover.applications.perpetual.fields import POSITION_ID_UPPER_BOUND
from prover.applications.perpetual.last_state import LastState
from prover.applications.perpetual.state import SharedState

log = structlog.get_logger(__name__)
LIVE_WITHIN = 60.0
"""Seconds since the loop's last turn."""
METRICS_TYPE = "text/plain; version=1.0.0; charset=utf-8"
ENTRIES_AT_ONCE = 500
"""Positions or orders in one piece of a state."""
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class NotFinal(LookupError):
    """A batch that is not there, or not final yet."""


def application(
    store: Store,
    about: About,
    chain: Callable[[], ChainFacts],
    turned: Callable[[], float],
    clock: Callable[[], float] = time,
) -> FastAPI:
    """`chain` gives what the node answered last, `turned` when the operator's loop did."""
    app = FastAPI(title="Freehold's pages", docs_url=None, redoc_url=None, openapi_url=None)
    figures = Figures(store, about, chain, clock)

    @app.middleware("http")
    async def with_headers(request: Request, call_next: Any) -> Response:
        answer: Response = await call_next(request)
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    @app.exception_handler(SQLAlchemyError)
    async def without_store(request: Request, error: SQLAlchemyError) -> JSONResponse:
        log.error("store", path=request.url.path, error=str(error))
        return _refusal(503, "API_FUNCTION_TEMPORARILY_DISABLED", "the store does not answer")

    @app.get("/live")
    def live() -> Response:
        since = clock() - turned()
        return PlainTextResponse(f"the loop turned {since:.0f} s ago\n", 200 if since < LIVE_WITHIN else 503)

    @app.get("/ready")
    def ready() -> JSONResponse:
        checks = readiness(figures)
        return JSONResponse(checks, 200 if all(checks.values()) else 503)

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(exposition(figures), media_type=METRICS_TYPE)

    @app.get("/status.css")
    def style() -> Response:
        return Response(page.style(), media_type="text/css", headers={"cache-control": "max-age=3600"})

    @app.get("/status")
    def status(request: Request, position: str = "") -> Response:
        fault, withdrawals = "", None
        if position:
            try:
                withdrawals = withdrawals_of(store, position)
            except ValueError as error:
                fault = str(error)
        found = page.document(figures.now(), about, withdrawals)
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(page.html(found, position, fault), 400 if fault else 200)
        return _refusal(400, "OUT_OF_RANGE_POSITION_ID", fault) if fault else JSONResponse(found)

    @app.get("/state/{batch_id}")
    def state(batch_id: str) -> Response:
        try:
            pieces = state_file(store, about.config, batch_id)
        except NotFinal as error:
            return _refusal(404, "INVALID_BATCH_ID", str(error))
        headers = {
            "cache-control": "public, max-age=31536000, immutable",
            "content-disposition": f'attachment; filename="state-{int(batch_id)}.json"',
        }
        return StreamingResponse(pieces, media_type="application/json", headers=headers)

    return app


def readiness(figures: Figures) -> dict[str, bool]:
    """What must hold before anything is sent here."""
    checks = dict.fromkeys(("store", "lease", "node", "configuration"), False)
    if is_reachable(figures.store):
        now = figures.now()
        checks["store"] = True
        checks["lease"] = now.lease_until is not None and now.lease_until > now.at
        checks["node"] = now.chain.head is not None
        checks["configuration"] = now.chain.configuration_agrees is True
    return checks


def withdrawals_of(store: Store, position: str) -> list[Withdrawal]:
    """Raises ValueError for what is no position's id."""
    if not (position.isascii() and position.isdigit() and len(position) <= 20):
        raise ValueError("A position's id is a decimal number.")
    if int(position) >= POSITION_ID_UPPER_BOUND:
        raise ValueError("A position's id is below 2^64.")
    with store.snapshot() as session:
        return where_is(session, int(position))


# --- the state's file


def state_file(store: Store, config: GeneralConfig, batch_id: str) -> Iterator[str]:
    """Pieces of the JSON that `LastState` reads. Raises NotFinal."""
    number = _number(batch_id)
    with store.unit() as session:
        batch = None if number is None else session.get(Batch, number)
    if batch is None or number is None:
        raise NotFinal(f"there is no batch {batch_id[:20]}")
    if batch.state != FINAL:
        raise NotFinal(f"batch {number} is {batch.state}: its state can still change")
    return _pieces(store, number, _head(config, SharedState.read([int(word) for word in json.loads(batch.words)])))


def _number(text: str) -> int | None:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None


def _head(config: GeneralConfig, shared: SharedState) -> str:
    """All but positions and orders, open at the state's end."""
    state = StateDocument(
        funding_indices=shared.funding_indices,
        funding_timestamp=shared.funding_timestamp,
        oracle_prices=shared.oracle_prices,
        system_time=shared.system_time,
        positions_root=shared.positions_root,
        orders_root=shared.orders_root,
    )
    document = LastState(config=config, state=state).model_dump(mode="json")
    inner = {name: value for name, value in document.pop("state").items() if name != "positions" and value is not None}
    return json.dumps(document)[:-1] + ', "state": ' + json.dumps(inner)[:-1]


def _pieces(store: Store, batch_id: int, head: str) -> Iterator[str]:
    yield head + ', "positions": {'
    yield from _entries((number, _position(body)) for number, body in leaves.positions(store, batch_id))
    yield '}, "orders": {'
    yield from _entries((number, str(used)) for number, used in leaves.orders(store, batch_id))
    yield "}}}\n"


def _entries(pairs: Iterator[tuple[int, Any]]) -> Iterator[str]:
    piece, separator = [], ""
    for number, value in pairs:
        piece.append(f'{separator}"{number}": {json.dumps(value)}')
        separator = ",\n"
        if len(piece) == ENTRIES_AT_ONCE:
            yield "".join(piece)
            piece = []
    yield "".join(piece)


def _position(body: dict[str, Any]) -> dict[str, Any]:
    """Of the availability gateway's form."""
    assets = sorted(body["assets"].items(), key=lambda item: int(item[0], 16))
    return {
        "public_key": body["public_key"],
        "collateral_balance": body["collateral_balance"],
        "assets": [{"asset_id": asset_id, **holding} for asset_id, holding in assets],
    }


def _refusal(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"code": code, "message": message}, status)

"""A client's calls as they go over the wire, and what it makes of answers and of none."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import httpx
import pytest

from freehold.client import (
    ApplicationRefused,
    ApplicationUnreachable,
    AsyncClient,
    Client,
    Exchange,
    Keys,
    Side,
    Trader,
    calls,
)
from freehold.trading import orders
from freehold.trading.documents import seconds_of
from freehold.trading.requests import API_KEY, PASSPHRASE, SIGNATURE, TIMESTAMP, request_signature
from prover.algebra import ecdsa
from prover.applications.perpetual.errors import BelowUnit
from prover.applications.perpetual.units import PositionId
from tests.support.limited_exchange import LimitedExchange

HOST = "https://exchange.example"
KEYS = Keys.of_wallet(0xA11CE, 1)
PLACED = {
    "id": "1",
    "clientId": "mine",
    "accountId": "2",
    "market": "M",
    "side": "BUY",
    "price": "30000",
    "size": "1",
    "remainingSize": "1",
    "type": "LIMIT",
    "createdAt": "2026-12-01T00:00:00.000Z",
    "unfillableAt": None,
    "expiresAt": "2026-12-29T00:00:00.000Z",
    "status": "PENDING",
    "timeInForce": "GTT",
    "cancelReason": None,
    "postOnly": False,
    "reduceOnly": False,
    "limitFee": "0.001",
    "somethingNew": 1,
}


@pytest.fixture
def exchange() -> Exchange:
    return Exchange.of(LimitedExchange(n_assets=1).config())


@pytest.fixture
def trader(exchange) -> Trader:
    return Trader(exchange, KEYS, PositionId(7))


def answering(status: int, document: object, seen: list[httpx.Request] | None = None) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        return httpx.Response(status, json=document)

    return httpx.MockTransport(answer)


def client(transport: httpx.MockTransport) -> Client:
    return Client(HOST, KEYS.credentials, httpx.Client(transport=transport))


def market_of(exchange: Exchange) -> str:
    return next(iter(exchange.markets))


def test_an_order_is_signed_twice_as_request_and_as_order(exchange, trader):
    seen: list[httpx.Request] = []
    market = market_of(exchange)
    call = trader.order(market, Side.BUY, "1", "3", limit_fee="0.001", client_id="mine")
    placed = client(answering(200, {"order": PLACED}, seen)).ask(call)
    (request,) = seen
    assert placed.status == "PENDING" and str(request.url) == f"{HOST}/v3/orders"
    body, headers = request.content.decode(), request.headers
    signature = request_signature(KEYS.credentials.secret, headers[TIMESTAMP], "POST", "/v3/orders", body)
    assert headers[SIGNATURE] == signature
    assert (headers[API_KEY], headers[PASSPHRASE]) == (KEYS.credentials.key, KEYS.credentials.passphrase)
    told = json.loads(body)
    terms = orders.Terms(True, told["size"], told["price"], told["limitFee"], "mine", seconds_of(told["expiration"]))
    order = orders.limit_order(terms, exchange.markets[market], exchange.collateral.asset_id, trader.account)
    r, s = orders.signature_of(told["signature"])
    assert ecdsa.verify(order.message_hash(exchange.collateral.asset_id), r, s, KEYS.stark_key)


def test_both_clients_ask_the_same(trader):
    async def ask() -> object:
        other = httpx.AsyncClient(transport=answering(200, {"orders": [PLACED]}))
        async with AsyncClient(HOST, KEYS.credentials, other) as asked:
            return await asked.ask(calls.orders("M"))

    assert asyncio.run(ask()) == client(answering(200, {"orders": [PLACED]})).ask(calls.orders("M"))


def test_a_refusal_says_what_the_application_says():
    refusing = client(answering(400, {"errors": [{"msg": "order is already filled"}]}))
    with pytest.raises(ApplicationRefused, match=r"^order is already filled$") as refused:
        refusing.ask(calls.cancel("1"))
    assert refused.value.status == 400


@pytest.mark.parametrize("answer", [{}, {"order": {}}, [], {"order": {**PLACED, "status": "LOST"}}])
def test_an_answer_that_cannot_be_read_is_no_answer(answer):
    with pytest.raises(ApplicationUnreachable, match="/v3/orders/1"):
        client(answering(200, answer)).ask(calls.order("1"))


def test_no_answer_is_told_apart_from_a_refusal():
    def fails(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(ApplicationUnreachable, match=r"exchange\.example does not answer"):
        client(httpx.MockTransport(fails)).ask(calls.markets())


def test_a_private_call_needs_credentials_and_a_public_one_sends_none():
    seen: list[httpx.Request] = []
    nobody = replace(client(answering(200, {"markets": {}}, seen)), credentials=None)
    assert nobody.ask(calls.markets()) == {}
    assert SIGNATURE not in seen[0].headers
    with pytest.raises(ValueError, match="needs credentials"):
        nobody.ask(calls.fills())


def test_what_cannot_be_an_order_is_refused_before_it_is_signed(exchange, trader):
    with pytest.raises(ValueError, match="no market NO-USD"):
        trader.order("NO-USD", Side.BUY, "1", "1")
    with pytest.raises(BelowUnit):
        trader.order(market_of(exchange), Side.SELL, "0", "1")


def test_secrets_are_not_shown():
    shown = repr(KEYS)
    assert hex(KEYS.stark_private_key) not in shown and KEYS.credentials.secret not in shown
    assert str(KEYS.stark_private_key) not in shown and str(KEYS.ethereum_key) not in shown

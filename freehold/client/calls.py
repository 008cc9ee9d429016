"""What can be asked, and what the answer is. Nothing is sent here.

A list is the newest first, at most 100 unless `limit` says less, at or before `before`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel

from freehold.client.keys import Keys
from freehold.trading import documents
from freehold.trading.requests import ETHEREUM_ADDRESS, SIGNATURE

T = TypeVar("T")
Kind = TypeVar("Kind", bound=BaseModel)
PREFIX = "/v3"


@dataclass(frozen=True)
class Call(Generic[T]):
    """`path` with its query; `body` as compact JSON, empty where there is none. A private call is signed."""

    method: str
    path: str
    read: Callable[[Any], T]
    body: str = ""
    is_private: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Opened:
    """An account that was opened, or was open."""

    api_key: documents.ApiKey
    user: documents.UserInfo
    account: documents.AccountInfo


# --- what everybody may ask


def exchange() -> Call[documents.ExchangeInfo]:
    return _public("config", documents.ExchangeInfo.model_validate)


def markets() -> Call[dict[str, documents.MarketInfo]]:
    return _public("markets", partial(_table, "markets", documents.MarketInfo))


def book(market: str) -> Call[documents.BookInfo]:
    return _public(f"orderbook/{market}", documents.BookInfo.model_validate)


def trades(market: str, before: str | None = None) -> Call[list[documents.PublicTrade]]:
    query = {"startingBeforeOrAt": before}
    return _public(f"trades/{market}", partial(_list, "trades", documents.PublicTrade), query)


def candles(market: str, resolution: str = "1MIN", limit: int | None = None) -> Call[list[documents.Candle]]:
    query = {"resolution": resolution, "limit": limit}
    return _public(f"candles/{market}", partial(_list, "candles", documents.Candle), query)


def funding_rates(market: str, before: str | None = None) -> Call[list[documents.FundingRate]]:
    query = {"effectiveBeforeOrAt": before}
    return _public(f"historical-funding/{market}", partial(_list, "historicalFunding", documents.FundingRate), query)


# --- one's own


def onboard(keys: Keys) -> Call[Opened]:
    """Opens the account of a wallet and its Stark key; asked again, the answer is the same."""
    x, y = keys.stark_point
    body = documents.NewUser(stark_key=hex(x), stark_key_y_coordinate=hex(y))
    headers = {SIGNATURE: keys.onboarding_signature(), ETHEREUM_ADDRESS: keys.address}
    return Call("POST", f"{PREFIX}/onboarding", _opened, _compact(body), is_private=False, headers=headers)


def accounts() -> Call[list[documents.AccountInfo]]:
    return _private("accounts", partial(_list, "accounts", documents.AccountInfo))


def positions(status: str | None = None) -> Call[list[documents.PositionInfo]]:
    return _private("positions", partial(_list, "positions", documents.PositionInfo), {"status": status})


def orders(
    market: str | None = None, status: str | None = None, limit: int | None = None
) -> Call[list[documents.OrderInfo]]:
    """Open ones, unless another status is asked for."""
    query = {"market": market, "status": status, "limit": limit}
    return _private("orders", partial(_list, "orders", documents.OrderInfo), query)


def order(order_id: str) -> Call[documents.OrderInfo]:
    return _private(f"orders/{order_id}", partial(_one, "order", documents.OrderInfo))


def order_of_client(client_id: str) -> Call[documents.OrderInfo]:
    return _private(f"orders/client/{client_id}", partial(_one, "order", documents.OrderInfo))


def place(new: documents.NewOrder) -> Call[documents.OrderInfo]:
    """`Trader.order` makes and signs it."""
    return _post("orders", new, partial(_one, "order", documents.OrderInfo))


def cancel(order_id: str) -> Call[documents.OrderInfo]:
    return _delete(f"orders/{order_id}", partial(_one, "cancelOrder", documents.OrderInfo))


def cancel_all(market: str | None = None) -> Call[list[documents.OrderInfo]]:
    return _delete("orders", partial(_list, "cancelOrders", documents.OrderInfo), {"market": market})


def fills(
    market: str | None = None, order_id: str | None = None, limit: int | None = None
) -> Call[list[documents.Fill]]:
    query = {"market": market, "orderId": order_id, "limit": limit}
    return _private("fills", partial(_list, "fills", documents.Fill), query)


def withdraw(new: documents.NewWithdrawal) -> Call[documents.TransferInfo]:
    """`Trader.withdrawal` makes and signs it."""
    return _post("withdrawals", new, partial(_one, "withdrawal", documents.TransferInfo))


def give(new: documents.NewTransfer) -> Call[documents.TransferInfo]:
    """`Trader.transfer` makes and signs it."""
    return _post("transfers", new, partial(_one, "transfer", documents.TransferInfo))


def transfers(kind: str | None = None, limit: int | None = None) -> Call[list[documents.TransferInfo]]:
    """Deposits, withdrawals and transfers."""
    return _private("transfers", partial(_list, "transfers", documents.TransferInfo), {"type": kind, "limit": limit})


def funding_payments(market: str | None = None, limit: int | None = None) -> Call[list[documents.FundingPayment]]:
    query = {"market": market, "limit": limit}
    return _private("funding", partial(_list, "fundingPayments", documents.FundingPayment), query)


# --- how calls are written and answers read


def _public(path: str, read: Callable[[Any], T], query: Mapping[str, object] | None = None) -> Call[T]:
    return Call("GET", _path(path, query), read, is_private=False)


def _private(path: str, read: Callable[[Any], T], query: Mapping[str, object] | None = None) -> Call[T]:
    return Call("GET", _path(path, query), read)


def _delete(path: str, read: Callable[[Any], T], query: Mapping[str, object] | None = None) -> Call[T]:
    return Call("DELETE", _path(path, query), read)


def _post(path: str, body: BaseModel, read: Callable[[Any], T]) -> Call[T]:
    return Call("POST", _path(path, None), read, _compact(body))


def _path(path: str, query: Mapping[str, object] | None) -> str:
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return f"{PREFIX}/{path}" + (f"?{urlencode(given)}" if given else "")


def _compact(body: BaseModel) -> str:
    document = body.model_dump(by_alias=True, mode="json", exclude_none=True)
    return json.dumps(document, separators=(",", ":"))


def _one(name: str, kind: type[Kind], answer: Any) -> Kind:
    return kind.model_validate(answer[name])


def _list(name: str, kind: type[Kind], answer: Any) -> list[Kind]:
    return [kind.model_validate(entry) for entry in answer[name]]


def _table(name: str, kind: type[Kind], answer: Any) -> dict[str, Kind]:
    return {key: kind.model_validate(entry) for key, entry in answer[name].items()}


def _opened(answer: Any) -> Opened:
    return Opened(
        _one("apiKey", documents.ApiKey, answer),
        _one("user", documents.UserInfo, answer),
        _one("account", documents.AccountInfo, answer),
    )

"""A client of an exchange's application, for people's programs: keys, orders, what one has, how far it is.

    from freehold.client import Client, Keys, Trader, calls

    keys = Keys.of_wallet(ethereum_key, chain_id)
    with Client("https://exchange.example", keys.credentials) as client:
        exchange = client.ask(calls.exchange())
        me = Trader.of(exchange, keys, client.ask(calls.onboard(keys)).account)
        order = client.ask(me.order("BTC-USD", Side.BUY, size="0.1", price="30000"))

A call says what is asked and what the answer is; `Client` and `AsyncClient` send the same calls. Refusals are
`freehold.client.errors`.
"""

from freehold.client import calls
from freehold.client.client import AsyncClient, Client
from freehold.client.errors import ApplicationRefused, ApplicationUnreachable, ClientError
from freehold.client.keys import Keys
from freehold.client.trader import Exchange, Trader
from freehold.trading.documents import Side, TimeInForce

__all__ = [
    "ApplicationRefused",
    "ApplicationUnreachable",
    "AsyncClient",
    "Client",
    "ClientError",
    "Exchange",
    "Keys",
    "Side",
    "TimeInForce",
    "Trader",
    "calls",
]

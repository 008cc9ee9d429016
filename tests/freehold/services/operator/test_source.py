"""The operator takes of a source what the rules would take, and nothing that a source says or does stops it."""

import json
import re
import socket
import time

import httpx
import pytest
from structlog.testing import capture_logs

from freehold.services.operator.source import (
    LARGEST_ANSWER,
    MAX_AGE,
    Source,
    SourceLies,
    SourceRefused,
    SourceSilent,
    SourceStale,
    SourceUnreadable,
)
from prover.algebra.field import PRIME
from prover.applications.perpetual.config import Limits
from prover.applications.perpetual.prices import check_signed_prices, internal_price
from prover.applications.perpetual.signing import sign_price
from prover.applications.perpetual.transactions import SignedPrice
from tests.support.world import BTC, ETH, SIGNERS, configured, key, oracle_id, synthetic

NOW = 1_800_000_000
CONFIG = configured(synthetic(BTC), synthetic(ETH), limits=Limits())
PRICE = 3000 * 10**18
FIRST, SECOND, THIRD, FOURTH, FIFTH = sorted(SIGNERS, key=key)


def quote(signer: int, asset: int, timestamp: int = NOW, signed_for: int | None = None, **changes) -> dict:
    made = sign_price(signer, oracle_id(asset) if signed_for is None else signed_for, PRICE, timestamp)
    return {**made.model_dump(mode="json"), **changes}


def quotes(*changed: dict, timestamp: int = NOW) -> dict:
    """Of three signers for both assets; `changed` stand in the place of the first asset's."""
    good = {hex(asset): [quote(signer, asset, timestamp) for signer in SIGNERS[:3]] for asset in (BTC, ETH)}
    return {"timestamp": timestamp, "quotes": {**good, **({hex(BTC): list(changed)} if changed else {})}}


def rates(timestamp: int = NOW, **changes) -> dict:
    return {"timestamp": str(timestamp), "rates": {hex(BTC): "5", hex(ETH): "-7", **changes}}


def source(answer, **fields) -> Source:
    """That gets this answer to everything: a document, bytes, or what a function of the request returns."""

    def respond(request: httpx.Request) -> httpx.Response:
        given = answer(request) if callable(answer) else answer
        if isinstance(given, httpx.Response):
            return given
        return httpx.Response(200, content=iter([given if isinstance(given, bytes) else json.dumps(given).encode()]))

    return Source("http://oracle/", CONFIG, transport=httpx.MockTransport(respond), **fields)


def refused(ask, kind: type[SourceRefused], says: str) -> None:
    """With an error of this kind, and a line in the log."""
    with capture_logs() as lines, pytest.raises(SourceRefused, match=says) as caught:
        ask()
    assert type(caught.value) is kind
    assert any(line["event"] == "source" and line["refused"] == kind.__name__ for line in lines)


# --- quotes


def test_good_quotes_are_those_that_the_rules_take():
    found = source(quotes()).quotes(NOW)
    assert {asset: len(signed) for asset, signed in found.items()} == {BTC: 3, ETH: 3}
    for asset in CONFIG.synthetic_assets:
        price = internal_price(PRICE, asset.resolution, CONFIG.collateral.resolution)
        signed = SignedPrice(asset_id=asset.asset_id, price=price, signatures=found[asset.asset_id])
        check_signed_prices(CONFIG, [signed], NOW - 300, NOW)


LYING = {
    "forged": (quote(FOURTH, BTC, r="0x5"), "the signature is not its key's"),
    "unsigned": (quote(FOURTH, BTC, r="0x0", s="0x0"), "the signature is not its key's"),
    "of the largest numbers": (quote(FOURTH, BTC, r=hex(PRIME - 1), s=hex(PRIME - 1)), "the signature is not its"),
    "another price": (quote(FOURTH, BTC, external_price=str(PRICE + 1)), "the signature is not its key's"),
    "another's key": (quote(FOURTH, BTC, signer_key=hex(key(FIFTH))), "the signature is not its key's"),
    "a stranger's": (quote(0xBAD, BTC), "no signer of the asset"),
    "of another asset": (quote(FOURTH, ETH), "signed for 0x"),
    "of tomorrow": (quote(FOURTH, BTC, NOW + 1), r"signed \+1 s from now"),
    "too old": (quote(FOURTH, BTC, NOW - MAX_AGE - 1), r"signed -121 s from now"),
    "a second one": (quote(FIRST, BTC, NOW - 1), "the signer has another quote"),
}


@pytest.mark.parametrize("lie", LYING)
def test_a_bad_quote_is_left_out_with_a_line_in_the_log(lie):
    bad, says = LYING[lie]
    good = [quote(signer, BTC, NOW - MAX_AGE) for signer in (FIRST, SECOND, THIRD)]
    with capture_logs() as lines:
        found = source(quotes(*good, bad)).quotes(NOW)
    assert [signature.signer_key for signature in found[BTC]] == [key(signer) for signer in (FIRST, SECOND, THIRD)]
    (line,) = lines
    assert (line["event"], line["asset"]) == ("quote", "BTC-10")
    assert re.match(says, line["refused"]), line


def test_an_asset_without_a_quorum_is_left_out_and_the_others_stay():
    with capture_logs() as lines:
        found = source(quotes(quote(FIRST, BTC), quote(SECOND, BTC))).quotes(NOW)
    assert set(found) == {ETH}
    assert lines == [{"event": "quorum", "log_level": "warning", "asset": "BTC-10", "good": 2, "needed": 3}]


def test_assets_that_the_exchange_has_not_are_left_out():
    document = quotes()
    document["quotes"]["0x5"] = document["quotes"][hex(BTC)]
    assert set(source(document).quotes(NOW)) == {BTC, ETH}


def test_old_quotes_alone_are_refused():
    refused(lambda: source(quotes(timestamp=NOW - 500)).quotes(NOW), SourceLies, "no asset of 2 has enough")


# --- funding


def test_rates_are_returned_by_asset():
    assert source(rates()).funding(NOW) == {BTC: 5, ETH: -7}


def test_rates_at_the_maximum_are_taken_and_above_it_refused():
    most = CONFIG.max_funding_rate
    assert source(rates(**{hex(BTC): str(-most)})).funding(NOW)[BTC] == -most
    for rate in (most + 1, -most - 1, 1 << 62):
        refused(lambda rate=rate: source(rates(**{hex(BTC): str(rate)})).funding(NOW), SourceLies, "at most 1120")


def test_a_missing_rate_is_refused():
    document = rates()
    del document["rates"][hex(ETH)]
    refused(lambda: source(document).funding(NOW), SourceLies, "no rate for ETH-9")


@pytest.mark.parametrize("timestamp", [NOW - MAX_AGE - 1, NOW + MAX_AGE + 1])
def test_rates_of_another_time_are_refused(timestamp):
    refused(lambda: source(rates(timestamp)).funding(NOW), SourceStale, f"rates of {timestamp}")


# --- what is no answer


def fails(request):
    raise httpx.ConnectError("nobody listens", request=request)


def drips(_request):
    def pieces():
        while True:
            time.sleep(0.02)
            yield b" "

    return httpx.Response(200, content=pieces())


def floods(_request):
    return httpx.Response(200, content=iter(lambda: b" " * (1 << 20), None))


NO_ANSWER = {
    "silence": (fails, SourceSilent, "nobody listens"),
    "a drip": (drips, SourceSilent, "not whole after"),
    "a flood": (floods, SourceUnreadable, f"more than {LARGEST_ANSWER}"),
    "a failure": (lambda _: httpx.Response(500), SourceSilent, "status 500"),
    "elsewhere": (lambda _: httpx.Response(302, headers={"location": "http://evil/"}), SourceSilent, "status 302"),
    "nothing": (b"", SourceUnreadable, "Invalid JSON"),
    "no text": (b"\xff\xfe", SourceUnreadable, "Invalid JSON"),
    "another form": ([1], SourceUnreadable, "an object"),
    "no time": ({"quotes": {}, "rates": {}}, SourceUnreadable, "timestamp"),
    "more": ({**quotes(), **rates(), "more": 1}, SourceUnreadable, "more"),
    "a depth": (b"[" * 100_000, SourceUnreadable, "Invalid JSON"),
    "a number": (
        b'{"timestamp": ' + b"9" * 5000 + b', "quotes": {}, "rates": {}}',
        SourceUnreadable,
        "number out of range",
    ),
    "a text": (b'{"timestamp": "' + b"9" * 5000 + b'", "quotes": {}, "rates": {}}', SourceUnreadable, "timestamp"),
}


@pytest.mark.parametrize("ask", ["quotes", "funding"])
@pytest.mark.parametrize("answer", NO_ANSWER)
def test_what_is_no_answer_is_refused_by_its_kind(answer, ask):
    given, kind, says = NO_ANSWER[answer]
    refused(lambda: getattr(source(given, patience=0.1), ask)(NOW), kind, says)


def test_a_socket_that_says_nothing_is_left_in_time(unused_listener):
    began = time.monotonic()
    silent = Source(unused_listener, CONFIG, patience=0.2)
    refused(lambda: silent.quotes(NOW), SourceSilent, "ReadTimeout")
    assert time.monotonic() - began < 2


@pytest.fixture
def unused_listener():
    """Takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_what_is_no_address_is_refused_too():
    refused(lambda: Source("no such thing", CONFIG).quotes(NOW), SourceSilent, "protocol")

"""Where the operator asks for prices and funding. Nothing that a source says is believed unchecked, and nothing that it
does stops the operator: its answer is good, or it is refused.

    SourceRefused
        SourceSilent        no answer, or none in time
        SourceUnreadable    an answer of another form, or too long
        SourceStale         an answer of another time
        SourceLies          funding that the configuration does not allow, or no asset with enough good quotes
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from time import monotonic
from typing import TypeVar

import httpx
import structlog
from pydantic import ValidationError

from freehold.services.base.prices import FUNDING, QUOTES, Funding, Quotes
from prover.algebra import ecdsa
from prover.applications.ledger.fields import Document
from prover.applications.ledger.units import AssetId
from prover.applications.perpetual.config import GeneralConfig, SyntheticAsset
from prover.applications.perpetual.documents import reasons
from prover.applications.perpetual.names import asset_name
from prover.applications.perpetual.transactions import PriceSignature

log = structlog.get_logger(__name__)
LARGEST_ANSWER = 4 << 20
"""Bytes: of 1000 assets with ten signers."""
MAX_AGE = 120
"""Seconds: also where the configuration would take older quotes."""
Form = TypeVar("Form", bound=Document)


class SourceRefused(RuntimeError):
    """Nothing of an answer is used. The message says why."""


class SourceSilent(SourceRefused):
    pass


class SourceUnreadable(SourceRefused):
    pass


class SourceStale(SourceRefused):
    pass


class SourceLies(SourceRefused):
    pass


class Source:
    """A service that speaks `freehold/services/base/prices.py`. `patience`: seconds that a whole answer may take."""

    def __init__(
        self, url: str, config: GeneralConfig, patience: float = 5.0, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.url, self.patience = url.rstrip("/"), patience
        self._assets = {asset.asset_id: asset for asset in config.synthetic_assets}
        self._max_age = min(MAX_AGE, config.price_validity_period)
        self._max_rate = config.max_funding_rate
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        self._client = httpx.Client(timeout=patience, headers=headers, transport=transport)

    def quotes(self, now: int) -> dict[AssetId, list[PriceSignature]]:
        """Of each asset that has a quorum of them the good quotes, in the order of their signers' keys.

        Good is what the rules would take in a tick at `now`; what is not is logged and left out. Raises SourceRefused.
        """
        answer = self._answer(QUOTES, Quotes).quotes
        valid = _valid_signatures(quote for quotes in answer.values() for quote in quotes)
        found: dict[AssetId, list[PriceSignature]] = {}
        for asset_id, asset in self._assets.items():
            good = self._good(asset, answer.get(asset_id, ()), valid, now)
            if len(good) >= asset.oracle_price_quorum:
                found[asset_id] = good
            else:
                log.warning("quorum", asset=asset_name(asset_id), good=len(good), needed=asset.oracle_price_quorum)
        if self._assets and not found:
            raise _refusal(SourceLies, QUOTES, f"no asset of {len(self._assets)} has enough good quotes")
        return found

    def funding(self, now: int) -> dict[AssetId, int]:
        """The rate of every asset: 0.32 of its price a second, signed. Raises SourceRefused."""
        answer = self._answer(FUNDING, Funding)
        if not now - self._max_age <= answer.timestamp <= now + self._max_age:
            raise _refusal(SourceStale, FUNDING, f"rates of {answer.timestamp}, {answer.timestamp - now:+} s from now")
        missing = [asset_name(asset_id) for asset_id in self._assets if asset_id not in answer.rates]
        if missing:
            raise _refusal(SourceLies, FUNDING, f"no rate for {', '.join(missing)}")
        rates = {asset_id: answer.rates[asset_id] for asset_id in self._assets}
        for asset_id, rate in rates.items():
            if abs(rate) > self._max_rate:
                detail = f"the rate of {asset_name(asset_id)} is {rate}, at most {self._max_rate} is allowed"
                raise _refusal(SourceLies, FUNDING, detail)
        return rates

    def close(self) -> None:
        self._client.close()

    def _good(
        self, asset: SyntheticAsset, quotes: Sequence[PriceSignature], valid: Mapping[PriceSignature, bool], now: int
    ) -> list[PriceSignature]:
        good: dict[int, PriceSignature] = {}
        for quote in quotes:
            fault = self._fault(asset, quote, now) or ("" if valid[quote] else "the signature is not its key's")
            if not fault and quote.signer_key in good:
                fault = "the signer has another quote"
            if fault:
                log.warning("quote", asset=asset_name(asset.asset_id), signer=hex(quote.signer_key), refused=fault)
            else:
                good[quote.signer_key] = quote
        return [good[key] for key in sorted(good)]

    def _fault(self, asset: SyntheticAsset, quote: PriceSignature, now: int) -> str:
        """What is wrong with a quote besides its signature, or nothing."""
        if quote.signer_key not in asset.oracle_price_signers:
            return "no signer of the asset"
        if quote.signed_asset_id not in asset.oracle_price_signed_asset_ids:
            return f"signed for {quote.signed_asset_id:#x}"
        if not now - self._max_age <= quote.timestamp <= now:
            return f"signed {quote.timestamp - now:+} s from now, valid are {-self._max_age} to 0"
        return ""

    def _answer(self, path: str, form: type[Form]) -> Form:
        body = self._body(path)
        try:
            return form.model_validate_json(body)
        except ValidationError as error:
            raise _refusal(SourceUnreadable, path, reasons(error)) from error
        except ValueError as error:  # numbers that no Python reads
            raise _refusal(SourceUnreadable, path, str(error)) from error

    def _body(self, path: str) -> bytes:
        end, body = monotonic() + self.patience, b""
        try:
            with self._client.stream("GET", self.url + path) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise _refusal(SourceSilent, path, f"status {answer.status_code}")
                for piece in answer.iter_raw():
                    body += piece
                    if len(body) > LARGEST_ANSWER:
                        raise _refusal(SourceUnreadable, path, f"more than {LARGEST_ANSWER} bytes")
                    if monotonic() > end:
                        raise _refusal(SourceSilent, path, f"not whole after {self.patience} s")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise _refusal(SourceSilent, path, f"{type(error).__name__}: {error}") from error
        return body


def _valid_signatures(quotes: Iterable[PriceSignature]) -> dict[PriceSignature, bool]:
    """All checked in one call of the kernel."""
    distinct = list(dict.fromkeys(quotes))
    signed = [ecdsa.Signed(quote.message_hash(), quote.r, quote.s, quote.signer_key) for quote in distinct]
    return dict(zip(distinct, ecdsa.verify_all(signed), strict=True))


def _refusal(kind: type[SourceRefused], path: str, detail: str) -> SourceRefused:
    log.warning("source", path=path, refused=kind.__name__, detail=detail)
    return kind(f"{path}: {detail}")

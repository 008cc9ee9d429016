"""What a source of prices and funding answers with, for those who ask and those who answer."""

from __future__ import annotations

from typing import Annotated

from prover.applications.ledger.fields import AssetIdField, Document, SecondsField, as_decimal, between, reads_integers
from prover.applications.perpetual.transactions import PriceSignature

QUOTES, FUNDING = "/quotes", "/funding"
RateField = Annotated[int, reads_integers, between(-(1 << 63), 1 << 63), as_decimal]
"""Of funding: 0.32 fixed point, the share of the price that a holder pays for each second."""


class Quotes(Document):
    """`quotes` by asset: of each of its signers one, in the order of their keys."""

    timestamp: SecondsField
    quotes: dict[AssetIdField, tuple[PriceSignature, ...]]


class Funding(Document):
    """`rates` hold from now on. Nobody signs them: the configuration bounds what they can do."""

    timestamp: SecondsField
    rates: dict[AssetIdField, RateField]

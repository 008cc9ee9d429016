"""A sample exchange under a configuration with limits, whose parts a test may change without any check of the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from prover.applications.ledger.units import Hours, Seconds
from prover.applications.perpetual.config import GeneralConfig, Limits
from prover.applications.perpetual.program_input import program_input
from prover.applications.perpetual.samples import ORACLES, PRICE, SampleExchange, asset_id, key, oracle_asset_id
from prover.applications.perpetual.signing import sign, sign_price
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import CancelOrder, LimitOrder, OracleTick, SignedPrice, Transaction
from prover.applications.perpetual.units import ExternalPrice, PositionId, Price
from prover.cairo.errors import RunFailed
from prover.cairo.execution import Run
from tests.support.program_kit import run

ONE = 1 << 32
VALIDITY = 300


@dataclass
class LimitedExchange(SampleExchange):
    """Version 2, unless `limits` are None. `changed` are fields of the configuration."""

    n_assets: int = 5
    limits: Limits | None = field(default_factory=Limits)
    changed: Mapping[str, Any] = field(default_factory=dict)

    def config(self) -> GeneralConfig:
        validity = {"price_validity_period": VALIDITY, "funding_validity_period": 14_400}
        fields = {**validity, "limits": self.limits} if self.limits else {}
        return super().config().model_copy(update={**fields, **self.changed})

    def with_limits(self, **limits: int) -> LimitedExchange:
        """With these limits instead, in their bounds or not."""
        return replace(self, limits=Limits().model_copy(update=limits))

    def input(
        self,
        state: State,
        transactions: Sequence[Transaction],
        low: Sequence[SignedPrice] = (),
        high: Sequence[SignedPrice] = (),
    ) -> dict[str, Any]:
        """Of the program: `low` are the least prices that ticks may set, `high` the greatest."""
        return program_input(self.config(), state, transactions, Hours(self.expiration - 1), low, high)

    def signed(self, price: int, time: int, place: int = 0) -> SignedPrice:
        """By three oracles, all of them for this price."""
        external = ExternalPrice(-(-price * 10**21 >> 32))
        signatures = tuple(
            sign_price(oracle, oracle_asset_id(place, oracle % 4), external, Seconds(time))
            for oracle in sorted(ORACLES, key=key)[:3]
        )
        return SignedPrice(asset_id=asset_id(place), price=Price(price), signatures=signatures)

    def tick(self, price: int, elapsed: int, place: int = 0) -> OracleTick:
        return OracleTick(prices=((asset_id(place), Price(price)),), timestamp=Seconds(self.time + elapsed))

    def flagged(
        self,
        owner: int,
        position_id: PositionId,
        place: int,
        is_buying: bool,
        synthetic: int,
        collateral: int,
        flags: int,
    ) -> LimitOrder:
        """An order with these flags, in their bounds or not."""
        order = self.order(owner, position_id, place, is_buying, synthetic, collateral)
        fields = {"reduce_only": flags & 1, "fill_or_kill": flags >> 1}
        return sign(order.model_copy(update=fields), owner, self.collateral)

    def cancellation(self, owner: int, order: LimitOrder) -> CancelOrder:
        terms = order.model_dump(exclude={"signature_r", "signature_s"})
        return sign(CancelOrder(**{**terms, "public_key": key(owner)}), owner, self.collateral)


def accepted(given: dict[str, Any]) -> Run:
    return run(given)


def refused(given: dict[str, Any], names: str | None = None) -> None:
    """By the program's own words: a hint that gives up proves nothing, unless it says this."""
    with pytest.raises(RunFailed, match=names) as refusal:
        run(given)
    assert names is not None or "hint fails" not in str(refusal.value), refusal.value


__all__ = ["ONE", "PRICE", "VALIDITY", "LimitedExchange", "accepted", "refused"]

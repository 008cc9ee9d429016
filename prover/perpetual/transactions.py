"""The transactions of a batch, as checked JSON (perpetual-state 7)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from prover.algebra.field import PRIME
from prover.perpetual.positions import AMOUNT_UPPER_BOUND


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    public_key: int = Field(gt=0, lt=PRIME)
    position_id: int = Field(ge=0, lt=1 << 64)
    amount: int = Field(ge=0, lt=AMOUNT_UPPER_BOUND)

    def advice(self) -> dict[str, object]:
        """What the program's hints read."""
        return {
            "type": self.kind,
            "public_key": hex(self.public_key),
            "position_id": str(self.position_id),
            "amount": str(self.amount),
        }


class Deposit(_Request):
    """Uses up a pending deposit of the contract."""

    kind: Literal["deposit"] = "deposit"
    number: Literal[0] = 0


class ForcedWithdrawal(_Request):
    """Serves a request of the contract. Whether it is valid follows from the rules, nobody chooses."""

    kind: Literal["forced_withdrawal"] = "forced_withdrawal"
    number: Literal[2] = 2

    def action_words(self) -> list[int]:
        return [0, self.public_key, self.position_id, self.amount]


class FundingTick(BaseModel):
    """Moves the time; without synthetic assets there are no indices."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["funding_tick"] = "funding_tick"
    number: Literal[3] = 3
    timestamp: int = Field(ge=0, lt=1 << 64)

    def advice(self) -> dict[str, object]:
        return {"type": "funding", "funding_indices": [], "timestamp": str(self.timestamp)}


Transaction = Annotated[Deposit | ForcedWithdrawal | FundingTick, Field(discriminator="kind")]

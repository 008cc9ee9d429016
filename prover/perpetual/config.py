"""The general configuration and its hash (perpetual-state 4.1, 4.2)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from prover.perpetual.positions import chain_hash

VERSION = int.from_bytes(b"PerpetualConfig1", "big")


class GeneralConfig(BaseModel):
    """Field by field what governance fixes; synthetic assets have configurations of their own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_funding_rate: int = Field(1120, ge=0, description="0.32 of the price per second")
    collateral_asset_id: int = Field(ge=0, lt=1 << 250)
    collateral_resolution: int = Field(10**6, ge=1, lt=1 << 64)
    fee_position_id: int = Field(0, ge=0, lt=1 << 64)
    fee_position_public_key: int = Field(0, ge=0)
    positions_tree_height: int = Field(64, ge=1, le=64)
    orders_tree_height: int = Field(64, ge=1, le=64)
    price_validity_period: int = Field(31_536_000, ge=0, description="seconds")
    funding_validity_period: int = Field(604_800, ge=0, description="seconds")
    data_availability_mode: int = Field(0, ge=0, le=1, description="0 validium, 1 rollup")
    is_risk_by_balance_only: int = Field(0, ge=0, le=1)

    def words(self) -> list[int]:
        return [
            VERSION,
            self.max_funding_rate,
            self.collateral_asset_id,
            self.collateral_resolution,
            self.fee_position_id,
            self.fee_position_public_key,
            self.positions_tree_height,
            self.orders_tree_height,
            self.price_validity_period,
            self.funding_validity_period,
            self.data_availability_mode,
            self.is_risk_by_balance_only,
        ]

    def hash(self) -> int:
        return chain_hash(self.words())

    def document(self) -> dict[str, object]:
        """As the program's input has it."""
        names = ["positions_tree_height", "orders_tree_height", "data_availability_mode", "is_risk_by_balance_only"]
        names += ["max_funding_rate", "price_validity_period", "funding_validity_period"]
        return {
            **{name: str(getattr(self, name)) for name in names},
            "collateral": {"asset_id": hex(self.collateral_asset_id), "resolution": str(self.collateral_resolution)},
            "fee_position": {
                "position_id": str(self.fee_position_id),
                "public_key": hex(self.fee_position_public_key),
            },
            "synthetic_assets": [],
        }

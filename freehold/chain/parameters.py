"""The parameter file of a deployment: all that whoever deploys decides, as a checked YAML document.

Assets and amounts are written as people say them; `GeneralConfig` has what they become on chain. docs/fields.md has
every field, generated from here. What must not be deployed although it can be written down, `usable.py` says.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from freehold.chain.committee import BlsMember
from freehold.chain.deployed import Delays
from freehold.chain.spans import seconds
from freehold.errors import Refused
from freehold.records import Address
from prover.algebra.keccak import keccak256
from prover.applications.ledger.fields import FXP32, KeyField
from prover.applications.ledger.units import CollateralId
from prover.applications.perpetual.amounts import risk_fxp32
from prover.applications.perpetual.config import FeePosition, GeneralConfig, Limits, RiskSegment, SyntheticAsset
from prover.applications.perpetual.fields import RISK_BOUND_MAX, PositionIdField
from prover.applications.perpetual.messages import signed_asset_id
from prover.applications.perpetual.names import ASSET_NAME, asset_id
from prover.applications.perpetual.units import PositionId
from prover.stark.parameters import DEFAULT, NAMED
from prover.stark.parameters import Parameters as ProofParameters

Span = Annotated[int, BeforeValidator(lambda value: seconds(value) if isinstance(value, str) else value), Field(ge=1)]
"""'7 days', or a number of seconds."""
DECIMALS = 6
"""Of a collateral that does not say its own."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TokenPart(_Part):
    token: Address | None = Field(None, description="an ERC-20 token; on a local network one is made if none is named")
    decimals: int | None = Field(None, ge=0, le=18, description="only of a token that does not say")


class SegmentPart(_Part):
    up_to: Decimal | None = Field(None, gt=0, description="coins of a holding's value; the last segment has none")
    margin: Decimal = Field(gt=0, lt=100, description="percent of the holding's value that its holder must be worth")


class OraclePart(_Part):
    name: str = Field(min_length=1, max_length=5, description="as the oracle signs it")
    key: KeyField = Field(description="Stark key that signs prices")


class MarketPart(_Part):
    name: str = Field(pattern=f"^{ASSET_NAME}$", description="such as BTC; with its decimals it is the asset's id")
    decimals: int = Field(ge=0, le=18, description="of its quantum: 10^decimals quanta are one asset")
    market: str | None = Field(None, max_length=16, description="as oracles sign it; the name and USD if not given")
    segments: tuple[SegmentPart, ...] = Field(min_length=1, description="from small holdings to large ones")
    oracles: tuple[OraclePart, ...] = Field(min_length=1)
    quorum: int = Field(ge=1, description="how many oracles must sign a price, an odd number")

    def configured(self, collateral_decimals: int, by_balance_only: bool) -> SyntheticAsset:
        market = (self.market or f"{self.name}USD").encode()
        unit = 10**self.decimals if by_balance_only else FXP32 * 10**collateral_decimals

        def segment(part: SegmentPart) -> RiskSegment:
            bound = RISK_BOUND_MAX if part.up_to is None else int(part.up_to * unit)
            return RiskSegment(upper_bound=bound, risk=risk_fxp32(part.margin))

        return SyntheticAsset(
            asset_id=asset_id(f"{self.name}-{self.decimals}"),
            resolution=10**self.decimals,
            risk_segments=tuple(map(segment, self.segments)),
            oracle_price_signed_asset_ids=tuple(signed_asset_id(market, part.name.encode()) for part in self.oracles),
            oracle_price_quorum=self.quorum,
            oracle_price_signers=tuple(part.key for part in self.oracles),
        )


class FeesPart(_Part):
    position: PositionIdField = Field(PositionId(0), description="that collects fees")
    key: KeyField = Field(description="that owns the position")


class HeightsPart(_Part):
    """Of the trees, for good: ids of positions and orders are below 2^height."""

    positions: int = Field(64, ge=1, le=64)
    orders: int = Field(64, ge=1, le=64)


class CommitteePart(_Part):
    """Accounts or BLS keys, never both."""

    members: tuple[Address, ...] = Field((), description="accounts; the deploying one if there is no member at all")
    bls_members: tuple[Path, ...] = Field((), description="files of `ape run committee_key`, from this folder")
    required: int = Field(1, ge=1, description="how many must sign")

    @model_validator(mode="after")
    def _check(self) -> CommitteePart:
        if self.members and self.bls_members:
            raise ValueError("a committee is of accounts or of BLS keys: name members or bls_members, not both")
        if len({member.lower() for member in self.members}) < len(self.members):
            raise ValueError("a committee member is named twice")
        if self.required > max(self.size, 1):
            raise ValueError(f"required {self.required} is not in [1, {max(self.size, 1)}], the committee's size")
        return self

    @property
    def size(self) -> int:
        return len(self.members) + len(self.bls_members)


class RolesPart(_Part):
    operators: tuple[Address, ...] = Field(
        (), description="who submit batches; the deploying account if nobody is named"
    )
    main_governor: Address | None = Field(None, description="account or Safe that is nominated and then accepts")
    proxy_governor: Address | None = Field(None, description="the same for the code")


def _usually(delay: str) -> Any:
    return Field(None, description=f"usually {Delays().describe()[delay]}")


class DelaysPart(_Part):
    """Those that are not given are the usual ones. The contracts have bounds for each (`docs/roles.md`)."""

    deposit_cancel: Span | None = _usually("deposit_cancel")
    freeze_grace: Span | None = _usually("freeze_grace")
    unfreeze: Span | None = _usually("unfreeze")
    verifier_removal: Span | None = _usually("verifier_removal")
    configuration: Span | None = _usually("configuration")
    upgrade: Span | None = _usually("upgrade")

    def delays(self) -> Delays:
        return Delays(**{name: span for name, span in self.model_dump().items() if span is not None})


class Parameters(_Part):
    """A deployment. The whole file is optional on a local network; what can be traded there needs `assets`."""

    name: str | None = Field(None, description="of the folder for record and state; the beginning of the address")
    mode: Literal["validium", "rollup"] = Field("validium", description="data with a committee, or on chain")
    proofs: Literal["fast", "default", "final"] | None = Field(None, description="a named parameter set of the proofs")
    collateral: TokenPart = TokenPart()
    assets: tuple[MarketPart, ...] = ()
    fees: FeesPart | None = Field(None, description="where fees go; without it orders with fees are refused")
    max_funding_rate: int = Field(1120, ge=0, lt=1 << 64, description="2^-32 of the price, per second")
    price_validity: Span | None = Field(None, description="how old a signed price may be")
    funding_validity: Span | None = Field(None, description="how old funding may be")
    risk_by_balance_only: bool = Field(False, description="`up_to` counts assets, not coins")
    limits: Limits | None = Field(Limits(), description="of version 2; null for version 1, which has none")
    heights: HeightsPart = HeightsPart()
    delays: DelaysPart = DelaysPart()
    committee: CommitteePart = CommitteePart()
    roles: RolesPart = RolesPart()

    @property
    def proof_parameters(self) -> ProofParameters:
        return DEFAULT if self.proofs is None else NAMED[self.proofs]

    @property
    def is_rollup(self) -> bool:
        return self.mode == "rollup"

    def bls_members(self, folder: Path) -> list[BlsMember]:
        return [BlsMember.read(folder / path) for path in self.committee.bls_members]

    def config(self, collateral: CollateralId, decimals: int | None) -> GeneralConfig:
        """What governance fixes by it. Raises Refused."""
        places = DECIMALS if decimals is None else decimals
        fields: dict[str, Any] = {
            "max_funding_rate": self.max_funding_rate,
            "collateral": {"asset_id": collateral, "resolution": 10**places},
            "fee_position": FeePosition(position_id=self.fees.position, public_key=self.fees.key)
            if self.fees
            else FeePosition(),
            "positions_tree_height": self.heights.positions,
            "orders_tree_height": self.heights.orders,
            "price_validity_period": self.price_validity,
            "funding_validity_period": self.funding_validity,
            "data_availability_mode": int(self.is_rollup),
            "is_risk_by_balance_only": int(self.risk_by_balance_only),
            "limits": self.limits,
        }
        try:
            assets = [part.configured(places, self.risk_by_balance_only) for part in self.assets]
            fields["synthetic_assets"] = tuple(sorted(assets, key=lambda asset: asset.asset_id))
            return GeneralConfig.model_validate({name: value for name, value in fields.items() if value is not None})
        except ValidationError as error:
            raise Refused(f"the configuration: {_first(error)}") from error

    def digest(self) -> str:
        """Names these parameters, so that a deployment is gone on with under no others."""
        return keccak256(self.model_dump_json().encode()).hex()

    @staticmethod
    def read(path: Path) -> Parameters:
        """Refuses in one line what is no parameter file."""
        try:
            document: Any = yaml.safe_load(path.read_text())
            return Parameters.model_validate(document)
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(f"{path} cannot be read: {error}") from error
        except yaml.YAMLError as error:
            raise Refused(f"{path} is not YAML: {' '.join(str(error).split())}") from error
        except ValidationError as error:
            raise Refused(f"{path} is no parameter file: {_first(error)}") from error


def _first(error: ValidationError) -> str:
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"]) or "the document"
    return f"{place}: {fault['msg'].removeprefix('Value error, ')}"

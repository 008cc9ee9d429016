"""The operator's settings, a section for each component. `freehold operator init` writes a commented file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from freehold.services.base.settings import Key, Section, listen_address
from prover.stark.parameters import NAMED

HOUR, DAY = 3_600, 86_400


def _is_listen(text: str) -> str:
    listen_address(text)
    return text


def _is_parameters(name: str) -> str:
    if name not in NAMED:
        raise ValueError(f"'{name}' is no parameter set: {', '.join(NAMED)}")
    return name


Listen = Annotated[str, AfterValidator(_is_listen)]
ParametersName = Annotated[str, AfterValidator(_is_parameters)]


class StoreSettings(Section):
    url: str = Field("sqlite:///operator.db", description="of the database, as SQLAlchemy writes it")


class ChainSettings(Section):
    rpc: str = Field(description="the node's address")
    record: Path = Field(description="deployment.json of the exchange; its state.json beside it is the first state")
    key: Key = Field(Key(), description="of the account that sends, an operator of the exchange")
    deposit_confirmations: int = Field(12, ge=0, description="blocks on top of a deposit's before it is used")
    finality: Literal["finalized"] | int = Field("finalized", description="the node's tag, or a depth in blocks")
    max_fee_per_gas: int = Field(200 * 10**9, gt=0, description="wei; above it nothing is sent")
    bump: float = Field(0.125, ge=0.1, le=1, description="how much more a replacement pays")
    resend_after: int = Field(3, ge=1, description="blocks without a receipt until a transaction is replaced")
    timeout: float = Field(20.0, gt=0, description="seconds that the node has for an answer")
    poll: float = Field(1.0, gt=0, description="seconds between two looks at the head")


class BatchSettings(Section):
    max_transactions: int = Field(100, ge=1, description="of users; what the operator itself adds comes on top")
    max_steps: int = Field(1 << 20, ge=1 << 14, description="of the program, predicted")
    max_age: float = Field(600.0, ge=0, description="seconds from a batch's first transaction to its seal")
    max_ahead: int = Field(4, ge=1, description="batches that may be on their way to the chain at once")
    min_signature_life: int = Field(7 * DAY, ge=HOUR, description="seconds that a signature must still be valid")
    forced_max_wait: float = Field(3_600.0, ge=0, description="seconds that a forced request waits for a seal")
    forced_at_once: int = Field(10, ge=1, description="forced requests in one batch, unless a deadline needs more")
    seen: int | None = Field(
        None, ge=0, description="the newest batch that the committee saw of a store that was lost: ids go on after it"
    )


class ProverSettings(Section):
    parameters: ParametersName = "default"
    engine: Literal["process", "store", "dask"] = "process"
    workers: int = Field(1, ge=1, description="proofs at once on this machine (engine process)")
    memory: int | None = Field(None, ge=1 << 28, description="bytes that one proof may take; the machine's without it")
    max_attempts: int = Field(3, ge=1)
    scheduler: str | None = Field(None, description="address of the Dask scheduler (engine dask)")
    lease: float = Field(60.0, gt=0, description="seconds after which a silent worker's proof is given to another")


class AvailabilitySettings(Section):
    listen: Listen = "127.0.0.1:7002"
    token: SecretStr | None = Field(None, description="that members must show", exclude=True)
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_members: Path | None = Field(None, description="certificates of those who may connect")


class IntakeSettings(Section):
    listen: Listen = "127.0.0.1:7001"
    token: SecretStr | None = Field(None, description="that the exchange must show", exclude=True)
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_clients: Path | None = Field(None, description="certificates of those who may connect")
    rate: float = Field(2_000.0, gt=0, description="requests a second from one address")
    body: int = Field(1 << 20, ge=1 << 10, description="bytes of a request")
    patience: float = Field(10.0, gt=0, description="seconds that a request has to arrive whole")


class PagesSettings(Section):
    listen: Listen = "127.0.0.1:7000"


class SourceSettings(Section):
    """Where prices and funding come from: a service that answers with signed quotes and rates."""

    url: str | None = None
    period: float = Field(60.0, gt=0, description="seconds between two price ticks")
    funding_period: float = Field(3_600.0, gt=0, description="seconds between two funding ticks")


class LiquidatorSettings(Section):
    """A position of the operator's that takes over what must be liquidated; without one nothing is."""

    position_id: int | None = Field(None, ge=0, lt=1 << 64)
    key: Key = Key()


class OperatorSettings(Section):
    chain: ChainSettings
    store: StoreSettings = StoreSettings()
    batch: BatchSettings = BatchSettings()
    prover: ProverSettings = ProverSettings()
    availability: AvailabilitySettings = AvailabilitySettings()
    intake: IntakeSettings = IntakeSettings()
    pages: PagesSettings = PagesSettings()
    source: SourceSettings = SourceSettings()
    liquidator: LiquidatorSettings = LiquidatorSettings()

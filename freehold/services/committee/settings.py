"""A member's settings. `freehold committee init` writes a commented file."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from freehold.records import Address
from freehold.services.base.claims import KeyKind
from freehold.services.base.settings import Key, Section


class GatewaySettings(Section):
    urls: tuple[str, ...] = Field(min_length=1, description="of the operator's availability gateway; tried in order")
    token: SecretStr | None = Field(None, description="to be shown to it; in the environment alone", exclude=True)
    tls_authority: Path | None = Field(None, description="certificates that the gateway's must come from")
    tls_certificate: Path | None = Field(None, description="the member's own, where the gateway asks for one")
    tls_key: Path | None = None
    timeout: float = Field(60.0, gt=0, description="seconds that it has for an answer")
    largest_answer: int = Field(1 << 28, gt=0, description="bytes")


class MemberKey(Key):
    kind: KeyKind = Field("account", description="account or bls: what the committee's contract takes")


class MemberSettings(Section):
    poll: float = Field(1.0, gt=0, description="seconds between two questions while there is nothing new")
    audit: float = Field(300.0, gt=0, description="seconds between two questions for what was signed already")
    rules: tuple[str, ...] = Field((), description="MODULE:FUNCTION of rules of the member's own")


class StoreSettings(Section):
    url: str = Field("sqlite:///member.db", description="of the database, as SQLAlchemy writes it")


class ChainSettings(Section):
    """Only `export` asks the chain: without it, it takes what the gateway said."""

    rpc: str | None = Field(None, description="the node's address")
    exchange: Address | None = None
    block: int = Field(0, ge=0, description="no log of the exchange is older")


class CommitteeSettings(Section):
    gateway: GatewaySettings
    key: MemberKey = MemberKey()
    member: MemberSettings = MemberSettings()
    store: StoreSettings = StoreSettings()
    chain: ChainSettings = ChainSettings()

"""Scenarios: people, what they do in order, and what must hold, as a checked document. `runner.py` runs them.

    title: The operator falls silent
    mode: validium                              # or rollup: data on chain, from which each batch's tree is rebuilt
    assets: {BTC: {decimals: 10, margin: 3.5}}  # synthetic assets; margin in percent of a holding's value
    people: {alice: 1000, bob: 500}             # coins in their wallets; each has a position of their own
    steps:
      - join: {who: alice, amount: 1000}        # register, deposit
      - price: {BTC: 20000}                     # oracles sign it for the next batch
      - trade: {buyer: alice, seller: bob, asset: BTC, amount: 0.1, total: 2000, fee: 1}
      - serve: everything that waits            # one proven batch; `invalid: 1` if a request is to be proven invalid
      - holds: {who: alice, coins: -1001, assets: {BTC: 0.1}}
      - forced_withdrawal: {who: alice, amount: 300}
      - wait: 7 days
      - freeze: {who: bob, request_of: alice, amount: 300}
      - escape: {who: alice}                    # prove the position, escape, be paid
    end: {tokens: {alice: 1000, bob: 500}, frozen: true}

A step with `refused: NAME` must be refused by the exchange with that error; `serve`, by that rule of the exchange, and
then everything that waited is dropped. Everything a step can be is listed in `Step`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import click
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from freehold.chain.spans import seconds
from freehold.scenarios import assets as known
from freehold.scenarios.assets import COIN
from prover.applications.perpetual.amounts import price_fxp32, quantised, risk_fxp32
from prover.applications.perpetual.errors import InputRefused
from prover.applications.perpetual.names import ASSET_NAME, asset_id

Amount = Annotated[Decimal, Field(gt=0, lt=1 << 64)]
"""Coins, or whole synthetic assets."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Asset(_Part):
    decimals: int = Field(ge=0, le=18)
    margin: Decimal = Field(gt=0, lt=100)


class ByUser(_Part):
    """Who does it."""

    who: str


class OfCoins(ByUser):
    amount: Amount


class Freeze(OfCoins):
    """Over the forced withdrawal that `request_of` made."""

    request_of: str


class Transfer(OfCoins):
    """Between positions; with `once`, only if the notary registered that sentence."""

    to: str
    once: str | None = None


class Withdrawal(OfCoins):
    """Signed, so that the operator may serve it; `to`: who may claim it on chain, if not `who`."""

    to: str | None = None


class OfAsset(_Part):
    """So much of an asset for so many coins in all."""

    asset: str
    amount: Amount
    total: Annotated[Decimal, Field(ge=0, lt=1 << 64)]


class Trade(OfAsset):
    """Both sign an order of exactly this, with `fee` coins each."""

    total: Amount
    buyer: str
    seller: str
    fee: Decimal = Field(Decimal(0), ge=0)


class ForcedTrade(OfAsset, ByUser):
    """`partner` agrees; both may be the same person's positions, who may ask for nothing."""

    partner: str
    side: Literal["buys", "sells"]


class Close(OfAsset, ByUser):
    """`who` takes over a holding of somebody in trouble: a liquidation signs an order for it, a deleverage does not."""

    total: Amount
    holding_of: str


class NewKey(ByUser):
    """`who` lost the Stark key and registers another for the same address. It has a new position, known as `name`."""

    name: str


class Holds(ByUser):
    """What the position holds in the last state, exactly."""

    coins: Decimal
    assets: dict[str, Decimal] = Field(default_factory=dict)


class Step(_Part):
    """Exactly one thing."""

    join: OfCoins | None = None
    deposit: OfCoins | None = None
    new_key: NewKey | None = None
    price: dict[str, Amount] | None = Field(None, description="coins for one asset, signed for the next batch")
    funding: dict[str, Decimal] | None = Field(None, description="coins that a holder of one asset pays")
    trade: Trade | None = None
    transfer: Transfer | None = None
    notarise: str | None = Field(None, description="a sentence that becomes a fact on chain")
    ask: Withdrawal | None = None
    liquidate: Close | None = None
    deleverage: Close | None = None
    forced_withdrawal: OfCoins | None = None
    forced_trade: ForcedTrade | None = None
    serve: Literal["everything that waits"] | None = None
    holds: Holds | None = None
    withdraw: ByUser | None = None
    wait: str | None = None
    freeze: Freeze | None = None
    escape: ByUser | None = None
    refused: str | None = Field(None, description="the error's name")
    invalid: int = Field(0, ge=0, description="how many forced requests a batch proves invalid")

    @property
    def kind(self) -> str:
        (kind,) = self.model_fields_set - {"refused", "invalid"}
        return kind

    @model_validator(mode="after")
    def _one_thing(self) -> Step:
        kinds = sorted(self.model_fields_set - {"refused", "invalid"})
        if len(kinds) != 1 or getattr(self, kinds[0]) is None:
            raise ValueError(f"a step does one thing, not {', '.join(kinds) or 'nothing'}")
        if self.wait is not None:
            seconds(self.wait)
        if self.refused and self.kind in ("wait", "price", "funding", "holds"):
            raise ValueError(f"'{self.kind}' cannot be refused")
        if self.invalid and self.kind != "serve":
            raise ValueError(f"'{self.kind}' proves nothing invalid")
        return self

    def names(self) -> set[str]:
        """Of people."""
        part = getattr(self, self.kind)
        roles = ("who", "request_of", "to", "buyer", "seller", "partner", "holding_of")
        return {name for key in roles if (name := getattr(part, key, None))}

    def asset_names(self) -> set[str]:
        part = getattr(self, self.kind)
        if self.kind in ("price", "funding"):
            return set(part)
        return {part.asset} if isinstance(part, OfAsset) else set(part.assets) if isinstance(part, Holds) else set()

    def check_amounts(self, assets: Mapping[str, known.Asset]) -> None:
        """Every amount is a whole number of quanta. Raises InputRefused, naming the amount."""
        part = getattr(self, self.kind)
        if self.price:
            for name, coins in self.price.items():
                price_fxp32(coins, assets[name].resolution, COIN, f"price of {name}")
        if isinstance(part, OfAsset):
            assets[part.asset].quanta(part.amount)
            quantised(part.total, COIN, "total")
        elif isinstance(part, OfCoins):
            quantised(part.amount, COIN, "amount")
        if isinstance(part, Trade):
            quantised(part.fee, COIN, "fee")
        if isinstance(part, Holds):
            quantised(abs(part.coins), COIN, "coins")
            for name, amount in part.assets.items():
                assets[name].quanta(abs(amount))


class End(_Part):
    tokens: dict[str, Decimal] = Field(default_factory=dict, description="coins in their wallets")
    frozen: bool = False


class Scenario(_Part):
    title: str
    mode: Literal["validium", "rollup"] = "validium"
    assets: dict[Annotated[str, Field(pattern=f"^{ASSET_NAME}$")], Asset] = Field(default_factory=dict)
    people: dict[str, Decimal] = Field(min_length=1, max_length=20)
    steps: list[Step] = Field(min_length=1)
    end: End

    @model_validator(mode="after")
    def _everything_is_known(self) -> Scenario:
        people = set(self.people)
        for place, step in enumerate(self.steps):
            _known(place, step.names(), people, "the people")
            _known(place, step.asset_names(), set(self.assets), "the assets")
            if step.new_key is not None:
                people.add(step.new_key.name)
        _known("end", set(self.end.tokens), set(self.people), "the people")
        return self

    @model_validator(mode="after")
    def _amounts_are_whole(self) -> Scenario:
        """Whatever the chain or the program could not hold is refused here, before anything is deployed."""
        assets = {name: known.Asset(name, asset.decimals, asset.margin) for name, asset in self.assets.items()}
        for name, asset in assets.items():
            asset_id(f"{name}-{asset.decimals}")
            risk_fxp32(asset.margin, f"margin of {name}")
        for name, coins in [*self.people.items(), *self.end.tokens.items()]:
            quantised(coins, COIN, name)
        for place, step in enumerate(self.steps):
            try:
                step.check_amounts(assets)
            except InputRefused as error:
                raise ValueError(f"step {place}: {error}") from error
        return self


def _known(place: object, names: set[str], known: set[str], which: str) -> None:
    if unknown := sorted(names - known):
        raise ValueError(f"step {place}: {', '.join(unknown)} is not among {which}")


def read_scenario(path: Path) -> Scenario:
    """Refuses in one line what is no scenario."""
    try:
        document: Any = yaml.safe_load(path.read_text())
        return Scenario.model_validate(document)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        reason = first["msg"].removeprefix("Value error, ")
        raise click.UsageError(f"{path} is no scenario: {place}: {reason}") from error

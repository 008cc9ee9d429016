"""Scripts as users type them, on the suite's own chain; and exchanges for them, with doubles in the place of proofs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from freehold.chain import deployment
from freehold.chain.deployed import Deployment
from freehold.chain.deployment import deploy_exchange
from freehold.chain.managers import chain
from freehold.chain.record import write_deployment
from freehold.chain.signatures import raw_signature
from freehold.records import Place
from freehold.scenarios.accounts import FEE_KEY, Accounts, User
from freehold.scenarios.assets import Asset, Assets
from prover.algebra.ecdsa import public_key
from prover.algebra.keccak import keccak_of_words
from prover.applications.perpetual.batch import Batch, apply_batch
from prover.applications.perpetual.config import FeePosition, GeneralConfig
from prover.applications.perpetual.facts import availability_claim, update_words
from prover.applications.perpetual.positions import Position
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import Deposit, FundingTick, OracleTick, Transaction

DAY, HOUR = 86_400, 3_600
FEES = 1
BTC = Asset("BTC", 10, Decimal(5))
PRICES = {"BTC": Decimal(20_000)}


def run(script: Any, *options: object, answer: str = "") -> Result:
    """What it prints on both streams is in `output`."""
    arguments = ["--network", "ethereum:local:test", *map(str, options)]
    return CliRunner().invoke(script.cli, arguments, input=answer, catch_exceptions=False)


def run_json(script: Any, *options: object) -> Any:
    """What it tells programs, on one stream; progress goes to the other."""
    arguments = ["--network", "ethereum:local:test", "--json", *map(str, options)]
    return json.loads(CliRunner(mix_stderr=False).invoke(script.cli, arguments, catch_exceptions=False).stdout)


def done(result: Result) -> str:
    """The output of a command that did what it was asked."""
    assert result.exit_code == 0, result.output
    return result.output


def refused(result: Result, cause: str) -> None:
    assert result.exit_code == 2 and cause in result.output, result.output


def stay_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite's chain stays connected: a command's own connection would make Ape forget its snapshots."""
    monkeypatch.setattr("ape.cli.commands.parse_network", lambda context: None)


def rules(is_rollup: bool, assets: Assets) -> dict[str, Any]:
    fees = FeePosition(position_id=FEES, public_key=public_key(FEE_KEY))
    return {
        "synthetic_assets": assets.configured(),
        "fee_position": fees,
        "data_availability_mode": int(is_rollup),
        "positions_tree_height": 16,
    }


@dataclass
class ServedExchange:
    """An exchange whose operator serves what it is told; the registry in the verifier's place believes all of it."""

    deployed: Deployment
    accounts: Accounts
    assets: Assets
    place: Place

    def __post_init__(self) -> None:
        self.state = self.deployed.state
        self.batches = 0

    @staticmethod
    def deploy(
        project: Any, accounts: Accounts, is_rollup: bool, wealth: int, positions: Mapping[int, Position] | None = None
    ) -> ServedExchange:
        """Users are registered and have `wealth` tokens. In the working directory it has its record."""
        token, assets = accounts.governor.deploy(project.PlainToken), Assets({"BTC": BTC})

        def first(config: GeneralConfig, time: int) -> State:
            return State.of(config, positions or {}, {}, (), time, (), time)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(deployment.State, "initial", staticmethod(first))
            deployed = deploy_exchange(
                project,
                accounts.governor,
                accounts.operator,
                [accounts.member],
                token,
                chain.blocks.head.timestamp,
                rules=rules(is_rollup, assets),
            )
        for user in accounts.users:
            token.mint(user.account, wealth, sender=accounts.governor)
            deployed.exchange.registerSender(user.stark_key, user.registration(), sender=user.account)
        held = sum(position.collateral_balance for position in (positions or {}).values())
        token.mint(deployed.exchange, held, sender=accounts.governor)
        place = Place(write_deployment(deployed).record_file.resolve())
        return ServedExchange(deployed, accounts, assets, place)

    @property
    def folder(self) -> Path:
        """Where it was deployed: scripts run from here find its record."""
        return self.place.record_file.parents[4]

    def batch(self, *transactions: Transaction) -> Batch:
        """With both ticks before it."""
        now = chain.pending_timestamp
        signed = self.assets.signed_prices(PRICES, now)
        ticks: list[Transaction] = [
            FundingTick(funding_indices=self.assets.funding(dict(self.state.funding_indices), {}), timestamp=now),
            OracleTick(prices=tuple((price.asset_id, price.price) for price in signed), timestamp=now),
        ]
        hour = now // HOUR + 1000
        return apply_batch(self.deployed.config, self.state, [*ticks, *transactions], hour, signed, signed)

    def serve(self, *transactions: Transaction, publish: bool = True) -> Batch:
        batch, exchange = self.batch(*transactions), self.deployed.exchange
        self.prove(batch)
        if self.deployed.committee is None:
            if publish:
                self.deployed.adapter.publish(batch.main_words(), batch.data(), sender=self.accounts.operator)
        else:
            claim = availability_claim(batch.after, exchange.getSequenceNumber() + 1)
            signature = raw_signature(self.accounts.member, claim)
            self.deployed.committee.verifyAvailabilityProof(claim, signature, sender=self.accounts.operator)
        last = exchange.getLastBatchId()
        exchange.updateState(update_words(batch), [last + 1, last, 0], sender=self.accounts.operator)
        self.state = batch.after
        return batch

    def prove(self, batch: Batch) -> None:
        """The double says so."""
        words = [*batch.main_words(), *(batch.data() if self.deployed.committee is None else ())]
        program = self.deployed.adapter.programHash()
        fact = keccak_of_words([program, int.from_bytes(keccak_of_words(words), "big")])
        self.deployed.verifier.declare(fact, sender=self.accounts.operator)

    def give(self, *gifts: tuple[User, int]) -> Batch:
        """Deposits, and a batch that takes them in."""
        for user, amount in gifts:
            self.deposit(user, amount)
        return self.serve(*(taken(user, amount) for user, amount in gifts))

    def deposit(self, user: User, amount: int) -> None:
        exchange = self.deployed.exchange
        self.deployed.token.approve(exchange, amount, sender=user.account)
        exchange.depositERC20(user.stark_key, self.deployed.asset_type, user.position_id, amount, sender=user.account)


def taken(user: User, amount: int) -> Deposit:
    return Deposit(public_key=user.stark_key, position_id=user.position_id, amount=amount)


def options(**values: object) -> Sequence[object]:
    """--stark-key and so on: `stark_key=...`."""
    return [word for name, value in values.items() for word in ("--" + name.replace("_", "-"), value)]

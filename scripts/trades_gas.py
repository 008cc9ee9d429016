"""`ape run trades_gas`: what proofs of trades cost on chain, beside what `freehold bench trades` measured of them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import click
from ape.api.transactions import ReceiptAPI
from ape.contracts.base import ContractInstance

from freehold.arguments import ROOM
from freehold.bench.proofs import POSITIONS, proof_name, read_figures
from freehold.chain.contracts import deploy
from freehold.chain.deployed import Delays
from freehold.chain.deployment import deploy_pieces
from freehold.chain.managers import accounts, chain, project
from freehold.chain.network import is_local
from freehold.chain.verifier import deploy_verifier, register_program, submit_proof
from freehold.errors import Refused
from freehold.files import read_json, try_place, write_work
from prover.algebra.keccak import words_to_bytes
from prover.applications.ledger.facts import validium_fact
from prover.applications.perpetual.batch import Batch
from prover.applications.perpetual.documents import Case
from prover.applications.perpetual.facts import availability_claim
from prover.applications.perpetual.samples import trades
from prover.applications.perpetual.state import State
from prover.cairo.proof_file import ProofFile
from prover.proving.batch import exchange_program
from prover.stark.errors import ProofMalformed
from prover.stark.parameters import NAMED
from prover.stark.proof import Proof
from scripts._arguments import Script


@click.command(cls=Script)
@click.argument("figures", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--proofs",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where `freehold bench trades --proofs` kept them.",
)
def cli(figures: Path, proofs: Path) -> None:
    """Submit the proofs of FIGURES, a file of `freehold bench trades --json`, and write their gas into it."""
    if not is_local():
        raise click.UsageError("this deploys a verifier for its figures alone: use a local network")
    try_place(figures, ROOM)
    read_figures(figures)
    document = read_json(figures)
    for entry in document["results"]:
        path = proofs / proof_name(entry["trades"], entry["parameters"])
        if not path.is_file():
            click.echo(f"there is no {path}: its gas stays as it is")
            continue
        receipts = _submit(entry["parameters"], _proof(path))
        entry["transactions"] = [{"bytes": len(receipt.data), "gas": receipt.gas_used} for receipt in receipts]
        entry["state_update_gas"] = state_update_gas(entry["trades"])
        gas = sum(receipt.gas_used for receipt in receipts)
        per_trade = (gas + entry["state_update_gas"]) / entry["trades"]
        click.echo(
            f"{entry['trades']} trades, {entry['parameters']}: {gas:,} gas in {len(receipts)} transactions, "
            f"{entry['state_update_gas']:,} for the state update, {per_trade:,.0f} a trade"
        )
    write_work(figures, json.dumps(document, indent=1) + "\n")


def _proof(path: Path) -> Proof:
    try:
        return ProofFile.from_bytes(path.read_bytes()).proof
    except ProofMalformed as error:
        raise Refused(f"{path}: {error}") from error


@cache
def _verifier(set_name: str) -> tuple[ContractInstance, int]:
    account = accounts.test_accounts[0]
    verifier = deploy_verifier(project, account, NAMED[set_name])
    return verifier, register_program(account, verifier, exchange_program())


def _submit(set_name: str, proof: Proof) -> list[ReceiptAPI]:
    return submit_proof(accounts.test_accounts[0], *_verifier(set_name), proof)


def state_update_gas(count: int) -> int:
    """Of `updateState` with such a batch's output: a registry that believes stands for proof and committee, since a
    new exchange begins without assets and the batch's state must be put there first."""
    governor = accounts.test_accounts[0]
    batch = Case.parsed(trades(count, POSITIONS, time=chain.blocks.head.timestamp)).apply()
    empty = State.initial(batch.config, batch.before.system_time)
    registry = deploy(governor, project.ObedientRegistry)
    escapes = deploy(governor, project.ObedientEscapes)
    exchange = deploy_pieces(project, governor, escapes, empty.words(), Delays())
    _configure(exchange, registry, batch, {"sender": governor})
    gas = 0
    for number, output in enumerate((_beginning(batch, empty), batch.output())):
        after = batch.before if number == 0 else batch.after
        for fact in (validium_fact(output), availability_claim(after, number + 1)):
            registry.declare(fact, sender=governor)
        gas = exchange.updateState(output, [number + 1, number, 0], sender=governor).gas_used
    return gas


def _configure(exchange: ContractInstance, registry: ContractInstance, batch: Batch, by: dict[str, Any]) -> None:
    exchange.registerOperator(by["sender"], **by)
    exchange.registerVerifier(registry, registry.identify(), **by)
    exchange.registerAvailabilityVerifier(registry, registry.identify(), **by)
    for asset in batch.config.synthetic_assets:
        config_hash = words_to_bytes([asset.hash()])
        exchange.registerAssetConfigurationChange(asset.asset_id, config_hash, **by)
        exchange.applyAssetConfigurationChange(asset.asset_id, config_hash, **by)
    config_hash = words_to_bytes([batch.config.hash()])
    exchange.registerGlobalConfigurationChange(config_hash, **by)
    exchange.applyGlobalConfigurationChange(config_hash, **by)


def _beginning(batch: Batch, empty: State) -> list[int]:
    """An output that leads from the empty state to the batch's first, in nobody's proof."""
    words, before, first = batch.output(), batch.before.words(), empty.words()
    place = 3 + 2 * len(batch.config.synthetic_assets)
    head, tail = words[:place], [batch.minimum_expiration_timestamp, 0, 0, 0, 0]
    return [*head, len(first), *first, len(before), *before, *tail]

"""A rollup beside doubles of its proofs: batches, their data, and how data are published."""

from dataclasses import replace

import pytest

from freehold.testing.kit import CONFIG_HASH, HOUR, Kit
from freehold.testing.output_words import ROLLUP, Output
from prover.algebra.keccak import keccak_of_words
from prover.applications.ledger.merkle import MerkleTree
from prover.applications.perpetual.positions import EMPTY, Position

PROGRAM = 0x77
BIAS = 2**63
HEIGHT = 8


def record(position_id: int, position: Position, funding_time: int, changed: dict[int, int]) -> list[int]:
    """One position's words in the data: its size, then what is new."""
    words = [position_id, position.public_key, position.collateral_balance + BIAS, funding_time]
    words += [asset << 64 | balance + BIAS for asset, balance in changed.items()]
    return [len(words), *words]


def data_words(ticks: list[tuple[int, dict[int, int]]], records: list[list[int]]) -> list[int]:
    words = [len(ticks)]
    for timestamp, indices in ticks:
        words += [len(indices), *(word for pair in indices.items() for word in (pair[0], pair[1] + BIAS)), timestamp]
    return [*words, *(word for entry in records for word in entry)]


@pytest.fixture(scope="module")
def rollup(project, accounts, chain):
    """No committee; the adapter stands between the proofs (a double) and the exchange."""
    kit = Kit(project, accounts, chain, configured=False)
    empty = MerkleTree(HEIGHT, EMPTY.leaf())
    adapter = kit.governor.deploy(project.RollupFactAdapter, kit.verifier, PROGRAM)
    by = {"sender": kit.governor}
    kit.exchange.registerOperator(kit.operator, **by)
    kit.exchange.registerVerifier(adapter, "Freehold_RollupFactAdapter_2026_1", **by)
    kit.exchange.registerGlobalConfigurationChange(CONFIG_HASH.to_bytes(32, "big"), **by)
    kit.exchange.applyGlobalConfigurationChange(CONFIG_HASH.to_bytes(32, "big"), **by)
    return kit, adapter, empty


def prove(kit, output: Output, data: list[int]) -> None:
    """The double says so."""
    full = keccak_of_words([*output.main_words(), *data])
    kit.verifier.declare(keccak_of_words([PROGRAM, int.from_bytes(full, "big")]), sender=kit.stranger)


def publish(kit, adapter, output: Output, data: list[int]):
    """Proven and published."""
    prove(kit, output, data)
    return adapter.publish(output.main_words(), data, sender=kit.operator)


def batch(kit, before, root: int, data: list[int]) -> Output:
    now = kit.chain.pending_timestamp
    after = replace(before, positions_root=root, system_time=now)
    data_hash = int.from_bytes(keccak_of_words(data), "big")
    return Output(CONFIG_HASH, before, after, now // HOUR + 99, mode=ROLLUP, data=(data_hash, len(data)))

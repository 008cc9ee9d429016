"""From a batch to a proof that its program's run wrote the expected output."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from prover.cairo.program import Program
from prover.cairo.prove import prove_run, verify_proof
from prover.cairo.run import Run, run_program
from prover.perpetual.batch import Batch
from prover.stark.parameters import DEFAULT, Parameters
from prover.stark.proof import Proof
from prover.stark.prover import Progress

PROGRAM_FILE = Path(__file__).parents[1] / "perpetual" / "program" / "exchange.json"


class OutputDiffers(AssertionError):
    """The program and the rules in Python disagree: nothing is proven, nothing is sent."""

    def __init__(self, place: int, found: int | None, expected: int | None) -> None:
        super().__init__(f"output word {place}: the program wrote {found}, the rules say {expected}")


@dataclass(frozen=True)
class ProvenBatch:
    batch: Batch
    run: Run
    proof: Proof


@cache
def exchange_program() -> Program:
    """The committed program of the exchange's rules."""
    return Program.from_json(json.loads(PROGRAM_FILE.read_text()))


def collateral_input(batch: Batch) -> dict[str, object]:
    """The input of the committed program, which knows deposits, forced withdrawals and ticks without assets."""
    document = batch.program_input()
    numbers = {"deposit": 0, "forced_withdrawal": 2, "funding": 3}
    transactions = []
    for transaction in document["batch"]["transactions"]:
        if transaction["type"] == "funding":
            transactions.append({"type": 3, "timestamp": int(transaction["timestamp"])})
        else:
            fields = {name: transaction[name] for name in ("public_key", "position_id", "amount")}
            transactions.append({"type": numbers[transaction["type"]], **fields})
    return {
        "config": [hex(word) for word in batch.config.words()],
        "previous_state": [hex(word) for word in batch.before.words()],
        "positions_root": hex(batch.after.tree.root),
        "minimum_expiration_timestamp": batch.minimum_expiration_timestamp,
        "transactions": transactions,
        "positions": {
            key: [str(int(position["public_key"], 16)), position["collateral_balance"]]
            for key, position in document["prev_state"]["positions"].items()
        },
        "preimage": document["advice"]["preimage"] | _new_nodes(batch),
    }


def _new_nodes(batch: Batch) -> dict[str, list[str]]:
    nodes = batch.after.tree.touched_nodes(batch.touched_positions)
    return {hex(node): [hex(left), hex(right)] for node, (left, right) in nodes.items()}


def run_batch(batch: Batch) -> Run:
    """Raises OutputDiffers, or RunFailed where the program refuses the batch."""
    run = run_program(exchange_program(), collateral_input(batch))
    expected = batch.output()
    for place in range(max(len(run.output), len(expected))):
        found = run.output[place] if place < len(run.output) else None
        wanted = expected[place] if place < len(expected) else None
        if found != wanted:
            raise OutputDiffers(place, found, wanted)
    return run


def prove_batch(batch: Batch, parameters: Parameters = DEFAULT, progress: Progress = lambda stage: None) -> ProvenBatch:
    """Run, compare, prove, and verify before anything is sent."""
    run = run_batch(batch)
    proof = prove_run(run, parameters, progress)
    verify_proof(proof, exchange_program(), parameters)
    return ProvenBatch(batch, run, proof)

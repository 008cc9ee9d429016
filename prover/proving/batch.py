"""From a batch to a proof that its program's run wrote the expected output."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from typing import Any

from prover.applications.perpetual.batch import Batch
from prover.applications.perpetual.program import PROGRAM_FILE
from prover.cairo.execution import Run
from prover.cairo.program import Program
from prover.cairo.prove import prove_run, verify_proof
from prover.cairo.run import MAX_STEPS, run_program
from prover.stark.parameters import DEFAULT, Parameters
from prover.stark.proof import Proof
from prover.stark.prover import Progress


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


def run_exchange(program_input: dict[str, Any], max_steps: int = MAX_STEPS) -> Run:
    """Raises RunFailed where the program refuses."""
    return run_program(exchange_program(), program_input, max_steps=max_steps)


def run_batch(batch: Batch) -> Run:
    """Raises OutputDiffers, or RunFailed where the program refuses the batch."""
    run = run_exchange(batch.program_input())
    check_output(run.output, batch.output())
    return run


def check_output(found: Sequence[int], expected: Sequence[int]) -> None:
    """Raises OutputDiffers at the first word."""
    for place, (word, wanted) in enumerate(zip_longest(found, expected)):
        if word != wanted:
            raise OutputDiffers(place, word, wanted)


def prove_batch(batch: Batch, parameters: Parameters = DEFAULT, progress: Progress = lambda stage: None) -> ProvenBatch:
    """Run, compare, prove, and verify before anything is sent."""
    run = run_batch(batch)
    proof = prove_run(run, parameters, progress)
    verify_proof(proof, exchange_program(), parameters)
    return ProvenBatch(batch, run, proof)

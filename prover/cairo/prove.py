"""Prove and verify Cairo runs: the two calls that commands, operator and tests use."""

from __future__ import annotations

from functools import lru_cache

from prover.cairo.execution import Run
from prover.cairo.program import Program
from prover.cairo.shapes import shape_of
from prover.cairo.statement import CairoStatement, statement_reader
from prover.cairo.witness import make_witness
from prover.stark.identities import VerifyingKey
from prover.stark.parameters import DEFAULT, Parameters
from prover.stark.proof import Proof
from prover.stark.prover import Progress, Prover, verifying_key
from prover.stark.verifier import verify


@lru_cache(maxsize=8)
def key_of(builtins: tuple[str, ...], parameters: Parameters = DEFAULT) -> VerifyingKey:
    """The verifying key of programs with these builtins."""
    return verifying_key(shape_of(builtins), parameters)


def prove_run(run: Run, parameters: Parameters = DEFAULT, progress: Progress = lambda stage: None) -> Proof:
    """Raises CairoError or StarkError for a run that cannot be proven."""
    key = key_of(tuple(run.program.builtins), parameters)
    progress("trace")
    prover = Prover(key, *make_witness(run)[1:], progress)  # which alone holds the witness, and can let go of it
    return prover.prove()


def verify_proof(proof: Proof, program: Program, parameters: Parameters = DEFAULT) -> CairoStatement:
    """What the proof shows about `program`. Raises ProofRefused or ProofMalformed."""
    builtins = tuple(program.builtins)
    key = key_of(builtins, parameters)
    statement = verify(key, proof, statement_reader(key.shape, tuple(program.data), builtins))
    assert isinstance(statement, CairoStatement)
    return statement

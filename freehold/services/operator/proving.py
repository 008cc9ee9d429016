"""What is done in processes of their own for one proof: run, compare and prove in one, verify in another.

`worker.py` starts them, with this module's name, and asks. Nothing here knows of jobs or of the store.
"""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

from freehold.services.operator.children import Message, Tell, leave, serve
from freehold.services.operator.jobs import Cause, exchange_identity
from prover.cairo.errors import CairoError, RunFailed
from prover.cairo.execution import Run
from prover.cairo.proof_file import ProofFile, name_of
from prover.cairo.prove import prove_run, verify_proof
from prover.proving.batch import OutputDiffers, check_output, exchange_program, run_exchange
from prover.proving.stages import StageClock
from prover.stark.errors import StarkError
from prover.stark.parameters import NAMED, Parameters
from prover.stark.proof import Proof

PROVE, VERIFY, RUN = "prove", "verify", "run"


def prove_request(program_input: bytes, expected: bytes, parameters: str, limit: int | None) -> Message:
    """`program_input` and `expected` are JSON as they stand in blobs; `limit`: bytes of memory, see `bound_memory`."""
    return {
        "task": PROVE,
        "input": program_input.decode(),
        "expected": expected.decode(),
        "parameters": parameters,
        "limit": limit,
    }


def verify_request(proof: str, expected: bytes, parameters: str) -> Message:
    """`proof`: a proof file in hex."""
    return {"task": VERIFY, "proof": proof, "expected": expected.decode(), "parameters": parameters}


def run_request(program_input: str, expected: str) -> Message:
    """Asks whether the program writes `expected` of it; both as JSON."""
    return {"task": RUN, "input": program_input, "expected": expected}


def answer(request: Message, tell: Tell) -> None:
    """Tells {"stage"} as it goes, and in the end {"done"} or {"refused", "cause"}."""
    try:
        tell({"done": TASKS[request["task"]](request, tell)})
    except RunFailed as error:
        tell(_refusal(f"the program refuses: {error}", Cause.REFUSED))
    except OutputDiffers as error:
        tell(_refusal(str(error), Cause.DAMAGED if request["task"] == VERIFY else Cause.REFUSED))
    except MemoryError as error:
        tell(_refusal(f"out of memory: {error}", Cause.MEMORY))
    except (CairoError, StarkError) as error:
        tell(_refusal(f"{type(error).__name__}: {error}", Cause.OTHER))


def prove(request: Message, tell: Tell) -> Message:
    """Raises OutputDiffers, RunFailed where the program refuses, CairoError or StarkError where nothing can be proven,
    and MemoryError."""
    bound_memory(request["limit"])
    parameters, clock = NAMED[request["parameters"]], StageClock()

    def progress(stage: str) -> None:
        clock(stage)
        tell({"stage": stage})

    progress("run")
    run = checked_run(request)
    proof = make_proof(run, parameters, progress)
    clock.stop()
    return {
        "proof": ProofFile(exchange_identity(), parameters, proof).to_bytes().hex(),
        "seconds": clock.seconds,
        "peak_bytes": peak_bytes(),
    }


def run_only(request: Message, _: Tell) -> Message:
    """Raises OutputDiffers, and RunFailed where the program refuses."""
    checked_run(request)
    return {}


def checked_run(request: Message) -> Run:
    """Raises as `run_only` does. A test's program is another one."""
    run = run_exchange(json.loads(request["input"]))
    check_output(run.output, _words(request))
    return run


def make_proof(run: Any, parameters: Parameters, progress: Any) -> Proof:
    """Of the run. A test's prover makes others."""
    return prove_run(run, parameters, progress)


def verify(request: Message, tell: Tell) -> Message:
    """Raises StarkError, or OutputDiffers where another output is proven."""
    clock = StageClock()
    clock("verify")
    tell({"stage": "verify"})
    given, parameters = ProofFile.from_bytes(bytes.fromhex(request["proof"])), NAMED[request["parameters"]]
    if given.parameters != parameters:
        raise StarkError(f"proven under '{name_of(given.parameters)}', ordered under '{request['parameters']}'")
    statement = verify_proof(given.proof, exchange_program(), parameters)
    check_output(statement.output, _words(request))
    clock.stop()
    return {"seconds": clock.seconds}


def bound_memory(limit: int | None) -> None:
    """Bytes of data that this process may have: a proof that needs more than was predicted ends alone.

    Linux counts what can be written to, and not the addresses that the kernel reserves (setrlimit(2), RLIMIT_DATA).
    """
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _words(request: Message) -> list[int]:
    return [int(word) for word in json.loads(request["expected"])]


def _refusal(text: str, cause: Cause) -> Message:
    return {"refused": text, "cause": cause}


def peak_bytes() -> int:
    """Of this process since its program began: what `getrusage` says begins with what the parent held."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    except (OSError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    return int(peak) << 10


TASKS: dict[str, Callable[[Message, Tell], Message]] = {PROVE: prove, VERIFY: verify, RUN: run_only}

if __name__ == "__main__":
    serve(answer, leave)
